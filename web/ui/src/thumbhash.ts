/**
 * ThumbHash: about 25 bytes that say roughly what a photo looks like, so that its place on the wall is never empty.
 * The format is Evan Wallace's; this is a decoder of our own for photos (it ignores an alpha channel).
 */

import { bytesOf } from "./tint";

export interface Ghost {
  width: number;
  height: number;
  rgba: Uint8ClampedArray<ArrayBuffer>;
}

const LONG_SIDE = 24; // pixels; blown up and smoothed by the browser, more would not be seen

/** The pixels a placeholder stands for, or null when it is not a ThumbHash. */
export function ghost(placeholder: string): Ghost | null {
  const bytes = bytesOf(placeholder);
  return bytes.length < 6 ? null : decode(bytes);
}

interface Waves {
  light: Float32Array;
  yellow: Float32Array;
  red: Float32Array;
  lx: number;
  ly: number;
}

function decode(bytes: Uint8Array): Ghost {
  const { light, yellow, red, lx, ly } = waves(bytes);
  const ratio = lx / ly;
  const width = Math.round(ratio > 1 ? LONG_SIDE : LONG_SIDE * ratio);
  const height = Math.round(ratio > 1 ? LONG_SIDE / ratio : LONG_SIDE);
  const l = plane(light, lx, ly, width, height);
  const p = plane(yellow, 3, 3, width, height);
  const q = plane(red, 3, 3, width, height);
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < l.length; i++) {
    const b = (l[i] ?? 0) - (2 / 3) * (p[i] ?? 0);
    const r = (3 * (l[i] ?? 0) - b + (q[i] ?? 0)) / 2;
    rgba.set([r * 255, (r - (q[i] ?? 0)) * 255, b * 255, 255], i * 4);
  }
  return { width, height, rgba };
}

/** The coefficients of lightness, yellow–blue and red–green. */
function waves(bytes: Uint8Array): Waves {
  const at = (i: number): number => bytes[i] ?? 0;
  const head = at(0) | (at(1) << 8) | (at(2) << 16);
  const tail = at(3) | (at(4) << 8);
  const wide = tail >> 15;
  const alpha = head >> 23;
  const full = alpha ? 5 : 7;
  const lx = Math.max(3, wide ? full : tail & 7);
  const ly = Math.max(3, wide ? tail & 7 : full);
  let nibble = alpha ? 12 : 10;
  const channel = (nx: number, ny: number, scale: number): Float32Array => {
    const found = new Float32Array(nx * ny);
    for (let cy = 0; cy < ny; cy++) {
      for (let cx = cy ? 0 : 1; cx * ny < nx * (ny - cy); cx++) {
        const half = (at(nibble >> 1) >> ((nibble & 1) << 2)) & 15;
        found[cy * nx + cx] = (half / 7.5 - 1) * scale * 2; // every wave but the mean counts twice
        nibble++;
      }
    }
    return found;
  };
  const light = channel(lx, ly, ((head >> 18) & 31) / 31);
  const yellow = channel(3, 3, (((tail >> 3) & 63) / 63) * 1.25); // 1.25: what quantising took from the saturation
  const red = channel(3, 3, (((tail >> 9) & 63) / 63) * 1.25);
  light[0] = (head & 63) / 63;
  yellow[0] = ((head >> 6) & 63) / 31.5 - 1;
  red[0] = ((head >> 12) & 63) / 31.5 - 1;
  return { light, yellow, red, lx, ly };
}

/** Inverse cosine transform: along x first, then along y. */
function plane(wave: Float32Array, nx: number, ny: number, width: number, height: number): Float32Array {
  const lines = new Float32Array(ny * width);
  for (let x = 0; x < width; x++) {
    for (let cx = 0; cx < nx; cx++) {
      const cos = Math.cos((Math.PI / width) * (x + 0.5) * cx);
      for (let cy = 0; cy < ny; cy++) lines[cy * width + x] = (lines[cy * width + x] ?? 0) + (wave[cy * nx + cx] ?? 0) * cos;
    }
  }
  const found = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let cy = 0; cy < ny; cy++) {
      const cos = Math.cos((Math.PI / height) * (y + 0.5) * cy);
      for (let x = 0; x < width; x++)
        found[y * width + x] = (found[y * width + x] ?? 0) + (lines[cy * width + x] ?? 0) * cos;
    }
  }
  return found;
}
