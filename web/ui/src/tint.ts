/** The little of a ThumbHash that every tile needs at once; the rest (thumbhash.ts) comes when a picture is slow. */

export function bytesOf(placeholder: string): Uint8Array {
  try {
    return Uint8Array.from(atob(placeholder), (sign) => sign.charCodeAt(0));
  } catch {
    return new Uint8Array(); // not base64
  }
}

/** The mean colour alone, as web/ghost.py has it: cheap enough for a wall that flies by. */
export function tint(placeholder: string): string {
  const [a = 0, b = 0, c = 0] = bytesOf(placeholder.slice(0, 4));
  const head = a | (b << 8) | (c << 16);
  const light = (head & 63) / 63;
  const blue = light - (2 / 3) * (((head >> 6) & 63) / 31.5 - 1);
  const red = ((head >> 12) & 63) / 31.5 - 1;
  const r = (3 * light - blue + red) / 2;
  return `rgb(${[r, r - red, blue].map((part) => Math.round(part * 255)).join()})`; // the browser clamps
}
