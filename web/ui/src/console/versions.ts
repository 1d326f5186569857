/** Every version of a photo, and the one guests see; any of them can be shown again. */

import type { Speech } from "../speech";
import { call, type PhotoRow } from "./api";
import type { DeskWords } from "./desk";
import { make } from "./dom";
import type { Context } from "./frame";

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

export class Versions {
  readonly el = make("section", { className: "versions" });
  clean: string | null = null; // the picture as it came from the camera
  readonly #on: Context;
  readonly #speech: Speech<DeskWords>;
  readonly #changed: () => Promise<void>;
  #shown = "";

  constructor(on: Context, speech: Speech<DeskWords>, changed: () => Promise<void>) {
    this.#on = on;
    this.#speech = speech;
    this.#changed = changed;
  }

  async show(photo: PhotoRow): Promise<void> {
    const wanted = `${photo.id} ${photo.view ?? ""} ${String(photo.retouched_at)}`;
    if (wanted === this.#shown) return;
    if (!this.#shown.startsWith(`${photo.id} `)) this.clean = null;
    this.#shown = wanted;
    try {
      const { versions } = await call<{ versions: Version[] }>(`/photos/${photo.id}/versions`);
      if (this.#shown !== wanted) return;
      this.clean = (versions.find((one) => one.kind === "original") ?? versions.find((one) => one.kind === "preview"))?.url ?? null;
      this.el.replaceChildren(make("h2", {}, this.#speech.say("versions")), ...versions.map((one) => this.#row(photo, one)));
    } catch (reason) {
      this.#on.guard(reason);
    }
  }

  #row(photo: PhotoRow, one: Version): HTMLElement {
    const say = this.#speech;
    const what = `${say.say(`version_${one.kind}`)} · ${say.clock(one.stored_at)} · ${say.size(one.size)}`;
    const show = make("button", { className: "act", type: "button" }, say.say("show_this"));
    show.onclick = () => void this.#use(photo, one);
    const state = one.shown ? make("span", { className: "badge", data: { state: "live" } }, say.say("shown_now")) : show;
    return make("div", { className: "row version" }, make("p", { className: "soft" }, what), state);
  }

  async #use(photo: PhotoRow, one: Version): Promise<void> {
    try {
      await call(`/photos/${photo.id}/version`, { source_id: one.source_id });
      this.#on.notice(this.#speech.say("rendering"), () => void call(`/photos/${photo.id}/version`, { source_id: null }).then(this.#changed, this.#on.guard));
      this.#shown = "";
      await this.#changed();
    } catch (reason) {
      this.#on.guard(reason);
    }
  }
}
