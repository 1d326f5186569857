/** The table of photos: newest first, by state, hide and restore. It follows what happens while it is looked at. */

import words from "../../../words/photos.json";
import type { ConsoleWords } from "../console";
import { Speech } from "../speech";
import { type AlbumRow, call, type PhotoRow, type PhotoState } from "./api";
import { Chosen } from "./chosen";
import { make, put } from "./dom";
import type { Looks } from "./looks";
import { openPhoto } from "./photo_sheet";

export type PhotoWords = keyof typeof words;

const PAGE = 60;
const ACTIONS: Record<PhotoState, ConsoleWords | null> = {
  announced: null,
  stored: "approve",
  live: "hide",
  hidden: "restore",
  rejected: null,
};
type Filter = PhotoState | "held" | "";
const FILTERS: Filter[] = ["", "live", "stored", "held", "hidden", "rejected"];
const LEAN = { degrees: 0.5, sure: 0.5 }; // less is not worth a word

interface Context {
  speech: Speech<ConsoleWords>;
  event: string;
  looks: Looks;
  reasons: Record<string, string[]>;
  notice: (text: string, undo?: () => void) => void;
  guard: (reason: unknown) => void;
}

export class PhotoTable {
  readonly el = make("section", { className: "panel wide" });
  readonly #on: Context;
  readonly #body = make("tbody");
  readonly #rows = new Map<string, HTMLTableRowElement>();
  readonly #more: HTMLButtonElement;
  readonly #none: HTMLElement;
  readonly #chosen: Chosen;
  readonly #words = new Speech<PhotoWords>({ ...words });
  readonly #narrow = make("div", { className: "narrow" });
  readonly #all = make("input", { type: "checkbox", className: "tick" });
  #last: string | null = null; // the photo ticked before, where a range begins
  #filter: Filter = "";
  #photos: PhotoRow[] = [];

  constructor(on: Context) {
    this.#on = on;
    const { speech } = on;
    this.#more = make("button", { className: "quiet", type: "button", onclick: () => void this.#older() }, speech.say("more"));
    this.#none = make("p", { className: "soft none" }, speech.say("none"));
    const heads: ConsoleWords[] = ["photo", "camera", "shot", "lag", "source", "state"];
    const head = make("tr", {}, ...heads.map((key) => make("th", { scope: "col" }, speech.say(key))), make("td"));
    this.#all.setAttribute("aria-label", this.#words.say("all_shown"));
    this.#all.onchange = () => this.#tickAll(this.#all.checked);
    head.firstElementChild?.prepend(this.#all, " ");
    const table = make("table", { className: "photos" }, make("thead", {}, head), this.#body);
    this.#chosen = new Chosen({ ...on, words: this.#words, changed: () => this.#draw(), reload: () => this.refresh() });
    this.el.append(make("div", { className: "panel-head" }, make("h2", {}, speech.say("photos")), this.#filters()), this.#narrow, this.#chosen.el, table, this.#none, this.#more);
  }

  /** What there is to choose from. */
  offer(albums: AlbumRow[], cameras: string[]): void {
    this.#chosen.albums(albums);
    const say = this.#words.say.bind(this.#words);
    const menu = (name: string, label: string, options: [string, string][]): HTMLSelectElement => {
      const select = make("select", { name }, ...options.map(([value, text]) => make("option", { value }, text)));
      select.setAttribute("aria-label", label);
      select.onchange = () => this.#again();
      return select;
    };
    const search = make("input", { name: "name", type: "search", placeholder: say("search"), maxLength: 80 });
    search.setAttribute("aria-label", say("search"));
    search.onchange = () => this.#again();
    const stars = [1, 2, 3, 4, 5].map((n): [string, string] => [String(n), say("stars_n", { n })]);
    const tag = menu("tag", say("all_tags"), [["", say("all_tags")]]);
    tag.hidden = true; // until somebody tagged one
    call<{ tags: string[] }>(`/events/${this.#on.event}/tags`)
      .then(({ tags }) => {
        tag.append(...tags.map((name) => make("option", { value: name }, `#${name}`)));
        tag.hidden = !tags.length;
      })
      .catch(this.#on.guard);
    this.#narrow.replaceChildren(
      ...(albums.length > 1 ? [menu("album_id", say("album"), [["", say("all_albums")], ...albums.map((one): [string, string] => [one.id, one.title])])] : []),
      ...(cameras.length > 1 ? [menu("camera", this.#on.speech.say("camera"), [["", say("all_cameras")], ...cameras.map((one): [string, string] => [one, one])])] : []),
      menu("stars", say("all_stars"), [["", say("all_stars")], ...stars]),
      tag,
      search,
    );
  }

  #narrowed(): [string, string][] {
    return [...this.#narrow.querySelectorAll<HTMLInputElement | HTMLSelectElement>("[name]")].map((one): [string, string] => [one.name, one.value.trim()]).filter(([, value]) => value !== "");
  }

  #again(): void {
    this.#photos = [];
    this.refresh().catch((reason: unknown) => this.#on.guard(reason));
  }

  async refresh(): Promise<void> {
    const asked = this.#filter + String(this.#narrowed());
    const page = await this.#page(undefined);
    if (asked !== this.#filter + String(this.#narrowed())) return;
    const oldest = page[page.length - 1]?.announced_at ?? 0;
    this.#photos = page.length < PAGE ? page : [...page, ...this.#photos.filter((photo) => photo.announced_at < oldest)];
    this.#draw();
  }

  async #older(): Promise<void> {
    try {
      this.#photos.push(...(await this.#page(this.#photos[this.#photos.length - 1]?.announced_at)));
      this.#draw();
    } catch (reason) {
      this.#on.guard(reason);
    }
  }

  async #page(before: number | undefined): Promise<PhotoRow[]> {
    const query = new URLSearchParams([["limit", String(PAGE)], ...this.#narrowed()]);
    if (this.#filter === "held") query.set("held", "true");
    else if (this.#filter) query.set("state", this.#filter);
    if (before !== undefined) query.set("before", String(before));
    return (await call<{ photos: PhotoRow[] }>(`/events/${this.#on.event}/photos?${query.toString()}`)).photos;
  }

  #filters(): HTMLElement {
    const tabs = make("div", { className: "tabs" });
    tabs.setAttribute("role", "group");
    tabs.append(
      ...FILTERS.map((state) => {
        const tab = make("button", { type: "button" }, this.#on.speech.say(state ? `state_${state}` : "all"));
        tab.setAttribute("aria-pressed", String(state === this.#filter));
        tab.onclick = () => {
          this.#filter = state;
          this.#photos = [];
          tabs.querySelectorAll("button").forEach((other) => other.setAttribute("aria-pressed", String(other === tab)));
          this.refresh().catch((reason: unknown) => this.#on.guard(reason));
        };
        return tab;
      }),
    );
    return tabs;
  }

  #draw(): void {
    const kept = new Set(this.#photos.map((photo) => photo.id));
    for (const [id, row] of this.#rows) {
      if (kept.has(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    let place = this.#body.firstElementChild;
    for (const photo of this.#photos) {
      const row = this.#rows.get(photo.id) ?? this.#row(photo);
      this.#fill(row, photo);
      if (row === place) place = place.nextElementSibling;
      else this.#body.insertBefore(row, place);
    }
    this.#more.hidden = this.#photos.length < PAGE || this.#photos.length % PAGE !== 0;
    this.#none.hidden = this.#photos.length > 0;
    if (!this.#photos.length) this.#teach();
    this.#all.checked = this.#photos.length > 0 && this.#photos.every((photo) => this.#chosen.has(photo.id));
  }

  /** Why nothing is here, and what to do about it. */
  #teach(): void {
    const say = this.#words.say.bind(this.#words);
    const clear = make("button", { type: "button", className: "quiet" }, say("clear"));
    clear.onclick = () => {
      this.#narrow.querySelectorAll<HTMLInputElement>("[name]").forEach((one) => (one.value = ""));
      this.#again();
    };
    const narrowed = this.#narrowed().length > 0;
    if (this.#none.dataset["why"] === `${this.#filter}${narrowed}`) return;
    this.#none.dataset["why"] = `${this.#filter}${narrowed}`;
    if (narrowed) this.#none.replaceChildren(say("no_match"), " ", clear);
    else if (this.#filter) this.#none.replaceChildren(this.#on.speech.say("none"));
    else this.#none.replaceChildren(say("first"), " ", make("a", { href: "/pair" }, say("connect")));
  }

  #tickAll(on: boolean): void {
    for (const photo of this.#photos) this.#chosen.tick(photo.id, photo.name, on);
    this.#draw();
  }

  /** With Shift: everything since the one before. */
  #tick(photo: PhotoRow, on: boolean, range: boolean): void {
    const at = this.#photos.findIndex((one) => one.id === photo.id);
    const from = this.#photos.findIndex((one) => one.id === this.#last);
    const part = range && from >= 0 ? this.#photos.slice(Math.min(at, from), Math.max(at, from) + 1) : [photo];
    for (const one of part) this.#chosen.tick(one.id, one.name, on);
    this.#last = photo.id;
    this.#draw();
  }

  #row(photo: PhotoRow): HTMLTableRowElement {
    const cells = ["name", "camera", "shot", "lag", "source", "state", "act"].map((part) => make("td", { data: { part } }));
    const tick = make("input", { type: "checkbox", className: "tick" });
    tick.setAttribute("aria-label", `${this.#on.speech.say("choose")} ${photo.name}`);
    let shift = false;
    tick.onclick = (event) => {
      shift = event.shiftKey; // a handler that answers false would take the tick back
    };
    tick.onchange = () => this.#tick(photo, tick.checked, shift);
    const look = make("button", { type: "button", className: "look-at" }, make("span", { className: "thumb" }), make("span", { className: "name" }, photo.name || photo.id));
    look.setAttribute("aria-label", this.#words.say("look_at", { name: photo.name || photo.id }));
    look.onclick = () => void this.#open(photo.id);
    cells[0]?.append(tick, look);
    cells[5]?.append(make("span", { className: "badge" }), make("small"));
    const act = make("button", { className: "act", type: "button" });
    act.onclick = () => void this.#act(photo.id);
    cells[6]?.append(act);
    const row = make("tr", {}, ...cells);
    this.#rows.set(photo.id, row);
    return row;
  }

  #fill(row: HTMLTableRowElement, photo: PhotoRow): void {
    const cell = (part: string): HTMLElement | null => row.querySelector(`[data-part=${part}]`);
    const thumb = cell("name")?.querySelector(".thumb");
    if (!photo.thumb) thumb?.replaceChildren();
    else if (thumb?.firstElementChild?.getAttribute("src") !== photo.thumb) {
      thumb?.replaceChildren(make("img", { src: photo.thumb, alt: "", loading: "lazy" }));
    }
    for (const [part, text] of Object.entries(this.#texts(photo))) put(cell(part), text);
    this.#mark(row, photo);
    this.#button(row, photo);
  }

  /** Its state, what is doubtful about it, whether it is ticked, what the look did. */
  #mark(row: HTMLTableRowElement, photo: PhotoRow): void {
    const state = row.querySelector("[data-part=state]");
    const badge = state?.querySelector<HTMLElement>(".badge");
    if (badge) badge.dataset["state"] = photo.state;
    put(badge, this.#on.speech.say(`state_${photo.state}`));
    put(state?.querySelector("small"), this.#why(photo.refusal) || this.#doubts(photo));
    const [name, tags] = [photo.name || photo.id, photo.tags.map((one) => ` #${one}`).join("")];
    const named = row.querySelector(".look-at .name");
    if (named?.textContent !== name + tags) named?.replaceChildren(name, make("small", {}, tags));
    const tick = row.querySelector<HTMLInputElement>(".tick");
    if (tick) tick.checked = this.#chosen.has(photo.id);
    const thumb = row.querySelector<HTMLElement>(".thumb");
    if (thumb) thumb.title = this.#applied(photo);
  }

  #texts(photo: PhotoRow): Record<string, string> {
    const { speech } = this.#on;
    const { live_at: live, bridged_at: bridged } = photo;
    const lag = live !== null && bridged !== null ? (live - bridged) / 1000 : null;
    return {
      camera: photo.camera,
      shot: photo.shot_at === null ? "" : speech.clock(photo.shot_at),
      lag: lag === null ? "" : speech.say("seconds", { n: lag < 10 ? lag.toFixed(1) : Math.round(lag) }),
      source: speech.say(photo.retouched_at ? "source_retouched" : photo.original_at ? "source_original" : "source_preview"),
    };
  }

  /** The platform's own words for a refusal. */
  #why(code: string | null): string {
    const words = code === null ? undefined : this.#on.reasons[code];
    return words?.[this.#on.speech.language === "en" ? 1 : 0] ?? code ?? "";
  }

  /** Why a machine is not sure of it, and by how much it leans. */
  #doubts(photo: PhotoRow): string {
    const { speech } = this.#on;
    const words = photo.held.map((one) => speech.say(`held_${one}`));
    const { turn = 0, sure = 0 } = photo.aids ?? {};
    if (Math.abs(turn) >= LEAN.degrees && sure >= LEAN.sure && !photo.own_look?.["turn"]) words.push(speech.say("leans", { n: turn.toFixed(1) }));
    return words.join(" · ");
  }

  /** What the look did, in numbers that differ from doing nothing. */
  #applied(photo: PhotoRow): string {
    const { speech } = this.#on;
    const still: Record<string, number> = { red: 1, green: 1, blue: 1 };
    const done = Object.entries(photo.look).filter(([name, value]) => Math.abs(value - (still[name] ?? 0)) >= 0.005);
    const words = done.map(([name, value]) => `${speech.say(`look_${name}` as ConsoleWords)} ${value.toFixed(2)}`);
    return words.length ? words.join(" · ") : speech.say("look_nothing");
  }

  #button(row: HTMLTableRowElement, photo: PhotoRow): void {
    const act = row.querySelector<HTMLButtonElement>(".act");
    const key = photo.held.length && photo.state === "live" && this.#filter === "held" ? "keep" : ACTIONS[photo.state];
    if (!act) return;
    act.hidden = key === null;
    if (key === null) return;
    put(act, this.#on.speech.say(key));
    act.setAttribute("aria-label", `${this.#on.speech.say(key)} ${photo.name}`);
  }

  async #act(id: string): Promise<void> {
    const photo = this.#photos.find((one) => one.id === id);
    if (!photo) return;
    const act = this.#rows.get(id)?.querySelector<HTMLButtonElement>(".act");
    if (act) act.disabled = true;
    try {
      const keep = this.#filter === "held" && photo.held.length > 0;
      await this.#chosen.act(photo.state === "live" && !keep ? "hide" : "restore", [id]);
    } catch (reason) {
      this.#on.guard(reason);
    } finally {
      if (act) act.disabled = false;
    }
  }

  async #open(id: string): Promise<void> {
    const photo = this.#photos.find((one) => one.id === id);
    if (photo) await openPhoto(photo, { words: this.#words, known: (key): key is PhotoWords => key in words, event: this.#on.event, guard: this.#on.guard });
  }
}
