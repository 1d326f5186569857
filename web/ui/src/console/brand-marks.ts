/** Watermark layers: at most six, each text or a logo, on the nine-grid. */

import type { Speech } from "../speech";
import type { Arts } from "./arts";
import type { BrandWords } from "./brand";
import { copy, type Kit, LAYER, type Layer, type Place, PLACES, range, tick } from "./brand-parts";
import { make } from "./dom";

const MOST = 6;

export class Marks {
  readonly el = make("div", { className: "marks" });
  readonly #speech: Speech<BrandWords>;
  readonly #arts: Arts;
  readonly #changed: () => void;
  #kit: Kit | null = null;
  #at = 0;

  constructor(speech: Speech<BrandWords>, arts: Arts, changed: () => void) {
    this.#speech = speech;
    this.#arts = arts;
    this.#changed = changed;
  }

  get chosen(): Layer | undefined {
    return this.#kit?.layers[this.#at];
  }

  show(kit: Kit): void {
    if (kit !== this.#kit) this.#at = 0;
    this.#kit = kit;
    this.#draw();
  }

  put(place: Place): void {
    if (this.chosen) this.#set(this.chosen, { place });
    this.#draw();
  }

  #draw(): void {
    const say = this.#speech;
    const layers = this.#kit?.layers ?? [];
    const full = layers.length >= MOST;
    const add = (word: BrandWords, act: () => void): HTMLButtonElement => make("button", { type: "button", className: "quiet", disabled: full, onclick: act, title: full ? say.say("most_layers") : "" }, say.say(word));
    const rows = layers.map((layer, n) => this.#row(layer, n));
    this.el.replaceChildren(
      ...(rows.length ? rows : [make("p", { className: "soft" }, say.say("no_layers"))]),
      make("p", { className: "links" }, add("add_text", () => this.#add({ text: say.say("default_text") })), add("add_logo", () => this.#add({ text: "", size: 18 }))),
      make("p", { className: "soft" }, full ? say.say("most_layers") : say.say("faces_kept")),
    );
  }

  #add(part: Partial<Layer>): void {
    if (!this.#kit) return;
    this.#kit.layers.push({ ...copy(LAYER), ...part });
    this.#at = this.#kit.layers.length - 1;
    this.#draw();
    this.#changed();
    this.el.querySelector<HTMLInputElement>("input[name=text]")?.select();
  }

  #set(layer: Layer, part: Partial<Layer>): void {
    Object.assign(layer, part);
    this.#changed();
  }

  #row(layer: Layer, n: number): HTMLElement {
    const say = this.#speech;
    const open = n === this.#at;
    const art = this.#arts.of(layer.art_key);
    const what = art ? make("img", { src: art.url, alt: art.name }) : make("b", {}, layer.text || say.say("layer_art"));
    const head = make("button", { type: "button", className: "mark-head" }, what, make("span", { className: "soft" }, say.say(`place_${layer.place}`)));
    head.setAttribute("aria-expanded", String(open));
    head.onclick = () => {
      this.#at = open ? -1 : n;
      this.#draw();
    };
    return make("section", { className: "mark-card" }, head, open ? this.#controls(layer, n) : null);
  }

  #controls(layer: Layer, n: number): HTMLElement {
    const say = this.#speech;
    const layers = this.#kit?.layers ?? [];
    const up = make("button", { type: "button", className: "act", disabled: n === 0 }, say.say("up"));
    up.onclick = () => {
      layers.splice(n - 1, 2, layer, ...layers.slice(n - 1, n));
      this.#at = n - 1;
      this.#draw();
      this.#changed();
    };
    const remove = make("button", { type: "button", className: "act" }, say.say("remove"));
    remove.onclick = () => {
      layers.splice(n, 1);
      this.#at = Math.min(this.#at, layers.length - 1);
      this.#draw();
      this.#changed();
    };
    const art = layer.art_key !== "" || layer.text === "";
    return make(
      "div",
      { className: "mark-body" },
      art ? this.#logo(layer) : this.#text(layer),
      this.#grid(layer),
      range({ name: "size", label: say.say("size"), min: 1, max: art ? 80 : 25, step: 0.5, value: layer.size, unit: "%" }, (size) => this.#set(layer, { size })),
      range({ name: "margin", label: say.say("margin"), min: 0, max: 30, step: 0.5, value: layer.margin, unit: "%" }, (margin) => this.#set(layer, { margin })),
      range({ name: "opacity", label: say.say("opacity"), min: 0, max: 1, step: 0.05, value: layer.opacity, unit: "%" }, (opacity) => this.#set(layer, { opacity })),
      art ? null : range({ name: "shadow", label: say.say("shadow"), min: 0, max: 1, step: 0.05, value: layer.shadow, unit: "%" }, (shadow) => this.#set(layer, { shadow })),
      tick("thumbs", say.say("on_thumbs"), layer.kinds.includes("thumb"), (on) => this.#set(layer, { kinds: on ? ["view", "thumb", "full"] : ["view", "full"] })),
      make("p", { className: "switches" }, up, remove),
    );
  }

  #text(layer: Layer): HTMLElement {
    const say = this.#speech;
    const input = make("input", { name: "text", value: layer.text, maxLength: 120, autocomplete: "off" });
    input.oninput = () => {
      if (input.value.trim()) this.#set(layer, { text: input.value });
    };
    input.onblur = () => this.#draw();
    const colour = make("input", { type: "color", name: "colour", value: layer.colour.toLowerCase() });
    colour.oninput = () => this.#set(layer, { colour: colour.value.toUpperCase() });
    const field = make("label", { className: "field" }, make("span", { className: "soft" }, say.say("layer_text")), input);
    const hue = make("label", { className: "tick-row" }, colour, make("span", {}, say.say("colour")));
    const style = make("div", { className: "switches" }, hue, tick("bold", say.say("bold"), layer.bold, (bold) => this.#set(layer, { bold })), tick("serif", say.say("serif"), layer.serif, (serif) => this.#set(layer, { serif })));
    return make("div", {}, field, style);
  }

  #logo(layer: Layer): HTMLElement {
    return this.#arts.picker(layer.art_key, (art) => {
      this.#set(layer, { art_key: art.key, text: "" });
      this.#draw();
    });
  }

  #grid(layer: Layer): HTMLElement {
    const say = this.#speech;
    const cells = PLACES.map((place) => {
      const input = make("input", { type: "radio", name: "place", value: place, checked: layer.place === place });
      input.setAttribute("aria-label", say.say(`place_${place}`));
      input.onchange = () => this.#set(layer, { place });
      return make("label", {}, input, make("i"));
    });
    const grid = make("div", { className: "nine" }, ...cells);
    grid.setAttribute("role", "radiogroup");
    grid.setAttribute("aria-label", say.say("place"));
    return make("div", { className: "nine-row" }, make("span", {}, say.say("place")), grid);
  }
}
