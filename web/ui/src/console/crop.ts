/** The part of a picture that stays: a box with four corners, for fingers, mice and keys. */

import type { Speech } from "../speech";
import type { DeskWords } from "./desk";
import { make } from "./dom";

export type Box = [number, number, number, number]; // left, top, width, height, of the whole
const LEAST = 0.1;
const STEP = 0.01;
const WHOLE: Box = [0, 0, 1, 1];
const CORNERS = ["nw", "ne", "sw", "se"] as const;
const SHAPES: [string, number | null][] = [["free", null], ["same", 0], ["3:2", 3 / 2], ["2:3", 2 / 3], ["16:9", 16 / 9], ["1:1", 1], ["4:5", 4 / 5]];

export class Crop {
  readonly el = make("div", { className: "crop" });
  readonly tools = make("div", { className: "crop-tools" });
  readonly #box = make("div", { className: "crop-box", tabIndex: 0 });
  readonly #size: () => number; // width / height of the whole picture
  #at: Box = [...WHOLE];
  #ratio: number | null = null; // width / height in parts of the whole

  constructor(speech: Speech<DeskWords>, size: () => number, done: (box: Box | null) => void, cancel: () => void) {
    this.#size = size;
    this.#box.setAttribute("role", "group");
    this.#box.setAttribute("aria-label", speech.say("crop_keys"));
    this.#box.append(...CORNERS.map((corner) => make("i", { data: { corner } })));
    this.el.append(this.#box);
    this.#box.onpointerdown = (event) => this.#grab(event);
    this.#box.onkeydown = (event) => this.#key(event);
    const chips = SHAPES.map(([name, ratio]) => {
      const chip = make("button", { type: "button", className: "chip" }, name === "free" || name === "same" ? speech.say(`crop_${name}`) : name);
      chip.setAttribute("aria-pressed", String(name === "free"));
      chip.onclick = () => {
        for (const other of chips) other.setAttribute("aria-pressed", String(other === chip));
        this.#shape(ratio);
      };
      return chip;
    });
    const keep = make("button", { type: "button", className: "button" }, speech.say("crop_done"));
    keep.onclick = () => done(this.#at.every((value, n) => Math.abs(value - (WHOLE[n] ?? 0)) < 0.005) ? null : this.#rounded());
    const back = make("button", { type: "button", className: "quiet", onclick: cancel }, speech.say("cancel"));
    const all = make("button", { type: "button", className: "quiet" }, speech.say("crop_whole"));
    all.onclick = () => this.#set([...WHOLE]);
    this.tools.append(make("div", { className: "chips" }, ...chips), make("div", { className: "chips" }, keep, back, all));
  }

  open(box: Box | null): void {
    this.#ratio = null;
    this.tools.querySelectorAll(".chip").forEach((chip, n) => chip.setAttribute("aria-pressed", String(n === 0)));
    this.#set(box ?? [...WHOLE]);
    this.#box.focus();
  }

  #rounded(): Box {
    const [left, top, width, height] = this.#at.map((value) => Math.round(value * 10_000) / 10_000) as Box;
    return [left, top, Math.min(width, 1 - left), Math.min(height, 1 - top)];
  }

  #shape(ratio: number | null): void {
    this.#ratio = ratio === null ? null : ratio === 0 ? 1 : ratio / this.#size();
    if (this.#ratio === null) return;
    const [left, top, width, height] = this.#at;
    const wide = Math.min(Math.max(width, height * this.#ratio), 1, this.#ratio);
    const high = wide / this.#ratio;
    this.#set([left + (width - wide) / 2, top + (height - high) / 2, wide, high]);
  }

  #set([left, top, width, height]: Box): void {
    const wide = Math.min(Math.max(width, LEAST), 1);
    const high = Math.min(Math.max(height, LEAST), 1);
    const x = Math.min(Math.max(left, 0), 1 - wide);
    const y = Math.min(Math.max(top, 0), 1 - high);
    this.#at = [x, y, wide, high];
    Object.assign(this.#box.style, { left: `${x * 100}%`, top: `${y * 100}%`, width: `${wide * 100}%`, height: `${high * 100}%` });
  }

  #key(event: KeyboardEvent): void {
    const ways: Record<string, [number, number]> = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    const way = ways[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    const [left, top, width, height] = this.#at;
    if (!event.shiftKey) this.#set([left + way[0], top + way[1], width, height]);
    else this.#grow("se", [left, top, width, height], way);
  }

  #grab(event: PointerEvent): void {
    event.preventDefault();
    this.#box.focus();
    this.#box.setPointerCapture(event.pointerId);
    const corner = event.target instanceof HTMLElement ? event.target.dataset["corner"] : undefined;
    const from = [...this.#at] as Box;
    const room = this.el.getBoundingClientRect();
    const [x, y] = [event.clientX, event.clientY];
    this.#box.onpointermove = (now) => {
      const way: [number, number] = [(now.clientX - x) / room.width, (now.clientY - y) / room.height];
      if (corner) this.#grow(corner, from, way);
      else this.#set([from[0] + way[0], from[1] + way[1], from[2], from[3]]);
    };
    this.#box.onpointerup = this.#box.onpointercancel = () => {
      this.#box.onpointermove = null;
    };
  }

  /** The opposite corner stays where it is. */
  #grow(corner: string, [left, top, width, height]: Box, [dx, dy]: [number, number]): void {
    const [west, north] = [corner.endsWith("w"), corner.startsWith("n")];
    const [right, foot] = [left + width, top + height];
    let wide = Math.min(Math.max(width + (west ? -dx : dx), LEAST), west ? right : 1 - left);
    let high = Math.min(Math.max(height + (north ? -dy : dy), LEAST), north ? foot : 1 - top);
    if (this.#ratio !== null) {
      high = Math.min(wide / this.#ratio, north ? foot : 1 - top);
      wide = high * this.#ratio;
    }
    this.#set([west ? right - wide : left, north ? foot - high : top, wide, high]);
  }
}
