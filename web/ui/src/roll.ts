/**
 * The roll: the photos of one album this page knows of, newest first, each in its newest revision.
 *
 * Two streams fill it, history from the old end and changes from the new one; in whatever order and however often
 * they bring a photo, the highest revision stands.
 */

import { type Change, type History, isHidden, type Photo } from "./wire";

export interface Turn {
  added: Photo[]; // newest first
  changed: Photo[];
  gone: string[];
}

/** Part of an album: the photos `admit` lets in, none before position `floor`. */
export interface Part {
  admit: (photo: Photo) => boolean;
  floor: number;
}

export class Roll {
  photos: Photo[] = [];
  cursor: number;
  /** `before` of the next older page; null at the album's very beginning. */
  next: number | null;
  readonly #known = new Map<string, { revision: number; photo: Photo | null }>();

  readonly #part: Part | undefined;

  constructor(cursor: number, page: History, part?: Part) {
    this.cursor = cursor;
    this.#part = part;
    this.next = page.next;
    this.append(page);
  }

  get(id: string): Photo | undefined {
    return this.#known.get(id)?.photo ?? undefined;
  }

  /** An older page. Returns what was new in it. */
  append(page: History): Photo[] {
    this.next = page.next !== null && page.next <= (this.#part?.floor ?? 0) ? null : page.next;
    const added = page.photos.filter((photo) => {
      if (this.#part && !this.#part.admit(photo)) return false;
      const before = this.#known.get(photo.id);
      return !before || (!before.photo && before.revision < photo.revision);
    });
    for (const photo of added) this.#known.set(photo.id, { revision: photo.revision, photo });
    this.photos.push(...added);
    this.photos.sort((a, b) => b.position - a.position);
    return added;
  }

  /** Changes in the feed's order. What lies further back than the pages read so far is left to those pages. */
  apply(changes: Change[]): Turn {
    const turn: Turn = { added: [], changed: [], gone: [] };
    for (const change of changes) {
      this.cursor = Math.max(this.cursor, change.revision);
      const before = this.#known.get(change.id);
      if (before && before.revision >= change.revision) continue;
      if (isHidden(change)) this.#bury(change, turn);
      else if (before?.photo) this.#replace(change, turn);
      else if (this.#reaches(change)) this.#add(change, turn);
    }
    turn.added.sort((a, b) => b.position - a.position);
    return turn;
  }

  #reaches(photo: Photo): boolean {
    if (this.#part && !this.#part.admit(photo)) return false;
    return this.next === null || photo.position >= this.next;
  }

  #add(photo: Photo, turn: Turn): void {
    this.#known.set(photo.id, { revision: photo.revision, photo });
    const place = this.photos.findIndex((other) => other.position < photo.position);
    this.photos.splice(place < 0 ? this.photos.length : place, 0, photo);
    turn.gone = turn.gone.filter((id) => id !== photo.id);
    turn.added.push(photo);
  }

  #replace(photo: Photo, turn: Turn): void {
    this.#known.set(photo.id, { revision: photo.revision, photo });
    this.photos[this.#place(photo.id)] = photo;
    const fresh = turn.added.findIndex((other) => other.id === photo.id);
    if (fresh >= 0) turn.added[fresh] = photo;
    else turn.changed = [...turn.changed.filter((other) => other.id !== photo.id), photo];
  }

  #bury(change: Change, turn: Turn): void {
    const place = this.#place(change.id);
    this.#known.set(change.id, { revision: change.revision, photo: null });
    if (place < 0) return;
    this.photos.splice(place, 1);
    const fresh = turn.added.length;
    turn.added = turn.added.filter((other) => other.id !== change.id);
    turn.changed = turn.changed.filter((other) => other.id !== change.id);
    if (turn.added.length === fresh) turn.gone.push(change.id);
  }

  #place(id: string): number {
    return this.photos.findIndex((photo) => photo.id === id);
  }
}
