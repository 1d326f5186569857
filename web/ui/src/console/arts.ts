/** An organization's files for its brand: choose one, or bring one. */

import type { Speech } from "../speech";
import { call, send } from "./api";
import type { BrandWords } from "./brand";
import { make } from "./dom";

export interface Art {
  id: string;
  key: string;
  name: string;
  kind: "picture" | "cube";
  state: "checking" | "ready" | "refused";
  reason: string;
  width: number | null;
  height: number | null;
  url: string;
}

interface Context {
  speech: Speech<BrandWords>;
  notice: (text: string) => void;
  guard: (reason: unknown) => void;
}

const CHECK_MS = 400;
const CHECKS = 75;

export class Arts {
  readonly #on: Context;
  #all: Art[] = [];

  constructor(on: Context) {
    this.#on = on;
  }

  async open(): Promise<void> {
    this.#all = (await call<{ arts: Art[] }>("/arts")).arts;
  }

  of(key: string): Art | undefined {
    return this.#all.find((art) => art.key === key);
  }

  /** Pictures that can be used, the chosen one marked, and a way to bring another. */
  picker(chosen: string, pick: (art: Art) => void): HTMLElement {
    const { speech } = this.#on;
    const usable = this.#all.filter((art) => art.kind === "picture" && art.state === "ready");
    const tiles = usable.map((art) => {
      const tile = make("button", { type: "button", className: "art-tile", title: art.name, onclick: () => pick(art) }, make("img", { src: art.url, alt: art.name, loading: "lazy" }));
      tile.setAttribute("aria-pressed", String(art.key === chosen));
      return tile;
    });
    const input = make("input", { type: "file", accept: ".png,.jpg,.jpeg,.webp,.svg", className: "unseen" });
    const label = make("label", { className: "quiet art-upload" }, input, speech.say("upload"));
    input.onchange = () => void this.#bring(input.files?.[0], label, pick);
    const none = usable.length ? null : make("p", { className: "soft" }, speech.say("arts_none"));
    return make("div", { className: "arts" }, none, make("div", { className: "art-tiles" }, ...tiles), label);
  }

  async #bring(file: File | undefined, label: HTMLElement, pick: (art: Art) => void): Promise<void> {
    if (!file) return;
    const { speech } = this.#on;
    label.lastChild?.replaceWith(speech.say("uploading"));
    try {
      let { art } = await send<{ art: Art }>(`/arts?name=${encodeURIComponent(file.name)}`, file);
      for (let tries = 0; art.state === "checking" && tries < CHECKS; tries++) {
        await new Promise((resolve) => setTimeout(resolve, CHECK_MS));
        await this.open();
        art = this.of(art.key) ?? art;
      }
      if (art.state === "ready") pick(art);
      else this.#on.notice(speech.say("art_refused", { name: art.name, why: art.reason }));
    } catch (reason) {
      this.#on.guard(reason);
    } finally {
      label.lastChild?.replaceWith(speech.say("upload"));
    }
  }
}
