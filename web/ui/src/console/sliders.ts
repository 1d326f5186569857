/** Sliders of one photo. They are a recipe of its own, made by the same workers: what is seen is what is published. */

import type { Speech } from "../speech";
import { call, type Look, type PhotoRow } from "./api";
import type { DeskWords } from "./desk";
import { make } from "./dom";
import type { Context } from "./frame";

const RANGES = { ev: [-3, 3], warmth: [-1, 1], tint: [-1, 1], contrast: [-1, 1], vibrance: [-1, 1], turn: [-15, 15], smooth: [0, 1] } as const;
type Slider = keyof typeof RANGES;
const NAMES = Object.keys(RANGES) as Slider[];

export class Sliders {
  readonly el = make("section", { className: "sliders" });
  readonly #on: Context;
  readonly #speech: Speech<DeskWords>;
  readonly #changed: () => Promise<void>;
  readonly #inputs = new Map<Slider, HTMLInputElement>();
  readonly #paste: HTMLButtonElement;
  readonly #rest: HTMLButtonElement;
  #photo: PhotoRow | null = null;
  #next: PhotoRow[] = [];
  #copied: Look | null = null;

  constructor(on: Context, speech: Speech<DeskWords>, changed: () => Promise<void>) {
    this.#on = on;
    this.#speech = speech;
    this.#changed = changed;
    for (const name of NAMES) this.el.append(this.#row(name));
    const button = (word: DeskWords, act: () => void): HTMLButtonElement => make("button", { className: "act", type: "button", onclick: act }, speech.say(word));
    this.#paste = button("paste_look", () => this.#photo && void this.#apply([this.#photo], this.#copied));
    this.#rest = button("paste_rest", () => void this.#apply(this.#next, this.#copied));
    const copy = button("copy_look", () => {
      this.#copied = this.#read();
      this.#buttons();
    });
    const reset = button("reset", () => this.#photo && void this.#apply([this.#photo], null));
    this.el.append(make("p", { className: "switches" }, reset, copy, this.#paste, this.#rest));
  }

  show(photo: PhotoRow, next: PhotoRow[]): void {
    const other = photo.id !== this.#photo?.id;
    this.#photo = photo;
    this.#next = next;
    for (const [name, input] of this.#inputs) {
      if (!other && (document.activeElement === input || input.disabled)) continue;
      input.value = String(photo.own_look?.[name] ?? 0);
      this.#tell(input);
    }
    this.#buttons();
  }

  #row(name: Slider): HTMLElement {
    const [min, max] = RANGES[name];
    const input = make("input", { type: "range", name, min: String(min), max: String(max), step: name === "turn" ? "0.1" : "0.05", value: "0" });
    const told = make("output", {}, "0");
    input.oninput = () => this.#tell(input);
    input.onchange = () => this.#photo && void this.#apply([this.#photo], this.#read());
    this.#inputs.set(name, input);
    return make("label", { className: "slider" }, make("span", {}, this.#speech.say(name)), input, told);
  }

  #tell(input: HTMLInputElement): void {
    const told = input.nextElementSibling;
    if (told) told.textContent = Number(input.value).toFixed(input.name === "turn" ? 1 : 2);
  }

  /** On top of what the photo has, so that a preset or a cube chosen elsewhere stays. */
  #read(): Look {
    const said: Look = { ...(this.#photo?.own_look ?? {}) };
    for (const [name, input] of this.#inputs) said[name] = Number(input.value);
    return said;
  }

  #buttons(): void {
    this.#paste.disabled = this.#copied === null;
    this.#rest.disabled = this.#copied === null || this.#next.length === 0;
    this.#rest.textContent = this.#speech.say("paste_rest", { n: this.#next.length });
  }

  async #apply(photos: PhotoRow[], look: Look | null): Promise<void> {
    const before = photos.map((photo) => ({ photo, look: photo.own_look }));
    try {
      await this.#send(photos, look);
      this.#on.notice(this.#speech.say("rendering"), () => void this.#back(before));
    } catch (reason) {
      this.#on.guard(reason);
    }
  }

  async #back(before: { photo: PhotoRow; look: Look | null }[]): Promise<void> {
    try {
      for (const { photo, look } of before) await this.#send([photo], look);
    } catch (reason) {
      this.#on.guard(reason);
    }
  }

  async #send(photos: PhotoRow[], look: Look | null): Promise<void> {
    await call("/photos/look", { photo_ids: photos.map((photo) => photo.id), ...(look ? { look } : {}) });
    for (const photo of photos) photo.own_look = look;
    await this.#changed();
  }
}
