/** The table of photos: newest first, by state, hide and restore. It follows what happens while it is looked at. */

import type { ConsoleWords } from "../console";
import type { Speech } from "../speech";
import { call, type PhotoRow, type PhotoState } from "./api";
import { Chosen } from "./chosen";
import { make, put } from "./dom";
import type { Looks } from "./looks";

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
  notice: (text: string) => void;
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
  #filter: Filter = "";
  #photos: PhotoRow[] = [];

  constructor(on: Context) {
    this.#on = on;
    const { speech } = on;
    this.#more = make("button", { className: "quiet", type: "button", onclick: () => void this.#older() }, speech.say("more"));
    this.#none = make("p", { className: "soft none" }, speech.say("none"));
    const heads: ConsoleWords[] = ["photo", "camera", "shot", "lag", "source", "state"];
    const head = make("tr", {}, ...heads.map((key) => make("th", { scope: "col" }, speech.say(key))), make("td"));
    const table = make("table", { className: "photos" }, make("thead", {}, head), this.#body);
    this.#chosen = new Chosen({ ...on, changed: () => this.#draw() });
    this.el.append(make("div", { className: "panel-head" }, make("h2", {}, speech.say("photos")), this.#filters()), this.#chosen.el, table, this.#none, this.#more);
  }

  async refresh(): Promise<void> {
    const asked = this.#filter;
    const page = await this.#page(undefined);
    if (asked !== this.#filter) return;
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
    const query = new URLSearchParams({ limit: String(PAGE) });
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
  }

  #row(photo: PhotoRow): HTMLTableRowElement {
    const cells = ["name", "camera", "shot", "lag", "source", "state", "act"].map((part) => make("td", { data: { part } }));
    const tick = make("input", { type: "checkbox", className: "tick" });
    tick.setAttribute("aria-label", `${this.#on.speech.say("choose")} ${photo.name}`);
    tick.onchange = () => this.#chosen.tick(photo.id, tick.checked);
    cells[0]?.append(tick, make("span", { className: "thumb" }), make("span", { className: "name" }, photo.name || photo.id));
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
      await call(`/photos/${id}/${photo.state === "live" && !keep ? "hide" : "restore"}`, {});
      await this.refresh();
    } catch (reason) {
      this.#on.guard(reason);
    } finally {
      if (act) act.disabled = false;
    }
  }
}
