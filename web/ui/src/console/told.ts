/** Messages to guests: how many wait for one, what became of each kind, and «this album is complete». */

import type { ConsoleWords } from "../console";
import type { Speech } from "../speech";
import { type AlbumRow, call } from "./api";
import { make } from "./dom";

interface Total {
  milestone: "open" | "first_photos" | "new_photos" | "retouched" | "complete" | "found";
  state: "planned" | "sent" | "refused";
  outcome: string;
  words: [string, string];
  n: number;
}

interface Message {
  id: string;
  guest: string;
  milestone: Total["milestone"];
  state: Total["state"];
  words: [string, string];
  attempts: number;
  due_at: number;
  settled_at: number | null;
}

interface Told {
  listeners: number;
  allowed: number;
  totals: Total[];
  messages: Message[];
}

interface Scans {
  opened: number;
  sources: { source: string; album_id: string | null; way: "mini" | "h5"; opened: number }[];
}

interface Context {
  speech: Speech<ConsoleWords>;
  event: string;
  notice: (text: string) => void;
  guard: (reason: unknown) => void;
}

const NEWEST = 30;
const BADGE = { planned: "stored", sent: "live", refused: "rejected" };

export class ToldPanel {
  readonly el = make("div", { className: "list told" });
  readonly #on: Context;
  readonly #newest = make("div", { className: "list newest" });
  readonly #more: HTMLDetailsElement;

  constructor(on: Context) {
    this.#on = on;
    this.#more = make("details", { hidden: true }, make("summary", {}, on.speech.say("newest_messages")), this.#newest);
  }

  async refresh(albums: AlbumRow[]): Promise<void> {
    const told = await call<Told>(`/events/${this.#on.event}/messages?limit=${NEWEST}`);
    this.#more.hidden = told.messages.length === 0;
    this.#newest.replaceChildren(...told.messages.map((one) => this.#message(one)));
    const { speech } = this.#on;
    const audience = speech.say("listeners_n", { n: told.listeners, allowed: told.allowed });
    this.el.replaceChildren(
      make("p", { className: "soft" }, told.listeners ? audience : speech.say("no_listeners")),
      ...told.totals.map((total) => this.#total(total)),
      this.#more,
      ...albums.filter((album) => album.photos > 0).map((album) => this.#completes(album, albums.length > 1)),
    );
  }

  #total(total: Total): HTMLElement {
    const { speech } = this.#on;
    const badge = make("span", { className: "badge", data: { state: BADGE[total.state] } }, speech.number(total.n));
    const why = total.words[speech.language === "en" ? 1 : 0];
    return make("div", { className: "row" }, make("p", {}, badge, " ", make("b", {}, speech.say(`milestone_${total.milestone}`))), make("p", { className: "soft" }, why));
  }

  /** One guest's message: what, when, and what became of it. */
  #message(one: Message): HTMLElement {
    const { speech } = this.#on;
    const badge = make("span", { className: "badge", data: { state: BADGE[one.state] } }, speech.clock(one.settled_at ?? one.due_at));
    const about = [speech.say(`milestone_${one.milestone}`), speech.say("to_guest", { guest: one.guest })];
    if (one.attempts > 1) about.push(speech.say("tries_n", { n: one.attempts }));
    return make("div", { className: "row" }, make("p", {}, badge, ` ${about.join(" · ")}`), make("p", { className: "soft" }, one.words[speech.language === "en" ? 1 : 0]));
  }

  #completes(album: AlbumRow, named: boolean): HTMLElement {
    const { speech } = this.#on;
    const title = named ? `${album.title} ` : null;
    if (album.completed_at !== null) return make("p", { className: "soft" }, title, speech.say("completed"));
    const button = make("button", { className: "quiet", type: "button", title: speech.say("complete_hint") }, speech.say("complete_album"));
    button.onclick = async () => {
      button.disabled = true;
      try {
        await call(`/albums/${album.id}/complete`, {});
        this.#on.notice(speech.say("completed"));
      } catch (reason) {
        this.#on.guard(reason);
        button.disabled = false;
      }
    };
    return make("p", {}, title, button);
  }
}

export class ScansPanel {
  readonly el = make("div", { className: "list" });
  readonly #on: Context;

  constructor(on: Context) {
    this.#on = on;
  }

  async refresh(albums: AlbumRow[]): Promise<void> {
    const found = await call<Scans>(`/events/${this.#on.event}/scans`);
    const { speech } = this.#on;
    const titles = new Map(albums.map((album) => [album.id, album.title]));
    const rows = found.sources.map(({ source, album_id, way, opened }) => {
      const where = [speech.say(`source_${source}` as ConsoleWords), album_id ? titles.get(album_id) : "", speech.say(way)];
      return make("div", { className: "row" }, make("p", {}, make("b", {}, speech.number(opened)), ` ${where.filter(Boolean).join(" · ")}`));
    });
    this.el.replaceChildren(...(rows.length ? rows : [make("p", { className: "soft" }, speech.say("no_scans"))]));
  }
}
