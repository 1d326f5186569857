/** Three ways to show the reel. Each draws into the stage until it is ended. */

import type { Speech } from "../speech";
import type { Photo } from "../wire";
import type { ScreenWords } from "../screen";
import { mosaic } from "./mosaic";
import type { Reel } from "./reel";

export interface Show {
  /** A picture is ready; `fresh` ones are what everybody waits for. */
  arrive: (photo: Photo, fresh: boolean) => void;
  better: (photo: Photo) => void;
  remove: (id: string) => void;
  /** The next photo, because time has passed. */
  step: () => void;
  resize: () => void;
  readonly stepMs: number;
}

export interface Scene {
  stage: HTMLElement;
  reel: Reel;
  speech: Speech<ScreenWords>;
  shuffle: () => boolean;
}

const CROPPED = 0.06; // of a photo may be cut off to fill its place, no sponsor's frame; else all of it is shown on a blurred one

const ROOMY = ["large", "slide", "spot"];

/** A place for one photo; a new one fades in over the old one. */
class Place {
  readonly el = document.createElement("figure");
  photo: Photo | null = null;
  since = 0;

  constructor(kind: string) {
    this.el.className = `place ${kind}`;
    this.el.dataset["bar"] = document.querySelector<HTMLElement>("#stage")?.dataset["bar"] ?? "";
  }

  show(photo: Photo, picture: HTMLImageElement | null): void {
    if (!picture) return;
    const old = [...this.el.querySelectorAll("img")];
    this.el.classList.remove("asking"); // the question was about the photo before
    this.photo = photo;
    this.since = performance.now();
    this.el.dataset["id"] = photo.id;
    picture.classList.add("coming");
    if (this.#cuts(photo)) {
      const behind = picture.cloneNode() as HTMLImageElement;
      picture.classList.add("whole");
      behind.classList.add("behind");
      this.el.append(behind);
    }
    this.el.append(picture);
    this.#say(photo);
    setTimeout(() => old.forEach((img) => img.remove()), 1400);
  }

  #cuts(photo: Photo): boolean {
    if (this.el.classList.contains("slide")) return false;
    const turn = photo.width / photo.height / (this.el.clientWidth / this.el.clientHeight || 1.5);
    return 1 - Math.min(turn, 1 / turn) > CROPPED;
  }

  /** What the guest who gave it says with it, where there is room to read it. */
  #say(photo: Photo): void {
    this.el.querySelector("figcaption")?.remove();
    if (!photo.words || !ROOMY.some((kind) => this.el.classList.contains(kind))) return;
    const by = photo.by && Object.assign(document.createElement("small"), { textContent: photo.by });
    const words = Object.assign(document.createElement("figcaption"), { className: "says" });
    words.append(Object.assign(document.createElement("q"), { textContent: photo.words }), by);
    this.el.append(words);
  }

  empty(): void {
    this.photo = null;
    this.el.querySelector("figcaption")?.remove();
    delete this.el.dataset["id"];
    this.el.querySelectorAll("img").forEach((img) => img.remove());
  }
}

/** Photos that were not on screen for longest come first; or any, when shuffled. */
class Turns {
  readonly #seen = new Map<string, number>();
  #count = 0;

  mark(photo: Photo): void {
    this.#seen.set(photo.id, ++this.#count);
  }

  next(photos: Photo[], taken: Set<string>, shuffle: boolean): Photo | undefined {
    const free = photos.filter((photo) => !taken.has(photo.id));
    if (shuffle) return free[Math.floor(Math.random() * free.length)];
    return free.reduce<Photo | undefined>((best, photo) => {
      return best && (this.#seen.get(best.id) ?? 0) <= (this.#seen.get(photo.id) ?? 0) ? best : photo;
    }, undefined);
  }
}

const ROOM = 12; // px between the photos and the code

export class Wall implements Show {
  readonly stepMs = 4_500;
  readonly #scene: Scene;
  readonly #turns = new Turns();
  #places: Place[] = [];

  constructor(scene: Scene) {
    this.#scene = scene;
    this.resize();
  }

  resize(): void {
    const { stage, reel } = this.#scene;
    const code = document.querySelector(".code")?.getBoundingClientRect();
    const corner = { left: (code?.left ?? Infinity) - ROOM, top: code?.top ?? Infinity };
    const boxes = mosaic(stage.clientWidth, stage.clientHeight, 6, corner, reel.standing());
    this.#places = boxes.map((box, i) => {
      const place = new Place(i ? "small" : "large");
      Object.assign(place.el.style, { left: `${box.x}px`, top: `${box.y}px`, width: `${box.w}px`, height: `${box.h}px` });
      return place;
    });
    stage.replaceChildren(...this.#places.map((place) => place.el));
    for (const photo of reel.shown().slice(0, this.#places.length).reverse()) this.arrive(photo, false);
  }

  /** The newest photo takes the large place; what hung there moves to the small place it fits best. */
  arrive(photo: Photo, fresh: boolean): void {
    const [large] = this.#places;
    if (!large) return;
    const newest = !large.photo || photo.position > large.photo.position;
    if (!newest) this.#hang(photo);
    else {
      const old = large.photo;
      const twice = this.#places.find((place) => place !== large && place.photo?.id === photo.id);
      this.#put(large, photo, fresh);
      twice?.empty();
      if (old) this.#hang(old);
    }
  }

  better(photo: Photo): void {
    for (const place of this.#places) if (place.photo?.id === photo.id) place.show(photo, this.#scene.reel.picture(photo));
  }

  remove(id: string): void {
    for (const place of this.#places) {
      if (place.photo?.id !== id) continue;
      place.empty();
      const next = this.#turns.next(this.#scene.reel.shown(), this.#taken(), false);
      if (next) this.#put(place, next, false);
    }
  }

  step(): void {
    const next = this.#turns.next(this.#scene.reel.shown(), this.#taken(), this.#scene.shuffle());
    if (next) this.#hang(next);
  }

  /** Into an empty small place, else instead of an old photo of about the same shape. */
  #hang(photo: Photo): void {
    if (this.#places.some((place) => place.photo?.id === photo.id)) return;
    const small = this.#places.slice(1);
    const empty = small.filter((place) => !place.photo);
    const candidates = empty.length ? empty : small;
    const ratio = photo.width / photo.height;
    const now = performance.now();
    const cost = (place: Place): number => {
      const shape = Math.abs(Math.log(ratio / (place.el.clientWidth / place.el.clientHeight)));
      return shape * 3 - Math.min((now - place.since) / 20_000, 3);
    };
    const best = candidates.reduce<Place | undefined>((a, b) => (a && cost(a) <= cost(b) ? a : b), undefined);
    if (best) this.#put(best, photo, false);
  }

  #put(place: Place, photo: Photo, fresh: boolean): void {
    place.show(photo, this.#scene.reel.picture(photo));
    this.#turns.mark(photo);
    place.el.classList.toggle("fresh", fresh);
  }

  #taken(): Set<string> {
    return new Set(this.#places.flatMap((place) => place.photo?.id ?? []));
  }
}

export class Slides implements Show {
  readonly stepMs = 7_000;
  readonly #scene: Scene;
  readonly #turns = new Turns();
  #current: Place | null = null;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.resize();
  }

  resize(): void {
    if (!this.#current) this.#scene.stage.replaceChildren();
    if (!this.#current) this.step();
  }

  arrive(photo: Photo, fresh: boolean): void {
    if (fresh || !this.#current) this.#show(photo, fresh);
  }

  better(photo: Photo): void {
    if (this.#current?.photo?.id === photo.id) this.#show(photo, false);
  }

  remove(id: string): void {
    if (this.#current?.photo?.id !== id) return;
    this.#current.el.remove();
    this.#current = null;
    this.step();
  }

  step(): void {
    const taken = new Set(this.#current?.photo ? [this.#current.photo.id] : []);
    const next = this.#turns.next(this.#scene.reel.shown(), taken, this.#scene.shuffle());
    if (next) this.#show(next, false);
  }

  /** The whole photo, on a blurred one that fills the screen. */
  #show(photo: Photo, fresh: boolean): void {
    const { stage, reel } = this.#scene;
    const [behind, before] = [reel.picture(photo), reel.picture(photo)];
    if (!behind || !before) return;
    const old = this.#current;
    const place = new Place("slide");
    behind.className = "behind";
    place.el.append(behind);
    place.show(photo, before);
    place.el.classList.toggle("fresh", fresh);
    stage.append(place.el);
    this.#current = place;
    this.#turns.mark(photo);
    if (old) setTimeout(() => old.el.remove(), 1600);
  }
}

export class Spotlight implements Show {
  readonly stepMs = 9_000;
  readonly #scene: Scene;
  readonly #large = new Place("slide spot");
  readonly #strip = Array.from({ length: 5 }, () => new Place("stripe"));
  readonly #turns = new Turns();

  constructor(scene: Scene) {
    this.#scene = scene;
    const strip = Object.assign(document.createElement("div"), { className: "strip" });
    strip.append(...this.#strip.map((place) => place.el));
    scene.stage.replaceChildren(this.#large.el, strip);
    this.resize();
  }

  resize(): void {
    const [first] = this.#scene.reel.shown();
    if (first && !this.#large.photo) this.arrive(first, false);
  }

  arrive(photo: Photo, fresh: boolean): void {
    if (!fresh && this.#large.photo && photo.position < this.#large.photo.position) this.#refill();
    else this.#show(photo, fresh);
  }

  better(photo: Photo): void {
    for (const place of [this.#large, ...this.#strip]) {
      if (place.photo?.id === photo.id) place.show(photo, this.#scene.reel.picture(photo));
    }
  }

  remove(id: string): void {
    if (this.#large.photo?.id === id) {
      this.#large.empty();
      this.step();
    }
    this.#refill();
  }

  /** Among the newest dozen: the spotlight is for what happens now. */
  step(): void {
    const taken = new Set(this.#large.photo ? [this.#large.photo.id] : []);
    const next = this.#turns.next(this.#scene.reel.shown().slice(0, 12), taken, this.#scene.shuffle());
    if (next) this.#show(next, false);
  }

  #show(photo: Photo, fresh: boolean): void {
    this.#large.show(photo, this.#scene.reel.picture(photo));
    this.#large.el.classList.toggle("fresh", fresh);
    this.#turns.mark(photo);
    this.#refill();
  }

  #refill(): void {
    const rest = this.#scene.reel.shown().filter((photo) => photo.id !== this.#large.photo?.id);
    this.#strip.forEach((place, i) => {
      const photo = rest[i];
      if (!photo) place.empty();
      else if (place.photo?.id !== photo.id) place.show(photo, this.#scene.reel.picture(photo));
    });
  }
}
