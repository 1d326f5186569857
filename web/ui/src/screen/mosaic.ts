/** Where the wall's photos hang on a screen: one large place, and rows around it that fill the rest exactly. */

import type { Box } from "../rows";

/** Where the code stands: rows that reach below `top` end before `left`. */
export interface Corner {
  left: number;
  top: number;
}

/**
 * Boxes for a screen of this size; the first is the large one. Landscape screens: at the left; upright ones: on top.
 * `standing`: there are enough upright photos for places of their own.
 */
export function mosaic(width: number, height: number, gap: number, corner: Corner, standing: boolean): Box[] {
  const upright = height > width;
  const rows = upright ? 5 : 4;
  const line = (height - gap * (rows - 1)) / rows;
  const span = upright ? 2 : 3;
  const tall = span * line + (span - 1) * gap;
  const large: Box = { x: 0, y: 0, w: upright ? width : besides(width, tall, line, gap), h: tall };
  const boxes = [large];
  for (let row = 0; row < rows; row++) {
    const start = row < span ? large.x + large.w + gap : 0;
    const y = row * (line + gap);
    const end = y + line > corner.top ? Math.min(width, corner.left) : width;
    const mixed = standing && (row === 0 || row >= span); // beside the large place whole lying ones fill a row
    const rhythm = mixed ? (RHYTHMS[row % RHYTHMS.length] ?? LYING) : LYING;
    if (end - start > line / 2) boxes.push(...fill({ x: start, y, w: end - start, h: line }, gap, rhythm));
  }
  return boxes;
}

const LYING = [1.5];
/** Lying and standing places in changing order, so that neighbouring rows do not line up. */
const RHYTHMS = [
  [1.5, 0.72, 1.5, 1.5, 1.5],
  [0.72, 1.5, 1.5, 1.5, 0.72],
  [1.5, 1.5, 0.72, 1.5, 1.5],
  [1.5, 1.5, 1.5, 0.72, 1.5],
];
const STRETCH = 1.06; // more would cut off what stands at a photo's edge, a sponsor's frame for instance

/** How wide the large place is when whole lying places fill what is beside it. */
function besides(width: number, tall: number, line: number, gap: number): number {
  const one = 1.5 * line + gap;
  const count = Math.max(1, Math.round((width - 1.5 * tall) / one));
  return width - count * one;
}

/** A row of places; what they may not be stretched to stays dark at its end. */
function fill({ x, y, w, h }: Box, gap: number, rhythm: number[]): Box[] {
  const ratios: number[] = [];
  let used = 0;
  const fits = (ratio: number): boolean => !ratios.length || used + ratio * h * 0.94 <= w;
  for (let i = 0; ; i++) {
    let ratio = rhythm[i % rhythm.length] ?? 1.5;
    if (!fits(ratio)) ratio = Math.min(...rhythm);
    if (!fits(ratio)) break;
    ratios.push(ratio);
    used += ratio * h + gap;
  }
  const sum = ratios.reduce((a, b) => a + b, 0);
  const unit = Math.min((w - gap * (ratios.length - 1)) / sum, h * STRETCH);
  let left = x;
  return ratios.map((ratio) => {
    const box = { x: left, y, w: ratio * unit, h };
    left += box.w + gap;
    return box;
  });
}
