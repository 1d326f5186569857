/* The three passes over every pixel that are not the decoder's or the encoder's: the colour table, the brand, and the
 * planes of a picture that has to be turned. RGB or RGBX.
 *
 * Built by `native.py` where there is a C compiler; OpenColorIO and OpenCV do the same without it.
 *
 * The table, in place: tetrahedral interpolation in 16-bit integers. First the
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

/* `ink` (premultiplied RGBX, rows close together) over `under`, of which `clear` (0-255 per pixel) shines through. */
CLONES void kuaimen_blend(uint8_t *under, long stride, int channels, int width, int height, const uint8_t *ink,
                          const uint8_t *clear)
{
    uint8_t shines[BLOCK * 4], over[BLOCK * 4];
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x += BLOCK) {
            int n = width - x < BLOCK ? width - x : BLOCK;
            const uint8_t *c = clear + (long)y * width + x, *i4 = ink + ((long)y * width + x) * 4;
            uint8_t *p = under + y * stride + (long)x * channels;
            if (channels == 4) {
                for (int i = 0; i < n; i++)
                    ((uint32_t *)shines)[i] = c[i] * 0x00010101u + 0xff000000u;
                memcpy(over, i4, (size_t)n * 4);
            } else
                for (int i = 0; i < n; i++)
                    for (int k = 0; k < 3; k++) {
                        shines[3 * i + k] = c[i];
                        over[3 * i + k] = i4[4 * i + k];
                    }
            for (int i = 0; i < n * channels; i++) {
                uint16_t part = (uint16_t)(p[i] * shines[i] + 128), sum = (uint16_t)(((part + (part >> 8)) >> 8) + over[i]);
                p[i] = sum > 255 ? 255 : (uint8_t)sum;
            }
        }
}

/* JPEG's own luma and chroma of pixels whose width and height are even; chroma at half the size, as libjpeg makes it. */
CLONES void kuaimen_planes(const uint8_t *pixels, int channels, int width, int height, uint8_t *luma, uint8_t *blue,
                           uint8_t *red)
{
    int16_t r[2][BLOCK], g[2][BLOCK], b[2][BLOCK];
    for (int y = 0; y < height; y += 2)
        for (int x = 0; x < width; x += BLOCK) {
            int n = width - x < BLOCK ? width - x : BLOCK;
            for (int row = 0; row < 2; row++) {
                const uint8_t *p = pixels + ((long)(y + row) * width + x) * channels;
                int16_t *pr = r[row], *pg = g[row], *pb = b[row];
                if (channels == 4)
                    for (int i = 0; i < n; i++) {
                        uint32_t four;
                        memcpy(&four, p + 4 * i, 4);
                        pr[i] = four & 255;
                        pg[i] = four >> 8 & 255;
                        pb[i] = four >> 16 & 255;
                    }
                else
                    for (int i = 0; i < n; i++) {
                        pr[i] = p[3 * i];
                        pg[i] = p[3 * i + 1];
                        pb[i] = p[3 * i + 2];
                    }
                uint8_t *out = luma + (long)(y + row) * width + x;
                for (int i = 0; i < n; i++)
                    out[i] = (uint8_t)((19595 * pr[i] + 38470 * pg[i] + 7471 * pb[i] + 32768) >> 16);
            }
            uint8_t *cb = blue + ((long)y / 2) * (width / 2) + x / 2, *cr = red + ((long)y / 2) * (width / 2) + x / 2;
            for (int i = 0; i < n / 2; i++) {
                int32_t sr = r[0][2 * i] + r[0][2 * i + 1] + r[1][2 * i] + r[1][2 * i + 1];
                int32_t sg = g[0][2 * i] + g[0][2 * i + 1] + g[1][2 * i] + g[1][2 * i + 1];
                int32_t sb = b[0][2 * i] + b[0][2 * i + 1] + b[1][2 * i] + b[1][2 * i + 1];
                cb[i] = (uint8_t)((-11059 * sr - 21709 * sg + 32768 * sb + (128 << 18) + (1 << 17) - 1) >> 18);
                cr[i] = (uint8_t)((32768 * sr - 27439 * sg - 5329 * sb + (128 << 18) + (1 << 17) - 1) >> 18);
            }
        }
}
