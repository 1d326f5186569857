/** What a brand is made of, as the platform takes it, and small controls for it. */

import { make } from "./dom";
import { local, moment as typed } from "./zone";

export const PLACES = ["nw", "n", "ne", "w", "c", "e", "sw", "s", "se"] as const;
export type Place = (typeof PLACES)[number];

export interface Layer {
  text: string;
  art_key: string;
  place: Place;
  margin: number;
  size: number;
  opacity: number;
  colour: string;
  shadow: number;
  serif: boolean;
  bold: boolean;
  kinds: string[];
}

export interface Frame {
  art_key: string;
  slices: number[] | null;
  band: number;
  shapes: { art_key: string; aspect: number }[];
  opacity: number;
}

export interface Turn {
  frame: Frame | null;
  share: number;
  from_at: number | null;
  until_at: number | null;
}

export interface Kit {
  id: string;
  name: string;
  layers: Layer[];
  frame: Frame | null;
  turns: Turn[];
}

export const LAYER: Layer = { text: "", art_key: "", place: "se", margin: 3, size: 5, opacity: 0.9, colour: "#FFFFFF", shadow: 0.5, serif: false, bold: false, kinds: ["view", "thumb", "full"] };
export const FRAME: Frame = { art_key: "", slices: null, band: 12, shapes: [], opacity: 1 };
export const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

interface Range {
  name: string;
  label: string;
  min: number;
  max: number;
  step?: number;
  value: number;
  unit?: string;
}

export function range({ name, label, min, max, step = 1, value, unit = "" }: Range, set: (value: number) => void): HTMLElement {
  const shown = (at: number): string => `${unit === "%" && max <= 1 ? Math.round(at * 100) : at}${unit}`;
  const input = make("input", { type: "range", name, min: String(min), max: String(max), step: String(step), value: String(value) });
  const told = make("output", {}, shown(value));
  input.oninput = () => {
    told.textContent = shown(Number(input.value));
    set(Number(input.value));
  };
  return make("label", { className: "slider" }, make("span", {}, label), input, told);
}

export function tick(name: string, label: string, checked: boolean, set: (on: boolean) => void): HTMLElement {
  const input = make("input", { type: "checkbox", name, checked });
  input.onchange = () => set(input.checked);
  return make("label", { className: "tick-row" }, input, make("span", {}, label));
}

/** A moment by the event's clock, or none. */
export function moment(name: string, label: string, at: number | null, set: (at: number | null) => void): HTMLElement {
  const input = make("input", { type: "datetime-local", name, value: local(at) });
  input.onchange = () => set(typed(input.value));
  return make("label", { className: "moment" }, make("span", { className: "soft" }, label), input);
}
