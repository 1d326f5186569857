/** The front of the album as the organizer wants it now: title, cover, start page, banner, tabs, language, order. */

import still from "../../words/album_still.json";
import type { AlbumWords } from "./album";
import type { Pulse } from "./pulse";
import type { Roll } from "./roll";
import type { Speech } from "./speech";
import { offer } from "./later";
import { inOrder } from "./tools";
import { note } from "./track";
import { type Album, type Front, type Photo, recall } from "./wire";
import type { Wall } from "./wall";

interface Page {
  album: () => Album;
  speech: Speech<AlbumWords>;
  pulse: Pulse;
  wall: Wall;
  live: () => Roll;
  lay: (roll: Roll) => void;
  hangs: (roll: Roll) => boolean;
  furnish: () => void;
  /** Whether the guest chose what the wall shows. */
  own: () => boolean;
}

const SECOND = 1_000;
const AGAIN_MS = 2_000; // an ordered wall follows new photos no faster than this
let timer: ReturnType<typeof setInterval> | undefined;
let order: Front["order"] = "new";
let again: ReturnType<typeof setTimeout> | undefined;
let placing = false; // the event has had sponsors' slots
let page: Page | undefined;
let front: Front | undefined;
let speech: Speech<AlbumWords | keyof typeof still> | undefined;

export function draw(now: Front, on: Page): void {
  const first = page === undefined;
  front = now;
  page = on;
  speech = on.speech.learn(still);
  words(now);
  tabs(now);
  picture(now);
  speak(now);
  if (!recall("wall")) on.wall.setStyle(now.layout);
  document.body.classList.toggle("no-likes", !now.likes);
  document.body.classList.toggle("sponsors", now.sponsors);
  on.pulse.closed = now.state === "closed";
  on.pulse.draw();
  const mine = now.albums.find((one) => one.id === on.album().id);
  if (mine) Object.assign(on.album(), { downloads: mine.downloads, contributions: now.state === "closed" ? "off" : mine.contributions, comments: mine.comments });
  offer(on.album());
  on.furnish();
  if (now.placements.length || placing) void place(now, on);
  if (now.order !== order && !on.own()) {
    order = now.order;
    void arrange();
  }
  if (first) begin();
  tick();
}

/** Sponsors between photos, on the start page, where photos are taken home: loaded where an event has any. */
async function place(now: Front, on: Page): Promise<void> {
  placing = true;
  try {
    (await import("./placements")).place(now, on.wall, on.speech);
  } catch {
    setTimeout(() => void place(front ?? now, on), AGAIN_MS); // a bad line
  }
}

/** Once: what the clock changes, and photos that come into an ordered wall. */
function begin(): void {
  timer ??= setInterval(tick, SECOND);
  speech?.onSwitch(tick);
  addEventListener("album", () => void arrange());
  addEventListener("turn", (event) => {
    const { added } = (event as CustomEvent<{ added: Photo[] }>).detail;
    if (order === "new" || !added.length) return;
    soon(() => page?.wall.atTop() && !page.own());
  });
  document.getElementById("start")?.querySelector("a")?.addEventListener("click", enter);
  document.getElementById("banner")?.addEventListener("click", ({ target }) => target instanceof HTMLAnchorElement && note("click"));
}

function put(selector: string, text: string): void {
  const el = document.querySelector(selector);
  if (el && el.textContent !== text) el.textContent = text;
}

function words(now: Front): void {
  put("h1", now.title);
  document.title = `${now.title} · ${document.title.split(" · ").pop() ?? ""}`;
  const where = document.querySelector(".where");
  if (!where || !speech) return;
  const parts: HTMLElement[] = [];
  if (now.starts_at !== null) {
    const time = document.createElement("time");
    time.dataset["at"] = String(now.starts_at);
    time.textContent = speech.day(now.starts_at);
    parts.push(time);
  }
  if (now.place) parts.push(Object.assign(document.createElement("span"), { textContent: now.place }));
  where.replaceChildren(...parts);
}

/** Tabs are renamed, moved, added; who looks at an album that is no tab any more stays in it. */
function tabs(now: Front): void {
  const nav = document.querySelector<HTMLElement>("nav.tabs");
  if (!nav) return;
  const links = now.albums.map((one) => {
    const link = nav.querySelector<HTMLAnchorElement>(`[data-album="${one.id}"]`) ?? document.createElement("a");
    link.href = `${location.pathname}?album=${one.id}`;
    link.dataset["album"] = one.id;
    if (link.textContent !== one.title) link.textContent = one.title;
    if (one.id === page?.album().id) link.setAttribute("aria-current", "page");
    return link;
  });
  const same = links.length === nav.children.length && links.every((link, n) => link === nav.children[n]);
  if (!same) nav.replaceChildren(...links);
}

/** Over the title and on the start page. */
function picture({ cover_url: url }: Front): void {
  const places = [document.querySelector(".mast"), document.querySelector("#start h2")];
  for (const [n, place] of places.entries()) {
    const old = n ? place?.parentElement?.querySelector("img") : document.querySelector<HTMLImageElement>(".cover");
    const named = (one: string): string => new URL(one, location.href).pathname;
    if (!url) old?.remove();
    else if (!old) place?.before(Object.assign(new Image(), { src: url, alt: "", className: n ? "" : "cover" }));
    else if (named(old.src) !== named(url)) old.src = url;
  }
}

/** For who has not chosen a language; nothing is kept, so that the organizer may think again. */
function speak({ language }: Front): void {
  if (!language || !speech || language === speech.language || document.cookie.includes("lang=")) return;
  speech.use(language);
  document.cookie = "lang=; path=/; max-age=0";
}

async function arrange(): Promise<void> {
  if (!page) return;
  if (order === "new") {
    page.lay(page.live());
    return;
  }
  let begun = false;
  try {
    for await (const roll of inOrder(page.album().id, order, page.live())) {
      if (begun && !page.hangs(roll)) return;
      begun = true;
      page.lay(roll);
    }
  } catch {
    soon(() => !page?.own());
  }
}

function soon(wanted: () => boolean | undefined): void {
  clearTimeout(again);
  again = setTimeout(() => wanted() && void arrange(), AGAIN_MS);
}

/** Banner and start page, which come and go by the clock. */
function tick(): void {
  if (!front || !page) return;
  banner(front, Date.now());
  start(front);
}

function banner(now: Front, at: number): void {
  const el = document.getElementById("banner");
  const shown = now.banner !== "" && at >= (now.banner_from ?? 0) && at < (now.banner_until ?? Infinity);
  if (!el) return;
  el.hidden = !shown;
  const text = now.banner_link ? document.createElement("a") : document.createElement("span");
  if (text instanceof HTMLAnchorElement) Object.assign(text, { href: now.banner_link, target: "_blank", rel: "noopener nofollow" });
  text.textContent = now.banner;
  if (el.innerHTML !== text.outerHTML) el.replaceChildren(text);
}

function start(now: Front): void {
  const el = document.getElementById("start");
  if (!el || !speech) return;
  const wanted = now.start_page && !entered();
  if (el.hidden === wanted) {
    el.hidden = !wanted;
    document.body.classList.toggle("starting", wanted);
  }
  if (!wanted) return;
  put("#start h2", now.title);
  put("#start .start-welcome", now.welcome);
  put("#start a", now.start_button || speech.say("start_enter"));
  const left = now.countdown ? (now.starts_at ?? 0) - Date.now() : 0;
  put("#start .start-count", left > 0 ? speech.say("start_left", { time: span(left) }) : "");
}

/** 2 天 03:04:05 */
function span(ms: number): string {
  const s = Math.floor(ms / SECOND);
  const clock = [Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60, s % 60].map((part) => String(part).padStart(2, "0")).join(":");
  const days = Math.floor(s / 86_400);
  return days ? `${speech?.say("start_days", { n: days }) ?? ""} ${clock}` : clock;
}

const mark = (): string => `kuaimen_start=${location.pathname.split("/")[2] ?? ""}`;

function entered(): boolean {
  return document.cookie.includes(mark());
}

function enter(event: Event): void {
  event.preventDefault();
  document.cookie = `${mark()}; path=${location.pathname}; max-age=2592000; samesite=lax`;
  tick();
  document.querySelector<HTMLElement>("#wall")?.focus({ preventScroll: true });
}
