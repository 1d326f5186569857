/** Where the wall's photos hang on a screen: one large place, and rows around it that fill the rest exactly. */

import type { Box } from "../rows";

/** Boxes for a screen of this size; the first is the large one. Landscape screens: at the left; upright ones: on top. */
export function mosaic(width: number, height: number, gap: number): Box[] {
  const upright = height > width;
  const rows = upright ? 5 : 4;
  const line = (height - gap * (rows - 1)) / rows;
  const span = upright ? 2 : 3;
  const large: Box = upright
    ? { x: 0, y: 0, w: width, h: span * line + (span - 1) * gap }
    : { x: 0, y: 0, w: Math.min((span * line + (span - 1) * gap) * 1.5, width * 0.66), h: span * line + (span - 1) * gap };
  const boxes = [large];
  for (let row = 0; row < rows; row++) {
    const start = row < span ? large.x + large.w + gap : 0;
    if (start < width) boxes.push(...fill(start, row * (line + gap), width - start, line, gap, row));
  }
  return boxes;
}

/** A row of lying and standing places in changing order, so that neighbouring rows do not line up. */
function fill(x: number, y: number, width: number, h: number, gap: number, row: number): Box[] {
  const rhythm = [
    [1.5, 0.72, 1.5, 1.5, 1.5],
    [0.72, 1.5, 1.5, 1.5, 0.72],
    [1.5, 1.5, 0.72, 1.5, 1.5],
    [1.5, 1.5, 1.5, 0.72, 1.5],
  ][row % 4] ?? [1.5];
  const ratios: number[] = [];
  let used = 0;
  for (let i = 0; used < width; i++) {
    const ratio = rhythm[i % rhythm.length] ?? 1.5;
    if (ratios.length && used + ratio * h * 0.6 > width) break;
    ratios.push(ratio);
    used += ratio * h + gap;
  }
  const sum = ratios.reduce((a, b) => a + b, 0);
  const unit = (width - gap * (ratios.length - 1)) / sum;
  let left = x;
  return ratios.map((ratio) => {
    const box = { x: left, y, w: ratio * unit, h };
    left += box.w + gap;
    return box;
  });
}
