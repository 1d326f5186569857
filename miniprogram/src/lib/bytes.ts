/** Bytes to text and back, for phones without TextDecoder, atob and btoa. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const REPLACEMENT = 0xfffd

/** Base64, with or without padding. What is no base64 gives an empty array. */
export function fromBase64(text: string): Uint8Array {
  const clean = text.replace(/=+$/, '').replace(/-/g, '+').replace(/_/g, '/')
  const out = new Uint8Array(Math.floor((clean.length * 3) / 4))
  let bits = 0
  let held = 0
  let at = 0
  for (const letter of clean) {
    const value = ALPHABET.indexOf(letter)
    if (value < 0) return new Uint8Array(0)
    held = (held << 6) | value
    bits += 6
    if (bits >= 8) {
      bits -= 8
      out[at++] = (held >> bits) & 255
    }
  }
  return out
}

export function toBase64(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const three = (at(bytes, i) << 16) | (at(bytes, i + 1) << 8) | at(bytes, i + 2)
    out += letter(three >> 18) + letter(three >> 12)
    out += i + 1 < bytes.length ? letter(three >> 6) : '='
    out += i + 2 < bytes.length ? letter(three) : '='
  }
  return out
}

/** UTF-8 to text. A broken sequence becomes U+FFFD; a photo's card never contains one. */
export function fromUtf8(bytes: Uint8Array): string {
  let out = ''
  for (let i = 0; i < bytes.length; ) {
    const [point, length] = pointAt(bytes, i)
    out += String.fromCodePoint(point)
    i += length
  }
  return out
}

function pointAt(bytes: Uint8Array, i: number): [point: number, length: number] {
  const first = at(bytes, i)
  if (first < 0x80) return [first, 1]
  const length = lengthFrom(first)
  if (length === 0 || i + length > bytes.length) return [REPLACEMENT, 1]
  let point = first & (0xff >> (length + 1))
  for (let k = 1; k < length; k++) {
    const next = at(bytes, i + k)
    if ((next & 0xc0) !== 0x80) return [REPLACEMENT, k]
    point = (point << 6) | (next & 0x3f)
  }
  return [point > 0x10ffff ? REPLACEMENT : point, length]
}

/** How many bytes a letter has that begins with this one; 0: none does. */
function lengthFrom(first: number): number {
  if (first < 0xc2 || first > 0xf4) return 0
  if (first < 0xe0) return 2
  return first < 0xf0 ? 3 : 4
}

function at(bytes: Uint8Array, i: number): number {
  return bytes[i] ?? 0
}

function letter(six: number): string {
  return ALPHABET.charAt(six & 63)
}
