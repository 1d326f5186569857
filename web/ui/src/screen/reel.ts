/**
 * The reel of the big screen: which photos may be shown, and their pictures, held ready in memory.
 *
 * Only what is loaded is ever put on screen, so a lost network shows nothing worse than photos seen before.
 */

import { Roll } from "../roll";
import { ask, type Change, type History, type Photo, recall, remember } from "../wire";

const HELD = 90; // pictures held in memory
const READ = 900; // photos looked through for those that may be shown
const HOUR_MS = 3_600_000;
const BARRED = "screen-barred";
const AT_ONCE = 3;
const RETRY_MS = 5_000;

export interface Arrival {
  photo: Photo;
  fresh: boolean; // it came while we were looking
}

export const CHOICES = ["all", "hour", "finished"] as const;
/** all; taken within the last hour; finished: only what a person retouched. */
export type Choice = (typeof CHOICES)[number];

export class Reel {
  /** Called when a picture has become ready to be shown. */
  ready: (arrival: Arrival) => void = () => undefined;
  /** Called when a photo must leave the screen at once. */
  gone: (id: string) => void = () => undefined;
  /** Called when better bytes of a photo are ready. */
  better: (photo: Photo) => void = () => undefined;
  readonly #roll: Roll;
  /** How long a new photo waits, so that somebody may still take it down. */
  safeMs: number;
  #choice: Choice;
  /** Photos the one at the controls does not want on a screen; they stay in the album. */
  readonly #barred = new Set<string>(JSON.parse(recall(BARRED) ?? "[]") as string[]);
  readonly #pictures = new Map<string, HTMLImageElement>(); // by URL
  readonly #loading = new Set<string>();
  readonly #fresh = new Set<string>();

  constructor(roll: Roll, safeMs: number, choice: Choice) {
    this.#roll = roll;
    this.safeMs = safeMs;
    this.#choice = choice;
    void this.#fill();
    setInterval(() => this.#load(), RETRY_MS);
    addEventListener("online", () => this.#load());
  }

  get cursor(): number {
    return this.#roll.cursor;
  }

  /** Photos whose pictures are here, newest first. */
  shown(): Photo[] {
    return this.#wanted().filter((photo) => this.#pictures.has(photo.urls.view));
  }

  /** Every sixth photo or more stands upright. */
  standing(): boolean {
    const wanted = this.#wanted();
    return wanted.filter((photo) => photo.height > photo.width).length * 6 >= wanted.length;
  }

  choose(choice: Choice): void {
    this.#choice = choice;
    void this.#fill();
  }

  /** Not on this screen, not even after a restart. */
  bar(id: string): void {
    this.#barred.add(id);
    remember(BARRED, JSON.stringify([...this.#barred].slice(-500)));
    this.gone(id);
  }

  /** What may be shown, newest first; while nothing fits the choice, everything does: a screen is never empty. */
  #wanted(): Photo[] {
    const allowed = this.#roll.photos.filter((photo) => !this.#barred.has(photo.id));
    const chosen = allowed.filter((photo) => this.#fits(photo));
    return (chosen.length ? chosen : allowed).slice(0, HELD);
  }

  #fits(photo: Photo): boolean {
    if (this.#choice === "finished") return photo.stage === "retouched";
    return this.#choice === "all" || (photo.shot_at ?? photo.live_at ?? 0) > Date.now() - HOUR_MS;
  }

  /** An element with the photo's picture, already decoded; a copy, since the same photo may hang twice. */
  picture(photo: Photo): HTMLImageElement | null {
    const held = this.#pictures.get(photo.urls.view);
    if (!held) return null;
    const copy = held.cloneNode() as HTMLImageElement;
    copy.alt = "";
    return copy;
  }

  hear(changes: Change[]): void {
    const turn = this.#roll.apply(changes);
    for (const photo of turn.gone) {
      this.#pictures.delete(photo.urls.view);
      this.gone(photo.id);
    }
    for (const photo of turn.added) this.#fresh.add(photo.id);
    for (const photo of turn.changed) if (!this.#fresh.has(photo.id)) this.#want(photo, () => this.better(photo));
    if (turn.added.length) setTimeout(() => this.#load(), this.safeMs);
  }

  async #fill(): Promise<void> {
    this.#load();
    while (this.#roll.next !== null && this.#wanted().length < HELD && this.#roll.photos.length < READ) {
      try {
        const album = this.#roll.photos[0]?.album_id ?? "";
        this.#roll.append(await ask<History>(`/mp/v1/albums/${album}/photos?before=${this.#roll.next}&limit=50`));
        this.#load();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** Load the newest pictures that are not here yet, few at a time; forget the oldest. */
  #load(): void {
    const wanted = this.#wanted();
    const urls = new Set(wanted.map((photo) => photo.urls.view));
    for (const url of this.#pictures.keys()) if (!urls.has(url)) this.#pictures.delete(url);
    for (const photo of wanted) {
      if (this.#loading.size >= AT_ONCE) return;
      const waits = this.#fresh.has(photo.id) && Date.now() < (photo.live_at ?? 0) + this.safeMs;
      if (!waits && !this.#pictures.has(photo.urls.view)) {
        this.#want(photo, () => this.ready({ photo, fresh: this.#fresh.delete(photo.id) }));
      }
    }
  }

  #want(photo: Photo, then: () => void): void {
    const url = photo.urls.view;
    if (this.#loading.has(url)) return;
    this.#loading.add(url);
    const img = new Image();
    img.decoding = "async";
    img.src = url;
    img
      .decode()
      .then(() => {
        this.#pictures.set(url, img);
        if (this.#roll.get(photo.id)) then();
        this.#loading.delete(url);
        this.#load();
      })
      .catch(() => this.#loading.delete(url)); // asked for again by the timer
  }
}
