/**
 * A ThumbHash (about 25 bytes that come with every photo's card) as a small blurred picture.
 *
 * The hash holds a few cosine terms of brightness and two colour differences; adding them up gives the picture at any
 * size. Ours is 16 px long: the phone scales it up smoothly, and a wall of tiles costs it less than one real photo.
 * Transparency is read over and ignored: photos have none.
 */

import { fromBase64, toBase64 } from './bytes'
import { png } from './png'

const LONG_EDGE_PX = 16
const HIGHEST = 7 // frequencies of the brightness at most
const REMEMBERED = 600
const made = new Map<string, string>()

interface Channel {
  readonly nx: number
  readonly ny: number
  readonly terms: readonly number[]
}

interface Hash {
  readonly means: readonly [number, number, number]
  readonly channels: readonly [Channel, Channel, Channel]
}

/** A `data:` URL of the blurred stand-in, or '' when `placeholder` is no ThumbHash. */
export function standIn(placeholder: string, width: number, height: number): string {
  const name = `${placeholder} ${width} ${height}`
  const known = made.get(name)
  if (known !== undefined) return known
  if (made.size >= REMEMBERED) made.clear()
  const url = draw(placeholder, width, height)
  made.set(name, url)
  return url
}

function draw(placeholder: string, width: number, height: number): string {
  const hash = read(fromBase64(placeholder))
  if (hash === null || width <= 0 || height <= 0) return ''
  const scale = LONG_EDGE_PX / Math.max(width, height)
  const w = Math.max(1, Math.round(width * scale))
  const h = Math.max(1, Math.round(height * scale))
  return `data:image/png;base64,${toBase64(png(w, h, paint(hash, w, h)))}`
}

/** RGB bytes of the picture, `w` × `h`. */
export function pixels(placeholder: string, w: number, h: number): Uint8Array | null {
  const hash = read(fromBase64(placeholder))
  return hash && paint(hash, w, h)
}

function read(bytes: Uint8Array): Hash | null {
  if (bytes.length < 5) return null
  const b = (i: number): number => bytes[i] ?? 0
  const head = b(0) | (b(1) << 8) | (b(2) << 16)
  const tail = b(3) | (b(4) << 8)
  const transparent = head >> 23 === 1
  const landscape = tail >> 15 === 1
  const most = transparent ? 5 : 7
  const nx = Math.max(3, landscape ? most : tail & 7)
  const ny = Math.max(3, landscape ? tail & 7 : most)
  let nibble = (transparent ? 6 : 5) * 2
  const channel = (cx: number, cy: number, scale: number): Channel => {
    const terms: number[] = []
    for (let n = count(cx, cy); n > 0; n--, nibble++) {
      const four = (b(nibble >> 1) >> ((nibble & 1) << 2)) & 15
      terms.push((four / 7.5 - 1) * scale)
    }
    return { nx: cx, ny: cy, terms }
  }
  const light = channel(nx, ny, ((head >> 18) & 31) / 31)
  const yellowBlue = channel(3, 3, (((tail >> 3) & 63) / 63) * 1.25)
  const redGreen = channel(3, 3, (((tail >> 9) & 63) / 63) * 1.25)
  if (nibble > bytes.length * 2) return null
  return {
    means: [(head & 63) / 63, ((head >> 6) & 63) / 31.5 - 1, ((head >> 12) & 63) / 31.5 - 1],
    channels: [light, yellowBlue, redGreen],
  }
}

/** The terms of a channel: the corner of the frequency plane under its diagonal, without the mean. */
function count(nx: number, ny: number): number {
  let n = 0
  for (let cy = 0; cy < ny; cy++) for (let cx = cy > 0 ? 0 : 1; cx * ny < nx * (ny - cy); cx++) n++
  return n
}

function paint(hash: Hash, w: number, h: number): Uint8Array {
  const out = new Uint8Array(w * h * 3)
  const across = waves(w)
  const down = waves(h)
  const [l0, p0, q0] = hash.means
  const [light, yellowBlue, redGreen] = hash.channels
  for (let y = 0, i = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const u = across[x] ?? []
      const v = down[y] ?? []
      const l = l0 + sum(light, u, v)
      const p = p0 + sum(yellowBlue, u, v)
      const q = q0 + sum(redGreen, u, v)
      const blue = l - (2 / 3) * p
      const red = (3 * l - blue + q) / 2
      out[i++] = byte(red)
      out[i++] = byte(red - q)
      out[i++] = byte(blue)
    }
  }
  return out
}

/** For every pixel of a line the cosines of all frequencies; taking them once makes a picture ten times cheaper. */
function waves(length: number): number[][] {
  return Array.from({ length }, (_, at) =>
    Array.from({ length: HIGHEST }, (__, frequency) => Math.cos((Math.PI * (at + 0.5) * frequency) / length)),
  )
}

function sum(channel: Channel, u: readonly number[], v: readonly number[]): number {
  const { nx, ny, terms } = channel
  let total = 0
  for (let cy = 0, j = 0; cy < ny; cy++) {
    const row = (v[cy] ?? 0) * 2
    for (let cx = cy > 0 ? 0 : 1; cx * ny < nx * (ny - cy); cx++, j++) total += (terms[j] ?? 0) * (u[cx] ?? 0) * row
  }
  return total
}

function byte(value: number): number {
  return Math.round(255 * Math.min(1, Math.max(0, value)))
}
