/** Which version of a photo this guest saved, so that a better one is offered, once. */

import { type Photo, recall, remember } from "./wire";

const NAME = "saved";
const MOST = 300;

export function saved(photo: Photo): void {
  keep(photo.id, photo.retouched_at ?? 0);
}

/** A hand made it better since; said once. */
export function outdated(photo: Photo): boolean {
  const now = photo.stage === "retouched" ? (photo.retouched_at ?? 0) : 0;
  const had = new Map(all()).get(photo.id) ?? Infinity;
  if (had >= now) return false;
  keep(photo.id, now);
  return true;
}

function all(): [id: string, retouchedAt: number][] {
  return JSON.parse(recall(NAME) ?? "[]") as [string, number][];
}

function keep(id: string, at: number): void {
  remember(NAME, JSON.stringify([...all().filter(([other]) => other !== id), [id, at]].slice(-MOST)));
}
