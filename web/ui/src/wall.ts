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
import { type Host, Tile } from "./tile";
import type { Photo } from "./wire";

const BAND = 600; // px; photos are looked up by bands of this height
const FAST = 3; // px per ms: nobody sees a photo at this speed, so none is asked for
const MOVE_MS = 520;

export interface WallHost extends Host {
  open: (photo: Photo, from: HTMLElement) => void;
  /** The end comes near: more history is wanted. */
  more: () => void;
}

export class Wall {
  photos: Photo[] = [];
  readonly #el: HTMLElement;
  readonly #host: WallHost;
  #style: Style = "rows";
  #ratios: number[] = [];
  #rows: number[] = [];
  #boxes: Box[] = [];
  #bands: number[][] = [];
  readonly #tiles = new Map<string, Tile>();
  #room: Room;
  #offset = 0; // of the wall on the page
  #frame = 0;
  #last = { y: 0, at: 0 };
  #calm: ReturnType<typeof setTimeout> | undefined;
  #moving: ReturnType<typeof setTimeout> | undefined;

  constructor(el: HTMLElement, host: WallHost) {
    this.#el = el;
    this.#host = host;
    this.#room = this.#measure();
    el.addEventListener("click", this.#clicked);
    window.addEventListener("scroll", () => this.#wish(), { passive: true });
    new ResizeObserver(() => this.#resized()).observe(el);
    window.addEventListener("online", () => this.#tiles.forEach((tile) => tile.hurry()));
  }

  /** Hang these photos, dropping whatever hung before; elements the server made are taken over. */
  show(photos: readonly Photo[]): void {
    const wanted = new Set(photos.map((photo) => photo.id));
    for (const [id, tile] of this.#tiles) if (!wanted.has(id)) this.#forget(id, tile);
    this.photos = [...photos];
    for (const li of this.#el.querySelectorAll<HTMLLIElement>("li:not([aria-posinset])")) {
      const photo = photos.find((one) => one.id === li.dataset["id"]);
      if (photo && !this.#tiles.has(photo.id)) this.#tiles.set(photo.id, new Tile(photo, this.#host, li));
      else li.remove();
    }
    this.#room = this.#measure();
    this.#relay(breakRows(this.#measureRatios(), this.#room));
    this.#el.classList.add("hung");
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
      this.photos = [...photos, ...this.photos];
      this.#relay(prependRows(this.#rows, this.#measureRatios(), photos.length, this.#room));
    });
    if (animate) this.#slide();
    this.#render();
    if (animate) for (const photo of photos) this.#tiles.get(photo.id)?.el.classList.add("arriving");
  }

  append(photos: readonly Photo[]): void {
    this.photos.push(...photos);
    const ratios = this.#measureRatios();
    const whole = this.#rows.slice(0, -1);
    const held = whole.reduce((sum, count) => sum + count, 0);
    const tail = breakRows(ratios.slice(held), { ...this.#room, hero: this.#room.hero && held === 0 });
    this.#relay([...whole, ...tail]);
    this.#render();
  }

  /** A photo that belongs between others (it came back): everything is broken anew, the view stays. */
  insert(photos: readonly Photo[]): void {
    this.#keeping(true, () => {
      this.photos = [...this.photos, ...photos].sort((a, b) => b.position - a.position);
      this.#relay(breakRows(this.#measureRatios(), this.#room));
    });
    this.#render();
  }

  replace(photo: Photo): void {
    const index = this.photos.findIndex((other) => other.id === photo.id);
    if (index < 0) return;
    const before = this.#ratios[index];
    this.photos[index] = photo;
    this.#tiles.get(photo.id)?.update(photo);
    const ratios = this.#measureRatios();
    if (Math.abs((before ?? 1) - (ratios[index] ?? 1)) < 0.005) return;
    this.#keeping(!this.atTop(), () => this.#relay(this.#rows));
    this.#render();
  }

  remove(id: string): void {
    const index = this.photos.findIndex((photo) => photo.id === id);
    if (index < 0) return;
    const tile = this.#tiles.get(id);
    this.#keeping(!this.atTop(), () => {
      const rows = removeFromRows(this.#rows, this.#ratios.filter((_, i) => i !== index), index, this.#room);
      this.photos.splice(index, 1);
      this.#measureRatios();
      this.#relay(rows);
    });
    if (tile) this.#forget(id, tile);
    this.#slide();
    this.#render();
  }

  /** The language changed: names, and perhaps the height of what stands above. */
  relabel(): void {
    this.#tiles.forEach((tile) => tile.relabel());
    this.#room = this.#measure();
  }

  /** The reader sees the beginning of the wall. */
  atTop(): boolean {
    return window.scrollY < this.#offset + Math.min(this.#boxes[0]?.h ?? 0, 160);
  }

  /** Less than two screens are left below. `top`: where the screen begins on the wall. */
  hungry(top = window.scrollY - this.#offset): boolean {
    const last = this.#boxes[this.#boxes.length - 1];
    return top + 3 * window.innerHeight > (last ? last.y + last.h : 0);
  }

  elementOf(id: string): HTMLElement | undefined {
    return this.#tiles.get(id)?.link;
  }

  /** Bring a photo's place onto the screen, for instance before the viewer closes into it. */
  reveal(id: string): void {
    const box = this.#boxes[this.photos.findIndex((photo) => photo.id === id)];
    if (!box) return;
    const top = this.#offset + box.y;
    if (top < window.scrollY + 60 || top + box.h > window.scrollY + window.innerHeight) {
      window.scrollTo({ top: top - (window.innerHeight - box.h) / 2, behavior: "instant" });
    }
    this.#render();
  }

  readonly #clicked = (event: MouseEvent): void => {
    const li = (event.target as HTMLElement).closest<HTMLLIElement>("li.tile");
    const tile = li && this.#tiles.get(li.dataset["id"] ?? "");
    if (!tile?.photo.urls.view || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    this.#host.open(tile.photo, tile.link);
  };

  #forget(id: string, tile: Tile): void {
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
    this.#ratios = this.photos.map((photo) => (photo.width && photo.height ? photo.width / photo.height : 1.5));
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
    const anchor = still ? this.photos.findIndex((_, i) => this.#bottomOf(i) > window.scrollY + 80) : -1;
    const id = this.photos[anchor]?.id;
    const before = this.#boxes[anchor]?.y ?? 0;
    change();
    if (id === undefined) return;
    const after = this.#boxes[this.photos.findIndex((photo) => photo.id === id)]?.y;
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
    this.#keeping(!this.atTop(), () => this.#relay(breakRows(this.#ratios, room)));
    this.#render();
  }

  /** For a moment places change by sliding, not by jumping. */
  #slide(): void {
    this.#el.classList.add("moving");
    clearTimeout(this.#moving);
    this.#moving = setTimeout(() => this.#el.classList.remove("moving"), MOVE_MS);
  }

  #wish(): void {
    this.#frame ||= requestAnimationFrame((at) => {
      this.#frame = 0;
      const speed = Math.abs(window.scrollY - this.#last.y) / Math.max(at - this.#last.at, 1);
      this.#last = { y: window.scrollY, at };
      this.#render(speed > FAST);
    });
  }

  #render(fast = false): void {
    const view = window.innerHeight;
    const top = window.scrollY - this.#offset;
    const ahead = fast ? view / 3 : view;
    const near = this.#between(top - ahead, top + view + ahead);
    const kept = new Set(near.map((index) => this.photos[index]?.id));
    for (const [id, tile] of this.#tiles) {
      if (!kept.has(id) && !tile.el.contains(document.activeElement)) this.#forget(id, tile);
    }
    this.#arrange(near.flatMap((index) => this.#tileAt(index) ?? []), !fast);
    clearTimeout(this.#calm);
    if (fast) this.#calm = setTimeout(() => this.#render(), 120);
    if (this.hungry(top)) this.#host.more(); // asking the page again would cost a layout
  }

  /** Put exactly these tiles on the page, in the order of the album, moving as few as possible. */
  #arrange(tiles: Tile[], load: boolean): void {
    let node = this.#el.firstElementChild;
    for (const tile of tiles) {
      if (tile.el === node) node = node.nextElementSibling;
      else this.#el.insertBefore(tile.el, node);
      if (load) tile.load();
    }
  }

  #tileAt(index: number): Tile | undefined {
    const photo = this.photos[index];
    const box = this.#boxes[index];
    if (!photo || !box) return undefined;
    let tile = this.#tiles.get(photo.id);
    if (!tile) {
      tile = new Tile(photo, this.#host);
      this.#tiles.set(photo.id, tile);
    }
    tile.place(box, index, this.photos.length);
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
