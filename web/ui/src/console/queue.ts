/** What waits for a person, what this one holds, and how long each photo still has. */

import type { Speech } from "../speech";
import type { DeskWords } from "./desk";
import { make, put } from "./dom";

export interface Task {
  id: string;
  photo: { id: string; name: string; thumb: string | null };
  lease_until: number;
  finish_due_at: number | null;
  returned: string;
  original: string | null;
}

export interface Waiting {
  id: string;
  name: string;
  thumb: string | null;
  need: number;
  finish_due_at: number | null;
  returned: string;
}

export interface QueueDeeds {
  look: (photo: string) => void;
  take: (photo: string) => void;
  release: (task: Task) => void;
}

const SHORT = 12;
const SOON_MS = 60_000;

export class Queue {
  readonly el = make("section", { className: "desk-queue" });
  readonly #speech: Speech<DeskWords>;
  readonly #deeds: QueueDeeds;
  readonly #timer: ReturnType<typeof setInterval>;
  #drawn = "";

  constructor(speech: Speech<DeskWords>, deeds: QueueDeeds) {
    this.#speech = speech;
    this.#deeds = deeds;
    this.#timer = setInterval(() => this.#tick(), 1_000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  show(mine: Task[], waiting: Waiting[], all: number): void {
    const state = JSON.stringify([mine.map((one) => [one.id, one.returned]), waiting.slice(0, SHORT).map((one) => [one.id, one.thumb, one.returned]), all]);
    if (state === this.#drawn) return; // nothing under a finger or a focus is replaced without need
    this.#drawn = state;
    const say = this.#speech;
    const held = mine.map((task) => this.#held(task));
    const rows = waiting.slice(0, SHORT).map((one) => this.#row(one));
    const none = make("p", { className: "soft" }, say.say("nothing_to_claim"));
    this.el.replaceChildren(
      ...(held.length ? [make("h2", {}, say.say("in_hand")), ...held] : []),
      make("h2", {}, `${say.say("waiting_list")} `, make("span", { className: "soft" }, say.number(all))),
      ...(rows.length ? rows : [none]),
    );
    this.#tick();
  }

  #tick(): void {
    for (const el of this.el.querySelectorAll<HTMLElement>("[data-due]")) {
      const left = Number(el.dataset["due"]) - Date.now();
      const seconds = Math.max(0, Math.round(left / 1000));
      const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      put(el, left > 0 ? time : this.#speech.say("auto_counts"));
      el.dataset["state"] = left <= 0 ? "over" : left < SOON_MS ? "soon" : "";
      el.title = this.#speech.say(left > 0 ? "deadline" : "deadline_over", { time });
    }
  }

  #clock(due: number | null): HTMLElement | null {
    return due === null ? null : make("span", { className: "clock", data: { due: String(due) } });
  }

  #thumb(src: string | null): HTMLElement {
    return make("span", { className: "thumb" }, src ? make("img", { src, alt: "", loading: "lazy" }) : null);
  }

  #held(task: Task): HTMLElement {
    const say = this.#speech;
    const look = make("button", { className: "plain", type: "button", onclick: () => this.#deeds.look(task.photo.id) }, task.photo.name || task.photo.id);
    const back = make("button", { className: "act", type: "button", onclick: () => this.#deeds.release(task) }, say.say("release"));
    const file = task.original ? make("a", { className: "act", href: task.original }, say.say("download_original")) : null;
    const why = task.returned ? make("p", { className: "wrong" }, say.say("returned_because", { words: task.returned })) : null;
    return make("div", { className: "queue-held" }, make("div", { className: "queue-row" }, this.#thumb(task.photo.thumb), look, this.#clock(task.finish_due_at)), why, make("p", { className: "switches" }, file, back));
  }

  #row(one: Waiting): HTMLElement {
    const say = this.#speech;
    const look = make("button", { className: "plain", type: "button", onclick: () => this.#deeds.look(one.id) }, one.name || one.id);
    const take = make("button", { className: "act", type: "button", onclick: () => this.#deeds.take(one.id) }, say.say("take"));
    take.setAttribute("aria-label", `${say.say("take")} ${one.name}`);
    const text = make("span", { className: "queue-text" }, look, one.returned ? make("small", { className: "wrong" }, say.say("returned_because", { words: one.returned })) : null);
    return make("div", { className: "queue-row" }, this.#thumb(one.thumb), text, this.#clock(one.finish_due_at), take);
  }
}
