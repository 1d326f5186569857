/** Where the page's address leads: ?album=<id> (or ?photo=<id>, of it) to an album of the event, #p=<id> to one photo, also one far down or of another album. */

import type { AlbumWords } from "./album";
import type { Speech } from "./speech";
import { type Album, ask, type History, type Photo, Refusal } from "./wire";

interface Page {
  album: () => Album;
  /** One that hangs. */
  photo: (id: string) => Photo | undefined;
  /** Hang another album. */
  move: (to: Album, first: History) => void;
  open: (photo: Photo) => Promise<void>;
  notice: (text: string) => void;
  speech: Speech<AlbumWords>;
}

const FIRST = 48;
const SHUT = [401, 403];
const DOOR = [...SHUT, 404]; // what the page's own address answers better: with a form, or with words
let wanted = ""; // album; a later tap is what counts

/** Raises TypeError where there is no network; the page then shows what it showed before. */
export async function follow(page: Page): Promise<void> {
  const photo = new URLSearchParams(location.hash.slice(1)).get("p");
  if (photo) return show(photo, page);
  const tabs = document.querySelectorAll<HTMLElement>("nav.tabs a");
  await enter(new URLSearchParams(location.search).get("album") ?? tabs[0]?.dataset["album"] ?? page.album().id, page);
}

async function show(id: string, page: Page): Promise<void> {
  try {
    const photo = page.photo(id) ?? (await ask<Photo>(`${location.pathname}/photos/${id}`));
    await enter(photo.album_id, page);
    await page.open(page.photo(id) ?? photo);
  } catch (reason) {
    if (!(reason instanceof Refusal)) throw reason;
    const sent = new URLSearchParams(location.search).get("photo") === id;
    if (SHUT.includes(reason.status) && !sent) location.assign(`${location.pathname}?photo=${id}#p=${id}`); // to its album's door
    else page.notice(page.speech.say("missing"));
  }
}

async function enter(id: string, page: Page): Promise<void> {
  wanted = id;
  mark(id);
  if (id === page.album().id) return;
  try {
    const album = await ask<Album>(`/mp/v1/albums/${id}`); // its revision first: what changes after it is heard
    const first = await ask<History>(`/mp/v1/albums/${id}/photos?limit=${FIRST}`);
    if (wanted === id) page.move(album, first);
  } catch (reason) {
    if (wanted !== id) return;
    if (reason instanceof Refusal && DOOR.includes(reason.status)) {
      location.reload(); // the address names the album already
      return;
    }
    mark(page.album().id);
    throw reason;
  }
}

function mark(id: string): void {
  for (const link of document.querySelectorAll<HTMLElement>("nav.tabs a")) {
    if (link.dataset["album"] === id) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}
