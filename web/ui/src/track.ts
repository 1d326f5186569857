/** What this guest looked at, told in batches: docs/wire.md `POST /track`. Loaded after the first photos. */

import { askAsGuest } from "./guest";

type Kind = "visit" | "viewable" | "view" | "click" | "download" | "share";

const EVERY_MS = 10_000;
const MOST = 100; // traces in a batch
const VIEWABLE_MS = 1_000;
const kept: { kind: Kind; photo_id?: string; placement_id?: string; done_at: number }[] = [];
const known = new Set<string>(); // photos, and cards of placements, that were viewable already: each counts once per visit
const begun = new Map<Element, ReturnType<typeof setTimeout>>();
const eye = new IntersectionObserver(look, { threshold: 0.5 });
let albumNow: (() => string) | undefined;

export function note(kind: Kind, photo?: string, placement?: string): void {
  kept.push({ kind, ...(photo ? { photo_id: photo } : {}), ...(placement ? { placement_id: placement } : {}), done_at: Date.now() });
}

/** What stands elsewhere than on the wall and counts like a tile. */
export function watch(el: Node): void {
  if (el instanceof HTMLElement) eye.observe(el);
}

/** Half of a tile on screen for a second is a viewable impression. */
export function follow(wall: HTMLElement, album: () => string): void {
  if (albumNow) return;
  albumNow = album;
  note("visit");
  const leave = (tile: Node): void => {
    if (!(tile instanceof HTMLElement) || tile.isConnected) return; // moved to another place on the wall
    eye.unobserve(tile);
    clearTimeout(begun.get(tile));
    begun.delete(tile);
  };
  new MutationObserver((turns) => {
    for (const turn of turns) {
      turn.addedNodes.forEach(watch);
      turn.removedNodes.forEach(leave);
    }
  }).observe(wall, { childList: true });
  wall.childNodes.forEach(watch);
  setInterval(() => void send(), EVERY_MS);
  addEventListener("visibilitychange", () => document.hidden && void send());
}

function look(entries: IntersectionObserverEntry[]): void {
  for (const { target, isIntersecting } of entries) {
    clearTimeout(begun.get(target));
    begun.delete(target);
    const { id: photo, placement, card = "" } = (target as HTMLElement).dataset;
    const id = photo ?? card;
    if (!isIntersecting || !id || known.has(id)) continue;
    begun.set(target, setTimeout(() => {
      begun.delete(target);
      if (document.hidden || known.has(id)) return;
      known.add(id);
      note("viewable", photo, placement);
      target.dispatchEvent(new Event("showed"));
    }, VIEWABLE_MS));
  }
}

/** What could not be sent is kept under the same name, so that it counts once. */
async function send(): Promise<void> {
  const traces = kept.splice(0, MOST);
  if (!traces.length || !albumNow) return;
  const batch = Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
  const source = (new URLSearchParams(location.search).get("f") ?? "").slice(0, 2);
  const body = { batch, album_id: albumNow(), source, traces };
  await askAsGuest("/mp/v1/track", { body })
    .catch(() => askAsGuest("/mp/v1/track", { body }))
    .catch(() => undefined);
}
