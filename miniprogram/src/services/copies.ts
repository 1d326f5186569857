/**
 * Which copy of a photo a place of some size wants: the phone's while it has the pixels, else the view (docs/imaging.md).
 * web/ui/src/copies.ts says the same for browsers.
 */

import type { PhotoCard } from './wire'

const PHONE_PX = 1280 // its long edge
const PLENTY = 1.9 // pixels for each of CSS: more than that nobody sees

/** `long`: longer side of the place, px of CSS; `density`: pixels of the screen for each of them. */
export function copyFor({ urls }: PhotoCard, long: number, density: number): string {
  return long * Math.min(density, PLENTY) > PHONE_PX ? urls.view : (urls.phone ?? urls.view)
}
