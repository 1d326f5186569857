/** Sponsor frames: the usual one, and turns with shares of voice and hours. */

import type { Speech } from "../speech";
import { type Art, type Arts, nameOf } from "./arts";
import type { BrandWords } from "./brand";
import { copy, FRAME, type Frame, type Kit, moment, range, type Turn } from "./brand-parts";
import { make } from "./dom";

export interface Delivered {
  art_key: string;
  viewable: number;
}

type Fit = "whole" | "nine" | "shapes";
const NINE = [12, 12, 12, 12];

export class Frames {
  readonly el = make("div", { className: "marks" });
  readonly #speech: Speech<BrandWords>;
  readonly #arts: Arts;
  readonly #changed: () => void;
  #kit: Kit | null = null;
  #at = -1; // -1: the usual frame, else a turn
  delivered: Delivered[] = [];

  constructor(speech: Speech<BrandWords>, arts: Arts, changed: () => void) {
    this.#speech = speech;
    this.#arts = arts;
    this.#changed = changed;
  }

  /** The frame to be looked at. */
  get chosen(): Frame | null {
    return (this.#at < 0 ? this.#kit?.frame : this.#kit?.turns[this.#at]?.frame) ?? null;
  }

  show(kit: Kit): void {
    if (kit !== this.#kit) this.#at = kit.frame || !kit.turns.length ? -1 : 0;
    this.#kit = kit;
    this.#draw();
  }

  #draw(): void {
    const kit = this.#kit;
    if (!kit) return;
    const say = this.#speech;
    const add = make("button", { type: "button", className: "quiet" }, say.say("add_sponsor"));
    add.onclick = () => {
      kit.turns.push({ frame: null, share: 1, from_at: null, until_at: null });
      this.#at = kit.turns.length - 1;
      this.#draw();
    };
    const house = this.#card(say.say("house_frame"), say.say("house_hint"), -1, kit.frame, (frame) => (kit.frame = frame));
    const turns = kit.turns.map((turn, n) => this.#turn(kit, turn, n));
    this.el.replaceChildren(house, ...turns, make("p", { className: "links" }, add), make("p", { className: "soft" }, say.say("faces_kept")));
  }

  #turn(kit: Kit, turn: Turn, n: number): HTMLElement {
    const say = this.#speech;
    const all = kit.turns.reduce((sum, one) => sum + one.share, 0);
    const part = Math.round((turn.share / all) * 100);
    const art = turn.frame ? this.#arts.of(turn.frame.art_key) : undefined;
    const seen = this.delivered.find((one) => one.art_key === turn.frame?.art_key)?.viewable;
    const total = this.delivered.filter((one) => kit.turns.some((other) => other.frame?.art_key === one.art_key)).reduce((sum, one) => sum + one.viewable, 0);
    const facts = [say.say("share_of", { n: part })];
    if (seen !== undefined && total) facts.push(say.say("delivered", { n: say.number(seen), share: Math.round((seen / total) * 100) }));
    const hours = turn.from_at === null && turn.until_at === null ? say.say("always") : "";
    const extra = make(
      "div",
      {},
      range({ name: "share", label: say.say("share"), min: 1, max: 20, value: turn.share }, (share) => this.#set(() => (turn.share = share))),
      make("div", { className: "moments" }, moment("from_at", say.say("from_at"), turn.from_at, (at) => this.#set(() => (turn.from_at = at))), moment("until_at", say.say("until_at"), turn.until_at, (at) => this.#set(() => (turn.until_at = at)))),
    );
    const remove = make("button", { type: "button", className: "act" }, say.say("remove"));
    remove.onclick = () => {
      kit.turns.splice(n, 1);
      this.#at = -1;
      this.#draw();
      this.#changed();
    };
    const name = (art && nameOf(art)) ?? say.say("sponsor_n", { n: n + 1 });
    return this.#card(name, [...facts, hours].filter(Boolean).join(" · "), n, turn.frame, (frame) => (turn.frame = frame), extra, make("p", { className: "switches" }, remove));
  }

  #card(name: string, facts: string, n: number, frame: Frame | null, put: (frame: Frame | null) => void, ...more: HTMLElement[]): HTMLElement {
    const open = n === this.#at;
    const art = frame ? this.#arts.of(frame.art_key) : undefined;
    const head = make("button", { type: "button", className: "mark-head" }, art ? make("img", { src: art.url, alt: "" }) : null, make("span", { className: "head-words" }, make("b", {}, name), make("small", {}, facts)));
    head.setAttribute("aria-expanded", String(open));
    head.onclick = () => {
      this.#at = n;
      this.#draw();
      this.#changed();
    };
    return make("section", { className: "mark-card" }, head, open ? make("div", { className: "mark-body" }, this.#frame(frame, put), ...more) : null);
  }

  #frame(frame: Frame | null, put: (frame: Frame | null) => void): HTMLElement {
    const say = this.#speech;
    const none = make("button", { type: "button", className: "act", disabled: frame === null }, say.say("no_frame"));
    none.onclick = () => this.#set(() => put(null), true);
    const picker = this.#arts.picker(frame?.art_key ?? "", (art) => this.#set(() => put({ ...(frame ?? copy(FRAME)), art_key: art.key }), true));
    if (!frame) return make("div", {}, picker);
    const art = this.#arts.of(frame.art_key);
    return make("div", {}, picker, art ? this.#arts.sponsor(art) : null, this.#fit(frame), range({ name: "frame_opacity", label: say.say("opacity"), min: 0, max: 1, step: 0.05, value: frame.opacity, unit: "%" }, (opacity) => this.#set(() => (frame.opacity = opacity))), make("p", { className: "switches" }, none));
  }

  #fit(frame: Frame): HTMLElement {
    const say = this.#speech;
    const now: Fit = frame.slices ? "nine" : frame.shapes.length ? "shapes" : "whole";
    const select = make("select", { name: "fit" }, ...(["whole", "nine", "shapes"] as const).map((value) => make("option", { value, selected: value === now }, say.say(`fit_${value}`))));
    select.onchange = () => {
      const fit = select.value as Fit;
      const art = this.#arts.of(frame.art_key);
      this.#set(() => {
        frame.slices = fit === "nine" ? [...NINE] : null;
        frame.shapes = fit === "shapes" && art ? [shape(art)] : [];
      }, true);
    };
    const label = make("label", { className: "slider menu-row" }, make("span", {}, say.say("fit")), select);
    return make("div", {}, label, now === "nine" ? this.#nine(frame) : now === "shapes" ? this.#shapes(frame) : null);
  }

  #nine(frame: Frame): HTMLElement {
    const say = this.#speech;
    const slices = frame.slices ?? [...NINE];
    const art = this.#arts.of(frame.art_key);
    const guide = make("div", { className: "slices", hidden: !art }, make("img", { src: art?.url ?? "", alt: "" }), make("i"));
    const lines = (): void => slices.forEach((value, n) => guide.style.setProperty(`--s${n}`, `${value}%`));
    lines();
    const rows = slices.map((value, n) =>
      range({ name: `slice_${n}`, label: say.say(`slice_${n}` as BrandWords), min: 0, max: 50, value, unit: "%" }, (at) =>
        this.#set(() => {
          slices[n] = at;
          lines();
        }),
      ),
    );
    const band = range({ name: "band", label: say.say("band"), min: 1, max: 40, value: frame.band, unit: "%" }, (at) => this.#set(() => (frame.band = at)));
    return make("div", {}, make("p", { className: "soft" }, say.say("fit_nine_hint")), guide, ...rows, band);
  }

  #shapes(frame: Frame): HTMLElement {
    const say = this.#speech;
    const rows = frame.shapes.map((one, n) => {
      const remove = make("button", { type: "button", className: "act" }, say.say("remove"));
      remove.onclick = () => this.#set(() => frame.shapes.splice(n, 1), true);
      return make("div", { className: "shape-row" }, make("img", { src: this.#arts.of(one.art_key)?.url ?? "", alt: "" }), make("span", {}, one.aspect.toFixed(2)), remove);
    });
    const picker = this.#arts.picker("", (art) => this.#set(() => frame.shapes.push(shape(art)), true));
    return make("div", {}, ...rows, make("p", { className: "soft" }, say.say("more_shapes")), picker);
  }

  #set(act: () => unknown, anew = false): void {
    act();
    if (anew) this.#draw();
    this.#changed();
  }
}

function shape(art: Art): { art_key: string; aspect: number } {
  return { art_key: art.key, aspect: Math.min(10, Math.max(0.1, (art.width ?? 3) / (art.height ?? 2))) };
}
