/**
 * The wall: thousands of photos, of which only those near the screen exist as elements.
 *
 * The first ones come from the server as a plain list; the wall takes over exactly where the browser put them.
 */

import {
  type Box,
  breakRows,
  depthOf,
  gridBoxes,
  prependRows,
  removeFromRows,
  type Room,
  rowBoxes,
  type Style,
  waterfallBoxes,
} from "./rows";
import { type Host, type Spot, Tile } from "./tile";
import type { Photo } from "./wire";

const BAND = 600; // px; photos are looked up by bands of this height
const FAST = 3; // px per ms: nobody sees a photo at this speed, so none is asked for
const MOVE_MS = 520;
const MAKE_MS = 2; // of a frame, for new tiles while the reader scrolls; the rest comes with the next frame

export interface WallHost extends Host {
  open: (photo: Photo, from: HTMLElement) => void;
  /** The end comes near: more history is wanted. */
  more: () => void;
}

/** Something that is no photo and hangs behind one, for as long as that hangs. */
export interface Between {
  id: string;
  width: number;
  height: number;
  hang: () => Spot;
}

/** What hangs behind which photos. `fresh`: those that hang for the first time; behind others nothing may come up. */
export type Weaver = (photos: readonly Photo[], fresh: readonly Photo[], anew: boolean) => ReadonlyMap<string, Between>;

export class Wall {
  photos: Photo[] = [];
  #weaver: Weaver = () => new Map();
  #woven: ReadonlyMap<string, Between> = new Map();
  #items: (Photo | Between)[] = []; // the photos, and what hangs between them
  readonly #el: HTMLElement;
  readonly #host: WallHost;
  #style: Style = "rows";
  #ratios: number[] = [];
  #rows: number[] = [];
  #boxes: Box[] = [];
  #bands: number[][] = [];
  readonly #tiles = new Map<string, Spot>();
  #room: Room;
  #offset = 0; // of the wall on the page
  #frame = 0;
  #scrolled = 0; // read when the page says that it scrolls: later in a frame it would cost a layout
  #view = window.innerHeight;
  #last = { y: 0, at: 0 };
  #calm: ReturnType<typeof setTimeout> | undefined;
  #moving: ReturnType<typeof setTimeout> | undefined;

  constructor(el: HTMLElement, host: WallHost) {
    this.#el = el;
    this.#host = host;
    this.#room = this.#measure();
    el.addEventListener("click", this.#clicked);
    window.addEventListener("scroll", this.#wish, { passive: true });
    new ResizeObserver(() => this.#resized()).observe(el);
    window.addEventListener("online", () => this.#tiles.forEach((tile) => tile.hurry?.()));
  }

  /** Hang these photos, dropping whatever hung before, unless it has only `grown`; elements the server made are taken over. */
  show(photos: readonly Photo[], grown = false): void {
    const before = new Set(grown ? this.photos : []);
    this.photos = [...photos];
    this.#woven = this.#weaver(photos, photos.filter((photo) => !before.has(photo)), !grown);
    this.#mix();
    const wanted = new Set(this.#items.map((item) => item.id));
    for (const [id, tile] of this.#tiles) if (!wanted.has(id)) this.#forget(id, tile);
    for (const li of this.#el.querySelectorAll<HTMLLIElement>("li:not([aria-posinset])")) {
      const photo = photos.find((one) => one.id === li.dataset["id"]);
      if (photo && !this.#tiles.has(photo.id)) this.#tiles.set(photo.id, new Tile(photo, this.#host, li));
      else li.remove();
    }
    this.#room = this.#measure();
    this.#breakFrom(0);
    this.#el.classList.add("hung");
    this.#render();
  }

  /** What hangs between photos from now on. Nothing comes up on the screen or above it. */
  weave(weaver: Weaver): void {
    const edge = window.scrollY + window.innerHeight - this.#offset;
    const below = this.#items.filter((item, index): item is Photo => "urls" in item && (this.#boxes[index]?.y ?? 0) > edge);
    this.#weaver = weaver;
    this.#keeping(!this.atTop(), () => {
      const before = this.#items;
      this.#mingle(below);
      const same = before.findIndex((item, index) => item.id !== this.#items[index]?.id);
      this.#breakFrom(same < 0 ? before.length : same);
    });
    this.#render();
  }

  setStyle(style: Style): void {
    if (style === this.#style) return;
    this.#style = style;
    this.#keeping(!this.atTop(), () => this.#relay(this.#rows));
    this.#render();
  }

  /** New photos in front. `animate` when the reader is looking at the top, else the view stays where it is. */
  prepend(photos: readonly Photo[], animate: boolean): void {
    this.#keeping(!animate, () => {
      const first = this.#items[0];
      this.photos = [...photos, ...this.photos];
      this.#mingle(photos);
      const added = first ? this.#items.indexOf(first) : this.#items.length;
      this.#relay(prependRows(this.#rows, this.#ratios, added, this.#room));
    });
    if (animate) this.#slide();
    this.#render();
    if (animate) for (const photo of photos) this.#tiles.get(photo.id)?.el.classList.add("arriving");
  }

  append(photos: readonly Photo[]): void {
    const last = this.#items.length - 1;
    this.photos = [...this.photos, ...photos];
    this.#mingle(photos);
    this.#breakFrom(last);
    this.#render();
  }

  /** A photo that belongs between others (it came back): everything is broken anew, the view stays. */
  insert(photos: readonly Photo[]): void {
    this.#keeping(true, () => {
      this.photos = [...this.photos, ...photos].sort((a, b) => b.position - a.position);
      this.#mingle([]);
      this.#breakFrom(0);
    });
    this.#render();
  }

  replace(photo: Photo): void {
    const place = this.photos.findIndex((other) => other.id === photo.id);
    if (place < 0) return;
    const index = this.#indexOf(photo.id);
    const before = this.#ratios[index];
    this.photos[place] = this.#items[index] = photo;
    this.#photoTile(photo.id)?.update(photo);
    const ratios = this.#measureRatios();
    if (Math.abs((before ?? 1) - (ratios[index] ?? 1)) < 0.005) return;
    this.#keeping(!this.atTop(), () => this.#relay(this.#rows));
    this.#render();
  }

  remove(id: string): void {
    if (this.#indexOf(id) < 0) return;
    this.#keeping(!this.atTop(), () => {
      this.#takeOut(id);
      this.photos = this.photos.filter((photo) => photo.id !== id);
      this.#mingle([]);
      this.#relay(this.#rows);
    });
    this.#slide();
    this.#render();
  }

  /** The language changed: names, and perhaps the height of what stands above. */
  relabel(): void {
    this.#tiles.forEach((tile) => tile.relabel?.());
    this.#room = this.#measure();
  }

  /** The reader sees the beginning of the wall. */
  atTop(): boolean {
    return window.scrollY < this.#offset + Math.min(this.#boxes[0]?.h ?? 0, 160);
  }

  /** Less than two screens are left below. `top`: where the screen begins on the wall. */
  hungry(top = window.scrollY - this.#offset, view = window.innerHeight): boolean {
    const last = this.#boxes[this.#boxes.length - 1];
    return top + 3 * view > (last ? last.y + last.h : 0);
  }

  elementOf(id: string): HTMLElement | undefined {
    return this.#photoTile(id)?.link;
  }

  /** Bring a photo's place onto the screen, for instance before the viewer closes into it. */
  reveal(id: string): void {
    const box = this.#boxes[this.#indexOf(id)];
    if (!box) return;
    const top = this.#offset + box.y;
    if (top < window.scrollY + 60 || top + box.h > window.scrollY + window.innerHeight) {
      window.scrollTo({ top: top - (window.innerHeight - box.h) / 2, behavior: "instant" });
    }
    this.#render();
  }

  readonly #clicked = (event: MouseEvent): void => {
    const li = (event.target as HTMLElement).closest<HTMLLIElement>("li.tile");
    const tile = li && this.#photoTile(li.dataset["id"] ?? "");
    if (!tile?.photo.urls.view || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    this.#host.open(tile.photo, tile.link);
  };

  /** Ask what hangs between the photos now; what left is out of the rows, what came is not yet in them. */
  #mingle(fresh: readonly Photo[]): void {
    const before = this.#woven;
    this.#woven = this.#weaver(this.photos, fresh, false);
    const stay = new Set(this.#woven.values());
    for (const one of before.values()) if (!stay.has(one)) this.#takeOut(one.id);
    this.#mix();
  }

  #mix(): void {
    this.#items = [];
    for (const photo of this.photos) {
      this.#items.push(photo);
      const one = this.#woven.get(photo.id);
      if (one) this.#items.push(one);
    }
    this.#measureRatios();
  }

  #takeOut(id: string): void {
    const index = this.#indexOf(id);
    const tile = this.#tiles.get(id);
    this.#items.splice(index, 1);
    this.#rows = removeFromRows(this.#rows, this.#measureRatios(), index, this.#room);
    if (tile) this.#forget(id, tile);
  }

  /** Rows that end before this item stay, the others are broken anew. */
  #breakFrom(index: number): void {
    let held = 0;
    const whole = this.#rows.filter((count) => held + count <= index && (held += count));
    const tail = breakRows(this.#ratios.slice(held), { ...this.#room, hero: this.#room.hero && held === 0 });
    this.#relay([...whole, ...tail]);
  }

  #indexOf(id: string): number {
    return this.#items.findIndex((item) => item.id === id);
  }

  #photoTile(id: string): Tile | undefined {
    const tile = this.#tiles.get(id);
    return tile instanceof Tile ? tile : undefined;
  }

  #forget(id: string, tile: Spot): void {
    tile.drop();
    this.#tiles.delete(id);
  }

  #measure(): Room {
    const style = getComputedStyle(this.#el);
    const number = (name: string): number => Number.parseFloat(style.getPropertyValue(name));
    this.#offset = this.#el.getBoundingClientRect().top + window.scrollY;
    return { width: this.#el.clientWidth, gap: number("--gap"), share: number("--share"), hero: number("--hero") === 1 };
  }

  #measureRatios(): number[] {
    this.#ratios = this.#items.map((item) => (item.width && item.height ? item.width / item.height : 1.5));
    return this.#ratios;
  }

  #relay(rows: number[]): void {
    this.#rows = rows;
    if (this.#style === "rows") this.#boxes = rowBoxes(rows, this.#ratios, this.#room);
    else this.#boxes = (this.#style === "grid" ? gridBoxes : waterfallBoxes)(this.#ratios, this.#room);
    this.#bands = [];
    this.#boxes.forEach((box, index) => {
      for (let band = Math.floor(box.y / BAND); band <= Math.floor((box.y + box.h) / BAND); band++) {
        (this.#bands[band] ??= []).push(index);
      }
    });
    this.#el.style.height = `${Math.ceil(depthOf(this.#boxes))}px`;
  }

  /** Change the wall so that what is on screen stays where it is. */
  #keeping(still: boolean, change: () => void): void {
    const on = (item: Photo | Between, i: number): boolean => "urls" in item && this.#bottomOf(i) > window.scrollY + 80;
    const anchor = still ? this.#items.findIndex(on) : -1;
    const id = this.#items[anchor]?.id;
    const before = this.#boxes[anchor]?.y ?? 0;
    change();
    if (id === undefined) return;
    const after = this.#boxes[this.#indexOf(id)]?.y;
    if (after !== undefined && after !== before) {
      window.scrollTo({ top: window.scrollY + after - before, behavior: "instant" });
    }
  }

  #bottomOf(index: number): number {
    const box = this.#boxes[index];
    return box ? this.#offset + box.y + box.h : 0;
  }

  #resized(): void {
    const room = this.#measure();
    if (room.width === this.#room.width && room.share === this.#room.share) return;
    this.#room = room;
    this.#keeping(!this.atTop(), () => this.#breakFrom(0));
    this.#render();
  }

  /** For a moment places change by sliding, not by jumping. */
  #slide(): void {
    this.#el.classList.add("moving");
    clearTimeout(this.#moving);
    this.#moving = setTimeout(() => this.#el.classList.remove("moving"), MOVE_MS);
  }

  readonly #wish = (): void => {
    this.#scrolled = window.scrollY; // both here, where nothing changed yet: on a phone they cost a layout
    this.#view = window.innerHeight;
    this.#next();
  };

  #next(): void {
    this.#frame ||= requestAnimationFrame((at) => {
      this.#frame = 0;
      const speed = Math.abs(this.#scrolled - this.#last.y) / Math.max(at - this.#last.at, 1);
      this.#last = { y: this.#scrolled, at };
      if (!this.#render(speed > FAST, this.#scrolled, this.#view, MAKE_MS)) this.#next();
    });
  }

  /** Whether everything near the screen hangs now; what there was no time for is further from the screen than the rest. */
  #render(fast = false, scrolled = window.scrollY, view = window.innerHeight, ms = Infinity): boolean {
    const top = scrolled - this.#offset;
    const ahead = fast ? view / 3 : view;
    const near = this.#between(top - ahead, top + view + ahead);
    const kept = new Set(near.map((index) => this.#items[index]?.id));
    for (const [id, tile] of this.#tiles) {
      if (!kept.has(id) && !tile.el.contains(document.activeElement)) this.#forget(id, tile);
    }
    const whole = this.#make(near, ms);
    this.#arrange(near.flatMap((index) => this.#tileAt(index) ?? []), !fast);
    clearTimeout(this.#calm);
    if (fast) this.#calm = setTimeout(() => this.#render(), 120);
    if (this.hungry(top, view)) this.#host.more(); // asking the page again would cost a layout
    return whole;
  }

  /** Tiles for these photos, from the middle outwards, until the time is used up. */
  #make(near: number[], ms: number): boolean {
    const until = performance.now() + ms;
    const middle = near[near.length >> 1] ?? 0;
    for (const index of [...near].sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))) {
      const item = this.#items[index];
      if (!item || this.#tiles.has(item.id)) continue;
      this.#tiles.set(item.id, "urls" in item ? new Tile(item, this.#host) : item.hang());
      if (performance.now() > until) return false;
    }
    return true;
  }

  /** Put exactly these tiles on the page, in the order of the album, moving as few as possible. */
  #arrange(tiles: Spot[], load: boolean): void {
    let node = this.#el.firstElementChild;
    for (const tile of tiles) {
      if (tile.el === node) node = node.nextElementSibling;
      else this.#el.insertBefore(tile.el, node);
      if (load) tile.load?.();
    }
  }

  #tileAt(index: number): Spot | undefined {
    const box = this.#boxes[index];
    const tile = this.#tiles.get(this.#items[index]?.id ?? "");
    if (box) tile?.place(box, index, this.#items.length);
    return tile;
  }

  #between(top: number, bottom: number): number[] {
    const found = new Set<number>();
    for (let band = Math.max(0, Math.floor(top / BAND)); band <= Math.floor(bottom / BAND); band++) {
      for (const index of this.#bands[band] ?? []) found.add(index);
    }
    return [...found].sort((a, b) => a - b);
  }
}
