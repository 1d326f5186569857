/** Pass a photo on: as a card with the event's name and a code that leads back to it, or as a link. */

import "./sheet.css";
import "./share.css";

import { session } from "./guest";
import type { Speech } from "./speech";
import { note } from "./track";
import type { Words } from "./viewer";
import { type Photo, Refusal, refusal } from "./wire";

interface Passing {
  photo: Photo;
  url: string;
  title: string;
  speech: Speech<Words>;
  notice: (text: string) => void;
}

/** Opens the card in `host`, over the viewer. */
export function passOn(host: HTMLElement, { photo, url, title, speech, notice }: Passing): void {
  const dialog = document.createElement("dialog");
  dialog.className = "sheet sharer";
  dialog.setAttribute("aria-label", speech.say("share"));
  const place = Object.assign(document.createElement("div"), { className: "sharer-card" });
  place.style.setProperty("--ratio", String(1080 / (1080 / Math.max(photo.width / photo.height, 0.75) + FOOT)));
  const hint = Object.assign(document.createElement("p"), { textContent: speech.say("card_making") });
  hint.setAttribute("role", "status");
  const row = Object.assign(document.createElement("div"), { className: "sheet-row" });
  const save = Object.assign(document.createElement("a"), { className: "sharer-save", textContent: speech.say("card_save"), hidden: true });
  const close = Object.assign(document.createElement("button"), { type: "button", textContent: speech.say("close") });
  const link = Object.assign(document.createElement("button"), { type: "button", textContent: speech.say("share_link") });
  row.append(close, link, save);
  dialog.append(place, hint, row);
  host.append(dialog);
  const away = (): void => dialog.remove();
  close.addEventListener("click", away);
  const passed = (): void => note("share", photo.id);
  link.addEventListener("click", () => void send());
  save.addEventListener("click", passed, { once: true });
  dialog.addEventListener("close", away);
  dialog.addEventListener("click", (event) => event.target === dialog && away());
  // the viewer under it listens to keys and fingers too
  for (const kind of ["keydown", "pointerdown", "wheel", "click"]) dialog.addEventListener(kind, (event) => event.stopPropagation());
  dialog.showModal();
  void show();

  async function show(): Promise<void> {
    try {
      const address = await drawn(photo.id);
      const card = Object.assign(document.createElement("img"), { src: address, alt: speech.say("card_alt", { title }) });
      await card.decode();
      place.replaceChildren(card);
      hint.textContent = speech.say("card_how");
      Object.assign(save, { href: address, download: `kuaimen-${photo.position}.jpg`, hidden: false });
    } catch (reason) {
      hint.textContent = speech.say(reason instanceof Refusal && reason.status === 429 ? "slow_down" : "card_failed");
    }
  }

  async function send(): Promise<void> {
    try {
      if (typeof navigator.share === "function") await navigator.share({ title, url });
      else {
        await navigator.clipboard.writeText(url);
        notice(speech.say("copied"));
      }
      passed();
      away();
    } catch (reason) {
      if (!(reason instanceof DOMException && reason.name === "AbortError")) notice(speech.say("copy_failed"));
    }
  }
}

const FOOT = 332; // px under a card's photo, of 1080 (miniprogram_api/cards.py)

/** The card as a data: address, which WeChat's browser lets people save by a long press; blob: it does not. */
async function drawn(id: string): Promise<string> {
  const answer = await fetch(`/mp/v1/photos/${id}/card.jpg`, { headers: { Authorization: `Bearer ${await session()}` } });
  if (!answer.ok) throw refusal(answer.status, await answer.text());
  const bytes = await answer.blob();
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result as string));
    reader.addEventListener("error", () => reject(new Error("unreadable")));
    reader.readAsDataURL(bytes);
  });
}
