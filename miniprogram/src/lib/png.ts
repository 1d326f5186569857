/** A PNG writer without compression: 8-bit RGB for small pictures, one bit per pixel for codes. */

const BLOCK = 65_535

/** `rgb` holds `width * height * 3` bytes. */
export function png(width: number, height: number, rgb: Uint8Array): Uint8Array {
  return written({ width, height, depth: 8, kind: 2 }, width * 3, rgb)
}

/** Black where a row says «1», white elsewhere: each letter `scale` pixels wide and high, `margin` letters of white around. */
export function blackAndWhite(rows: readonly string[], scale: number, margin: number): Uint8Array {
  const width = ((rows[0]?.length ?? 0) + 2 * margin) * scale
  const height = (rows.length + 2 * margin) * scale
  const row = Math.ceil(width / 8)
  const bits = new Uint8Array(height * row).fill(255)
  for (let y = 0; y < height; y++) {
    const said = rows[Math.floor(y / scale) - margin] ?? ''
    for (let x = 0; x < width; x++) {
      if (said[Math.floor(x / scale) - margin] !== '1') continue
      const at = y * row + (x >> 3)
      bits[at] = (bits[at] ?? 0) & ~(128 >> (x & 7))
    }
  }
  return written({ width, height, depth: 1, kind: 0 }, row, bits)
}

interface Header {
  readonly width: number
  readonly height: number
  readonly depth: number
  readonly kind: number
}

/** `row`: bytes of one row. */
function written({ width, height, depth, kind }: Header, row: number, bytes: Uint8Array): Uint8Array {
  const raw = new Uint8Array(height * (row + 1)) // every row begins with its filter: 0, none
  for (let y = 0; y < height; y++) raw.set(bytes.subarray(y * row, (y + 1) * row), y * (row + 1) + 1)
  return Uint8Array.from([
    ...[137, 80, 78, 71, 13, 10, 26, 10],
    ...chunk('IHDR', [...four(width), ...four(height), depth, kind, 0, 0, 0]),
    ...chunk('IDAT', [0x78, 1, ...stored(raw), ...four(adler(raw))]),
    ...chunk('IEND', []),
  ])
}

/** As blocks without compression, each of at most 64 KB. */
function stored(raw: Uint8Array): number[] {
  const out: number[] = []
  for (let from = 0; from < raw.length; from += BLOCK) {
    const part = raw.subarray(from, from + BLOCK)
    const size = part.length
    out.push(from + BLOCK >= raw.length ? 1 : 0, size & 255, size >> 8, ~size & 255, (~size >> 8) & 255)
    for (const byte of part) out.push(byte)
  }
  return out
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
