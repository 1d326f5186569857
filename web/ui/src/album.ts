/** The guest's album page: glue between the feed, the wall and what the guest taps. */

import "./album.css";

import words from "../../words/album.json";
import { type Carrier, follow, type Following } from "./follow";
import type { Ghosts, Hint } from "./ghosts";
import { Pulse } from "./pulse";
import { Roll } from "./roll";
import { Speech } from "./speech";
import type { Style } from "./rows";
import type { Scene } from "./tools";
import { Wall } from "./wall";
import { type Album, ask, type Change, type EventCard, type Front, type History, type Photo, recall, remember } from "./wire";

interface Boot {
  event: EventCard;
  album: Album;
  photos: Photo[];
  next: number | null;
  front: Front;
}

export type AlbumWords = keyof typeof words;

const PAGE = 100;
const AGAIN_MS = 4_000;
const SEEN_PER_PAGE = 20;
const boot = JSON.parse(document.getElementById("boot")?.textContent ?? "{}") as Boot;
const byId = (id: string): HTMLElement => document.querySelector<HTMLElement>(`#${id}`) ?? document.body;
const speech = new Speech<AlbumWords>(words);
const pulse = new Pulse(speech, byId("pulse"), boot.event.state === "closed");

let album = boot.album;
let live = new Roll(album.revision, boot); // the whole album, always followed
let roll = live; // what the wall shows: all of it, or one hour
let waiting: Photo[] = []; // arrived while the reader was further down
let following: Following | undefined;
let reading: Promise<void> | null = null;
let again: ReturnType<typeof setTimeout> | undefined;
let ghosts: Ghosts | undefined;
let seen = 0;
let { front } = boot;
let style = (recall("wall") ?? front.layout) as Style;
let own = false; // the guest chose what the wall shows
const arrived = new Map<string, number>(); // photos that came live, not yet on screen

const wall = new Wall(byId("wall"), {
  label: (photo) => (photo.shot_at ? speech.say("photo_at", { time: speech.clock(photo.shot_at) }) : speech.say("photo")),
  open: (photo, from) => {
    openViewer(photo, from).catch(offline);
  },
  more: () => void more(),
  refresh,
  shown,
});

function start(): void {
  wall.show(roll.photos);
  pulse.count(album.photos, roll.photos[0]?.live_at ?? null);
  furnish();
  byId("pill").addEventListener("click", toTop);
  document.querySelector(".tools")?.addEventListener("click", ({ target }) => {
    const button = (target as Element).closest("button");
    if (button?.id) press(button.id);
  });
  byId("again").addEventListener("click", () => void more());
  document.querySelector("nav.tabs")?.addEventListener("click", (event) => {
    const link = (event.target as Element).closest("a");
    if (!link) return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    go();
  });
  addEventListener("popstate", ({ state }) => {
    if (!document.body.classList.contains("viewing") && !(state as { viewing?: boolean } | null)?.viewing) go();
  });
  addEventListener("scroll", () => wall.atTop() && release(), { passive: true });
  listen();
  if (style !== "rows") wall.setStyle(style);
  if (front.start_page || front.banner || front.order !== "new" || front.placements.length) turn(front);
  if (location.hash) go();
  void surely(() => import("./later")).then(({ settleIn }) => settleIn(byId("wall"), () => album, speech, offline));
}

/** A part of the page that nobody asked for, so that nobody would ask again. */
function surely<T>(load: () => Promise<T>): Promise<T> {
  return load().catch(() => new Promise((done) => setTimeout(done, AGAIN_MS)).then(() => surely(load)));
}

const scene: Scene = {
  style: () => style,
  setStyle: (chosen) => {
    remember("wall", chosen);
    wall.setStyle((style = chosen));
  },
  speech,
  notice,
  album: () => album,
  live: () => live,
  show: (next, by) => {
    own = true;
    for (const id of ["time", "mine"]) byId(id).classList.toggle("on", id === by);
    lay(next);
  },
  hangs,
  grow: (photos) => admit(roll.append({ photos, next: null })),
};

/** What the bar's buttons do comes when one is pressed. */
function press(id: string): void {
  import("./tools").then(({ pressed }) => pressed(id, scene)).catch(offline);
}

/** Another part of the album, or another order, on the wall; what hangs and has grown stays where the reader is. */
function lay(next: Roll): void {
  if (hangs(next) && next !== live) wall.show(roll.photos, true);
  else {
    roll = next;
    hang();
  }
  void more();
}

function hangs(one: Roll): boolean {
  return one === roll;
}

/** The front as it is now; without it: what the platform says it is. Asked for again when the feed next names it. */
function turn(now?: Front): void {
  const read = (): Promise<Front> => ask<Front>(`/mp/v1/albums/${album.id}/front`);
  surely(() => import("./front"))
    .then(async ({ draw }) => {
      const next = now ?? (await read());
      if (next.revision < front.revision) return; // a newer one overtook it
      draw((front = next), { album: () => album, live: () => live, speech, pulse, wall, lay, hangs, furnish, own: () => own });
    })
    .catch(() => undefined);
}

/** Hear what changes from here on. */
function listen(): void {
  following?.stop();
  following = follow(album.id, {
    front: () => front.revision,
    turn,
    cursor: () => live.cursor,
    hear,
    expect: (hint) => void expect(hint).catch(() => undefined),
    tell: (carrier: Carrier) => pulse.carrier(carrier),
    // to the door, which says what opens it now; unless that is where we just come from
    refused: () => (performance.now() > 5_000 ? location.reload() : notice(speech.say("refused"))),
  });
}

/** A photo is on its way: its ghost hangs where it will hang, for whoever looks there. */
async function expect(hint: Hint): Promise<void> {
  const { Ghosts } = await import("./ghosts");
  const unwanted = (id: string): boolean => roll !== live || !!live.get(id) || document.hidden || !present();
  ghosts ??= new Ghosts({ wall, unwanted, changed: furnish });
  ghosts.hear(hint);
}

function present(): boolean {
  return wall.atTop() && !document.body.classList.contains("viewing");
}

function hear(changes: Change[]): void {
  const turn = live.apply(changes);
  const here = roll === live ? turn : roll.apply(changes);
  admit(here.added);
  for (const photo of here.changed) {
    waiting = waiting.map((other) => (other.id === photo.id ? photo : other));
    wall.replace(photo);
  }
  for (const { id } of here.gone) {
    waiting = waiting.filter((photo) => photo.id !== id);
    wall.remove(id);
  }
  album.photos += turn.added.length - turn.gone.length;
  if (turn.gone.length) void surely(() => import("./later")).then(({ forget }) => forget(turn.gone));
  if (turn.added.length) byId("said").textContent = speech.say("arrived", { n: turn.added.length });
  pulse.count(album.photos, turn.added[0]?.live_at ?? null);
  dispatchEvent(new CustomEvent("turn", { detail: here }));
  furnish();
}

/** New photos wait while the reader is further down; one that came back goes where it was. */
function admit(added: Photo[]): void {
  for (const photo of added) arrived.set(photo.id, Date.now());
  added = ghosts?.embody(added) ?? added;
  const newest = wall.photos.find((photo) => photo.urls.thumb)?.position ?? 0;
  const front = added.filter((photo) => photo.position > newest);
  const between = added.filter((photo) => photo.position <= newest);
  waiting = [...front, ...waiting].sort((a, b) => b.position - a.position);
  if (present()) release();
  if (between.length) wall.insert(between);
}

/** Hang what was waiting. */
function release(): void {
  if (!waiting.length) return;
  const photos = waiting;
  waiting = [];
  wall.prepend(photos, true);
  furnish();
}

function toTop(): void {
  const far = window.scrollY > 4 * window.innerHeight || matchMedia("(prefers-reduced-motion: reduce)").matches;
  const photos = waiting;
  waiting = [];
  wall.prepend(photos, far);
  window.scrollTo({ top: 0, behavior: far ? "instant" : "smooth" });
  furnish();
  document.querySelector<HTMLElement>("#wall a")?.focus({ preventScroll: true });
}

/** What depends on how many photos there are. */
function furnish(): void {
  const pill = byId("pill");
  pill.hidden = !waiting.length;
  byId("take").hidden = !album.downloads;
  if (waiting.length) byId("pill-text").textContent = speech.say("new", { n: waiting.length });
  byId("empty").hidden = wall.photos.length > 0 || roll.next !== null;
  byId("end").hidden = roll.next !== null || roll.photos.length < 12;
}

/** Read older photos until the wall has enough below the screen. */
function more(): Promise<void> {
  byId("again").hidden = true;
  clearTimeout(again);
  reading ??= older()
    .catch(() => {
      byId("again").hidden = false;
      again = setTimeout(() => void more(), AGAIN_MS);
    })
    .finally(() => {
      reading = null;
      furnish();
    });
  return reading;
}

async function older(): Promise<void> {
  do {
    const asked = roll;
    if (asked.next === null) return;
    const page = await ask<History>(`/mp/v1/albums/${album.id}/photos?before=${asked.next}&limit=${PAGE}`);
    if (asked !== roll) continue;
    wall.append(asked.append(page));
  } while (wall.hungry());
}

/** The same photo with URLs that are good again. */
async function refresh(photo: Photo): Promise<Photo | undefined> {
  const page = await ask<History>(`/mp/v1/albums/${photo.album_id}/photos?before=${photo.position + 1}&limit=1`);
  const found = page.photos[0];
  return found?.id === photo.id ? found : undefined;
}

/** Tell the platform when a new photo reached a screen, for the first few: it measures its lag by that. */
function shown(photo: Photo): void {
  if (!arrived.delete(photo.id) || document.hidden || seen++ >= SEEN_PER_PAGE) return;
  void import("./later").then(({ tellShown }) => tellShown(photo.id)).catch(() => undefined);
}

/** Another roll on the wall, from its beginning. */
function hang(): void {
  waiting = [];
  wall.show(roll.photos);
  window.scrollTo({ top: 0, behavior: "instant" });
  furnish();
}

/** Where the address leads now: to an album, to a photo. */
function go(): void {
  import("./ways").then(({ follow }) => follow({ album: () => album, photo: (id) => roll.get(id), move, open: openViewer, notice, speech })).catch(offline);
}

/** Another album of the event on the wall. */
function move(to: Album, page: History): void {
  album = to;
  live = roll = new Roll(to.revision, page);
  dispatchEvent(new Event("album"));
  hang();
  pulse.count(album.photos, roll.photos[0]?.live_at ?? null);
  listen();
}

async function openViewer(photo: Photo, from?: HTMLElement): Promise<void> {
  const { view } = await import("./viewer");
  await view({
    photo,
    from,
    photos: () => roll.photos,
    speech,
    share: `${location.origin}/a/${boot.event.share_code}?f=l`,
    title: front.share_title || front.title,
    elementOf: (id) => wall.elementOf(id),
    reveal: (id) => wall.reveal(id),
    refresh,
    notice,
    older: more,
    downloads: () => album.downloads,
  });
  if (wall.atTop()) release();
}

function offline(): void {
  notice(speech.say("no_network"));
}

let hush: ReturnType<typeof setTimeout> | undefined;

/** A short word at the bottom of the screen. */
function notice(text: string): void {
  const el = byId("notice");
  el.textContent = text;
  el.classList.add("up");
  clearTimeout(hush);
  hush = setTimeout(() => el.classList.remove("up"), 3200);
}

speech.onSwitch(() => {
  pulse.draw();
  furnish();
  wall.relabel();
});
start();
