import { describe, expect, test } from "vitest";

import { breakRows, evenRows, gridBoxes, prependRows, removeFromRows, type Room, rowBoxes, waterfallBoxes } from "../src/rows";
import { dice } from "./dice";

const PHONE: Room = { width: 352, gap: 4, share: 0.31, hero: true };
const DESK: Room = { width: 1344, gap: 6, share: 0.155, hero: false };

function album(roll: () => number, count: number): number[] {
  return Array.from({ length: count }, () => [1.5, 1.5, 1.5, 0.667, 0.75, 1.778, 1, 3.2][Math.floor(roll() * 8)] ?? 1.5);
}

const sum = (counts: number[]): number => counts.reduce((a, b) => a + b, 0);

describe.each([
  ["phone", PHONE],
  ["desk", DESK],
])("rows on a %s", (_, room) => {
  test("fill the width, crop nothing and do not overlap", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const ratios = album(dice(seed), 60);
      const boxes = rowBoxes(breakRows(ratios, room), ratios, room);
      expect(boxes).toHaveLength(60);
      boxes.forEach((box, i) => {
        expect(box.w / box.h).toBeCloseTo(ratios[i] ?? 0, 5);
        expect(box.x + box.w).toBeLessThanOrEqual(room.width + 0.01);
        const next = boxes[i + 1];
        if (!next) return;
        if (next.y === box.y) expect(next.x).toBeCloseTo(box.x + box.w + room.gap, 5);
        else {
          expect(next.y).toBeCloseTo(box.y + box.h + room.gap, 5);
          expect(box.x + box.w).toBeCloseTo(room.width, 5);
        }
      });
    }
  });

  test("stay as they are when photos come in front, except for the first two", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const roll = dice(seed);
      let ratios = album(roll, 30);
      let rows = breakRows(ratios, room);
      for (let turn = 0; turn < 30; turn++) {
        const fresh = album(roll, 1 + Math.floor(roll() * 3));
        const kept = rows.slice(2);
        ratios = [...fresh, ...ratios];
        rows = prependRows(rows, ratios, fresh.length, room);
        expect(sum(rows)).toBe(ratios.length);
        expect(rows.slice(rows.length - kept.length)).toEqual(kept);
      }
    }
  });

  test("close up when a photo leaves, and only near it", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const roll = dice(seed);
      const ratios = album(roll, 40);
      const rows = breakRows(ratios, room);
      const index = Math.floor(roll() * 40);
      const left = ratios.filter((__, i) => i !== index);
      const found = removeFromRows(rows, left, index, room);
      expect(sum(found)).toBe(39);
      let above = 0;
      while (sum(rows.slice(0, above + 1)) <= index) above++;
      expect(found.slice(0, above)).toEqual(rows.slice(0, above));
      const below = rows.slice(above + 2);
      expect(found.slice(found.length - below.length)).toEqual(below);
    }
  });
});

test("the newest photo has a phone's whole width when it lies on its side", () => {
  expect(breakRows([1.5, 1.5, 1.5], PHONE)[0]).toBe(1);
  expect(breakRows([0.667, 1.5, 1.5], PHONE)[0]).toBeGreaterThan(1);
  expect(breakRows([1.5, 1.5, 1.5], DESK)[0]).toBe(3);
});

test("even rows are as near to the wanted height as any other breaking", () => {
  const ratios = [1.5, 1.5, 0.667, 1.5, 1.778, 1.5, 1];
  const cost = (rows: number[]): number => {
    let start = 0;
    return rows.reduce((all, count) => {
      const width = ratios.slice(start, start + count).reduce((a, b) => a + b, 0);
      start += count;
      return all + Math.log((DESK.width - DESK.gap * (count - 1)) / width / (DESK.share * DESK.width)) ** 2;
    }, 0);
  };
  const every = (n: number): number[][] =>
    n === 0 ? [[]] : Array.from({ length: n }, (_, i) => i + 1).flatMap((first) => every(n - first).map((rest) => [first, ...rest]));
  const best = Math.min(...every(7).map(cost));
  expect(cost(evenRows(ratios, 0, 7, DESK))).toBeCloseTo(best, 9);
});

test("waterfall and grid lose nobody and stay inside", () => {
  const ratios = album(dice(7), 100);
  for (const boxes of [waterfallBoxes(ratios, PHONE), gridBoxes(ratios, PHONE)]) {
    expect(boxes).toHaveLength(100);
    for (const box of boxes) expect(box.x + box.w).toBeLessThanOrEqual(PHONE.width + 0.01);
  }
});
