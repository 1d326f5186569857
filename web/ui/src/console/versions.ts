/** Every version of a photo and all settings it was given; any of them can be shown again. */

import type { Speech } from "../speech";
import { call, type Look, type PhotoRow } from "./api";
import type { DeskWords } from "./desk";
import { make } from "./dom";

interface Version {
  source_id: string;
  kind: "preview" | "original" | "retouched";
  size: number;
  stored_at: number;
  refusal: string | null;
  shown: boolean;
  wanted: boolean;
  url: string;
}

interface Adjustment {
  id: string;
  look: Look | null;
  made_at: number;
  by: string;
}

interface Known {
  versions: Version[];
  adjustments: Adjustment[];
  look: Look | null;
}

interface Context {
  speech: Speech<DeskWords>;
  notice: (text: string, undo?: () => void) => void;
  guard: (reason: unknown) => void;
  use: (photo: PhotoRow, look: Look | null) => Promise<void>;
  changed: () => Promise<void>;
}

const NAMED = ["ev", "warmth", "tint", "contrast", "vibrance", "smooth", "turn"] as const;
const AFTER_MS = 150; // whoever runs through photos asks for none of this

export class Versions {
  readonly el = make("section", { className: "versions" });
  readonly #on: Context;
  #shown = "";

  constructor(on: Context) {
    this.#on = on;
  }

  async show(photo: PhotoRow): Promise<void> {
    const wanted = `${photo.id} ${photo.view ?? ""} ${String(photo.retouched_at)}`;
    if (wanted === this.#shown) return;
    if (!this.#shown.startsWith(`${photo.id} `)) this.el.replaceChildren();
    this.#shown = wanted;
    await new Promise((resolve) => setTimeout(resolve, AFTER_MS));
    if (this.#shown !== wanted) return;
    try {
      const known = await call<Known>(`/photos/${photo.id}/versions`);
      if (this.#shown === wanted) this.#draw(photo, known);
    } catch (reason) {
      this.#on.guard(reason);
    }
  }

  #draw(photo: PhotoRow, { versions, adjustments, look }: Known): void {
    const say = this.#on.speech;
    const rows = versions.map((one) => this.#row(photo, one));
    this.el.replaceChildren(make("h2", {}, say.say("versions")), ...rows);
    if (!adjustments.length) return;
    const now = JSON.stringify(look);
    let marked = false;
    const given = adjustments.map((one) => {
      const shown = !marked && JSON.stringify(one.look) === now;
      marked ||= shown;
      return this.#line(`${this.#words(one.look)} · ${[one.by, say.clock(one.made_at)].filter(Boolean).join(" ")}`, shown, () => this.#on.use(photo, one.look));
    });
    this.el.append(make("h2", {}, say.say("adjustments")), ...given);
    if (!adjustments.some((one) => one.look === null)) this.el.append(this.#line(say.say("album_look"), look === null, () => this.#on.use(photo, null)));
  }

  #words(look: Look | null): string {
    const say = this.#on.speech;
    if (look === null) return say.say("album_look");
    const parts = NAMED.filter((name) => look[name]).map((name) => `${say.say(name)} ${Number(look[name]) > 0 ? "+" : ""}${Number(look[name])}`);
    if (look["crop"]) parts.push(say.say("crop"));
    return parts.slice(0, 3).join(" ") || String(look["preset"] ?? "");
  }

  #row(photo: PhotoRow, one: Version): HTMLElement {
    const say = this.#on.speech;
    const what = `${say.say(`version_${one.kind}`)} · ${say.clock(one.stored_at)} · ${say.size(one.size)}`;
    return this.#line(what, one.shown, () => this.#back(photo, one));
  }

  #line(what: string, shown: boolean, use: () => Promise<void>): HTMLElement {
    const say = this.#on.speech;
    const button = make("button", { className: "act", type: "button", onclick: () => void use() }, say.say("show_this"));
    const state = shown ? make("span", { className: "badge", data: { state: "live" } }, say.say("shown_now")) : button;
    return make("div", { className: "row version" }, make("p", { className: "soft" }, what), state);
  }

  async #back(photo: PhotoRow, one: Version): Promise<void> {
    try {
      await call(`/photos/${photo.id}/version`, { source_id: one.source_id });
      this.#on.notice(this.#on.speech.say("rendering"), () => void call(`/photos/${photo.id}/version`, { source_id: null }).then(this.#on.changed, this.#on.guard));
      this.#shown = "";
      await this.#on.changed();
    } catch (reason) {
      this.#on.guard(reason);
    }
  }
}
