/** One photo in front of everything else: as guests see it, and everything that happened to it. */

import type { PhotoWords } from "./photos";
import type { Speech } from "../speech";
import { call, type PhotoRow } from "./api";
import { make } from "./dom";

interface Deed {
  at: number;
  what: string;
  by: string;
}

interface Told {
  name: string;
  album: string;
  history: Deed[];
}

interface Context {
  words: Speech<PhotoWords>;
  known: (key: string) => key is PhotoWords;
  event: string;
  guard: (reason: unknown) => void;
}

export async function openPhoto(photo: PhotoRow, on: Context): Promise<void> {
  let told: Told;
  try {
    told = await call<Told>(`/photos/${photo.id}/history`);
  } catch (reason) {
    on.guard(reason);
    return;
  }
  const say = on.words.say.bind(on.words);
  const file = (kind: string, key: PhotoWords): HTMLElement => make("a", { className: "quiet", href: `/api/v1/photos/${photo.id}/file?kind=${kind}`, download: photo.name }, say(key));
  const close = make("button", { type: "button", className: "quiet" }, say("close"));
  const rows = told.history.map((deed) => make("li", {}, make("time", {}, on.words.clock(deed.at)), make("span", {}, word(deed.what, on)), make("small", {}, deed.by && say("by", { name: deed.by }))));
  const side = make(
    "div",
    { className: "photo-side" },
    make("h2", {}, told.name || photo.id),
    make("p", { className: "soft" }, told.album),
    make("h3", {}, say("history")),
    make("ol", { className: "history" }, ...rows),
    make("p", { className: "links" }, file("original", "original"), photo.view ? file("view", "seen_by_guests") : null, make("a", { className: "quiet", href: `/console/desk/${on.event}` }, say("to_desk")), close),
  );
  const dialog = make("dialog", { className: "photo-sheet" }, make("div", { className: "photo-stage" }, photo.view ? make("img", { src: photo.view, alt: told.name }) : null), side);
  dialog.setAttribute("aria-label", told.name || photo.id);
  close.onclick = () => dialog.close();
  dialog.onclick = (event) => event.target === dialog && dialog.close();
  dialog.onclose = () => dialog.remove();
  document.body.append(dialog);
  dialog.showModal();
}

/** Our word for what was done; an action without one is named as the audit names it. */
function word(what: string, on: Context): string {
  const key = `what_${what}`;
  return on.known(key) ? on.words.say(key) : what;
}
