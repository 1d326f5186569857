/** Which copy of a photo a place of some size wants: the phone's while it has the pixels, else the view (docs/imaging.md). */

import type { Photo } from "./wire";

const PHONE_PX = 1280; // its long edge
const PLENTY = 1.9; // pixels for each of CSS: more than that nobody sees

export function pixels(css: number): number {
  return css * Math.min(devicePixelRatio, PLENTY);
}

/** `long`: longer side of the place, px of CSS. Answers from before there were phones' copies name none. */
export function copyFor({ urls }: Photo, long: number): string {
  return pixels(long) > PHONE_PX ? urls.view : (urls.phone ?? urls.view);
}
