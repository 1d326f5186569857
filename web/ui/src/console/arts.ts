/** An organization's files for its brand: choose one, or bring one. */

import type { Speech } from "../speech";
import { call, send } from "./api";
import type { BrandWords } from "./brand";
import { make } from "./dom";
import { field } from "./fields";

export interface Art {
  id: string;
  key: string;
  name: string;
  link: string;
  kind: "picture" | "cube";
  state: "checking" | "ready" | "refused";
  reason: string;
  width: number | null;
  height: number | null;
  url: string;
  size: number;
  used_by: string[];
}

interface Kept {
  arts: Art[];
  most: { files: number; bytes: number };
}

interface Context {
  speech: Speech<BrandWords>;
  notice: (text: string, undo?: () => void) => void;
  guard: (reason: unknown) => void;
}

const CHECK_MS = 400;
const CHECKS = 75;

export class Arts {
  readonly #on: Context;
  /** All files, with what needs them; what nothing needs can be removed, and taken back. */
  readonly el = make("div", { className: "marks" });
  #all: Art[] = [];
  #most = { files: 0, bytes: 0 };

  constructor(on: Context) {
    this.#on = on;
  }

  async open(): Promise<void> {
    const { arts, most } = await call<Kept>("/arts");
    this.#all = arts;
    this.#most = most;
    this.#draw();
  }

  #draw(): void {
    const { speech } = this.#on;
    const held = this.#all.reduce((sum, art) => sum + art.size, 0);
    const { files, bytes } = this.#most;
    const room = speech.say("arts_room", { n: this.#all.length, files, held: speech.size(held), bytes: speech.size(bytes) });
    const rows = this.#all.map((art) => {
      const remove = make("button", { type: "button", className: "act", onclick: () => void this.#remove(art) }, speech.say("remove"));
      remove.setAttribute("aria-label", `${speech.say("remove")} ${art.name}`);
      const used = art.used_by.length ? speech.say("art_used_by", { names: art.used_by.join(speech.language === "en" ? ", " : "、") }) : speech.say("art_unused");
      const facts = art.state === "refused" ? speech.say("art_refused", { name: "", why: art.reason }) : `${speech.size(art.size)} · ${used}`;
      const picture = art.kind === "picture" && art.state === "ready" ? make("img", { src: art.url, alt: "", loading: "lazy" }) : make("i");
      return make("section", { className: "mark-card art-row" }, picture, make("span", { className: "head-words" }, make("b", {}, art.name), make("small", {}, facts)), remove);
    });
    this.el.replaceChildren(make("p", { className: "soft" }, room), ...rows);
  }

  async #remove(art: Art): Promise<void> {
    const again = async (path: "remove" | "restore"): Promise<void> => {
      await call(`/arts/${art.id}/${path}`, {}).catch(this.#on.guard);
      await this.open().catch(this.#on.guard);
    };
    await again("remove");
    if (!this.of(art.key)) this.#on.notice(this.#on.speech.say("art_removed", { name: art.name }), () => void again("restore"));
  }

  of(key: string): Art | undefined {
    return this.#all.find((art) => art.key === key);
  }

  /** What can be shown. */
  pictures(): Art[] {
    return this.#all.filter((art) => art.kind === "picture" && art.state === "ready");
  }

  /** Pictures that can be used, the chosen one marked, and a way to bring another. */
  picker(chosen: string, pick: (art: Art) => void): HTMLElement {
    const { speech } = this.#on;
    const usable = this.pictures();
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

  /** What a sponsor is called, and where a guest's tap on their frame leads. In effect at once: no picture changes. */
  sponsor(art: Art): HTMLElement {
    const said = { name: nameOf(art), link: art.link };
    const fields = (["name", "link"] as const).map((name) => {
      const one = field({ name: `sponsor_${name}`, kind: name === "link" ? "url" : "text", label: this.#on.speech.say(`sponsor_${name}`), value: said[name], max: name === "link" ? 300 : 60 }, (value, before) => this.#change(art, { [name]: value }, () => {
        one.put(before);
        void this.#change(art, { [name]: before });
      }));
      return one.el;
    });
    return make("div", { className: "sponsor-fields" }, ...fields, make("p", { className: "soft" }, this.#on.speech.say("sponsor_link_hint")));
  }

  async #change(art: Art, said: object, undo?: () => void): Promise<boolean> {
    try {
      Object.assign(art, (await call<{ art: Art }>(`/arts/${art.id}`, said)).art);
    } catch (reason) {
      this.#on.guard(reason);
      return false;
    }
    this.#on.notice(this.#on.speech.say("saved_unused"), undo);
    return true;
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

/** Without the end of a file's name. */
export function nameOf(art: Art): string {
  return art.name.replace(/\.(png|jpe?g|webp|svg)$/i, "");
}
