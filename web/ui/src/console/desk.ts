/** The retouch desk: a queue with clocks, one picture by keyboard, settings that are tried before guests see them, files that come back. */

import "./desk.css";

import words from "../../../words/desk.json";
import type { Speech } from "../speech";
import { Adjusting, type Setup } from "./adjusting";
import { call, type EventRow, type PhotoRow, send } from "./api";
import { Batch } from "./batch";
import { make, put } from "./dom";
import { Folder } from "./folder";
import type { Context, Screen } from "./frame";
import { onKeys } from "./keys";
import { Picture } from "./picture";
import { Queue, type Task, type Waiting } from "./queue";
import type { Choice } from "./sliders";
import { Tags } from "./tags";
import { Versions } from "./versions";

export type DeskWords = keyof typeof words;

const PAGE = 200;
const NEAR_END = 20;
const AHEAD = 5; // photos loaded before somebody asks for them
const LOOK_MS = 2_000;
const RENEW_MS = 60_000;

export async function openDesk(on: Context, id: string): Promise<Screen> {
  const speech = on.speech.learn(words);
  const [event, setup, { presets }] = await Promise.all([
    call<EventRow>(`/events/${id}`),
    call<Setup>(`/events/${id}/desk`),
    call<{ presets: Choice[] }>("/looks"),
  ]);
  const desk = new Desk(on, speech, id, setup, presets);
  await desk.open(event.title);
  return desk;
}

class Desk implements Screen {
  readonly el = make("div", { className: "desk" });
  readonly #on: Context;
  readonly #speech: Speech<DeskWords>;
  readonly #event: string;
  readonly #strip = make("div", { className: "desk-strip" });
  readonly #caption = make("p", { className: "desk-caption" });
  readonly #bar = make("div", { className: "desk-bar" });
  readonly #waiting = make("span", { className: "soft" });
  readonly #picture: Picture;
  readonly #queue: Queue;
  readonly #adjusting: Adjusting;
  readonly #batch: Batch;
  readonly #versions: Versions;
  readonly #tags: Tags;
  readonly #folder: Folder;
  readonly #ahead = new Map<string, HTMLImageElement>();
  #photos: PhotoRow[] = [];
  #older: PhotoRow[] = []; // pages behind the newest one
  #more = true;
  #tasks: Task[] = [];
  #at = 0;
  #renewed = Date.now();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(on: Context, speech: Speech<DeskWords>, event: string, setup: Setup, presets: Choice[]) {
    this.#on = on;
    this.#event = event;
    this.#speech = speech;
    this.#picture = new Picture(speech, () => this.#adjusting.wantBefore());
    this.#queue = new Queue(speech, { look: (id) => this.#find(id), take: (id) => void this.#claim(id), release: (task) => void this.#release(task) });
    this.#batch = new Batch({ ...on, speech, event, changed: () => this.#changed() });
    this.#adjusting = new Adjusting(
      { ...on, speech, setup, presets, picture: this.#picture, batch: this.#batch, now: () => this.#now, draw: () => this.#draw(), changed: () => this.#changed() },
    );
    this.#versions = new Versions({ ...on, speech, use: (photo, look) => this.#adjusting.publish(photo, look), changed: () => this.#changed() });
    this.#tags = new Tags({ ...on, speech, event });
    this.#folder = new Folder(on, speech, (file) => this.#bring(file));
    document.addEventListener("keydown", this.#key);
    this.el.addEventListener("dragover", (event_) => event_.preventDefault());
    this.el.addEventListener("drop", this.#dropped);
  }

  async open(title: string): Promise<void> {
    await this.#look();
    this.#build(title);
    this.#draw();
    this.#timer = setTimeout(() => void this.#tick(), LOOK_MS);
  }

  close(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#folder.stop();
    this.#queue.stop();
    document.removeEventListener("keydown", this.#key);
  }

  get #now(): PhotoRow | undefined {
    return this.#photos[this.#at];
  }

  #build(title: string): void {
    const say = this.#speech;
    const claim = make("button", { className: "button", type: "button", title: "C", onclick: () => void this.#claim() }, say.say("claim_next"));
    const pick = make("input", { type: "file", accept: "image/jpeg", multiple: true, hidden: true });
    pick.onchange = () => void this.#bringAll(pick.files);
    const bring = make("button", { className: "quiet", type: "button", onclick: () => pick.click() }, say.say("bring_back"));
    const head = make("div", { className: "desk-head" }, make("h1", {}, say.say("desk_title")), make("span", { className: "soft" }, title), this.#waiting);
    this.#fillBar();
    const hints = make("details", { className: "desk-hints" }, make("summary", {}, say.say("shortcuts")), make("p", { className: "soft" }, say.say("keys")), make("p", { className: "soft" }, say.say("drop_hint")));
    const middle = make("div", { className: "desk-middle" }, this.#picture.el, this.#adjusting.tools, this.#bar, this.#caption, this.#tags.el, this.#strip, hints);
    const side = make("aside", { className: "desk-side" }, this.#adjusting.el, this.#batch.el, this.#versions.el);
    this.el.replaceChildren(make("div", { className: "event-head" }, head, make("div", { className: "links" }, claim, bring, pick, this.#folder.el)), make("div", { className: "desk-body" }, this.#queue.el, middle, side));
  }

  /** Everything the keys do, for fingers. */
  #fillBar(): void {
    const say = this.#speech;
    const button = (text: string, label: string, act: () => unknown): HTMLElement => {
      const made = make("button", { type: "button", title: label, onclick: () => void act() }, text);
      made.setAttribute("aria-label", label);
      return made;
    };
    const stars = make("span", { className: "desk-stars" });
    stars.append(...[1, 2, 3, 4, 5].map((n) => button("★", say.say("stars_n", { n }), () => this.#rate(n))));
    this.#bar.append(
      button("‹", say.say("previous"), () => this.#goTo(this.#at - 1)),
      stars,
      button(say.say("hide_key"), say.say("hide_or_restore"), () => this.#hide()),
      button(say.say("before"), say.say("before_after"), () => this.#picture.flip()),
      Object.assign(button("◫", say.say("split"), () => this.#picture.split()), { className: "split-key" }),
      button("›", say.say("next"), () => this.#goTo(this.#at + 1)),
    );
  }

  async #tick(): Promise<void> {
    try {
      if (!document.hidden) {
        await this.#look();
        this.#draw();
      }
      if (this.#tasks.length && Date.now() - this.#renewed > RENEW_MS) {
        this.#renewed = Date.now();
        await Promise.all(this.#tasks.map((task) => call(`/retouch/${task.id}/renew`, {})));
      }
    } catch (reason) {
      this.#on.guard(reason);
    }
    if (!this.#ended) this.#timer = setTimeout(() => void this.#tick(), LOOK_MS);
  }

  /** The photo somebody looks at stays under their eyes, whatever arrives. */
  async #look(): Promise<void> {
    const [{ photos }, desk] = await Promise.all([
      call<{ photos: PhotoRow[] }>(`/events/${this.#event}/photos?limit=${PAGE}`),
      call<{ waiting: number; queue: Waiting[]; mine: Task[] }>(`/events/${this.#event}/retouch`),
    ]);
    const last = photos[photos.length - 1]?.announced_at ?? 0;
    if (photos.length < PAGE) this.#older = [];
    this.#more &&= photos.length === PAGE;
    const looked = this.#now?.id; // asked for now: somebody may have gone on meanwhile
    this.#photos = [...photos, ...this.#older.filter((photo) => photo.announced_at < last)].filter((photo) => photo.view);
    this.#tasks = desk.mine;
    this.#at = Math.max(0, this.#photos.findIndex((photo) => photo.id === looked));
    put(this.#waiting, this.#speech.say("waiting_by_hand", { n: desk.waiting }));
    this.#queue.show(desk.mine, desk.queue, desk.waiting);
  }

  async #further(): Promise<void> {
    const before = this.#photos[this.#photos.length - 1]?.announced_at;
    if (!this.#more || before === undefined) return;
    this.#more = false;
    await this.#try(async () => {
      const { photos } = await call<{ photos: PhotoRow[] }>(`/events/${this.#event}/photos?limit=${PAGE}&before=${before}`);
      this.#more = photos.length === PAGE;
      this.#older.push(...photos);
      this.#photos.push(...photos.filter((photo) => photo.view));
    });
  }

  #draw(): void {
    this.#show();
    const tiles = this.#photos.slice(Math.max(0, this.#at - 6), this.#at + 14);
    const drawn = tiles.map((photo) => {
      const tile = make("button", { type: "button", className: "desk-tile", title: photo.name, data: { state: photo.state, draft: String(this.#adjusting.has(photo.id)) } });
      tile.append(make("img", { src: photo.thumb ?? "", alt: photo.name, loading: "lazy" }), make("span", {}, "★".repeat(photo.rating ?? 0)));
      tile.setAttribute("aria-current", String(photo.id === this.#now?.id));
      tile.onclick = () => this.#goTo(this.#photos.indexOf(photo));
      return tile;
    });
    this.#strip.replaceChildren(...drawn);
  }

  #show(): void {
    const photo = this.#now;
    this.el.classList.toggle("empty", !photo);
    if (!photo) {
      put(this.#caption, this.#speech.say("no_photos_yet"));
      return;
    }
    const stars = photo.rating ? "★".repeat(photo.rating) : "";
    const facts = [photo.name, `${this.#at + 1} / ${this.#photos.length}${this.#more ? "+" : ""}`, photo.camera, photo.state === "hidden" ? this.#speech.say("hidden_one") : "", stars];
    put(this.#caption, facts.filter(Boolean).join(" · "));
    this.#bar.querySelectorAll(".desk-stars button").forEach((star, n) => star.setAttribute("aria-pressed", String(n < (photo.rating ?? 0))));
    this.#tags.show(photo);
    this.#adjusting.show(photo);
    this.#batch.show(photo, this.#photos.slice(this.#at + 1, this.#at + 51), this.#adjusting.lookOf(photo));
    void this.#versions.show(photo);
    this.#preload();
  }

  /** The next ones are in the browser before anybody asks for them. */
  #preload(): void {
    const near = this.#photos.slice(Math.max(0, this.#at - 1), this.#at + 1 + AHEAD);
    for (const { id, view } of near) {
      if (view && this.#ahead.get(id)?.getAttribute("src") !== view) this.#ahead.set(id, make("img", { src: view, alt: "" }));
    }
    const kept = new Set(near.map((photo) => photo.id));
    for (const id of this.#ahead.keys()) if (!kept.has(id)) this.#ahead.delete(id);
    if (this.#at + NEAR_END > this.#photos.length) void this.#further();
  }

  #goTo(to: number): void {
    if (to < 0 || to >= this.#photos.length) return;
    this.#at = to;
    this.#picture.reset();
    this.#draw();
  }

  #find(id: string): void {
    const at = this.#photos.findIndex((photo) => photo.id === id);
    if (at < 0) this.#on.notice(this.#speech.say("further_down"));
    this.#goTo(at);
  }

  // ── culling ──

  readonly #key = onKeys((key) => {
    const keys: Record<string, () => unknown> = {
      ArrowRight: () => this.#goTo(this.#at + 1),
      ArrowLeft: () => this.#goTo(this.#at - 1),
      Home: () => this.#goTo(0),
      Enter: () => this.#adjusting.publishDraft(),
      Escape: () => this.#adjusting.leave(),
      b: () => this.#picture.flip(),
      v: () => this.#picture.split(),
      l: () => this.#adjusting.level(),
      k: () => this.#adjusting.crop(),
      c: () => this.#claim(),
      t: () => this.#now && this.#claim(this.#now.id),
      s: () => this.#release(this.#tasks.find((task) => task.photo.id === this.#now?.id)),
      x: () => this.#hide(),
      g: () => this.#tags.focus(),
    };
    return /^[0-5]$/.test(key) ? () => this.#rate(Number(key)) : keys[key];
  });

  /** Shown at once, then said to the platform; the next photo is on screen before the answer is. */
  async #rate(stars: number): Promise<void> {
    const photo = this.#now;
    if (!photo) return;
    photo.rating = stars || null;
    if (this.#at + 1 < this.#photos.length) this.#goTo(this.#at + 1);
    else this.#draw();
    await this.#try(() => call(`/photos/${photo.id}/rating`, { stars }));
  }

  async #hide(photo = this.#now): Promise<void> {
    if (!photo) return;
    const hidden = photo.state === "hidden";
    await this.#try(() => call(`/photos/${photo.id}/${hidden ? "restore" : "hide"}`, {}));
    this.#on.notice(this.#speech.say(hidden ? "restored_one" : "hidden_one"), () => void this.#hide({ ...photo, state: hidden ? "live" : "hidden" }));
    await this.#changed();
  }

  async #claim(wanted?: string): Promise<void> {
    await this.#try(async () => {
      const { task } = await call<{ task: Task | null }>(`/events/${this.#event}/retouch/claim`, wanted ? { photo_id: wanted } : {});
      if (!task) this.#on.notice(this.#speech.say(wanted ? "in_other_hands" : "nothing_to_claim"));
      await this.#changed();
      if (task) this.#find(task.photo.id);
    });
  }

  async #release(task: Task | undefined): Promise<void> {
    if (!task) return;
    await this.#try(() => call(`/retouch/${task.id}/release`, {}));
    await this.#changed();
  }

  async #bring(file: File): Promise<void> {
    try {
      await send(`/events/${this.#event}/retouched?name=${encodeURIComponent(file.name)}`, file);
      this.#on.notice(this.#speech.say("brought", { name: file.name }));
    } catch (reason) {
      const why = reason instanceof Error ? reason.message : "";
      this.#on.notice(this.#speech.say("not_brought", { name: file.name, why }));
    }
    await this.#changed();
  }

  async #bringAll(files: FileList | null): Promise<void> {
    for (const file of files ?? []) await this.#bring(file);
  }

  readonly #dropped = (event: DragEvent): void => {
    event.preventDefault();
    void this.#bringAll(event.dataTransfer?.files ?? null);
  };

  async #changed(): Promise<void> {
    await this.#try(async () => {
      await this.#look();
      this.#draw();
    });
  }

  async #try(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (reason) {
      this.#on.guard(reason);
    }
  }
}
