/** «Find me» by a selfie: the notice and a consent of its own, one picture, an answer in words, and the way to end it. */

import "./sheet.css";
import "./faces.css";

import words from "../../words/album_faces.json";
import later from "../../words/album_later.json";
import type { AlbumWords } from "./album";
import { button, make } from "./console/dom";
import { askAsGuest, session } from "./guest";
import type { Speech } from "./speech";
import { tieLine } from "./tie";
import { type Photo, Refusal, refusal } from "./wire";

interface Offer {
  offered: boolean;
  notice: { version: string; zh: string[]; en: string[] };
  consents: { search?: string; follow?: string };
  following: boolean;
}

type Hit = Photo & { face_id: number };

interface Found {
  sure: Hit[];
  maybe: Hit[];
  ticket: string;
}

const SIDE_PX = 1280;

/** The dialog. `open` shows one of the photos large. */
export function findMe(albumId: string, said: Speech<AlbumWords>, notice: (text: string) => void): void {
  const speech = said.learn(later).learn(words);
  const at = `/mp/v1/albums/${albumId}/faces`;
  const dialog = document.createElement("dialog");
  dialog.className = "sheet finder";
  dialog.setAttribute("aria-labelledby", "find-title");
  const title = Object.assign(document.createElement("h2"), { id: "find-title", textContent: speech.say("find_title") });
  const body = document.createElement("div");
  body.setAttribute("aria-live", "polite");
  const row = Object.assign(document.createElement("div"), { className: "sheet-row" });
  const stop = button(speech.say("find_stop"), () => void end());
  row.append(stop, button(speech.say("close"), away));
  dialog.append(title, body, row);
  document.body.append(dialog);
  dialog.addEventListener("close", away);
  dialog.addEventListener("click", (event) => event.target === dialog && away());
  let offer: Offer;

  function away(): void {
    dialog.remove();
  }

  function failed(reason: unknown): void {
    notice(reason instanceof Refusal ? reason.message : speech.say("no_network"));
  }

  async function begin(): Promise<void> {
    offer = await askAsGuest<Offer>(at);
    stop.hidden = !offer.offered || (!offer.consents.search && !offer.following);
    if (!offer.offered) body.replaceChildren(make("p", {}, speech.say("find_off")));
    else if (offer.consents.search) askSelfie();
    else askConsent();
  }

  function askConsent(): void {
    const form = document.createElement("form");
    const paragraphs = document.createElement("div");
    paragraphs.className = "finder-notice";
    paragraphs.tabIndex = 0;
    paragraphs.append(...offer.notice[speech.language].map((one) => make("p", {}, one)));
    const send = Object.assign(document.createElement("button"), { className: "sheet-send", textContent: speech.say("find_agree") });
    const line = Object.assign(document.createElement("div"), { className: "sheet-row" });
    line.append(send);
    form.append(make("p", {}, speech.say("find_lead")), paragraphs, choice("adult"), choice("guardian"), line);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const who = form.querySelector<HTMLInputElement>("input:checked")?.value ?? "";
      agree("search", who)
        .then((id) => {
          offer.consents.search = id;
          stop.hidden = false;
          askSelfie(who);
        })
        .catch(failed);
    });
    body.replaceChildren(form);
  }

  async function agree(kind: "search" | "follow", who: string): Promise<string> {
    const said = { kind, notice: offer.notice.version, adult: who !== "guardian", guardian: who === "guardian" };
    return (await askAsGuest<{ id: string }>(`${at}/consents`, { body: said })).id;
  }

  function choice(who: "adult" | "guardian"): HTMLLabelElement {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "who", value: who, required: true });
    label.append(input, speech.say(`find_${who}`));
    return label;
  }

  function askSelfie(who = "adult"): void {
    const input = Object.assign(document.createElement("input"), { type: "file", accept: "image/*", hidden: true });
    input.setAttribute("capture", "user"); // phones open the camera, not the album
    const press = button(speech.say("find_selfie"), () => input.click());
    press.className = "sheet-send";
    const line = Object.assign(document.createElement("div"), { className: "sheet-row" });
    line.append(press);
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (!file) return;
      body.replaceChildren(make("p", {}, speech.say("find_looking")));
      search(file).then(
        (found) => show(found, who),
        (reason: unknown) => {
          failed(reason);
          askSelfie(who);
        },
      );
    });
    const following = offer.following ? [tieLine(albumId, said, notice)] : [];
    body.replaceChildren(make("p", {}, speech.say("find_hint")), input, line, ...following);
  }

  async function search(file: File): Promise<Found> {
    const answer = await fetch(`${at}/search?consent=${offer.consents.search ?? ""}`, {
      method: "POST",
      headers: { Authorization: `Bearer ${await session()}`, "Content-Type": "image/jpeg", "Accept-Language": speech.language },
      body: await small(file),
    });
    const said = await answer.text();
    if (!answer.ok) throw refusal(answer.status, said);
    return JSON.parse(said) as Found;
  }

  function show(found: Found, who: string): void {
    const again = (told: { yes?: number[]; no?: string[] }): void => {
      askAsGuest<Found>(`${at}/again`, { body: { ticket: found.ticket, ...told } }).then((better) => show(better, who), failed);
    };
    const parts: HTMLElement[] = [];
    if (!found.sure.length && !found.maybe.length) parts.push(make("p", {}, speech.say("find_none")));
    if (found.sure.length) {
      parts.push(make("h3", {}, speech.say("find_sure", { n: found.sure.length })), tiles(found.sure, again, false));
    }
    if (found.maybe.length) parts.push(make("h3", {}, speech.say("find_maybe")), tiles(found.maybe, again, true));
    const line = Object.assign(document.createElement("div"), { className: "sheet-row" });
    line.append(button(speech.say("find_again"), () => askSelfie(who)));
    if (found.sure.length && !offer.following) {
      const follow = button(speech.say("find_follow"), () => {
        agree("follow", who)
          .then((consent) => askAsGuest(`${at}/follow`, { body: { ticket: found.ticket, consent } }))
          .then(() => {
            offer.following = true;
            notice(speech.say("find_following"));
            show(found, who);
          })
          .catch(failed);
      });
      line.append(follow);
    }
    if (offer.following) parts.push(tieLine(albumId, said, notice));
    body.replaceChildren(...parts, line);
  }

  function tiles(hits: Hit[], again: (told: { yes?: number[]; no?: string[] }) => void, ask: boolean): HTMLElement {
    const list = document.createElement("ul");
    list.className = "finder-tiles";
    for (const hit of hits) {
      const item = document.createElement("li");
      const link = Object.assign(document.createElement("a"), { href: `#p=${hit.id}` });
      const img = Object.assign(document.createElement("img"), { src: hit.urls.thumb, alt: speech.say("photo"), loading: "lazy" as const });
      link.addEventListener("click", away);
      link.append(img);
      item.append(link);
      if (ask) item.append(button(speech.say("find_yes"), () => again({ yes: [hit.face_id] })));
      item.append(button(speech.say("find_no"), () => again({ no: [hit.id] })));
      list.append(item);
    }
    return list;
  }

  async function end(): Promise<void> {
    try {
      const { deleted } = await askAsGuest<{ deleted: Record<string, number> }>(at, { method: "DELETE" });
      stop.hidden = true;
      body.replaceChildren(make("p", {}, speech.say("find_stopped", deleted)));
    } catch (reason) {
      failed(reason);
    }
  }

  dialog.showModal();
  begin().catch(failed);
}

/** At most 1280 px, upright: what is compared is no larger, and less is on its way. */
async function small(file: File): Promise<Blob> {
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return file; // the platform says what is wrong with it
  const scale = Math.min(1, SIDE_PX / Math.max(picture.width, picture.height));
  const canvas = Object.assign(document.createElement("canvas"), {
    width: Math.round(picture.width * scale),
    height: Math.round(picture.height * scale),
  });
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(blob ?? file), "image/jpeg", 0.92));
}
