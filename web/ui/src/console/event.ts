/** One event as it happens: six numbers that add up, its albums and their brand, bridges, printables, photos. */

import type { ConsoleWords } from "../console";
import type { Speech } from "../speech";
import { type AlbumRow, type BridgeRow, call, type Counter, type EventNow, type Member } from "./api";
import { make, put } from "./dom";
import { Looks } from "./looks";
import { PhotoTable } from "./photos";
import { PrintsPanel } from "./prints";
import { ReviewPanel } from "./review";
import { SchedulePanel } from "./schedule";
import { ScansPanel, ToldPanel } from "./told";

const COUNTERS: Counter[] = ["received", "live", "original_stored", "retouched", "hidden", "failed"];
const COUNT_MS = 800; // and the answer takes its time: nothing shown is older than a second
const PARTS = ["live", "waiting", "hidden", "failed", "purged", "on_bridges", "aside", "refused"] as const; // of received
const PHOTOS_EVERY = 3; // counts
const SLOW_EVERY = 6; // counts: what changes by the minute
const CHECKING = ["off", "after", "before"] as const;
const CONTRIBUTIONS = ["off", "review", "open"] as const;

interface Speed {
  received_to_live: { n: number; p50_ms: number | null; p95_ms: number | null };
  backlog: number;
}

interface Context {
  speech: Speech<ConsoleWords>;
  reasons: Record<string, string[]>;
  notice: (text: string, undo?: () => void) => void;
  guard: (reason: unknown) => void;
  member: Member;
}

export class EventPage {
  readonly el = make("div", { className: "event" });
  readonly #on: Context;
  readonly #id: string;
  readonly #looks: Looks;
  readonly #review: ReviewPanel;
  readonly #told: ToldPanel;
  readonly #prints: PrintsPanel;
  readonly #scans: ScansPanel;
  readonly #schedule: SchedulePanel;
  #table: PhotoTable | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #counts = 0;
  #busy = false;
  #ended = false;

  constructor(id: string, on: Context) {
    this.#id = id;
    this.#on = on;
    this.#looks = new Looks({ ...on, event: id });
    this.#review = new ReviewPanel({ ...on, event: id });
    this.#told = new ToldPanel({ ...on, event: id });
    this.#prints = new PrintsPanel({ ...on, event: id });
    this.#scans = new ScansPanel({ ...on, event: id });
    this.#schedule = new SchedulePanel({ ...on, event: id });
  }

  async open(): Promise<void> {
    const [now] = await Promise.all([call<EventNow>(`/events/${this.#id}`), this.#looks.open(), this.#schedule.open()]);
    const table = new PhotoTable({ ...this.#on, event: this.#id, looks: this.#looks });
    this.#table = table;
    table.offer(now.albums, [...new Set(now.bridges.flatMap((bridge) => (bridge.said.cameras ?? []).map((camera) => camera.user)))]);
    this.#build(now, table.el);
    await table.refresh();
    this.#draw(now);
    await this.#slow(now);
    this.#timer = setTimeout(() => void this.#tick(), COUNT_MS);
  }

  close(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  async #tick(): Promise<void> {
    const began = performance.now();
    try {
      if (!document.hidden) {
        const now = await call<EventNow>(`/events/${this.#id}`);
        this.#draw(now);
        void this.#beside(now);
      }
    } catch (reason) {
      this.#on.guard(reason);
    }
    const left = Math.max(0, COUNT_MS - (performance.now() - began));
    if (!this.#ended) this.#timer = setTimeout(() => void this.#tick(), left);
  }

  /** What is slower than the counters and must not hold them up. */
  async #beside(now: EventNow): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      if (this.#counts % SLOW_EVERY === 0) await this.#slow(now);
      if (this.#counts++ % PHOTOS_EVERY === 0 && window.scrollY < 3 * window.innerHeight) await this.#table?.refresh();
    } catch (reason) {
      this.#on.guard(reason);
    } finally {
      this.#busy = false;
    }
  }

  async #slow(now: EventNow): Promise<void> {
    const speed = await call<Speed>(`/events/${this.#id}/speed`);
    this.#speed(speed);
    await Promise.all([this.#review.refresh(), this.#told.refresh(now.albums), this.#scans.refresh(now.albums)]);
  }

  #build(now: EventNow, photos: HTMLElement): void {
    const { speech } = this.#on;
    const where = [now.starts_at === null ? "" : speech.day(now.starts_at), now.place, speech.say(now.state)];
    const copy = make("button", { className: "quiet", type: "button" }, speech.say("copy_link"));
    copy.onclick = () => void navigator.clipboard.writeText(now.album_url).then(() => this.#on.notice(speech.say("copied")));
    const head = make(
      "div",
      { className: "event-head" },
      make("div", {}, make("h1", {}, now.title), make("p", { className: "soft" }, where.filter(Boolean).join(" · "))),
      make(
        "p",
        { className: "links" },
        this.#link(now.album_url, "open_album", true),
        this.#link(`/screen/${now.share_code}`, "open_screen"),
        copy,
        this.#way("retouch", `/console/desk/${this.#id}`, "desk"),
        this.#way("change_brand", `/console/events/${this.#id}/brand`, "brand_kit"),
        this.#way("see_report", `/console/events/${this.#id}/numbers`, "numbers"),
        this.#way("change_event", `/console/events/${this.#id}/faces`, "faces"),
        this.#way("change_event", `/console/events/${this.#id}/settings`, "settings"),
      ),
    );
    const counters = make("dl", { className: "counters" });
    for (const key of COUNTERS) {
      counters.append(make("div", { data: { counter: key } }, make("dt", {}, speech.say(key)), make("dd", {}, "–")));
    }
    const lists = (["albums", "bridges", "messages"] as const).map((key) => {
      const list = make("div", { className: "list", data: { list: key } });
      return this.#panel(key, list, ...(key === "messages" ? [this.#told.el] : []));
    });
    this.el.replaceChildren(
      head,
      counters,
      make("p", { className: "soft waiting" }),
      make("p", { className: "soft lag" }),
      make("div", { className: "panels" }, ...lists, this.#prints.el, this.#panel("scans", this.#scans.el), this.#panel("schedule", this.#schedule.el)),
      this.#review.el,
      photos,
    );
  }

  #panel(key: ConsoleWords, ...content: HTMLElement[]): HTMLElement {
    return make("section", { className: "panel" }, make("h2", {}, this.#on.speech.say(key)), ...content);
  }

  /** To another screen, for who may do something there. */
  #way(right: string, href: string, key: ConsoleWords): HTMLAnchorElement | null {
    return this.#may(right) ? make("a", { href, className: "quiet" }, this.#on.speech.say(key)) : null;
  }

  #may(right: string): boolean {
    return this.#on.member.rights.includes(right);
  }

  #link(href: string, key: ConsoleWords, main = false): HTMLAnchorElement {
    return make("a", { href, target: "_blank", rel: "noopener", className: main ? "button" : "quiet" }, this.#on.speech.say(key));
  }

  #draw(now: EventNow): void {
    const { speech } = this.#on;
    for (const key of COUNTERS) put(this.el.querySelector(`[data-counter=${key}] dd`), speech.number(now.counters[key]));
    this.el.querySelector("[data-counter=failed]")?.classList.toggle("bad", now.counters.failed > 0);
    const parts = PARTS.filter((key) => now.counters[key] > 0).map((key) => speech.say(`sum_${key}`, { n: speech.number(now.counters[key]) }));
    const sum = `${speech.say("received")} ${speech.number(now.counters.received)} = ${parts.join(" + ")}`;
    put(this.el.querySelector(".waiting"), parts.length ? sum : "\u00a0");
    this.#albums(now.albums);
    this.#prints.fill(now.albums);
    this.#bridges(now.bridges);
    const { planned = 0, sent = 0, refused = 0 } = now.messages;
    put(this.el.querySelector("[data-list=messages]"), speech.say("messages_n", { planned, sent, refused }));
  }

  /** How long photos took of late, and how many are on their way. */
  #speed({ received_to_live: lag, backlog }: Speed): void {
    const { speech } = this.#on;
    const seconds = (ms: number | null): string => ((ms ?? 0) / 1000).toFixed(1);
    const said = lag.n ? speech.say("lag_lately", { p50: seconds(lag.p50_ms), p95: seconds(lag.p95_ms), n: speech.number(lag.n) }) : speech.say("lag_none");
    put(this.el.querySelector(".lag"), `${said} · ${speech.say("backlog_n", { n: speech.number(backlog) })}`);
  }

  #albums(albums: AlbumRow[]): void {
    const list = this.el.querySelector("[data-list=albums]");
    for (const album of albums) {
      let row = list?.querySelector<HTMLElement>(`[data-album="${album.id}"]`);
      if (!row) {
        row = this.#albumRow(album);
        list?.append(row);
      }
      const { speech } = this.#on;
      const facts = [speech.say("photos_n", { n: album.photos }), speech.say(`publishing_${album.publishing}`)];
      put(row.querySelector(".facts"), facts.join(" · "));
      put(row.querySelector(".stale"), album.stale ? speech.say("stale_n", { n: album.stale }) : speech.say("up_to_date"));
      this.#looks.fill(row, album);
      for (const kind of ["watermark", "frame"] as const) {
        const box = row.querySelector<HTMLInputElement>(`[name=${kind}]`);
        if (box && !box.disabled) box.checked = album[kind];
      }
    }
  }

  #albumRow(album: AlbumRow): HTMLElement {
    const box = (name: "watermark" | "frame"): HTMLElement => {
      const input = make("input", { type: "checkbox", name, checked: album[name] });
      input.setAttribute("role", "switch");
      input.onchange = () => void this.#brand(album.id);
      return make("label", { className: "switch" }, input, make("i"), make("span", {}, this.#on.speech.say(name)));
    };
    return make(
      "div",
      { className: "row", data: { album: album.id } },
      make("p", {}, make("b", {}, album.title), " ", make("span", { className: "soft facts" })),
      make("p", { className: "switches" }, box("watermark"), box("frame"), make("small", { className: "soft stale" })),
      this.#looks.albumMenus(album),
      this.#rules(album),
    );
  }

  /** What happens to photos of strangers' hands: asked of a machine, taken from guests. */
  #rules(album: AlbumRow): HTMLElement {
    return make(
      "div",
      { className: "looks" },
      this.#rule("checking", CHECKING, album.checking, (checking) => call(`/albums/${album.id}/checking`, { checking })),
      this.#rule("contributions", CONTRIBUTIONS, album.contributions, (contributions) => call(`/albums/${album.id}/access`, { contributions })),
    );
  }

  #rule<T extends string>(name: "checking" | "contributions", choices: readonly T[], now: T, save: (chosen: string) => Promise<unknown>): HTMLElement {
    const { speech, guard } = this.#on;
    const options = choices.map((value) => make("option", { value, selected: value === now }, speech.say(`${name}_${value}` as ConsoleWords)));
    const select = make("select", { name }, ...options);
    select.onchange = () => void save(select.value).catch(guard);
    return make("label", { className: "menu" }, make("span", { className: "soft" }, speech.say(name)), select);
  }

  async #brand(album: string): Promise<void> {
    const boxes = [...this.el.querySelectorAll<HTMLInputElement>(`[data-album="${album}"] .switch input`)];
    const wanted = Object.fromEntries(boxes.map((box) => [box.name, box.checked]));
    boxes.forEach((box) => (box.disabled = true));
    try {
      await call(`/albums/${album}/brand`, wanted);
    } catch (reason) {
      this.#on.guard(reason);
    } finally {
      boxes.forEach((box) => (box.disabled = false));
    }
  }

  #bridges(bridges: BridgeRow[]): void {
    const { speech } = this.#on;
    const rows = bridges.map((bridge) => {
      const words = bridge.health.map((one) => make("li", { data: { level: one.level } }, speech.language === "en" ? one.en : one.zh));
      const heard = bridge.seen_at === null ? speech.say("never") : speech.say("seen", { time: speech.clock(bridge.seen_at) });
      const queued = bridge.said.queued ? ` · ${speech.say("queued_n", { n: bridge.said.queued })}` : "";
      const state = make("span", { className: "badge", data: { state: bridge.online ? "live" : "hidden" } });
      state.append(speech.say(bridge.online ? "online" : "away"));
      return make("div", { className: "row" }, make("p", {}, make("b", {}, bridge.name), " ", state), make("p", { className: "soft" }, heard + queued), make("ul", { className: "health" }, ...words));
    });
    const cameras = make("a", { className: "quiet", href: `/console/events/${this.#id}/cameras` }, speech.say("cameras"));
    this.el.querySelector("[data-list=bridges]")?.replaceChildren(...rows, make("p", { className: "links" }, cameras));
  }
}
