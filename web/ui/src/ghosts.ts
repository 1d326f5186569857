/**
 * Ghost tiles: photos a camera is sending at this moment. They hang where the photo will hang and become it in place,
 * or leave when it does not come in time. Loaded with the first of them; hints, so nothing else depends on it.
 */

import "./ghosts.css";

import type { Wall } from "./wall";
import type { Photo } from "./wire";

/** What the stream says: one comes, or will not come after all. */
export type Hint = { id: string; ratio: number | null; ttl_ms: number } | { id: string; gone: true };

interface Scene {
  wall: Wall;
  /** Nobody would see it, or it would be in the way. */
  unwanted: (id: string) => boolean;
  /** The number of tiles changed. */
  changed: () => void;
}

const POSITION = Number.MAX_SAFE_INTEGER; // newer than everything
const USUAL = 1.5;
const WIDE = 60; // of a photo one pixel high

export class Ghosts {
  readonly #scene: Scene;
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  hear(hint: Hint): void {
    if ("gone" in hint) this.#vanish(hint.id);
    else if (!this.#timers.has(hint.id) && !this.#scene.unwanted(hint.id)) this.#appear(hint.id, hint.ratio, hint.ttl_ms);
  }

  /** Photos that came: those whose ghost hangs take its place. Returns the others. */
  embody(photos: Photo[]): Photo[] {
    return photos.filter((photo) => {
      this.#forget(photo.id);
      const hangs = this.#hangs(photo.id);
      if (hangs) this.#scene.wall.replace(photo);
      return !hangs;
    });
  }

  #appear(id: string, ratio: number | null, ttl: number): void {
    const { wall } = this.#scene;
    const like = wall.photos[0];
    const shape = ratio ?? (like?.height ? like.width / like.height : USUAL); // cameras are rarely turned between two
    const ghost = { id, position: POSITION, width: shape * WIDE, height: WIDE, placeholder: like?.placeholder ?? "", urls: { thumb: "", view: "" } };
    wall.prepend([ghost as Photo], true);
    this.#timers.set(id, setTimeout(() => this.#vanish(id), ttl));
    this.#scene.changed();
  }

  #vanish(id: string): void {
    this.#forget(id);
    if (!this.#hangs(id)) return;
    this.#scene.wall.remove(id);
    this.#scene.changed();
  }

  #hangs(id: string): boolean {
    return this.#scene.wall.photos.some((photo) => photo.id === id && photo.position === POSITION);
  }

  #forget(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }
}
