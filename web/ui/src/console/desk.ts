/** The retouch desk: photos one after the other by keyboard, stars, sliders, versions, and files that come back. */

import words from "../../../words/desk.json";
import type { Speech } from "../speech";
import { call, type EventRow, type PhotoRow, send } from "./api";
import { make, put } from "./dom";
import { Folder } from "./folder";
import type { Context, Screen } from "./frame";
import { Sliders } from "./sliders";
import { Versions } from "./versions";

export type DeskWords = keyof typeof words;

export interface Task {
  id: string;
  photo: { id: string; name: string };
  lease_until: number;
  finish_due_at: number | null;
  returned: string;
  original: string | null;
}

const AHEAD = 5; // photos loaded before somebody asks for them
const LOOK_MS = 2_000;
const RENEW_MS = 60_000;

export async function openDesk(on: Context, id: string): Promise<Screen> {
  const desk = new Desk(on, id);
  await desk.open();
  return desk;
}

class Desk implements Screen {
  readonly el = make("div", { className: "desk" });
  readonly #on: Context;
  readonly #speech: Speech<DeskWords>;
  readonly #event: string;
  readonly #strip = make("div", { className: "desk-strip" });
  readonly #picture = make("img", { alt: "" });
  readonly #stage = make("div", { className: "desk-stage" }, this.#picture);
  readonly #caption = make("p", { className: "desk-caption" });
  readonly #held = make("div", { className: "desk-held" });
  readonly #waiting = make("span", { className: "soft" });
  readonly #sliders: Sliders;
  readonly #versions: Versions;
  readonly #folder: Folder;
  readonly #ahead = new Map<string, HTMLImageElement>();
  #photos: PhotoRow[] = [];
  #tasks: Task[] = [];
  #at = 0;
  #before = false;
  #renewed = Date.now();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(on: Context, event: string) {
    this.#on = on;
    this.#event = event;
    this.#speech = on.speech.learn(words);
    this.#sliders = new Sliders(on, this.#speech, () => this.#changed());
    this.#versions = new Versions(on, this.#speech, () => this.#changed());
    this.#folder = new Folder(on, this.#speech, (file) => this.#bring(file));
    document.addEventListener("keydown", this.#key);
    this.el.addEventListener("dragover", this.#drag);
    this.el.addEventListener("drop", this.#drop);
  }

  async open(): Promise<void> {
    const { title } = await call<EventRow>(`/events/${this.#event}`);
    await this.#look();
    this.#build(title);
    this.#draw();
    this.#timer = setTimeout(() => void this.#tick(), LOOK_MS);
  }

  close(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#folder.stop();
    document.removeEventListener("keydown", this.#key);
  }

  get #now(): PhotoRow | undefined {
    return this.#photos[this.#at];
  }

  #build(title: string): void {
    const say = this.#speech;
    const claim = make("button", { className: "button", type: "button" }, say.say("claim_next"));
    claim.onclick = () => void this.#claim();
    const pick = make("input", { type: "file", accept: "image/jpeg", multiple: true, hidden: true });
    pick.onchange = () => void this.#bringAll(pick.files);
    const bring = make("button", { className: "quiet", type: "button", onclick: () => pick.click() }, say.say("bring_back"));
    const head = make("div", { className: "desk-head" }, make("h1", {}, say.say("desk_title")), make("span", { className: "soft" }, title), this.#waiting);
    const tools = make("div", { className: "links" }, claim, bring, pick, this.#folder.el);
    this.#stage.title = say.say("before");
    this.#stage.onclick = () => this.#flip();
    const side = make("aside", { className: "desk-side" }, this.#held, this.#sliders.el, this.#versions.el);
    const middle = make("div", { className: "desk-middle" }, this.#stage, this.#caption, this.#strip, make("p", { className: "soft" }, say.say("keys")), make("p", { className: "soft" }, say.say("drop_hint")));
    this.el.replaceChildren(make("div", { className: "event-head" }, head, tools), make("div", { className: "desk-body" }, middle, side));
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
    const looked = this.#now?.id;
    const [{ photos }, desk] = await Promise.all([
      call<{ photos: PhotoRow[] }>(`/events/${this.#event}/photos?limit=200`),
      call<{ waiting: number; mine: Task[] }>(`/events/${this.#event}/retouch`),
    ]);
    this.#photos = photos.filter((photo) => photo.view);
    this.#tasks = desk.mine;
    this.#at = Math.max(0, this.#photos.findIndex((photo) => photo.id === looked));
    put(this.#waiting, this.#speech.say("waiting_by_hand", { n: desk.waiting }));
  }

  #draw(): void {
    this.#show();
    const tiles = this.#photos.slice(Math.max(0, this.#at - 6), this.#at + 14);
    const drawn = tiles.map((photo) => {
      const tile = make("button", { type: "button", className: "desk-tile", title: photo.name, data: { state: photo.state } });
      tile.append(make("img", { src: photo.thumb ?? "", alt: photo.name, loading: "lazy" }), make("span", {}, "★".repeat(photo.rating ?? 0)));
      tile.setAttribute("aria-current", String(photo.id === this.#now?.id));
      tile.onclick = () => this.#go(this.#photos.indexOf(photo));
      return tile;
    });
    this.#strip.replaceChildren(...drawn);
    this.#drawHeld();
  }

  #show(): void {
    const photo = this.#now;
    const none = !photo;
    this.el.classList.toggle("empty", none);
    if (!photo) {
      put(this.#caption, this.#speech.say("no_photos_yet"));
      return;
    }
    const clean = this.#versions.clean;
    const wanted = this.#before && clean ? clean : (photo.view ?? "");
    if (this.#picture.getAttribute("src") !== wanted) this.#picture.src = wanted;
    this.#picture.alt = photo.name;
    const stars = photo.rating ? "★".repeat(photo.rating) : "";
    const facts = [photo.name, `${this.#at + 1} / ${this.#photos.length}`, photo.camera, this.#speech.say(this.#before ? "before" : "after"), photo.state === "hidden" ? this.#speech.say("hidden_one") : "", stars];
    put(this.#caption, facts.filter(Boolean).join(" · "));
    this.#sliders.show(photo, this.#photos.slice(this.#at + 1, this.#at + 51));
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
  }

  #drawHeld(): void {
    const say = this.#speech;
    const rows = this.#tasks.map((task) => {
      const left = task.finish_due_at === null ? null : Math.round((task.finish_due_at - Date.now()) / 1000);
      const time = left === null ? "" : left <= 0 ? say.say("deadline_over") : say.say("deadline", { time: `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` });
      const why = task.returned ? say.say("returned_because", { words: task.returned }) : "";
      const back = make("button", { className: "act", type: "button" }, say.say("release"));
      back.onclick = () => void this.#release(task);
      const look = make("button", { className: "plain", type: "button" }, task.photo.name || task.photo.id);
      look.onclick = () => this.#go(this.#photos.findIndex((photo) => photo.id === task.photo.id));
      const file = task.original ? make("a", { className: "act", href: task.original }, say.say("download_original")) : null;
      return make("div", { className: "row" }, make("p", {}, look), make("p", { className: "soft" }, [time, why].filter(Boolean).join(" · ")), make("p", { className: "switches" }, file, back));
    });
    this.#held.replaceChildren(...(rows.length ? [make("h2", {}, say.say("in_hand")), ...rows] : []));
  }

  #go(to: number): void {
    if (to < 0 || to >= this.#photos.length) return;
    this.#at = to;
    this.#before = false;
    this.#draw();
  }

  #flip(): void {
    this.#before = !this.#before;
    this.#show();
  }

  readonly #key = (event: KeyboardEvent): void => {
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const keys: Record<string, () => unknown> = {
      ArrowRight: () => this.#go(this.#at + 1),
      ArrowLeft: () => this.#go(this.#at - 1),
      b: () => this.#flip(),
      c: () => this.#claim(),
      s: () => this.#tasks.find((task) => task.photo.id === this.#now?.id) && this.#release(this.#tasks.find((task) => task.photo.id === this.#now?.id)),
      x: () => this.#hide(),
    };
    const act = /^[0-5]$/.test(event.key) ? () => this.#rate(Number(event.key)) : keys[event.key];
    if (!act) return;
    event.preventDefault();
    void act();
  };

  /** Shown at once, then said to the platform; the next photo is on screen before the answer is. */
  async #rate(stars: number): Promise<void> {
    const photo = this.#now;
    if (!photo) return;
    photo.rating = stars || null;
    if (this.#at + 1 < this.#photos.length) this.#go(this.#at + 1);
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

  async #claim(): Promise<void> {
    await this.#try(async () => {
      const { task } = await call<{ task: Task | null }>(`/events/${this.#event}/retouch/claim`, {});
      if (!task) this.#on.notice(this.#speech.say("nothing_to_claim"));
      await this.#changed();
      if (task) this.#go(this.#photos.findIndex((photo) => photo.id === task.photo.id));
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

  readonly #drag = (event: DragEvent): void => event.preventDefault();

  readonly #drop = (event: DragEvent): void => {
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
