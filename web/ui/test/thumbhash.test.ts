import { describe, expect, test } from "vitest";

import { type Ghost, ghost } from "../src/thumbhash";
import { tint } from "../src/tint";

function at(seen: Ghost, x: number, y: number): number[] {
  const start = (Math.floor(y * seen.height) * seen.width + Math.floor(x * seen.width)) * 4;
  return [...seen.rgba.slice(start, start + 3)];
}

function decoded(placeholder: string): Ghost {
  const seen = ghost(placeholder);
  if (!seen) throw new Error("not decoded");
  return seen;
}

// both placeholders were made by the platform's own encoder (workers/imaging/output.py)
describe("a placeholder", () => {
  test("of a picture that is red on the left and blue on the right", () => {
    const seen = decoded("F4cCpaJ/dXmIeIh3iIiHh4+H+Ih4");
    const [left, right] = [at(seen, 0.2, 0.5), at(seen, 0.8, 0.5)];
    expect(left[0]).toBeGreaterThan(170);
    expect(left[2]).toBeLessThan(90);
    expect(right[2]).toBeGreaterThan(150);
    expect(right[0]).toBeLessThan(80);
    expect(seen.width).toBeGreaterThan(seen.height);
  });

  test("of an upright picture that is white above and black below", () => {
    const seen = decoded("IAgmBQB4eI+Hh4hYiIeYiIiIiIiI");
    expect(Math.min(...at(seen, 0.5, 0.2))).toBeGreaterThan(200);
    expect(Math.max(...at(seen, 0.5, 0.8))).toBeLessThan(60);
    expect(seen.height).toBeGreaterThan(seen.width);
  });

  test("that is none", () => {
    expect(ghost("")).toBeNull();
    expect(ghost("AAA")).toBeNull();
    expect(ghost("not base64 at all!")).toBeNull();
  });

  test("and its mean colour, the same as the server's", () => {
    expect(tint("F4cCpaJ/dXmIeIh3iIiHh4+H+Ih4")).toBe("rgb(118,49,112)"); // #763170 in tests/browser/test_pages.py
    expect(tint("?")).toMatch(/^rgb/);
  });
});
