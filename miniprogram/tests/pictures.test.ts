import assert from 'node:assert/strict'
import { test } from 'node:test'
import zlib from 'node:zlib'
import fc from 'fast-check'
import { fromBase64, fromUtf8, toBase64 } from '../src/lib/bytes'
import { blackAndWhite, png } from '../src/lib/png'
import { pixels, standIn } from '../src/lib/thumbhash'

type Rgb = [number, number, number]

/** Hashes made by the platform's encoder (workers/imaging/output.py) of pictures given by a formula. */
const PICTURES: { hash: string; w: number; h: number; at: (x: number, y: number) => Rgb }[] = [
  { hash: 'm/oCBYCIiIiIiIiIiIiIiIiIiIiI', w: 9, h: 6, at: () => [204, 77, 51] },
  { hash: '2ZYCnZr49/h4iHiHd3iHh3B4CIh3', w: 9, h: 6, at: x => [255 * x, 51, 255 * (1 - x)] },
  { hash: 'GjUFbRp4eICIiIh4iIh4iIeAd/h4', w: 6, h: 9, at: (_, y) => [25, 255 * y, 230 - 127 * y] },
]

test('a ThumbHash of the platform becomes the picture it was made from', () => {
  for (const { hash, w, h, at } of PICTURES) {
    const found = pixels(hash, w, h)
    assert.ok(found)
    let off = 0
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        at((x + 0.5) / w, (y + 0.5) / h).forEach((wanted, channel) => {
          const error = Math.abs((found[(y * w + x) * 3 + channel] ?? -999) - wanted)
          assert.ok(error < 64, `${hash} at ${x},${y} channel ${channel}: ${error} off`) // 25 bytes know only so much
          off += error
        })
      }
    }
    assert.ok(off / found.length < 16, `${hash}: ${off / found.length} off on average`)
  }
})

test('what is no ThumbHash gives no stand-in, and never throws', () => {
  assert.equal(standIn('', 300, 200), '')
  assert.equal(standIn('AAAA', 300, 200), '')
  assert.equal(standIn('2ZYCnZr49/h4iHiHd3iHh3B4CIh3', 0, 200), '')
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: -5, max: 9000 }), fc.integer({ min: -5, max: 9000 }), (said, w, h) => {
      standIn(said, w, h)
    }),
  )
})

test('a stand-in is a small PNG of the shape of the photo', () => {
  const url = standIn('2ZYCnZr49/h4iHiHd3iHh3B4CIh3', 1500, 1000)
  const bytes = Buffer.from(url.replace('data:image/png;base64,', ''), 'base64')
  assert.equal(bytes.readUInt32BE(16), 16)
  assert.equal(bytes.readUInt32BE(20), 11)
  assert.ok(url.length < 1000, `${url.length} characters`)
})

test('a PNG holds the pixels it was given, with right checksums', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), (w, h) => {
      const rgb = Uint8Array.from({ length: w * h * 3 }, (_, i) => (i * 37) % 256)
      const file = Buffer.from(png(w, h, rgb))
      const idat = file.indexOf('IDAT')
      const length = file.readUInt32BE(idat - 4)
      assert.equal(file.readUInt32BE(idat + 4 + length), zlib.crc32(file.subarray(idat, idat + 4 + length)))
      const raw = zlib.inflateSync(file.subarray(idat + 4, idat + 4 + length)) // checks adler32 itself
      const rows = Array.from({ length: h }, (_, y) => [0, ...rgb.subarray(y * w * 3, (y + 1) * w * 3)])
      assert.deepEqual(Array.from(raw), rows.flat())
    }),
  )
})

test('a code becomes a black and white PNG with a quiet zone, of any size', () => {
  const rows = Array.from({ length: 61 }, (_, y) => Array.from({ length: 61 }, (_, x) => ((x * y) % 3 ? '1' : '0')).join(''))
  const [scale, margin] = [16, 4]
  const file = Buffer.from(blackAndWhite(rows, scale, margin))
  const side = (61 + 2 * margin) * scale
  assert.deepEqual([file.readUInt32BE(16), file.readUInt32BE(20), file[24], file[25]], [side, side, 1, 0])
  const idat = file.indexOf('IDAT')
  const raw = zlib.inflateSync(file.subarray(idat + 4, idat + 4 + file.readUInt32BE(idat - 4)))
  const row = Math.ceil(side / 8) + 1
  assert.equal(raw.length, side * row) // more than one block of 64 KB
  const dark = (x: number, y: number): boolean => (((raw[y * row + 1 + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1) === 0
  for (let y = 8; y < side; y += scale) {
    for (let x = 8; x < side; x += scale) {
      const wanted = rows[Math.floor(y / scale) - margin]?.[Math.floor(x / scale) - margin] === '1'
      assert.equal(dark(x, y), wanted, `${x},${y}`)
    }
  }
})

test('base64 and UTF-8 agree with Node for everything', () => {
  fc.assert(
    fc.property(fc.uint8Array(), bytes => {
      assert.equal(toBase64(bytes), Buffer.from(bytes).toString('base64'))
      assert.deepEqual(fromBase64(Buffer.from(bytes).toString('base64url')), bytes)
    }),
  )
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), text => {
      assert.equal(fromUtf8(new TextEncoder().encode(text)), text)
    }),
  )
  assert.equal(fromUtf8(Uint8Array.of(0x41, 0xe4, 0xb8)), 'A\ufffd\ufffd')
})
