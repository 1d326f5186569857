/** A new event: one template, one name, and its printable code. */

import "./create.css";

import words from "../../../words/create.json";
import { Speech } from "../speech";
import { call, type EventRow, send } from "./api";
import { make } from "./dom";
import type { Context, Screen } from "./frame";
import { local, moment, nextHour } from "./zone";

interface Template {
  name: string;
  zh: string;
  en: string;
  about: { zh: string; en: string };
  albums: { zh: string[]; en: string[] };
  access: "public" | "code";
}

export type CreateWords = keyof typeof words;
export const createSpeaker = (): Speech<CreateWords> => new Speech<CreateWords>({ ...words });

export async function openCreate(on: Context): Promise<Screen> {
  const { templates } = await call<{ templates: Template[] }>("/templates");
  return new Create(on, templates);
}

/** The printables of an event that stands. */
export async function openReady(on: Context, id: string): Promise<Screen> {
  const event = await call<EventRow>(`/events/${id}`);
  const el = make("div", { className: "create" });
  el.append(...ready(on, event, null));
  return { el, close: () => undefined };
}

class Create implements Screen {
  readonly el = make("form", { className: "create" });
  readonly #on: Context;
  readonly #speech = createSpeaker();
  readonly #templates: Template[];
  readonly #title = make("input", { name: "title", required: true, maxLength: 80, autocomplete: "off" });
  readonly #place = make("input", { name: "place", maxLength: 120, autocomplete: "off" });
  readonly #starts = make("input", { name: "starts_at", type: "datetime-local", required: true, value: local(nextHour()) });
  readonly #cover: HTMLInputElement;
  readonly #access: HTMLSelectElement;
  readonly #go: HTMLButtonElement;

  constructor(on: Context, templates: Template[]) {
    this.#on = on;
    this.#templates = templates;
    const say = this.#speech.say.bind(this.#speech);
    this.#access = make("select", { name: "access" }, ...(["public", "code"] as const).map((value) => make("option", { value }, say(`access_${value}`))));
    this.#go = make("button", { className: "button", type: "submit" }, say("make"));
    const picked = make("span", { className: "quiet" }, say("cover_pick"));
    this.#cover = make("input", { name: "cover", type: "file", accept: "image/*", className: "unseen" });
    this.#cover.onchange = () => picked.replaceChildren(this.#cover.files?.[0]?.name ?? say("cover_pick"));
    const cards = make("div", { className: "templates" }, ...templates.map((one, n) => this.#card(one, n === 0)));
    cards.setAttribute("role", "radiogroup");
    cards.setAttribute("aria-label", say("template"));
    const fields = make(
      "div",
      { className: "fields" },
      field(say("title"), this.#title, "wide"),
      field(say("starts"), this.#starts),
      field(say("place"), this.#place),
      field(say("access"), this.#access),
      field(say("cover"), make("span", { className: "pick" }, this.#cover, picked)),
    );
    this.el.append(make("h1", {}, say("new_event")), make("p", { className: "soft" }, say("new_lead")), cards, fields, this.#go);
    this.el.onsubmit = (said) => {
      said.preventDefault();
      void this.#make();
    };
    this.#chosen(templates[0]);
    queueMicrotask(() => this.#title.focus());
  }

  close(): void {
    this.el.onsubmit = null;
  }

  #card(one: Template, first: boolean): HTMLElement {
    const { language } = this.#speech;
    const names = one.albums[language].join(language === "en" ? ", " : "、");
    const radio = make("input", { type: "radio", name: "template", value: one.name, checked: first });
    radio.onchange = () => this.#chosen(one);
    return make(
      "label",
      { className: "template" },
      radio,
      make("b", {}, one[language]),
      make("span", { className: "soft" }, one.about[language]),
      make("small", {}, this.#speech.say("albums_of", { names })),
    );
  }

  #chosen(one: Template | undefined): void {
    if (one) this.#access.value = one.access;
  }

  async #make(): Promise<void> {
    const say = this.#speech.say.bind(this.#speech);
    this.#go.disabled = true;
    this.#go.textContent = say("making");
    try {
      const { event, code } = await call<{ event: EventRow; code: string | null }>("/events", {
        template: this.el.querySelector<HTMLInputElement>("[name=template]:checked")?.value ?? this.#templates[0]?.name,
        title: this.#title.value,
        place: this.#place.value,
        starts_at: moment(this.#starts.value),
        access: this.#access.value,
        language: this.#speech.language,
      });
      const cover = this.#cover.files?.[0];
      // the event stands already: a cover that fails is said, and can be chosen again in its settings
      if (cover) await send(`/events/${event.id}/cover`, cover).catch(this.#on.guard);
      history.replaceState(null, "", `/console/events/${event.id}/ready`);
      this.el.replaceChildren(...ready(this.#on, event, code));
      window.scrollTo({ top: 0 });
    } catch (reason) {
      this.#on.guard(reason);
      this.#go.disabled = false;
      this.#go.textContent = say("make");
    }
  }
}

function ready(on: Context, event: EventRow, code: string | null): Node[] {
  const say = createSpeaker().say.bind(createSpeaker());
  const file = (name: string): string => `/api/v1/events/${event.id}/${name}`;
  const copy = make("button", { className: "quiet", type: "button" }, say("copy"));
  copy.onclick = () => void navigator.clipboard.writeText(event.album_url).then(() => on.notice(say("copied")), on.guard);
  const link = (key: CreateWords, href: string, className = "quiet", more: Partial<HTMLAnchorElement> = {}): HTMLElement =>
    make("a", { href, className, ...more }, say(key));
  const print = { target: "_blank", rel: "noopener" };
  return [
    make("h1", {}, event.title),
    make("p", { className: "soft" }, `${say("ready")} · ${say("ready_lead")}`),
    make(
      "div",
      { className: "ready" },
      make("img", { className: "ready-qr", src: file("qr.png?f=p"), alt: say("qr"), width: 320, height: 320 }),
      make(
        "div",
        { className: "ready-side" },
        code === null ? null : make("p", { className: "ready-code" }, make("span", { className: "soft" }, say("code_is")), make("b", {}, code), make("small", {}, say("code_once"))),
        make("p", { className: "links" }, link("poster", file("poster.pdf"), "button", print), link("cards", file("cards.pdf"), "quiet", print), link("qr", file("qr.png?f=p&download=1")), copy),
        make("p", { className: "ready-url" }, make("a", { href: event.album_url, ...print }, event.album_url)),
        make("p", { className: "links" }, link("connect", "/pair"), link("to_event", `/console/events/${event.id}`)),
      ),
    ),
  ];
}

export function field(label: string, control: HTMLElement, className = ""): HTMLElement {
  return make("label", { className: `field ${className}`.trim() }, make("span", { className: "soft" }, label), control);
}
