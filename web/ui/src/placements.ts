/** What sponsors show on the page: tiles between photos, a picture on the start page, a line where photos are taken home. */

import "./placements.css";

import words from "../../words/album_later.json";
import type { AlbumWords } from "./album";
import { anchors, type Day, dayOf, deal, running, showed } from "./slots";
import type { Speech } from "./speech";
import { Spot } from "./tile";
import { note, watch } from "./track";
import { type Front, type Photo, type Placed, recall, remember } from "./wire";
import type { Between, Wall } from "./wall";

type Say = Speech<AlbumWords | keyof typeof words>;

const NARROW = 1; // a tile is never taller than wide, nor a banner: whatever shape the picture has, it is shown whole
const WIDE = 1.6;
const TILE = 300; // px, only to say the shape

const event = location.pathname.split("/")[2] ?? "";
const memory = new Map<string, Day>(); // where the browser keeps nothing
const hung = new Map<string, Advert>(); // by the photo they hang behind
let front: Front | undefined;
let wall: Wall | undefined;
let said: Say | undefined;
let shownNow = "";
let begun = false;

/** The slots of the event as they are now. */
export function place(now: Front, on: Wall, speech: Speech<AlbumWords>): void {
  front = now;
  wall = on;
  said = speech.learn(words);
  document.body.classList.toggle("placements", now.placements.length > 0);
  if (!begun) {
    setInterval(tick, 1_000);
    speech.onSwitch(() => start());
  }
  begun = true;
  tick();
}

/** Placements come and go by the clock. */
function tick(): void {
  const ids = JSON.stringify([front?.tile_every, ...offers("tile"), ...offers("start")]);
  if (ids === shownNow) return;
  shownNow = ids;
  for (const [photo, advert] of hung) {
    const same = offers("tile").find((one) => one.id === advert.placed.id);
    if (same) advert.placed = same;
    else hung.delete(photo);
  }
  wall?.weave(weave);
  start();
}

/** A sponsor's line for a page or a sheet that is opened now; undefined: nobody is to be shown. */
export function line(slot: "download" | "start", speech: Speech<AlbumWords>): HTMLElement | undefined {
  const dealt = deal(offers(slot), day(slot), new Map());
  if (!dealt) return undefined;
  const [card, placed] = dealt;
  const el = Object.assign(document.createElement("p"), { className: "sponsor-line" });
  el.append(picture(placed, speech.learn(words)));
  counted(el, slot, card, placed);
  watch(el);
  return el;
}

function start(): void {
  const page = document.getElementById("start");
  const el = page?.querySelector(".start-sponsor");
  if (!el || !said || page?.hidden) return;
  const now = el.querySelector<HTMLElement>("[data-placement]")?.dataset["placement"];
  const same = offers("start").find((one) => one.id === now);
  if (same) el.querySelector("a, span")?.replaceWith(picture(same, said));
  else el.replaceChildren(line("start", said) ?? "");
}

/** Not among a guest's own photos. */
function weave(photos: readonly Photo[], fresh: readonly Photo[], anew: boolean): ReadonlyMap<string, Between> {
  const every = front?.tile_every ?? 0;
  if (anew) hung.clear();
  const wanted = every && offers("tile").length && !document.querySelector("#mine.on");
  const ids = photos.map((photo) => photo.id);
  const places = wanted ? anchors(ids, new Set(hung.keys()), new Set(fresh.map((photo) => photo.id)), every) : [];
  for (const photo of [...hung.keys()]) if (!places.includes(photo)) hung.delete(photo);
  for (const photo of places) {
    const made = hung.has(photo) ? undefined : next(places.slice(places.indexOf(photo) + 1));
    if (made) hung.set(photo, made);
  }
  return new Map(hung);
}

/** A tile with the next card of today; when there is none left, with that of the last tile behind here nobody came near. */
function next(behind: readonly string[]): Advert | undefined {
  const dealt = deal(offers("tile"), day("tile"), new Map([...hung.values()].filter(({ seen }) => !seen).map((one) => [one.card, one.placed.id])));
  if (dealt) return new Advert(...dealt);
  const far = [...behind].reverse().find((photo) => hung.get(photo)?.untouched);
  const advert = far === undefined ? undefined : hung.get(far);
  if (far !== undefined) hung.delete(far);
  return advert && new Advert(advert.card, advert.placed);
}

function offers(slot: Placed["slot"]): Placed[] {
  return running((front?.placements ?? []).filter((one) => one.slot === slot), Date.now());
}

/** A sponsor's tile, whether or not it is near the screen. */
class Advert implements Between {
  readonly id = `placed-${Math.random().toString(36).slice(2)}`;
  readonly card: number;
  seen = false;
  #placed: Placed;
  #spot: AdvertSpot | undefined;

  constructor(card: number, placed: Placed) {
    this.card = card;
    this.#placed = placed;
  }

  get placed(): Placed {
    return this.#placed;
  }

  set placed(now: Placed) {
    const same = JSON.stringify(now) === JSON.stringify(this.#placed);
    this.#placed = now;
    if (!same && said) this.#spot?.el.replaceChildren(picture(now, said));
  }

  get untouched(): boolean {
    return !this.seen && !this.#spot?.el.isConnected;
  }

  get width(): number {
    return TILE * Math.min(Math.max(this.#placed.width / this.#placed.height, NARROW), WIDE);
  }

  get height(): number {
    return TILE;
  }

  hang(): Spot {
    const el = Object.assign(document.createElement("li"), { className: "tile sponsored" });
    counted(el, "tile", this.card, this.#placed);
    el.addEventListener("showed", () => (this.seen = true));
    this.#spot = new AdvertSpot(el, () => said && el.replaceChildren(picture(this.#placed, said)));
    this.#spot.relabel();
    return this.#spot;
  }
}

class AdvertSpot extends Spot {
  readonly #draw: () => void;

  constructor(el: HTMLLIElement, draw: () => void) {
    super(el);
    this.#draw = draw;
  }

  override relabel(): void {
    this.#draw();
  }
}

/** Looked at for a second, it is one showing of today's, for the report and for the cap. */
function counted(el: HTMLElement, slot: Placed["slot"], card: number, { id }: Placed): void {
  Object.assign(el.dataset, { placement: id, card: `${slot}:${card}` });
  el.addEventListener("showed", () => keep(slot, showed(day(slot), card, id)));
}

/** «赞助 · ACME 新品上市», with the picture; a link where the sponsor has one. */
function picture(placed: Placed, speech: Say): HTMLElement {
  const { link, name, words: more, url, width, height } = placed;
  const el = document.createElement(link ? "a" : "span");
  if (el instanceof HTMLAnchorElement) {
    Object.assign(el, { href: link, target: "_blank", rel: "noopener nofollow sponsored" });
    el.addEventListener("click", () => note("click", undefined, placed.id));
  } else el.setAttribute("role", "img");
  el.setAttribute("aria-label", speech.say(link ? "sponsored_link" : "sponsored_by", { name: [name, more].filter(Boolean).join(" · ") }));
  const img = Object.assign(new Image(width, height), { src: url, alt: "", decoding: "async" });
  const foot = document.createElement("small");
  foot.append(Object.assign(document.createElement("b"), { textContent: speech.say("sponsored") }), ` ${more || name}`);
  el.append(img, foot);
  return el;
}

function day(slot: Placed["slot"]): Day {
  const name = `slot.${slot}.${event}`;
  const text = recall(name);
  const kept = text ? (JSON.parse(text) as Day) : (memory.get(name) ?? null);
  const now = dayOf(kept, new Date().toDateString(), Math.floor(Math.random() * 2 ** 31));
  if (now !== kept) keep(slot, now);
  return now;
}

function keep(slot: Placed["slot"], now: Day): void {
  const name = `slot.${slot}.${event}`;
  memory.set(name, now);
  remember(name, JSON.stringify(now));
}
