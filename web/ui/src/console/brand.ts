/** The brand of an event: watermark layers, sponsors and their turns, seen as guests will see them before it is switched on. */

import "./brand.css";

import words from "../../../words/brand.json";
import type { Speech } from "../speech";
import { type AlbumRow, call, type EventNow } from "./api";
import { Arts } from "./arts";
import { type Delivered, Frames } from "./brand-frames";
import { Marks } from "./brand-marks";
import { copy, type Kit } from "./brand-parts";
import { Preview } from "./brand-preview";
import { Slots } from "./brand-slots";
import { make, put } from "./dom";
import type { Context, Screen } from "./frame";

export type BrandWords = keyof typeof words;

const TABS = ["tab_marks", "tab_frames", "tab_slots", "tab_albums", "tab_arts"] as const;
const PROGRESS_MS = 700;
const NO_KIT: Kit = { id: "", name: "", layers: [], frame: null, turns: [] };

export async function openBrand(on: Context, event: string): Promise<Screen> {
  const brand = new Brand(on, on.speech.learn(words), event);
  await brand.open();
  return brand;
}

class Brand implements Screen {
  readonly el = make("div", { className: "brand" });
  readonly #on: Context;
  readonly #speech: Speech<BrandWords>;
  readonly #event: string;
  readonly #arts: Arts;
  readonly #marks: Marks;
  readonly #frames: Frames;
  readonly #slots: Slots;
  readonly #preview: Preview;
  readonly #menu = make("select", { name: "kit" });
  readonly #name = make("input", { name: "name", maxLength: 80, autocomplete: "off" });
  readonly #albums = make("div", { className: "marks" });
  readonly #save: HTMLButtonElement;
  readonly #drop: HTMLButtonElement;
  readonly #state = make("p", { className: "soft brand-state" });
  readonly #bar = make("progress", { hidden: true, max: 1, value: 0 });
  #kits: Kit[] = [];
  #kit: Kit = copy(NO_KIT);
  #now: EventNow | null = null;
  #tab: (typeof TABS)[number] = "tab_marks";
  #waiting = 0; // photos that were stale when the progress began
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(on: Context, speech: Speech<BrandWords>, event: string) {
    this.#on = on;
    this.#speech = speech;
    this.#event = event;
    this.#arts = new Arts({ ...on, speech });
    this.#marks = new Marks(speech, this.#arts, () => this.#changed());
    this.#frames = new Frames(speech, this.#arts, () => this.#changed());
    this.#slots = new Slots({ ...on, speech, arts: this.#arts, event });
    this.#preview = new Preview({ ...on, speech, event, kit: () => this.#kit, frame: () => this.#frames.chosen, put: (place) => this.#marks.put(place) });
    this.#save = make("button", { type: "button", className: "button", onclick: () => void this.#store() }, speech.say("save"));
    this.#drop = make("button", { type: "button", className: "quiet", onclick: () => this.#choose(this.#kit.id) }, speech.say("discard"));
    this.#menu.onchange = () => this.#choose(this.#menu.value);
    this.#name.oninput = () => {
      this.#kit.name = this.#name.value;
      this.#changed(false);
    };
  }

  async open(): Promise<void> {
    const report = call<{ sponsors: Delivered[] }>(`/events/${this.#event}/report`).catch(() => ({ sponsors: [] }));
    const [now, { brands }, , , { sponsors }] = await Promise.all([
      call<EventNow>(`/events/${this.#event}`),
      call<{ brands: Kit[] }>("/brands"),
      this.#arts.open(),
      this.#preview.open(),
      report,
    ]);
    this.#now = now;
    this.#kits = brands;
    this.#frames.delivered = sponsors;
    this.#build(now.title);
    this.#choose(now.albums.find((album) => album.brand_id)?.brand_id ?? brands[0]?.id ?? "");
    await this.#progress();
  }

  close(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#preview.close();
  }

  #build(title: string): void {
    const say = this.#speech;
    const fresh = make("button", { type: "button", className: "quiet", onclick: () => void this.#add() }, say.say("new_kit"));
    const pick = make("div", { className: "brand-pick" }, make("label", {}, make("span", { className: "soft" }, say.say("kit")), this.#menu), make("label", {}, make("span", { className: "soft" }, say.say("kit_name")), this.#name), fresh);
    const tabs = TABS.map((name) => {
      const tab = make("button", { type: "button", data: { tab: name } }, say.say(name));
      tab.onclick = () => {
        this.#tab = name;
        this.#show();
      };
      return tab;
    });
    const strip = make("div", { className: "tabs brand-tabs" }, ...tabs);
    const side = make("div", { className: "brand-side" }, pick, strip, this.#marks.el, this.#frames.el, this.#slots.el, this.#albums, this.#arts.el);
    const foot = make("div", { className: "brand-foot" }, make("div", { className: "brand-told" }, this.#state, this.#bar), this.#drop, this.#save);
    const head = make("div", { className: "desk-head" }, make("h1", {}, say.say("brand_title")), make("span", { className: "soft" }, title));
    this.el.replaceChildren(make("div", { className: "event-head" }, head), make("div", { className: "brand-body" }, side, make("div", { className: "brand-main" }, this.#preview.el, foot)));
  }

  #choose(id: string): void {
    const known = this.#kits.find((kit) => kit.id === id);
    this.#kit = copy(known ?? NO_KIT);
    this.#menu.replaceChildren(...this.#kits.map((kit) => make("option", { value: kit.id, selected: kit.id === id }, kit.name)));
    this.#name.value = this.#kit.name;
    this.#name.disabled = !known;
    this.#marks.show(this.#kit);
    this.#frames.show(this.#kit);
    this.#show();
    this.#changed();
    if (known) this.#told("");
  }

  #show(): void {
    for (const tab of this.el.querySelectorAll<HTMLElement>(".brand-tabs button")) tab.setAttribute("aria-pressed", String(tab.dataset["tab"] === this.#tab));
    this.#marks.el.hidden = this.#tab !== "tab_marks";
    this.#frames.el.hidden = this.#tab !== "tab_frames";
    this.#albums.hidden = this.#tab !== "tab_albums";
    this.#slots.el.hidden = this.#tab !== "tab_slots";
    this.#arts.el.hidden = this.#tab !== "tab_arts";
    if (!this.#slots.el.hidden) void this.#slots.open().catch(this.#on.guard);
    if (!this.#arts.el.hidden) void this.#arts.open().catch(this.#on.guard);
    this.#albums.replaceChildren(...(this.#now?.albums ?? []).map((album) => this.#album(album)));
  }

  #album(album: AlbumRow): HTMLElement {
    const say = this.#speech;
    const input = make("input", { type: "checkbox", checked: album.brand_id === this.#kit.id, disabled: album.brand_id === this.#kit.id || !this.#kit.id });
    input.setAttribute("role", "switch");
    input.onchange = () => void this.#use(album);
    const other = album.brand_id && album.brand_id !== this.#kit.id ? make("small", {}, say.say("album_other")) : null;
    return make("section", { className: "mark-card album-card" }, make("span", {}, make("b", {}, album.title), " ", other), make("label", { className: "switch" }, input, make("i"), make("span", {}, say.say("album_uses"))));
  }

  get #dirty(): boolean {
    const saved = this.#kits.find((kit) => kit.id === this.#kit.id);
    return saved !== undefined && JSON.stringify(saved) !== JSON.stringify(this.#kit);
  }

  #changed(seen = true): void {
    const dirty = this.#dirty;
    this.#save.disabled = this.#drop.disabled = !dirty;
    this.#told(dirty ? this.#speech.say("unsaved") : "");
    if (seen) this.#preview.refresh();
  }

  #told(text: string): void {
    put(this.#state, text);
  }

  async #add(): Promise<void> {
    await this.#try(async () => {
      const { brand } = await call<{ brand: Kit }>("/brands", { name: this.#speech.say("kit_new_name") });
      this.#kits.push(brand);
      this.#choose(brand.id);
      this.#name.select();
    });
  }

  async #store(): Promise<void> {
    const before = this.#kits.find((kit) => kit.id === this.#kit.id);
    if (before) await this.#send(this.#kit, before);
  }

  /** What was there before comes back by being saved again. */
  async #send(kit: Kit, before: Kit): Promise<void> {
    const { name, frame } = kit;
    const layers = kit.layers.filter((layer) => layer.text.trim() || layer.art_key);
    const turns = kit.turns;
    await this.#try(async () => {
      const { brand, albums } = await call<{ brand: Kit; albums: string[] }>(`/brands/${kit.id}`, { name, layers, frame, turns });
      this.#kits = this.#kits.map((one) => (one.id === brand.id ? brand : one));
      this.#choose(brand.id);
      this.#on.notice(this.#speech.say(albums.length ? "saved" : "saved_unused"), () => void this.#send(copy(before), brand));
      await this.#progress();
    });
  }

  async #use(album: AlbumRow): Promise<void> {
    await this.#try(async () => {
      await call(`/albums/${album.id}/brand`, { watermark: true, frame: true, brand_id: this.#kit.id });
      await this.#progress();
      this.#show();
    });
  }

  /** How many photos guests see with the new brand already. */
  async #progress(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#ended) return;
    try {
      this.#now = await call<EventNow>(`/events/${this.#event}`);
    } catch (reason) {
      this.#on.guard(reason);
      return;
    }
    const mine = this.#now.albums.filter((album) => album.brand_id === this.#kit.id);
    const stale = mine.reduce((sum, album) => sum + album.stale, 0);
    const all = mine.reduce((sum, album) => sum + album.photos, 0);
    const were = this.#waiting;
    this.#waiting = stale ? Math.max(were, stale, all) : 0;
    this.#bar.hidden = !stale;
    if (stale) {
      this.#bar.max = this.#waiting;
      this.#bar.value = this.#waiting - stale;
      this.#told(`${this.#speech.say("progress", { done: this.#waiting - stale, all: this.#waiting })} · ${this.#speech.say("no_gap")}`);
      this.#timer = setTimeout(() => void this.#progress(), PROGRESS_MS);
    } else if (were) this.#told(this.#speech.say("progress_done", { all }));
  }

  async #try(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (reason) {
      this.#on.guard(reason);
    }
  }
}
