/** Ask to take a photo down: five reasons, a few words, and what became of it. */

import "./sheet.css";

import { askAsGuest } from "./guest";
import type { Speech } from "./speech";
import type { Words } from "./viewer";
import { type Photo, Refusal } from "./wire";

const REASONS = ["me", "child", "improper", "rights", "other"] as const;
const MOST_WORDS = 300;

/** Opens the question in `host`. The dialog is gone when the photo is reported or the guest thinks better of it. */
export function askTakeDown(host: HTMLElement, photo: Photo, speech: Speech<Words>, notice: (text: string) => void, instead: () => void): void {
  const dialog = document.createElement("dialog");
  dialog.className = "sheet";
  const form = document.createElement("form");
  const title = Object.assign(document.createElement("h2"), { id: "report-title", textContent: speech.say("report") });
  const lead = Object.assign(document.createElement("p"), { textContent: speech.say("report_lead") });
  const words = Object.assign(document.createElement("textarea"), { name: "words", maxLength: MOST_WORDS, rows: 2 });
  words.placeholder = speech.say("report_words");
  words.setAttribute("aria-label", speech.say("report_words"));
  const send = Object.assign(document.createElement("button"), { className: "sheet-send", textContent: speech.say("report_send") });
  const cancel = Object.assign(document.createElement("button"), { type: "button", textContent: speech.say("cancel") });
  const cover = Object.assign(document.createElement("button"), { type: "button", textContent: speech.say("veil_instead") });
  cover.addEventListener("click", () => {
    away();
    instead();
  });
  const row = Object.assign(document.createElement("div"), { className: "sheet-row" });
  row.append(cover, cancel, send);
  form.append(title, lead, ...REASONS.map((reason) => choice(reason, speech.say(`report_${reason}`))), words, row);
  dialog.setAttribute("aria-labelledby", "report-title");
  dialog.append(form);
  host.append(dialog);
  const away = (): void => dialog.remove();
  cancel.addEventListener("click", away);
  dialog.addEventListener("close", away);
  dialog.addEventListener("click", (event) => event.target === dialog && away());
  // the viewer under it listens to keys and fingers too
  for (const kind of ["keydown", "pointerdown", "wheel", "click"]) dialog.addEventListener(kind, (event) => event.stopPropagation());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const said = new FormData(form);
    send.disabled = true;
    askAsGuest<{ hidden: boolean }>(`/mp/v1/photos/${photo.id}/report`, { body: { reason: said.get("reason"), words: words.value.trim() } })
      .then(({ hidden }) => {
        notice(speech.say(hidden ? "report_hidden" : "report_waiting"));
        away();
      })
      .catch((reason: unknown) => {
        send.disabled = false;
        notice(speech.say(reason instanceof Refusal && reason.status === 429 ? "slow_down" : "no_network"));
      });
  });
  dialog.showModal();
}

function choice(reason: string, words: string): HTMLLabelElement {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: "radio", name: "reason", value: reason, required: true });
  label.append(input, words);
  return label;
}
