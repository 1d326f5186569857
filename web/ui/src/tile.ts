/** One photo on the wall: its ghost at once, the thumb when it comes, a better picture where the place is large. */

import { copyFor, pixels } from "./copies";
import type { Box } from "./rows";
import { tint } from "./tint";
import type { Photo } from "./wire";

export interface Host {
  label: (photo: Photo) => string;
  /** The photo's URLs may be too old: read them again. */
  refresh: (photo: Photo) => Promise<Photo | undefined>;
  /** The thumb is on screen for the first time. */
  shown: (photo: Photo) => void;
}

const HAUNT_MS = 50;
const FIRST_RETRY_MS = 600;
const LAST_RETRY_MS = 20_000;
const STALL_MS = 20_000; // a picture that has not come by then is asked for again
const LARGE = 1.4; // device pixels per pixel of the thumb from which on a larger copy is worth its bytes
const SETTLE_MS = 500;
const PER_FRAME = 2;

const ready: (() => void)[] = [];

/** Pictures that came wait for the next frame, a few for each: many in one would be a stutter. */
function inTurn(hang: () => void): void {
  if (ready.push(hang) === 1) requestAnimationFrame(hangSome);
}

function hangSome(): void {
  ready.splice(0, PER_FRAME).forEach((hang) => hang());
  if (ready.length) requestAnimationFrame(hangSome);
}

/** What hangs on the wall: a photo, or something between photos (placements.ts). */
export class Spot {
  readonly el: HTMLLIElement;
  load?(): void;
  hurry?(): void;
  relabel?(): void;
  #box: Box | null = null;
  #count = 0; // tiles on the wall
  #born: Box | null = null; // laid out there once; every later place is a transform, which costs no layout

  constructor(el: HTMLLIElement) {
    this.el = el;
  }

  get width(): number {
    return this.#box?.w ?? 0;
  }

  place(box: Box, index: number, count: number): void {
    if (box === this.#box && count === this.#count) return;
    this.#box = box;
    this.#count = count;
    const { style } = this.el;
    if (!this.#born) {
      this.#born = box;
      style.left = `${box.x.toFixed(2)}px`;
      style.top = `${box.y.toFixed(2)}px`;
    }
    style.transform = `translate(${(box.x - this.#born.x).toFixed(2)}px, ${(box.y - this.#born.y).toFixed(2)}px)`;
    style.width = `${box.w.toFixed(2)}px`;
    style.height = `${box.h.toFixed(2)}px`;
    this.el.setAttribute("aria-posinset", String(index + 1));
    this.el.setAttribute("aria-setsize", String(count));
  }

  drop(): void {
    this.el.remove();
  }
}

export class Tile extends Spot {
  readonly link: HTMLAnchorElement;
  photo: Photo;
  readonly #host: Host;
  #picture: HTMLImageElement | null = null; // what is on screen
  #coming: HTMLImageElement | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tries = 0;
  #gone = false;
  #refined = false; // a larger copy was asked for once

  constructor(photo: Photo, host: Host, served?: HTMLLIElement) {
    super(served ?? document.createElement("li"));
    this.photo = photo;
    this.#host = host;
    this.link = served?.querySelector("a") ?? document.createElement("a");
    this.el.className = photo.urls.thumb ? "tile" : "tile ghost"; // ghosts.ts
    this.el.dataset["id"] = photo.id;
    if (photo.urls.view) this.link.href = photo.urls.view;
    this.link.setAttribute("aria-label", host.label(photo));
    const old = served?.querySelector("img");
    if (old) this.#adopt(old);
    if (served) return;
    this.el.style.background = tint(photo.placeholder);
    this.el.append(this.link);
  }

  /** Ask for the thumb unless it is here or on its way. */
  override load(): void {
    if (!this.#picture && !this.#coming && this.photo.urls.thumb) this.#fetch(this.photo.urls.thumb);
  }

  /** The same photo in a newer revision: what is on screen stays until the new picture is ready to be painted. */
  update(photo: Photo): void {
    const same = photo.urls.thumb === this.photo.urls.thumb;
    this.photo = photo;
    this.link.href = photo.urls.view;
    this.el.style.background = tint(photo.placeholder);
    this.relabel();
    if (same) return;
    this.#forget();
    this.#tries = 0;
    this.#refined = false;
    this.#fetch(photo.urls.thumb);
  }

  override relabel(): void {
    this.link.setAttribute("aria-label", this.#host.label(this.photo));
  }

  /** The network is back: do not wait for the next try. */
  override hurry(): void {
    if (this.#timer !== undefined && !this.#coming && this.#tries) this.#fetch(this.photo.urls.thumb);
  }

  override drop(): void {
    this.#gone = true;
    this.#forget();
    super.drop();
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#coming) this.#coming.src = "";
    this.#coming = null;
  }

  /** A picture the server put on the page: it may be here already, may be coming, may have failed. */
  #adopt(img: HTMLImageElement): void {
    if (img.complete && img.naturalWidth) {
      this.#picture = img;
      img.decode().then(
        () => this.#settle(),
        () => this.#halved(img),
      );
    } else if (img.complete) {
      img.remove();
      this.#fetch(this.photo.urls.thumb);
    } else this.#await(img);
  }

  /** Some browsers keep the part that came of a picture whose connection broke. */
  #halved(img: HTMLImageElement): void {
    if (this.#gone || this.#picture !== img) return;
    this.#picture = null;
    if (!this.#coming) this.#fetch(this.photo.urls.thumb);
  }

  #fetch(url: string): void {
    clearTimeout(this.#timer);
    const img = new Image();
    img.decoding = "async";
    img.alt = "";
    img.src = url;
    this.#await(img);
  }

  #await(img: HTMLImageElement): void {
    this.#coming = img;
    if (!this.#picture) setTimeout(() => this.#picture ?? void this.#haunt().catch(() => undefined), HAUNT_MS);
    const asked = performance.now();
    this.#timer = setTimeout(() => this.#missed(img), STALL_MS);
    img.addEventListener("error", () => this.#missed(img), { once: true });
    img.decode().then(
      () => this.#came(img, performance.now() - asked > 60),
      () => (img.complete && img.naturalWidth ? this.#came(img, true) : this.#missed(img)),
    );
  }

  #came(img: HTMLImageElement, slowly: boolean): void {
    if (this.#gone || this.#coming !== img) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    inTurn(() => this.#show(img, slowly));
  }

  #show(img: HTMLImageElement, slowly: boolean): void {
    if (this.#gone || this.#coming !== img) return;
    this.#coming = null;
    this.#tries = 0;
    const before = [...this.link.children].filter((child) => child !== img);
    const first = !this.#picture;
    this.#picture = img;
    if (slowly) {
      img.classList.add("fading");
      img.addEventListener("animationend", () => before.forEach((child) => child.remove()), { once: true });
      setTimeout(() => before.forEach((child) => child.remove()), 1000);
    } else before.forEach((child) => child.remove());
    this.link.append(img);
    this.el.classList.remove("ghost");
    if (first) this.#host.shown(this.photo);
    this.#settle();
  }

  #missed(img: HTMLImageElement): void {
    if (this.#gone || this.#coming !== img) return;
    this.#forget();
    const wait = Math.min(FIRST_RETRY_MS * 2 ** this.#tries, LAST_RETRY_MS) * (0.75 + Math.random() / 2);
    this.#tries++;
    this.#timer = setTimeout(() => void this.#again(), wait);
  }

  async #again(): Promise<void> {
    if (this.#tries === 2 || this.#tries % 5 === 0) {
      const fresh = await this.#host.refresh(this.photo).catch(() => undefined);
      if (fresh && !this.#gone) {
        this.photo = fresh;
        this.link.href = fresh.urls.view;
      }
    }
    if (!this.#gone && !this.#coming) this.#fetch(this.photo.urls.thumb);
  }

  /** Where the place is much larger than the thumb, a larger copy follows once the reader stays. */
  #settle(): void {
    const thin = (navigator as { connection?: { saveData?: boolean } }).connection?.saveData;
    this.#timer = setTimeout(() => {
      const small = pixels(this.width) > (this.#picture?.naturalWidth ?? 0) * LARGE;
      this.#timer = undefined;
      if (!small || thin || this.#refined || this.#gone || this.#coming) return;
      this.#refined = true;
      this.#fetch(copyFor(this.photo, this.width));
    }, SETTLE_MS);
  }

  /** The ghost, unless the picture was faster. */
  async #haunt(): Promise<void> {
    const { ghost } = await import("./thumbhash"); // most pictures are faster than this
    const seen = this.#picture || this.#gone || this.link.querySelector("canvas") ? null : ghost(this.photo.placeholder);
    if (!seen) return;
    const canvas = document.createElement("canvas");
    canvas.width = seen.width;
    canvas.height = seen.height;
    canvas.getContext("2d")?.putImageData(new ImageData(seen.rgba, seen.width, seen.height), 0, 0);
    this.link.prepend(canvas);
  }
}
