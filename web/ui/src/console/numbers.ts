/** What guests did, counted anew every few seconds: by hour, source, sponsor and photo; and each sponsor's own link. */

import "./numbers.css";

import words from "../../../words/numbers.json";
import { Speech } from "../speech";
import { call } from "./api";
import { make } from "./dom";
import type { Context, Screen } from "./frame";
import { act, grid, panel } from "./office";

type Count = (typeof NUMBERS)[number];
type Line = Record<Count, number>;
type Sponsor = Line & { art_key: string; name: string; versions: (Line & { version: string; slot: Slot })[] };
type Slot = "frame" | "banner" | "start" | "tile" | "download";
type NumberWords = keyof typeof words;

interface Lag {
  n: number;
  p50_ms: number | null;
  p95_ms: number | null;
}

interface Report {
  event: { title: string };
  totals: Line;
  hours: (Line & { at: number })[];
  sources: (Line & { source: string })[];
  sponsors: Sponsor[];
  top: (Line & { name: string; photo_id: string })[];
  photos: { live: number; likes: number; retouched: number };
  speed: { shot_to_live: Lag; received_to_live: Lag; finished: { due: number; in_time: number } };
  outages: { n: number; total_ms: number; longest_ms: number };
  certificate_url: string | null;
}

const NUMBERS = ["guests", "visit", "viewable", "view", "click", "download", "share"] as const;
const OF_PHOTOS = ["guests", "viewable", "view", "click", "download", "share"] as const; // a visit is of no photo
const HOUR_MS = 3_600_000;
const EVERY_MS = 5_000;
const MOST_HOURS = 96; // a gap longer than that is left out

export async function openNumbers(on: Context, event: string): Promise<Screen> {
  const numbers = new Numbers(on, event);
  await numbers.refresh();
  return numbers;
}

class Numbers implements Screen {
  readonly el = make("div", { className: "numbers" });
  readonly #on: Context;
  readonly #event: string;
  readonly #speech = new Speech<NumberWords>({ ...words });
  readonly #made = make("div");
  readonly #title = make("p", { className: "soft" });
  readonly #sums = make("dl", { className: "counters" });
  readonly #body = make("div");
  readonly #chosen: HTMLSelectElement;
  #unfolded = false;
  #report: Report | null = null;
  #known = "";
  readonly #timer = setInterval(() => void this.refresh().catch(this.#failed), EVERY_MS);

  constructor(on: Context, event: string) {
    this.#on = on;
    this.#event = event;
    const say = this.#speech.say.bind(this.#speech);
    this.#chosen = make("select", { name: "number" }, ...NUMBERS.map((one) => make("option", { value: one }, say(one))));
    this.#chosen.setAttribute("aria-label", say("by_hour"));
    this.#chosen.value = "viewable";
    this.#chosen.onchange = () => this.#draw();
    const file = (name: string, key: NumberWords): HTMLElement => make("a", { className: "quiet", href: `/api/v1/events/${event}/${name}`, download: name }, say(key));
    const head = make("div", {}, make("h1", {}, say("numbers")), this.#title);
    this.el.append(
      make("div", { className: "event-head" }, head, make("p", { className: "links" }, file("report.pdf", "pdf"), file("report.csv", "csv"))),
      this.#sums,
      make("p", { className: "soft waiting" }, say("lead")),
      this.#made,
      this.#body,
    );
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async refresh(): Promise<void> {
    if (document.hidden && this.#report) return;
    const found = await call<Report>(`/events/${this.#event}/report`);
    const now = JSON.stringify(found);
    if (now === this.#known) return;
    this.#known = now;
    this.#report = found;
    this.#draw();
  }

  readonly #failed = (reason: unknown): void => this.#on.guard(reason);

  #draw(): void {
    const now = this.#report;
    if (!now) return;
    const say = this.#speech.say.bind(this.#speech);
    this.#title.textContent = now.event.title;
    const { live, likes, retouched } = now.photos;
    const sums: [NumberWords, number][] = [
      ...NUMBERS.map((one): [NumberWords, number] => [one, now.totals[one]]),
      ["photos", live],
      ["likes", likes],
      ["retouched", retouched],
    ];
    this.#sums.replaceChildren(...sums.map(([key, n]) => make("div", { data: { number: key } }, make("dt", {}, say(key)), make("dd", {}, this.#speech.number(n)))));
    this.#body.replaceChildren(
      panel(say("by_hour"), ...(now.hours.length ? this.#hours(now) : [make("p", { className: "soft" }, say("nobody"))])),
      panel(say("sponsors"), ...this.#sponsors(now.sponsors)),
      panel(say("sources"), this.#table(say("source"), now.sources.map((one) => [this.#source(one.source), one]))),
      panel(say("top"), this.#table(say("photo"), now.top.map((one) => [one.name || one.photo_id, one]), OF_PHOTOS)),
      panel(say("speed"), this.#speed(now)),
    );
  }

  #hours(now: Report): Node[] {
    const say = this.#speech.say.bind(this.#speech);
    const what = this.#chosen.value as Count;
    const clock = (at: number): string => this.#speech.clock(at).slice(0, -3);
    const chart = bars(between(now.hours).map(({ at, line }) => ({ name: clock(at), n: line?.[what] ?? 0 })));
    const most = Math.max(...now.hours.map((one) => one[what]));
    const sum = what === "guests" ? now.totals.guests : now.hours.reduce((all, one) => all + one[what], 0);
    chart.setAttribute("aria-label", say("chart", { what: say(what), n: this.#speech.number(sum), most: this.#speech.number(most) }));
    const table = this.#table(say("hour"), now.hours.map((one) => [clock(one.at), one]));
    const fold = make("details", { open: this.#unfolded }, make("summary", { className: "soft" }, say("as_table")), table);
    fold.ontoggle = () => (this.#unfolded = fold.open);
    return [this.#chosen, chart, fold];
  }

  #sponsors(found: Sponsor[]): Node[] {
    const say = this.#speech.say.bind(this.#speech);
    if (!found.length) return [make("p", { className: "soft" }, say("no_sponsors"))];
    const all = found.reduce((sum, one) => sum + one.viewable, 0);
    return found.map((one) => {
      const part = all ? one.viewable / all : 0;
      const meter = make("meter", { value: part, max: 1 });
      meter.setAttribute("aria-label", `${say("part")} ${one.name}`);
      const link = act(this.#on, say("sponsor_link"), () => this.#link(one), `${say("sponsor_link")} ${one.name}`);
      const versions = one.versions.map((line): [string, Line] => [line.version ? say("version", { version: line.version }) : say(`slot_${line.slot}`), line]);
      return make(
        "section",
        { className: "sponsor", data: { sponsor: one.name } },
        make("p", { className: "sponsor-head" }, make("b", {}, one.name), meter, make("span", {}, `${(100 * part).toFixed(1)} %`), this.#on.member.rights.includes("change_event") ? link : null),
        this.#table("", [[say("all"), one], ...(versions.length > 1 ? versions : [])], OF_PHOTOS),
      );
    });
  }

  async #link(one: Sponsor): Promise<void> {
    const say = this.#speech.say.bind(this.#speech);
    const { url } = await call<{ url: string }>(`/events/${this.#event}/report/share`, { art_key: one.art_key });
    const copy = act(this.#on, say("copy"), async () => {
      await navigator.clipboard.writeText(url);
      this.#on.notice(say("copied"));
    });
    const open = make("a", { className: "quiet", href: url, target: "_blank", rel: "noopener" }, say("open"));
    const said = make("p", { className: "office-once", role: "status" }, make("b", {}, say("sponsor_made", { name: one.name })), make("code", {}, url), copy, open);
    this.#made.replaceChildren(said);
    said.scrollIntoView({ block: "nearest" });
  }

  #speed(now: Report): HTMLElement {
    const say = this.#speech.say.bind(this.#speech);
    const lag = ({ n, p50_ms, p95_ms }: Lag): string => (n ? say("lag", { n, p50: ((p50_ms ?? 0) / 1000).toFixed(1), p95: ((p95_ms ?? 0) / 1000).toFixed(1) }) : say("unknown"));
    const { due, in_time: done } = now.speed.finished;
    const finished = due ? say("of", { done, due, percent: Math.floor((100 * done) / due) }) : say("unknown");
    const { n, total_ms, longest_ms } = now.outages;
    const minutes = (ms: number): string => (ms / 60_000).toFixed(1);
    const outages = n ? say("outage", { n, total: minutes(total_ms), longest: minutes(longest_ms) }) : say("no_outage");
    const url = now.certificate_url;
    const certificate = url ? make("a", { href: new URL(url).pathname }, say("certificate")) : say("no_certificate");
    const rows: [string, Node | string][] = [
      [say("shot_to_live"), lag(now.speed.shot_to_live)],
      [say("received_to_live"), lag(now.speed.received_to_live)],
      [say("finished"), finished],
      [say("outages"), outages],
      [say("certificate"), certificate],
    ];
    return make("dl", { className: "facts" }, ...rows.map(([key, value]) => make("div", {}, make("dt", { className: "soft" }, key), make("dd", {}, value))));
  }

  #table(first: string, lines: [string, Line][], numbers: readonly Count[] = NUMBERS): HTMLElement {
    const say = this.#speech.say.bind(this.#speech);
    const heads = [first, ...numbers.map((one) => say(one))];
    const rows = lines.map(([name, line]) => [name, ...numbers.map((one) => this.#speech.number(line[one]))]);
    return grid(heads, rows, say("unknown"));
  }

  #source(source: string): string {
    const key = `source_${source}`;
    return key in words ? this.#speech.say(key as NumberWords) : source;
  }
}

/** Every hour from the first to the last, also those in which nothing happened. */
function between(hours: Report["hours"]): { at: number; line: Line | undefined }[] {
  const known = new Map(hours.map((line) => [line.at, line]));
  const [first, last] = [hours[0]?.at ?? 0, hours[hours.length - 1]?.at ?? 0];
  if ((last - first) / HOUR_MS > MOST_HOURS) return hours.map((line) => ({ at: line.at, line }));
  return Array.from({ length: (last - first) / HOUR_MS + 1 }, (_, n) => ({ at: first + n * HOUR_MS, line: known.get(first + n * HOUR_MS) }));
}

const HEIGHT = 240;
const WIDE = 1000;
const FOOT = 36;

/** Bars with their numbers; named every few so that no name runs into the next. */
function bars(said: { name: string; n: number }[]): SVGElement {
  const most = Math.max(1, ...said.map(({ n }) => n));
  const step = WIDE / Math.max(said.length, 6);
  const every = Math.ceil(said.length / 6);
  const chart = svg("svg", { viewBox: `0 0 ${WIDE} ${HEIGHT + FOOT}`, class: "chart", role: "img" });
  said.forEach(({ name, n }, at) => {
    const height = (HEIGHT - 40) * (n / most);
    const x = at * step;
    const bar = svg("rect", { x: x + step * 0.15, y: HEIGHT - height, width: step * 0.7, height, rx: 3 });
    bar.append(svg("title", {}, `${name} · ${n}`));
    chart.append(bar);
    if (n === most || said.length <= 12) chart.append(svg("text", { x: Math.min(x + step / 2, WIDE - 40), y: HEIGHT - height - 6 }, n ? n.toLocaleString("en-US") : ""));
    if (at % every === 0) chart.append(svg("text", { x: Math.max(x + step / 2, 46), y: HEIGHT + 28, class: "axis" }, name.slice(-5)));
  });
  chart.append(svg("line", { x1: 0, x2: WIDE, y1: HEIGHT, y2: HEIGHT }));
  return chart;
}

function svg(tag: string, attributes: Record<string, string | number>, text = ""): SVGElement {
  const el = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) el.setAttribute(name, String(value));
  if (text) el.textContent = text;
  return el;
}
