/** The line that says whether the album lives: «● 直播中 · 1,284 张照片 · 3 秒前更新». */

import type { AlbumWords } from "./album";
import type { Carrier } from "./follow";
import type { Speech } from "./speech";

export class Pulse {
  readonly #speech: Speech<AlbumWords>;
  readonly #el: HTMLElement;
  closed: boolean;
  #how: Carrier | "connecting" = "connecting";
  #photos = 0;
  #latest: number | null = null;

  constructor(speech: Speech<AlbumWords>, el: HTMLElement, closed: boolean) {
    this.#speech = speech;
    this.#el = el;
    this.closed = closed;
    setInterval(() => document.hidden || this.draw(), 10_000);
  }

  carrier(how: Carrier): void {
    if (how === this.#how) return;
    this.#how = how;
    this.draw();
  }

  count(photos: number, latest: number | null): void {
    this.#photos = photos;
    this.#latest = latest ?? this.#latest;
    this.draw();
  }

  draw(): void {
    const speech = this.#speech;
    const state = this.closed ? "closed" : this.#how === "none" ? "offline" : "live";
    this.#el.dataset["state"] = state;
    this.#el.dataset["carrier"] = this.#how;
    const words = [speech.say("count", { n: speech.number(this.#photos) })];
    if (state === "live" && this.#latest && this.#photos) words.push(this.#fresh(Date.now() - this.#latest));
    this.#put("state", speech.say(state));
    this.#put("count", words.join(" · "));
  }

  #fresh(ago: number): string {
    if (ago < 5_000) return this.#speech.say("fresh");
    if (ago < 60_000) return this.#speech.say("fresh_s", { n: Math.floor(ago / 10_000) * 10 || 5 });
    if (ago < 3_600_000) return this.#speech.say("fresh_min", { n: Math.floor(ago / 60_000) });
    return this.#speech.clock(this.#latest ?? 0);
  }

  #put(part: string, text: string): void {
    const el = this.#el.querySelector(`[data-part=${part}]`);
    if (el && el.textContent !== text) el.textContent = text;
  }
}
