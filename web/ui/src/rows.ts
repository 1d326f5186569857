/**
 * Where every photo hangs. Pure arithmetic: ratios (width / height) in, boxes out; nothing here touches the page.
 *
 * The wall is made of rows that fill the width exactly, without cropping. Rows are broken like lines of text, exactly
 * as the style sheet's flex-wrap does it, so the page that came from the server does not move when the script takes
 * over. Once broken a row stays as it is: new photos only rearrange the first row, so nothing a guest looks at moves.
 */

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Room {
  width: number; // px
  gap: number; // px
  share: number; // height a row should have, as a share of the width
  hero: boolean; // the newest photo has a row of its own, if it lies on its side
}

export type Style = "rows" | "waterfall" | "grid";

const HERO_RATIO = 1.2;
const TOO_TALL = 1.7; // times the wanted height: such a row wants company

/** Row lengths, newest first, as a browser breaks lines: a photo that no longer fits begins the next row. */
export function breakRows(ratios: readonly number[], room: Room): number[] {
  const rows: number[] = [];
  let first = 0;
  if (room.hero && (ratios[0] ?? 0) >= HERO_RATIO) {
    rows.push(1);
    first = 1;
  }
  let used = 0;
  let count = 0;
  for (let i = first; i < ratios.length; i++) {
    const wants = Math.min((ratios[i] ?? 1) * room.share * room.width, room.width);
    if (count && used + room.gap + wants > room.width + 0.01) {
      rows.push(count);
      used = count = 0;
    }
    used += wants + (count ? room.gap : 0);
    count++;
  }
  if (count) rows.push(count);
  return rows;
}

/** Row lengths after `added` photos came in front; only the first row, or a lonely second one, is broken anew. */
export function prependRows(rows: readonly number[], ratios: readonly number[], added: number, room: Room): number[] {
  let loose = added + (rows[0] ?? 0);
  let kept = rows.slice(1);
  const second = kept[0];
  if (second !== undefined && heightOf(ratios, loose, second, room) > TOO_TALL * room.share * room.width) {
    loose += second;
    kept = kept.slice(1);
  }
  const head = room.hero && (ratios[0] ?? 0) >= HERO_RATIO ? [1] : [];
  return [...head, ...evenRows(ratios, head.length, loose, room), ...kept];
}

/** Row lengths after the photo at `index` left; its row takes the next one in when it would grow too tall. */
export function removeFromRows(rows: readonly number[], ratios: readonly number[], index: number, room: Room): number[] {
  const found = [...rows];
  let start = 0;
  let row = 0;
  while (row < found.length && start + (found[row] ?? 0) <= index) start += found[row++] ?? 0;
  const left = (found[row] ?? 1) - 1;
  if (left > 0 && heightOf(ratios, start, left, room) <= TOO_TALL * room.share * room.width) {
    found[row] = left;
    return found;
  }
  const both = left + (found[row + 1] ?? 0);
  found.splice(row, 2, ...evenRows(ratios, start, start + both, room));
  return found;
}

/** Break `ratios[from, to)` into rows as near to the wanted height as possible (shortest path over all breaks). */
export function evenRows(ratios: readonly number[], from: number, to: number, room: Room): number[] {
  const cost: number[] = [0];
  const step: number[] = [0];
  for (let end = 1; end <= to - from; end++) {
    cost[end] = Infinity;
    for (let count = 1; count <= Math.min(end, 12); count++) {
      const tall = heightOf(ratios, from + end - count, count, room) / (room.share * room.width);
      const here = (cost[end - count] ?? 0) + Math.log(tall) ** 2;
      if (here < (cost[end] ?? Infinity)) {
        cost[end] = here;
        step[end] = count;
      }
    }
  }
  const rows: number[] = [];
  for (let end = to - from; end > 0; end -= step[end] ?? end) rows.unshift(step[end] ?? end);
  return rows;
}

/** Boxes of photos in rows; the last row keeps the wanted height, however much of the width that leaves. */
export function rowBoxes(rows: readonly number[], ratios: readonly number[], room: Room): Box[] {
  const boxes: Box[] = [];
  let y = 0;
  rows.forEach((count, row) => {
    const start = boxes.length;
    let h = heightOf(ratios, start, count, room);
    const last = row === rows.length - 1 && !(room.hero && row === 0);
    if (last) h = Math.min(h, room.share * room.width);
    let x = 0;
    for (let i = start; i < start + count; i++) {
      const w = (ratios[i] ?? 1) * h;
      boxes.push({ x, y, w, h });
      x += w + room.gap;
    }
    y += h + room.gap;
  });
  return boxes;
}

/** Columns of equal width; every photo goes under the shortest one. */
export function waterfallBoxes(ratios: readonly number[], room: Room): Box[] {
  const columns = Math.max(2, Math.round(0.68 / room.share));
  const w = (room.width - room.gap * (columns - 1)) / columns;
  const depth = new Array<number>(columns).fill(0);
  return ratios.map((ratio) => {
    const y = Math.min(...depth);
    const column = depth.indexOf(y);
    const h = w / ratio;
    depth[column] = y + h + room.gap;
    return { x: column * (w + room.gap), y, w, h };
  });
}

/** Squares, cropped from the middle: the most photos on one screen. */
export function gridBoxes(ratios: readonly number[], room: Room): Box[] {
  const columns = Math.max(3, Math.round(1 / room.share));
  const w = (room.width - room.gap * (columns - 1)) / columns;
  return ratios.map((_, i) => ({
    x: (i % columns) * (w + room.gap),
    y: Math.floor(i / columns) * (w + room.gap),
    w,
    h: w,
  }));
}

/** Where the last box ends. */
export function depthOf(boxes: readonly Box[]): number {
  let depth = 0;
  for (const box of boxes) depth = Math.max(depth, box.y + box.h);
  return depth;
}

function heightOf(ratios: readonly number[], start: number, count: number, room: Room): number {
  let sum = 0;
  for (let i = start; i < start + count; i++) sum += ratios[i] ?? 1;
  return (room.width - room.gap * (count - 1)) / Math.max(sum, 0.01);
}
