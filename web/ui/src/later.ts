/** What an album does once its first photos are there: stay readable offline, count what is looked at, change language and light. */

import type { AlbumWords } from "./album";
import { askAsGuest } from "./guest";
import { stayReadable } from "./readable";
import { keep, type Speech } from "./speech";
import { follow } from "./track";
import type { Album } from "./wire";

export { forget } from "./readable";

const QUIET_MS = 1_000;

export async function tellShown(photo: string): Promise<void> {
  await askAsGuest(`/mp/v1/photos/${photo}/seen`, { body: { shown_at: Date.now() } });
}

/** The ways to give photos of one's own, and to write under photos, where this album takes them. */
export function offer(album: Album): void {
  talk(album);
  const give = document.getElementById("give");
  if (give) give.hidden = album.contributions === "off";
}

function talk(album: Album): void {
  document.body.classList.toggle("talks", album.comments);
}

export function settleIn(wall: HTMLElement, album: () => Album, speech: Speech<AlbumWords>, offline: () => void): void {
  if ("serviceWorker" in navigator) void stayReadable();
  talk(album());
  setTimeout(() => follow(wall, () => album().id), QUIET_MS);
  addEventListener("album", () => offer(album()));
  document.getElementById("theme")?.addEventListener("click", turnTheme);
  document.getElementById("language")?.addEventListener("click", () => void turnLanguage(speech).catch(offline));
}

async function turnLanguage(speech: Speech<AlbumWords>): Promise<void> {
  const still = await import("../../words/album_still.json");
  speech.learn(still.default);
  speech.use(speech.language === "en" ? "zh" : "en");
}

function turnTheme(): void {
  const root = document.documentElement;
  const dark = root.dataset["theme"] ? root.dataset["theme"] === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset["theme"] = dark ? "light" : "dark";
  keep("theme", root.dataset["theme"]);
}
