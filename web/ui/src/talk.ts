/** What guests say under a photo: read, written under a name, one's own deleted, others' reported. */

import "./sheet.css";
import "./talk.css";

import { make } from "./console/dom";
import { askAsGuest, isKnown } from "./guest";
import type { Turn } from "./roll";
import type { Speech } from "./speech";
import type { Words } from "./viewer";
import { ask, type Photo, recall, Refusal, remember } from "./wire";

interface Comment {
  id: string;
  by: string;
  text: string;
  state: "shown" | "waiting" | "hidden";
  own: boolean;
  reported: boolean;
  created_at: number;
}

interface Said {
  comments: Comment[];
  count: number;
}

const NAME = "kuaimen.giver"; // the same under a comment as under a photo of one's own
const MOST_LETTERS = 20;
const MOST_WORDS = 200;
const AGAIN_MS = 10_000;

/** Opens the comments of `photo` in `host`; `count` is told how many there are, whenever that is known. */
export function openTalk(host: HTMLElement, photo: Photo, speech: Speech<Words>, notice: (text: string) => void, count: (n: number) => void): void {
  const path = `/mp/v1/photos/${photo.id}/comments`;
  let shown = "";

  const title = make("h2", { id: "talk-title" }, speech.say("comments"));
  const list = make("ul", { tabIndex: 0, ariaLabel: speech.say("comments") });
  const name = make("input", { maxLength: MOST_LETTERS, placeholder: speech.say("give_name"), ariaLabel: speech.say("give_name"), value: recall(NAME) ?? "" });
  const text = make("textarea", { maxLength: MOST_WORDS, rows: 2, required: true, placeholder: speech.say("comment_text"), ariaLabel: speech.say("comment_text") });
  const state = make("p", { className: "talk-state" });
  state.setAttribute("role", "status");
  const send = make("button", { className: "sheet-send" }, speech.say("comment_send"));
  const row = make("div", { className: "sheet-row" }, button("close", () => dialog.remove()), send);
  const form = make("form", {}, name, text, state, row);
  const dialog = make("dialog", { className: "sheet talk" }, title, list, form);
  dialog.setAttribute("aria-labelledby", "talk-title");
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.remove());
  // the viewer under it listens to keys and fingers too
  for (const kind of ["keydown", "pointerdown", "wheel", "click"]) dialog.addEventListener(kind, (event) => event.stopPropagation());
  name.addEventListener("input", () => remember(NAME, name.value));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void post();
  });
  host.append(dialog);
  dialog.showModal();
  addEventListener("turn", turned);
  const again = setInterval(() => (dialog.isConnected ? !document.hidden && void look() : end()), AGAIN_MS);
  void look();

  function end(): void {
    clearInterval(again);
    removeEventListener("turn", turned);
    dialog.remove();
  }

  /** The photo was taken down: its comments are off with it. */
  function turned(event: Event): void {
    if ((event as CustomEvent<Turn>).detail.gone.some(({ id }) => id === photo.id)) end();
  }

  async function look(): Promise<void> {
    try {
      draw(await (isKnown() ? askAsGuest<Said>(path) : ask<Said>(path)));
    } catch (reason) {
      if (!(reason instanceof Refusal) || ![403, 404].includes(reason.status)) {
        failed(reason);
        return;
      }
      end(); // switched off or locked; taken down
      notice(reason.status === 403 ? reason.message : speech.say("hidden"));
    }
  }

  async function post(): Promise<void> {
    send.disabled = true;
    const done = await act(path, { body: { text: text.value, name: name.value } });
    if (done) text.value = "";
    send.disabled = false;
  }

  async function act(to: string, question: { body?: unknown; method?: "DELETE" }): Promise<boolean> {
    state.textContent = "";
    try {
      await askAsGuest(to, question);
    } catch (reason) {
      failed(reason);
      return false;
    }
    await look();
    return true;
  }

  function failed(reason: unknown): void {
    state.textContent = reason instanceof Refusal ? reason.message : speech.say("no_network");
  }

  function draw(said: Said): void {
    count(said.count);
    if (JSON.stringify(said) === shown) return; // nobody's finger or focus is on a line that goes
    shown = JSON.stringify(said);
    title.textContent = said.count ? speech.say("comment_n", { n: speech.number(said.count) }) : speech.say("comments");
    list.replaceChildren(...(said.comments.length ? said.comments.map(line) : [make("li", { className: "soft" }, speech.say("comment_none"))]));
  }

  function line(one: Comment): HTMLElement {
    const who = make("p", { className: "talk-who" }, make("b", {}, one.by || speech.say("comment_guest")), make("small", {}, speech.clock(one.created_at)), deed(one));
    const off = one.state === "shown" ? null : make("small", { className: "talk-off" }, speech.say(one.state === "waiting" ? "comment_waiting" : "comment_hidden"));
    return make("li", { data: { comment: one.id } }, who, make("p", {}, one.text), off);
  }

  function deed(one: Comment): HTMLElement {
    const at = `/mp/v1/comments/${one.id}`;
    if (one.own) return button("comment_delete", () => confirm(speech.say("comment_delete_ask")) && void act(at, { method: "DELETE" }));
    if (one.reported) return make("small", {}, speech.say("comment_reported"));
    return button("comment_report", () => confirm(speech.say("comment_report_ask")) && void act(`${at}/report`, { body: {} }));
  }

  function button(word: Words, press: () => void): HTMLButtonElement {
    const made = make("button", { type: "button" }, speech.say(word));
    made.addEventListener("click", press);
    return made;
  }
}
