/* One colour table over many pixels, in place: tetrahedral interpolation in 16-bit integers. RGB or RGBX, any length.
 *
 * Built by `native.py` where there is a C compiler; OpenColorIO does the same without it. First the
 * places in the table and the weights of a block of pixels are worked out, which compilers turn into vector code (for
 * AVX2 too, chosen at run time); then each pixel mixes its four nodes, three colours at once. */
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__linux__)
#define CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CLONES
#endif

enum { EDGE = 33, RED = EDGE * EDGE, GREEN = EDGE, BLUE = 1, BLOCK = 128 };

/* table: EDGE^3 entries [red][green][blue] of four int16, value * 64 (0..16320), the fourth unused. */
CLONES void kuaimen_tone(uint8_t *pixels, long count, int channels, const int16_t *table)
{
    int32_t at0[BLOCK], at1[BLOCK], at2[BLOCK], w01[BLOCK], w23[BLOCK];
    while (count > 0) {
        int n = count < BLOCK ? (int)count : BLOCK;
        for (int i = 0; i < n; i++) {
            const uint8_t *p = pixels + (long)i * channels;
            int32_t r = (p[0] * 32897 + 512) >> 10, g = (p[1] * 32897 + 512) >> 10, b = (p[2] * 32897 + 512) >> 10;
            int32_t ir = r >> 8, ig = g >> 8, ib = b >> 8;
            ir = ir > EDGE - 2 ? EDGE - 2 : ir;
            ig = ig > EDGE - 2 ? EDGE - 2 : ig;
            ib = ib > EDGE - 2 ? EDGE - 2 : ib;
            /* sort the three distances to the node; each carries the step to the next node in its low bits */
            int32_t kr = ((r - (ir << 8)) << 16) | RED, kg = ((g - (ig << 8)) << 16) | GREEN, kb = ((b - (ib << 8)) << 16) | BLUE;
            int32_t hi = kr > kg ? kr : kg, lo = kr > kg ? kg : kr;
            int32_t most = hi > kb ? hi : kb, least = lo < kb ? lo : kb, middle = kr + kg + kb - most - least;
            int32_t base = ir * RED + ig * GREEN + ib;
            int32_t f1 = most >> 16, f2 = middle >> 16, f3 = least >> 16;
            at0[i] = base * 4;
            at1[i] = (base + (most & 0xffff)) * 4;
            at2[i] = (base + RED + GREEN + BLUE - (least & 0xffff)) * 4;
            w01[i] = (256 - f1) | ((f1 - f2) << 16);
            w23[i] = (f2 - f3) | (f3 << 16);
        }
        for (int i = 0; i < n; i++) {
            uint8_t *p = pixels + (long)i * channels;
            const int16_t *last = table + at0[i] + (RED + GREEN + BLUE) * 4;
#if defined(__SSE2__)
            __m128i a = _mm_loadl_epi64((const __m128i *)(table + at0[i])), b = _mm_loadl_epi64((const __m128i *)(table + at1[i]));
            __m128i c = _mm_loadl_epi64((const __m128i *)(table + at2[i])), d = _mm_loadl_epi64((const __m128i *)last);
            __m128i sum = _mm_add_epi32(_mm_madd_epi16(_mm_unpacklo_epi16(a, b), _mm_set1_epi32(w01[i])),
                                        _mm_madd_epi16(_mm_unpacklo_epi16(c, d), _mm_set1_epi32(w23[i])));
            sum = _mm_srai_epi32(_mm_add_epi32(sum, _mm_set1_epi32(1 << 13)), 14);
            sum = _mm_packs_epi32(sum, sum);
            uint32_t four = (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(sum, sum));
            if (channels == 4) {
                four |= 0xff000000u;
                memcpy(p, &four, 4);
            } else {
                p[0] = (uint8_t)four;
                p[1] = (uint8_t)(four >> 8);
                p[2] = (uint8_t)(four >> 16);
            }
#else
            const int16_t *a = table + at0[i], *b = table + at1[i], *c = table + at2[i];
            for (int k = 0; k < 3; k++)
                p[k] = (uint8_t)((a[k] * (w01[i] & 0xffff) + b[k] * (w01[i] >> 16) + c[k] * (w23[i] & 0xffff) +
                                  last[k] * (w23[i] >> 16) + (1 << 13)) >> 14);
#endif
        }
        pixels += (long)n * channels;
        count -= n;
    }
}
