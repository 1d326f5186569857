/** Everything of an event that can be changed while guests are looking: one field, one request, one «undo». */

import "./create.css";
import "./settings.css";

import words from "../../../words/settings.json";
import { Speech } from "../speech";
import { AlbumSettings } from "./album_settings";
import { call, type EventNow, send } from "./api";
import { type Art, nameOf } from "./arts";
import { make } from "./dom";
import { type Choice, type Control, field, type Value } from "./fields";
import type { Context, Screen } from "./frame";

export type SettingsWords = keyof typeof words;
export const speaker = (): Speech<SettingsWords> => new Speech<SettingsWords>({ ...words });

type Front = Record<string, Value> & { state: string; cover: string | null; cover_url: string | null };

interface Wanted {
  name: SettingsWords;
  kind: Control;
  max?: number;
  choices?: readonly string[];
}

const SECTIONS: [SettingsWords, Wanted[]][] = [
  [
    "tab_basics",
    [
      { name: "title", kind: "text", max: 80 },
      { name: "place", kind: "text", max: 120 },
      { name: "starts_at", kind: "moment" },
      { name: "ends_at", kind: "moment" },
      { name: "language", kind: "choice", choices: ["", "zh", "en"] },
      { name: "state", kind: "choice", choices: ["draft", "open", "closed", "archived"] },
    ],
  ],
  [
    "tab_start",
    [
      { name: "start_page", kind: "switch" },
      { name: "countdown", kind: "switch" },
      { name: "welcome", kind: "area", max: 200 },
      { name: "start_button", kind: "text", max: 20 },
    ],
  ],
  [
    "tab_banner",
    [
      { name: "banner", kind: "text", max: 120 },
      { name: "banner_link", kind: "url", max: 300 },
      { name: "banner_sponsor", kind: "choice" },
      { name: "banner_from", kind: "moment" },
      { name: "banner_until", kind: "moment" },
    ],
  ],
  [
    "tab_share",
    [
      { name: "share_title", kind: "text", max: 60 },
      { name: "share_words", kind: "text", max: 120 },
      { name: "share_cover", kind: "switch" },
    ],
  ],
  [
    "tab_wall",
    [
      { name: "layout", kind: "choice", choices: ["rows", "waterfall", "grid"] },
      { name: "order", kind: "choice", choices: ["new", "times", "hot"] },
      { name: "likes", kind: "switch" },
    ],
  ],
];
const COVER_LOOKS = 60; // at most so many, a second apart, until a worker made the cover

export async function openSettings(on: Context, event: string): Promise<Screen> {
  const arts = on.member.rights.includes("change_brand") ? call<{ arts: Art[] }>("/arts").catch(() => ({ arts: [] })) : { arts: [] };
  const [now, front, known] = await Promise.all([call<EventNow>(`/events/${event}`), call<Front>(`/events/${event}/front`), arts]);
  return new Settings(on, now, front, known.arts.filter((art) => art.kind === "picture" && art.state === "ready"));
}

class Settings implements Screen {
  readonly el = make("div", { className: "settings" });
  readonly #on: Context;
  readonly #speech = speaker();
  readonly #event: EventNow;
  readonly #albums: AlbumSettings;
  readonly #cover = make("div", { className: "cover-field" });
  readonly #arts: Art[];
  #front: Front;
  #ended = false;

  constructor(on: Context, event: EventNow, front: Front, arts: Art[]) {
    this.#on = on;
    this.#event = event;
    this.#front = front;
    this.#arts = arts;
    this.#albums = new AlbumSettings({ ...on, words: this.#speech, event: event.id, saved: (undo) => this.#saved(undo) }, event.albums);
    const say = this.#speech.say.bind(this.#speech);
    const sections = SECTIONS.map(([name, fields]) => this.#section(name, this.#fields(fields), name === "tab_basics" ? this.#cover : null));
    const albums = this.#section("tab_albums", this.#albums.el, null);
    const links = make("p", { className: "links" }, link(`/console/events/${event.id}/ready`, say("prints")));
    const head = make("div", { className: "event-head" }, make("div", {}, make("h1", {}, say("settings")), make("p", { className: "soft" }, say("lead"))), links);
    const body = make("div", { className: "settings-body" }, make("div", { className: "settings-forms" }, ...sections, albums), this.#preview());
    this.el.append(head, this.#tabs([...SECTIONS.map(([name]) => name), "tab_albums"]), body);
    this.#drawCover();
  }

  close(): void {
    this.#ended = true;
  }

  #section(name: SettingsWords, ...content: (Node | null)[]): HTMLElement {
    const heading = make("h2", { id: `${name}-title` }, this.#speech.say(name));
    const el = make("section", { className: "panel", id: name }, heading, ...content);
    el.setAttribute("aria-labelledby", heading.id);
    return el;
  }

  #tabs(names: SettingsWords[]): HTMLElement {
    const nav = make("nav", { className: "tabs settings-tabs" }, ...names.map((name) => make("a", { href: `#${name}` }, this.#speech.say(name))));
    nav.setAttribute("aria-label", this.#speech.say("sections"));
    return nav;
  }

  #fields(wanted: Wanted[]): HTMLElement {
    return make("div", { className: "fields" }, ...wanted.map((one) => this.#field(one)));
  }

  #field({ name, kind, max, choices }: Wanted): HTMLElement {
    const known = choices?.map((value): Choice => [value, this.#speech.say(`${name}_${value}` as SettingsWords)]);
    const options = name === "banner_sponsor" ? [["", this.#speech.say("banner_sponsor_")] satisfies Choice, ...this.#arts.map((art): Choice => [art.key, nameOf(art)])] : known;
    const said = { name, kind, label: this.#speech.say(name), value: this.#front[name] ?? null, max, choices: options };
    const control = field(said, (value, before) => this.#save(name, value, before, control));
    return control.el;
  }

  async #save(name: string, value: Value, before: Value, control: { put: (value: Value) => void }): Promise<boolean> {
    try {
      this.#front = await call<Front>(`/events/${this.#event.id}`, { [name]: value });
    } catch (reason) {
      this.#on.guard(reason);
      return false;
    }
    const undo = (): void => {
      control.put(before);
      void call<Front>(`/events/${this.#event.id}`, { [name]: before }).then(() => this.#on.notice(this.#speech.say("undone")), this.#on.guard);
    };
    this.#saved(undo);
    return true;
  }

  #saved(undo?: () => void): void {
    this.#on.notice(this.#speech.say("saved"), undo);
  }

  #drawCover(): void {
    const say = this.#speech.say.bind(this.#speech);
    const { cover, cover_url: url } = this.#front;
    const said = cover === "making" ? say("cover_making") : cover && cover !== "ready" ? say("cover_bad") : url ? "" : say("cover_none");
    const input = make("input", { type: "file", accept: "image/*", className: "unseen", name: "cover" });
    input.setAttribute("aria-label", say("cover"));
    input.onchange = () => void this.#upload(input.files?.[0]);
    const pick = make("label", { className: "pick" }, input, make("span", { className: "quiet" }, say("cover_pick")));
    const remove = make("button", { type: "button", className: "quiet", hidden: !url }, say("cover_remove"));
    remove.onclick = () => void this.#uncover();
    const status = make("p", { className: "soft" }, said);
    status.setAttribute("role", "status");
    const label = make("span", { className: "soft" }, say("cover"));
    this.#cover.replaceChildren(label, url ? make("img", { src: url, alt: say("cover") }) : make("div", { className: "cover-empty" }), status, make("p", { className: "links" }, pick, remove));
    if (cover === "making") this.#cover.append(make("progress", { className: "thin" }));
  }

  async #upload(file: File | undefined): Promise<void> {
    if (!file) return;
    try {
      this.#front = await send<Front>(`/events/${this.#event.id}/cover`, file);
      for (let look = 0; this.#front.cover === "making" && look < COVER_LOOKS && !this.#ended; look++) {
        this.#drawCover();
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        this.#front = await call<Front>(`/events/${this.#event.id}/front`);
      }
      this.#drawCover();
      if (this.#front.cover === "ready") this.#saved();
    } catch (reason) {
      this.#on.guard(reason);
    }
  }

  async #uncover(): Promise<void> {
    try {
      this.#front = await call<Front>(`/events/${this.#event.id}`, { cover: false });
      this.#drawCover();
      this.#saved();
    } catch (reason) {
      this.#on.guard(reason);
    }
  }

  /** The album itself, as a phone shows it: it follows like every guest's. */
  #preview(): HTMLElement {
    const say = this.#speech.say.bind(this.#speech);
    const path = new URL(this.#event.album_url).pathname;
    const frame = make("iframe", { src: path, title: say("preview"), loading: "lazy" });
    return make("aside", { className: "preview" }, make("p", { className: "soft" }, say("preview")), frame, make("p", { className: "links" }, link(path, say("open_album"), true)));
  }
}

function link(href: string, text: string, apart = false): HTMLAnchorElement {
  return make("a", { href, className: "quiet", ...(apart && { target: "_blank", rel: "noopener" }) }, text);
}
