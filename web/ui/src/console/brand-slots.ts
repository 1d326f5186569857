/** Sponsors' pictures on pages: between photos, on the start page, where photos are taken home. In effect at once. */

import type { Speech } from "../speech";
import { call } from "./api";
import { type Art, type Arts, nameOf } from "./arts";
import type { BrandWords } from "./brand";
import { button, make } from "./dom";
import { type Choice, field, type Said, type Value } from "./fields";

type Slot = "start" | "tile" | "download";

interface Placement extends Record<string, Value> {
  id: string;
  slot: Slot;
  art_key: string;
  sponsor_key: string;
  words: string;
  share: number;
  cap: number;
}

interface Context {
  speech: Speech<BrandWords>;
  notice: (text: string, undo?: () => void) => void;
  guard: (reason: unknown) => void;
  arts: Arts;
  event: string;
}

const SLOTS: Slot[] = ["start", "tile", "download"];

export class Slots {
  readonly el = make("div", { className: "marks" });
  readonly #on: Context;
  #all: Placement[] = [];
  #every = 12;
  #adding: Slot | undefined;

  constructor(on: Context) {
    this.#on = on;
  }

  async open(): Promise<void> {
    const found = await call<{ placements: Placement[]; tile_every: number }>(`/events/${this.#on.event}/placements`);
    this.#all = found.placements;
    this.#every = found.tile_every;
    this.#draw();
  }

  #draw(): void {
    const say = this.#on.speech;
    const none = this.#all.length ? null : make("p", { className: "soft slots-none" }, say.say("slots_none"));
    this.el.replaceChildren(...[none].filter((one) => one !== null), ...SLOTS.map((slot) => this.#section(slot)));
  }

  #section(slot: Slot): HTMLElement {
    const say = this.#on.speech;
    const mine = this.#all.filter((one) => one.slot === slot);
    const shares = mine.reduce((sum, one) => sum + one.share, 0);
    const add = button(say.say("slot_add"), () => {
      this.#adding = this.#adding === slot ? undefined : slot;
      this.#draw();
    }, "quiet");
    add.setAttribute("aria-label", `${say.say("slot_add")} · ${say.say(`slot_${slot}`)}`);
    const picker = this.#adding === slot ? this.#on.arts.picker("", (art) => void this.#add(slot, art)) : null;
    const every = slot === "tile" && mine.length ? this.#field({ name: "tile_every", kind: "number", label: say.say("tile_every"), value: this.#every, max: 60 }, `/events/${this.#on.event}`) : null;
    const el = make("section", { className: "slot", data: { slot } }, make("h3", {}, say.say(`slot_${slot}`)), make("p", { className: "soft" }, say.say(`slot_${slot}_hint`)), every, ...mine.map((one) => this.#card(one, shares)), make("p", { className: "links" }, add), picker);
    el.setAttribute("aria-label", say.say(`slot_${slot}`));
    return el;
  }

  #card(one: Placement, shares: number): HTMLElement {
    const say = this.#on.speech;
    const { arts } = this.#on;
    const art = arts.of(one.art_key);
    const whose = arts.of(one.sponsor_key) ?? art;
    const name = whose ? nameOf(whose) : one.art_key;
    const picture = make("span", { className: "slot-shown" }, make("img", { src: art?.url ?? "", alt: "" }), make("small", {}, make("b", {}, say.say("slot_label")), ` ${one.words || name}`));
    const facts = [say.say("share_of", { n: Math.round((one.share / shares) * 100) }), whose !== undefined && whose.link !== "" ? whose.link : say.say("slot_no_link")];
    const choices: Choice[] = [["", say.say("slot_own")], ...arts.pictures().filter((other) => other.key !== one.art_key).map((other): Choice => [other.key, nameOf(other)])];
    const fields: Said[] = [
      { name: "words", kind: "text", label: say.say("slot_words"), value: one.words, max: 60 },
      { name: "sponsor_key", kind: "choice", label: say.say("slot_sponsor"), value: one.sponsor_key, choices },
      { name: "share", kind: "number", label: say.say("share"), value: one.share, max: 100 },
      { name: "cap", kind: "number", label: say.say("slot_cap"), value: one.cap, max: 100 },
      { name: "from_at", kind: "moment", label: say.say("from_at"), value: one["from_at"] ?? null },
      { name: "until_at", kind: "moment", label: say.say("until_at"), value: one["until_at"] ?? null },
    ];
    const remove = button(say.say("remove"), () => void this.#remove(one), "act");
    remove.setAttribute("aria-label", `${say.say("remove")} ${name} · ${say.say(`slot_${one.slot}`)}`);
    const head = make("div", { className: "slot-head" }, picture, make("span", { className: "head-words" }, make("b", {}, name), make("small", {}, facts.join(" · "))));
    return make("section", { className: "mark-card slot-card" }, head, make("div", { className: "fields" }, ...fields.map((said) => this.#field(said, `/placements/${one.id}`))), make("p", { className: "switches" }, remove));
  }

  #field(said: Said, path: string): HTMLElement {
    const control = field(said, async (value, before) => {
      const kept = await this.#send(path, { [said.name]: value });
      if (kept) this.#on.notice(this.#on.speech.say("slot_saved"), () => void this.#send(path, { [said.name]: before }));
      return kept;
    });
    return control.el;
  }

  async #send(path: string, body: object): Promise<boolean> {
    try {
      await call(path, body);
      await this.open();
      return true;
    } catch (reason) {
      this.#on.guard(reason);
      return false;
    }
  }

  async #add(slot: Slot, art: Art): Promise<void> {
    this.#adding = undefined;
    if (await this.#send(`/events/${this.#on.event}/placements`, { slot, art_key: art.key })) this.#on.notice(this.#on.speech.say("slot_saved"));
    else this.#draw();
  }

  async #remove(one: Placement): Promise<void> {
    const { id: _, ...said } = one;
    const back = (): void => void this.#send(`/events/${this.#on.event}/placements`, said);
    if (await this.#send(`/placements/${one.id}/remove`, {})) this.#on.notice(this.#on.speech.say("slot_removed"), back);
  }
}
