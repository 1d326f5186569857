/** Settings for more than one photo: copied from this one, given to others, to frames like it, or to the next ones. */

import type { Speech } from "../speech";
import { call, type Look, type PhotoRow } from "./api";
import type { DeskWords } from "./desk";
import { make } from "./dom";

interface Context {
  speech: Speech<DeskWords>;
  event: string;
  notice: (text: string, undo?: () => void) => void;
  guard: (reason: unknown) => void;
  changed: () => Promise<void>;
}

export class Batch {
  readonly el = make("section", { className: "batch" });
  readonly #on: Context;
  readonly #paste: HTMLButtonElement;
  readonly #rest: HTMLButtonElement;
  readonly #like: HTMLButtonElement;
  readonly #shape = make("input", { type: "checkbox", name: "shape" });
  #photo: PhotoRow | null = null;
  #look: Look = {};
  #next: PhotoRow[] = [];
  #alike: string[] = [];
  #copied: Look | null = null;

  constructor(on: Context) {
    this.#on = on;
    const say = on.speech;
    const button = (word: DeskWords, act: () => void): HTMLButtonElement => make("button", { className: "act", type: "button", onclick: act }, say.say(word));
    const copy = button("copy_look", () => {
      this.#copied = this.#look;
      this.#buttons();
    });
    this.#paste = button("paste_look", () => this.#photo && void this.#give([this.#photo.id], this.#copied));
    this.#rest = button("paste_rest", () => void this.#give(this.#next.map((photo) => photo.id), this.#copied ?? this.#look));
    this.#like = button("paste_like", () => void this.#give(this.#alike, this.#look));
    const reset = button("reset", () => this.#photo && void this.#give([this.#photo.id], null));
    const shape = make("label", { className: "soft batch-shape" }, this.#shape, say.say("with_shape"));
    this.el.append(make("h2", {}, say.say("give_to")), make("p", { className: "switches" }, this.#like, copy, this.#paste, this.#rest, reset), shape);
  }

  show(photo: PhotoRow, next: PhotoRow[], look: Look): void {
    const other = photo.id !== this.#photo?.id;
    this.#photo = photo;
    this.#next = next;
    this.#look = look;
    if (other) {
      this.#alike = [];
      setTimeout(() => void this.#seek(photo.id), 250); // whoever runs through photos asks for none of this
    }
    this.#buttons();
  }

  /** Raises Refusal, TypeError. */
  async send(ids: string[], look: Look | null, shape: boolean): Promise<string[]> {
    const { held } = await call<{ held: string[] }>(`/events/${this.#on.event}/adjusted`, { photo_ids: ids, look, shape });
    return held;
  }

  async #seek(id: string): Promise<void> {
    if (this.#photo?.id !== id) return;
    try {
      const { photo_ids } = await call<{ photo_ids: string[] }>(`/photos/${id}/like`);
      if (this.#photo.id === id) this.#alike = photo_ids;
      this.#buttons();
    } catch (reason) {
      this.#on.guard(reason);
    }
  }

  #buttons(): void {
    const say = this.#on.speech;
    this.#paste.disabled = this.#copied === null;
    this.#rest.disabled = this.#next.length === 0;
    this.#rest.textContent = say.say("paste_rest", { n: this.#next.length });
    this.#like.hidden = this.#alike.length === 0;
    this.#like.textContent = say.say("paste_like", { n: this.#alike.length });
  }

  async #give(ids: string[], look: Look | null): Promise<void> {
    if (!ids.length) return;
    const known = new Map([...this.#next, ...(this.#photo ? [this.#photo] : [])].map((photo) => [photo.id, photo.own_look]));
    try {
      const held = await this.send(ids, look, look === null || this.#shape.checked);
      const done = ids.filter((id) => !held.includes(id));
      const text = this.#on.speech.say(held.length ? "given_but" : "given", { n: done.length, held: held.length });
      this.#on.notice(text, done.every((id) => known.has(id)) ? () => void this.#back(done, known) : undefined);
      await this.#on.changed();
    } catch (reason) {
      this.#on.guard(reason);
    }
  }

  /** Photos that had the same settings go back together. */
  async #back(ids: string[], known: Map<string, Look | null>): Promise<void> {
    const groups = new Map<string, string[]>();
    for (const id of ids) {
      const look = JSON.stringify(known.get(id) ?? null);
      groups.set(look, [...(groups.get(look) ?? []), id]);
    }
    try {
      for (const [look, some] of groups) await this.send(some, JSON.parse(look) as Look | null, true);
      await this.#on.changed();
    } catch (reason) {
      this.#on.guard(reason);
    }
  }
}
