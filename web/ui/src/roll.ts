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
  gone: Photo[];
}

/** Part of an album: the photos `admit` lets in, none before position `floor`; newest first, unless ordered otherwise. */
export interface Part {
  admit: (photo: Photo) => boolean;
  floor: number;
  order?: (a: Photo, b: Photo) => number;
}

interface Known {
  revision: number;
  /** On the roll. */
  photo?: Photo;
  /** Seen in a change, but further back than the pages read so far; a page that is on its way may not have it. */
  beyond?: Photo;
}

export class Roll {
  photos: Photo[] = [];
  cursor: number;
  /** `before` of the next older page; null at the album's very beginning. */
  next: number | null = null;
  readonly #known = new Map<string, Known>();
  readonly #part: Part | undefined;

  constructor(cursor: number, page: History, part?: Part) {
    this.cursor = cursor;
    this.#part = part;
    this.append(page);
  }

  get(id: string): Photo | undefined {
    return this.#known.get(id)?.photo;
  }

  /** An older page. Returns what it brought, newest first. */
  append(page: History): Photo[] {
    this.next = page.next !== null && page.next <= (this.#part?.floor ?? 0) ? null : page.next;
    const added: Photo[] = [];
    const take = (photo: Photo): void => {
      added.push(photo);
      this.#known.set(photo.id, { revision: photo.revision, photo });
    };
    page.photos.filter((photo) => this.#isNews(photo)).forEach(take);
    for (const { beyond } of [...this.#known.values()]) if (beyond && this.#reaches(beyond)) take(beyond);
    added.sort((a, b) => b.position - a.position);
    this.photos = [...this.photos, ...added].sort(this.#part?.order ?? ((a, b) => b.position - a.position));
    return added;
  }

  /** Changes in the feed's order. */
  apply(changes: Change[]): Turn {
    const turn: Turn = { added: [], changed: [], gone: [] };
    for (const change of changes) {
      this.cursor = Math.max(this.cursor, change.revision);
      const before = this.#known.get(change.id);
      if (before && before.revision >= change.revision) continue;
      if (isHidden(change)) this.#bury(change, turn);
      else if (before?.photo) this.#replace(change, turn);
      else if (this.#reaches(change)) this.#add(change, turn);
      else this.#known.set(change.id, { revision: change.revision, beyond: change });
    }
    turn.added.sort((a, b) => b.position - a.position);
    return turn;
  }

  #isNews(photo: Photo): boolean {
    const before = this.#known.get(photo.id);
    return this.#admits(photo) && (!before || before.revision < photo.revision) && !before?.photo;
  }

  #admits(photo: Photo): boolean {
    return !this.#part || this.#part.admit(photo);
  }

  #reaches(photo: Photo): boolean {
    return this.#admits(photo) && (this.next === null || photo.position >= this.next);
  }

  #add(photo: Photo, turn: Turn): void {
    this.#known.set(photo.id, { revision: photo.revision, photo });
    const place = this.photos.findIndex((other) => other.position < photo.position);
    this.photos.splice(place < 0 ? this.photos.length : place, 0, photo);
    turn.gone = turn.gone.filter((other) => other.id !== photo.id);
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
    this.#known.set(change.id, { revision: change.revision });
    const [photo] = place < 0 ? [] : this.photos.splice(place, 1);
    if (!photo) return;
    const fresh = turn.added.length;
    turn.added = turn.added.filter((other) => other.id !== change.id);
    turn.changed = turn.changed.filter((other) => other.id !== change.id);
    if (turn.added.length === fresh) turn.gone.push(photo);
  }

  #place(id: string): number {
    return this.photos.findIndex((photo) => photo.id === id);
  }
}
