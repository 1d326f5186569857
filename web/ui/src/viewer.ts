/** One photo at a time: swipe, zoom, keys, neighbours fetched ahead; how fresh it is; take it home; pass it on. */

import "photoswipe/style.css";
import "./viewer.css";

import PhotoSwipe, { type SlideData } from "photoswipe";

import words from "../../words/album_later.json";
import type { AlbumWords } from "./album";
import { copyFor } from "./copies";
import { Foot } from "./foot";
import type { Turn } from "./roll";
import type { Speech } from "./speech";
import { note } from "./track";
import { ask, type History, type Photo } from "./wire";

export interface Occasion {
  photo: Photo;
  from: HTMLElement | undefined;
  photos: () => readonly Photo[];
  speech: Speech<AlbumWords>;
  share: string;
  title: string;
  elementOf: (id: string) => HTMLElement | undefined;
  reveal: (id: string) => void;
  refresh: (photo: Photo) => Promise<Photo | undefined>;
  notice: (text: string) => void;
  older: () => Promise<void>;
  downloads: () => boolean;
}

export type Words = AlbumWords | keyof typeof words;
type Slide = SlideData & { photo?: Photo };
type Content = NonNullable<PhotoSwipe["currSlide"]>["content"];

const AHEAD = 8; // so many photos before the end older ones are fetched
const RETRIES = 5;
const BAR = 56; // px; a mark in a photo's corner and a sponsor's logo at its foot are paid for: nothing lies on them
const FOOT = 92; // px, upright: the times, and the buttons with their words below

let shown: Viewer | undefined;

/** Resolves when the viewer is closed. Two taps while it was on its way over a slow line open one. */
export async function view(occasion: Occasion): Promise<void> {
  if (shown?.open) return;
  shown = new Viewer(occasion);
  await shown.closed;
}

class Viewer {
  readonly closed: Promise<void>;
  readonly #on: Occasion;
  readonly #speech: Speech<Words>;
  readonly #slides: Slide[];
  readonly #pswp: PhotoSwipe;
  readonly #foot: Foot;
  readonly #tries = new Map<string, number>();
  readonly #deep: boolean; // the address named the photo before we did

  get open(): boolean {
    return !this.#pswp.isDestroying;
  }

  constructor(on: Occasion) {
    this.#on = on;
    this.#speech = on.speech.learn(words);
    const known = on.photos().some((photo) => photo.id === on.photo.id);
    this.#slides = (known ? on.photos() : [on.photo]).map(slideOf);
    this.#deep = location.hash.startsWith("#p=");
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#pswp = new PhotoSwipe({
      dataSource: this.#slides,
      index: Math.max(0, this.#slides.findIndex((slide) => slide.photo?.id === on.photo.id)),
      preload: [2, 2],
      loop: false,
      bgOpacity: 1,
      wheelToZoom: true,
      maxZoomLevel: 4,
      secondaryZoomLevel: (zoom) => Math.max(1, zoom.fit * 2.2),
      showHideAnimationType: still ? "none" : on.from ? "zoom" : "fade",
      paddingFn: (size) => ({ top: size.x < size.y ? BAR : 0, bottom: size.x < size.y ? FOOT : BAR, left: 0, right: 0 }),
      closeTitle: this.#speech.say("close"),
      zoomTitle: this.#speech.say("zoom"),
      arrowPrevTitle: this.#speech.say("previous"),
      arrowNextTitle: this.#speech.say("next"),
      errorMsg: this.#speech.say("error"),
      counter: false,
    });
    this.#foot = new Foot({ ...on, speech: this.#speech }, () => this.#photo());
    this.closed = new Promise((resolve) => this.#pswp.on("destroy", () => resolve()));
    this.#wire();
    this.#pswp.init();
    this.#pswp.element?.setAttribute("aria-label", this.#speech.say("photo"));
    if (!this.#deep) history.pushState({ viewing: true }, "", `#p=${on.photo.id}`);
    document.body.classList.add("viewing");
    if (!known) void this.#olderThan(on.photo);
  }

  #photo(): Photo | undefined {
    return this.#slides[this.#pswp.currIndex]?.photo;
  }

  #wire(): void {
    const pswp = this.#pswp;
    const on = this.#on;
    const turned = (event: Event): void => this.#turned((event as CustomEvent<Turn>).detail);
    const back = (): void => pswp.close();
    // @ts-expect-error -- a filter may well find no element; its type forgot to say so
    pswp.addFilter("thumbEl", (found, data: Slide) => {
      const link = data.photo && on.elementOf(data.photo.id);
      return link?.querySelector<HTMLElement>("img") ?? found;
    });
    pswp.addFilter("placeholderSrc", (source, content) => (content.data as Slide).msrc ?? source);
    pswp.on("uiRegister", () => {
      pswp.ui?.registerElement({ name: "foot", appendTo: "root", onInit: (el) => this.#foot.fill(el) });
    });
    pswp.on("change", () => this.#changed());
    pswp.on("contentLoadImage", ({ content }) => {
      const slide = content.data as Slide;
      if (slide.photo) slide.src = copyFor(slide.photo, long(content));
    });
    pswp.on("imageSizeChange", ({ content }) => void this.#sharpen(content));
    pswp.on("loadError", ({ content }) => void this.#failed(content.index));
    pswp.on("close", () => {
      const photo = this.#photo();
      if (photo) on.reveal(photo.id);
      removeEventListener("turn", turned);
      removeEventListener("popstate", back);
      document.body.classList.remove("viewing");
      if (history.state && (history.state as { viewing?: boolean }).viewing) history.back();
      else if (location.hash) history.replaceState(null, "", location.pathname + location.search);
    });
    addEventListener("turn", turned);
    addEventListener("popstate", back);
  }

  #changed(): void {
    const photo = this.#photo();
    this.#foot.draw();
    if (photo) note("view", photo.id);
    if (photo && location.hash.startsWith("#p=")) history.replaceState(history.state, "", `#p=${photo.id}`);
    if (this.#pswp.currIndex > this.#slides.length - AHEAD) void this.#more();
  }

  async #more(): Promise<void> {
    await this.#on.older();
    const here = new Set(this.#slides.map((slide) => slide.photo?.id));
    const last = this.#on.photos().findIndex((photo) => photo.id === this.#slides[this.#slides.length - 1]?.photo?.id);
    const later = this.#on.photos().slice(last + 1); // a photo taken down is a slide without a photo
    this.#slides.push(...later.filter((photo) => !here.has(photo.id)).map(slideOf));
  }

  async #olderThan(photo: Photo): Promise<void> {
    const page = await ask<History>(`/mp/v1/albums/${photo.album_id}/photos?before=${photo.position}&limit=100`);
    this.#slides.push(...page.photos.map(slideOf));
    this.#pswp.refreshSlideContent(this.#pswp.currIndex + 1);
  }

  /** Zoomed or turned, it may want more pixels than it has: the view takes the copy's place when it is decoded. */
  async #sharpen(content: Content): Promise<void> {
    const slide = content.data as Slide;
    const { photo, src } = slide;
    if (!photo || src !== photo.urls.phone || copyFor(photo, long(content)) === src) return;
    if (!(await decoded(photo.urls.view))) return; // the next zoom asks again
    if (slide.src !== src || !(content.element instanceof HTMLImageElement)) return;
    slide.src = content.element.src = photo.urls.view;
  }

  /** Better bytes, or none at all any more, for what is being looked at. */
  #turned(turn: Turn): void {
    for (const photo of turn.changed) void this.#better(photo);
    for (const { id } of turn.gone) {
      const index = this.#indexOf(id);
      if (index < 0) continue;
      const current = index === this.#pswp.currIndex;
      const gone = document.createElement("p");
      gone.className = "viewer-gone";
      gone.textContent = this.#speech.say("hidden");
      this.#slides[index] = { element: gone, html: gone.outerHTML };
      this.#pswp.refreshSlideContent(index);
      if (current) this.#foot.draw();
    }
  }

  async #better(photo: Photo): Promise<void> {
    const index = this.#indexOf(photo.id);
    const old = this.#slides[index];
    if (!old) return;
    const copy = old.src === old.photo?.urls.view ? photo.urls.view : small(photo);
    if (old.src !== copy) await decoded(copy); // it is in the cache now, so the swap is not seen
    Object.assign(old, slideOf(photo));
    const zoomed = this.#pswp.currIndex === index && (this.#pswp.currSlide?.currZoomLevel ?? 0) > (this.#pswp.currSlide?.zoomLevels.initial ?? 0);
    if (!zoomed) this.#pswp.refreshSlideContent(index);
    if (this.#pswp.currIndex === index) this.#foot.draw();
  }

  async #failed(index: number): Promise<void> {
    const slide = this.#slides[index];
    if (!slide?.photo) return;
    const tries = (this.#tries.get(slide.photo.id) ?? 0) + 1;
    this.#tries.set(slide.photo.id, tries);
    if (tries > RETRIES) return;
    await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** tries));
    const fresh = await this.#on.refresh(slide.photo).catch(() => undefined);
    if (fresh) Object.assign(slide, slideOf(fresh));
    if (!this.#pswp.isDestroying) this.#pswp.refreshSlideContent(index);
  }

  #indexOf(id: string): number {
    return this.#slides.findIndex((slide) => slide.photo?.id === id);
  }
}

/** Longer side on screen, px of CSS. */
function long(content: Content): number {
  return Math.max(content.displayedImageWidth, content.displayedImageHeight);
}

function small({ urls }: Photo): string {
  return urls.phone ?? urls.view;
}

async function decoded(url: string): Promise<boolean> {
  const img = new Image();
  img.src = url;
  return img.decode().then(
    () => true,
    () => false,
  );
}

function slideOf(photo: Photo): Slide {
  return {
    src: small(photo), // until its size on screen is known
    msrc: photo.urls.thumb,
    width: photo.width,
    height: photo.height,
    alt: "",
    thumbCropped: true,
    photo,
  };
}
