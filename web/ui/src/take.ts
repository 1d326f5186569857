/** Take many photos home: all of an album, the liked or the chosen ones, as ZIP parts that a worker makes while one looks on. */

import "./sheet.css";

import words from "../../words/album_later.json";
import type { AlbumWords } from "./album";
import { askAsGuest } from "./guest";
import { likedIn } from "./likes";
import type { Speech } from "./speech";
import { recall, Refusal, remember } from "./wire";

interface Export {
  id: string;
  state: "planned" | "making" | "ready" | "failed" | "withdrawn";
  done: number;
  photos: number;
  bytes: number;
  parts: { number: number; size: number; url: string; photos: number }[];
  manifest_url: string | null;
}

const LOOK_MS = 1_500;

/** The dialog; what was asked for before is found again, also after a reload. `chosen`: these, without asking which. */
export function takeHome(album: { id: string; photos: number }, said: Speech<AlbumWords>, notice: (text: string) => void, chosen?: string[]): void {
  const speech = said.learn(words);
  const dialog = document.createElement("dialog");
  dialog.className = "sheet";
  dialog.setAttribute("aria-labelledby", "take-title");
  const title = Object.assign(document.createElement("h2"), { id: "take-title", textContent: speech.say("take_title") });
  const body = document.createElement("div");
  const close = Object.assign(document.createElement("button"), { type: "button", textContent: speech.say("close") });
  const row = Object.assign(document.createElement("div"), { className: "sheet-row" });
  row.append(close);
  dialog.append(title, body, row);
  if (document.body.classList.contains("placements")) void import("./placements").then(({ line }) => row.before(line("download", said) ?? ""), () => undefined);
  document.body.append(dialog);
  let open = true;
  const away = (): void => {
    open = false;
    dialog.remove();
  };
  close.addEventListener("click", away);
  dialog.addEventListener("close", away);
  dialog.addEventListener("click", (event) => event.target === dialog && away());
  const kept = `export.${album.id}`;

  const offer = async (): Promise<void> => {
    const liked = [...(await likedIn(album.id))];
    const choices: [string, string[] | null][] = [[speech.say("take_all", { n: speech.number(album.photos) }), null]];
    if (liked.length) choices.unshift([speech.say("take_liked", { n: speech.number(liked.length) }), liked]);
    const buttons = choices.map(([text, ids], index) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
      if (!index) button.className = "sheet-send";
      button.addEventListener("click", () => void plan(ids));
      return button;
    });
    const some = Object.assign(document.createElement("button"), { type: "button", textContent: speech.say("take_choose") });
    some.addEventListener("click", () => {
      away();
      void import("./pick").then(({ pick }) => pick(said, notice, (ids) => takeHome(album, said, notice, ids)));
    });
    const lead = Object.assign(document.createElement("p"), { textContent: speech.say("take_lead") });
    const line = Object.assign(document.createElement("div"), { className: "sheet-row take-choices" });
    line.append(...buttons, some);
    body.replaceChildren(lead, line);
  };

  const plan = async (photo_ids: string[] | null): Promise<void> => {
    try {
      const found = await askAsGuest<Export>(`/mp/v1/albums/${album.id}/exports`, { body: photo_ids ? { photo_ids } : {} });
      remember(kept, found.id);
      await watch(found);
    } catch (reason) {
      const spent = reason instanceof Refusal && reason.code === "quota_spent";
      notice(speech.say(spent ? "quota_spent" : reason instanceof Refusal && reason.status === 403 ? "no_download" : "no_network"));
    }
  };

  const watch = async (first: Export): Promise<void> => {
    for (let found = first; open; found = await askAsGuest<Export>(`/mp/v1/exports/${first.id}`).catch(() => found)) {
      if (found.state === "ready") {
        ready(found);
        return;
      }
      if (found.state === "failed" || found.state === "withdrawn") {
        notice(speech.say(found.state === "failed" ? "take_failed" : "take_withdrawn"));
        return offer();
      }
      const bar = Object.assign(document.createElement("progress"), { max: Math.max(found.photos, 1), value: found.done });
      const text = speech.say("take_making", { done: speech.number(found.done), n: speech.number(found.photos) });
      bar.setAttribute("aria-label", text);
      body.replaceChildren(bar, Object.assign(document.createElement("p"), { textContent: text }));
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  };

  const ready = (found: Export): void => {
    const list = document.createElement("ul");
    const links: [string, string, string][] = found.parts.map((part) => [
      part.url,
      speech.say("take_part", { n: part.number }),
      `${speech.say("take_photos", { n: part.photos })} · ${speech.size(part.size)}`,
    ]);
    if (found.manifest_url) links.push([found.manifest_url, speech.say("take_manifest"), "SHA-256"]);
    for (const [href, text, note] of links) {
      const link = Object.assign(document.createElement("a"), { href, textContent: text, download: "" });
      link.append(Object.assign(document.createElement("small"), { textContent: note }));
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    const lead = Object.assign(document.createElement("p"), { textContent: speech.say("take_ready") });
    const anew = Object.assign(document.createElement("button"), { type: "button", className: "sheet-again", textContent: speech.say("take_again") });
    anew.addEventListener("click", () => void offer());
    body.replaceChildren(lead, list, anew);
  };

  dialog.showModal();
  const before = recall(kept);
  if (chosen) void plan(chosen);
  else if (!before) void offer();
  else askAsGuest<Export>(`/mp/v1/exports/${before}`).then(watch, offer);
}
