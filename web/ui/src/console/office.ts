/** What the office pages share: a table that scrolls on a phone, panels, buttons that say what became of them. */

import "./office.css";

import words from "../../../words/office.json";
import { Speech } from "../speech";
import { make } from "./dom";
import type { Context } from "./frame";

export type OfficeWords = keyof typeof words;
export const speaker = (): Speech<OfficeWords> => new Speech<OfficeWords>({ ...words });

export type Cell = Node | string;

export function grid(heads: string[], rows: Cell[][], empty: string): HTMLElement {
  if (!rows.length) return make("p", { className: "soft" }, empty);
  const head = make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)));
  const body = rows.map((cells) => make("tr", {}, ...cells.map((cell, n) => make("td", { data: { head: heads[n] ?? "" } }, cell))));
  return make("div", { className: "office-scroll", tabIndex: 0 }, make("table", { className: "office" }, make("thead", {}, head), make("tbody", {}, ...body)));
}

export function panel(title: string, ...content: (Node | null)[]): HTMLElement {
  return make("section", { className: "panel wide" }, make("h2", {}, title), ...content);
}

/** A button that is busy while its work is done, and hands trouble to the guard. */
export function act(on: Context, text: string, work: () => Promise<void>, label = text): HTMLButtonElement {
  const button = make("button", { type: "button", className: "quiet" }, text);
  button.setAttribute("aria-label", label);
  button.onclick = () => {
    button.disabled = true;
    work()
      .catch(on.guard)
      .finally(() => (button.disabled = false));
  };
  return button;
}

/** For what cannot be undone: the first tap only asks. */
export function actTwice(on: Context, text: string, sure: string, work: () => Promise<void>, label = text): HTMLButtonElement {
  const button = act(
    on,
    text,
    async () => {
      if (button.textContent !== sure) {
        button.textContent = sure;
        setTimeout(() => (button.textContent = text), 5_000);
        return;
      }
      await work();
    },
    label,
  );
  return button;
}

export function field(label: string, input: HTMLElement): HTMLLabelElement {
  return make("label", { className: "office-field" }, make("span", { className: "soft" }, label), input);
}

export function ticks(legend: string, names: string[], chosen: readonly string[], say: (name: string) => string): { el: HTMLElement; chosen: () => string[] } {
  const boxes = names.map((value) => make("input", { type: "checkbox", value, checked: chosen.includes(value) }));
  const rows = boxes.map((box) => make("label", { className: "office-tick" }, box, say(box.value)));
  const el = make("fieldset", { className: "office-ticks" }, make("legend", { className: "soft" }, legend), ...rows);
  return { el, chosen: () => boxes.filter((box) => box.checked).map((box) => box.value) };
}

/** A secret that is shown once, with a button that copies it. */
export function once(on: Context, speech: Speech<OfficeWords>, secret: string): HTMLElement {
  const copy = act(on, speech.say("copy"), async () => {
    await navigator.clipboard.writeText(secret);
    on.notice(speech.say("copied"));
  });
  return make("p", { className: "office-once", role: "status" }, make("b", {}, speech.say("shown_once")), make("code", {}, secret), copy);
}
