/** Settings of one photo. Nothing is published before somebody says so; what is tried is made by the same workers. */

import type { Speech } from "../speech";
import { type Look, type PhotoRow } from "./api";
import type { DeskWords } from "./desk";
import { make } from "./dom";

const RANGES = {
  strength: [0, 1],
  ev: [-3, 3],
  warmth: [-1, 1],
  tint: [-1, 1],
  contrast: [-1, 1],
  vibrance: [-1, 1],
  smooth: [0, 1],
  turn: [-15, 15],
  cube_strength: [0, 1],
} as const;
type Slider = keyof typeof RANGES;
const NAMES = Object.keys(RANGES) as Slider[];

export interface Choice {
  name: string;
  zh: string;
  en: string;
}

export interface Cube {
  key: string;
  name: string;
}

export interface Deeds {
  changed: (look: Look) => void;
  level: () => void;
  crop: () => void;
}

export class Sliders {
  readonly el = make("section", { className: "sliders" });
  readonly #speech: Speech<DeskWords>;
  readonly #inputs = new Map<Slider, HTMLInputElement>();
  readonly #preset: HTMLSelectElement;
  readonly #cube: HTMLSelectElement;
  readonly #cropped = make("span", { className: "soft" });
  readonly #deeds: Deeds;
  #look: Look = {};
  #rest: Look = {}; // what «double click» goes back to

  constructor(speech: Speech<DeskWords>, presets: Choice[], cubes: Cube[], deeds: Deeds) {
    this.#speech = speech;
    this.#deeds = deeds;
    const option = (value: string, text: string): HTMLOptionElement => make("option", { value }, text);
    this.#preset = make("select", { name: "preset" }, ...presets.map((one) => option(one.name, speech.language === "en" ? one.en : one.zh)));
    this.#cube = make("select", { name: "cube_key" }, option("", speech.say("no_cube")), ...cubes.map((one) => option(one.key, one.name)));
    for (const select of [this.#preset, this.#cube]) {
      select.onchange = () => {
        this.#say({ [select.name]: select.value });
        this.#veil();
      };
    }
    const menu = (word: DeskWords, select: HTMLElement): HTMLElement => make("label", { className: "slider menu-row" }, make("span", {}, speech.say(word)), select);
    const level = make("button", { type: "button", className: "act", title: "L", onclick: () => deeds.level() }, speech.say("level"));
    const crop = make("button", { type: "button", className: "act", title: "K", onclick: () => deeds.crop() }, speech.say("crop"));
    const rows = NAMES.filter((name) => name !== "cube_strength").map((name) => this.#row(name));
    this.el.append(menu("preset", this.#preset), ...rows, make("p", { className: "switches" }, level, crop, this.#cropped));
    const cubeRow = menu("cube", this.#cube);
    cubeRow.hidden = cubes.length === 0;
    this.el.append(cubeRow, this.#row("cube_strength"));
  }

  /** `rest`: what the album's look gives. */
  show(photo: PhotoRow, look: Look, rest: Look): void {
    this.#look = { ...look };
    this.#rest = rest;
    for (const [name, input] of this.#inputs) {
      if (document.activeElement === input && input.dataset["photo"] === photo.id) continue;
      input.dataset["photo"] = photo.id;
      input.value = String(look[name] ?? 0);
      this.#tell(input);
    }
    this.#preset.value = String(look["preset"] ?? "auto");
    this.#cube.value = String(look["cube_key"] ?? "");
    this.#veil();
    const box = look["crop"];
    this.#cropped.textContent = Array.isArray(box) ? this.#speech.say("cropped_to", { n: Math.round((box[2] ?? 1) * (box[3] ?? 1) * 100) }) : "";
  }

  #veil(): void {
    const row = this.#inputs.get("cube_strength")?.closest<HTMLElement>(".slider");
    if (row) row.hidden = this.#cube.value === "";
  }

  #row(name: Slider): HTMLElement {
    const [min, max] = RANGES[name];
    const input = make("input", { type: "range", name, min: String(min), max: String(max), step: name === "turn" ? "0.1" : "0.05", value: "0" });
    const told = make("output", {}, "0");
    input.oninput = () => {
      this.#tell(input);
      this.#say({ [name]: Number(input.value) });
    };
    const label = make("label", { className: "slider", title: this.#speech.say("double_click") }, make("span", {}, this.#speech.say(name)), input, told);
    label.ondblclick = () => {
      input.value = String(this.#rest[name] ?? 0);
      this.#tell(input);
      this.#say({ [name]: Number(input.value) });
    };
    this.#inputs.set(name, input);
    return label;
  }

  #tell(input: HTMLInputElement): void {
    const told = input.nextElementSibling;
    const value = Number(input.value);
    const signed = Number(input.min) < 0 && value > 0 ? "+" : "";
    if (told) told.textContent = signed + value.toFixed(input.name === "turn" ? 1 : 2);
  }

  /** On top of what the photo has, so that what is not on this panel stays. */
  #say(part: Look): void {
    this.#look = { ...this.#look, ...part };
    this.#deeds.changed(this.#look);
  }
}
