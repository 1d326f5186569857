/** The smallest PNG writer that works: 8-bit RGB, stored without compression. For pictures of a few hundred pixels. */

/** `rgb` holds `width * height * 3` bytes; at most 64 KB of them, which is one stored block. */
export function png(width: number, height: number, rgb: Uint8Array): Uint8Array {
  const row = width * 3
  const raw = new Uint8Array(height * (row + 1)) // every row begins with its filter: 0, none
  for (let y = 0; y < height; y++) raw.set(rgb.subarray(y * row, (y + 1) * row), y * (row + 1) + 1)
  const stream = [0x78, 1, 1, raw.length & 255, raw.length >> 8, ~raw.length & 255, (~raw.length >> 8) & 255]
  return Uint8Array.from([
    ...[137, 80, 78, 71, 13, 10, 26, 10],
    ...chunk('IHDR', [...four(width), ...four(height), 8, 2, 0, 0, 0]),
    ...chunk('IDAT', [...stream, ...raw, ...four(adler(raw))]),
    ...chunk('IEND', []),
  ])
}

function chunk(name: string, body: readonly number[]): number[] {
  const named = [...Array.from(name, letter => letter.charCodeAt(0)), ...body]
  return [...four(body.length), ...named, ...four(crc(named))]
}

function four(n: number): number[] {
  return [(n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]
}

function crc(bytes: readonly number[]): number {
  let c = ~0
  for (const byte of bytes) {
    c ^= byte
    for (let k = 0; k < 8; k++) c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0)
  }
  return ~c
}

function adler(bytes: Uint8Array): number {
  let a = 1
  let b = 0
  for (const byte of bytes) {
    a = (a + byte) % 65521
    b = (b + a) % 65521
  }
  return b * 65536 + a
}
