/** What hangs in the hall: codes of the event or of one album, by where they hang, with or without the logo; posters, cards. */

import type { ConsoleWords } from "../console";
import type { Speech } from "../speech";
import type { AlbumRow } from "./api";
import { make } from "./dom";

interface Context {
  speech: Speech<ConsoleWords>;
  event: string;
}

type Wish = Record<string, string>;

const PLACES = ["p", "t", "s", "l"] as const; // backend.events.SOURCES that somebody prints or sends
const PER_SHEET = ["8", "4", "2"];

export class PrintsPanel {
  readonly el = make("section", { className: "panel prints" });
  readonly #on: Context;
  readonly #album = make("select", { name: "print_album" });
  readonly #place: HTMLSelectElement;
  readonly #paper: HTMLSelectElement;
  readonly #per: HTMLSelectElement;
  readonly #cards = make("input", { type: "number", name: "cards", min: "1", max: "400", value: "8", required: true });
  readonly #logo = make("input", { type: "checkbox", name: "logo", className: "tick" });
  readonly #links = make("div", { className: "files" });
  #known = "";

  constructor(on: Context) {
    this.#on = on;
    const { speech } = on;
    this.#place = this.#select("place", PLACES.map((place) => [place, speech.say(`source_${place}`)]));
    this.#paper = this.#select("paper", [["a4", "A4"], ["a3", "A3"]]);
    this.#per = this.#select("per", PER_SHEET.map((n) => [n, n]));
    this.#per.value = "4";
    const logo = make("label", { className: "soft check" }, this.#logo, ` ${speech.say("print_logo")}`);
    this.el.append(
      make("h2", {}, speech.say("downloads")),
      make("div", { className: "wishes" }, this.#field("print_for", this.#album), this.#field("hangs_at", this.#place), this.#field("paper", this.#paper)),
      make("div", { className: "wishes" }, this.#field("cards_n", this.#cards), this.#field("cards_per", this.#per), logo),
      this.#links,
    );
    for (const field of [this.#album, this.#place, this.#paper, this.#per, this.#cards, this.#logo]) field.onchange = () => this.#draw();
  }

  /** The albums of now; what was chosen stays chosen. */
  fill(albums: AlbumRow[]): void {
    const now = JSON.stringify(albums.map(({ id, title }) => [id, title]));
    if (now === this.#known) return;
    this.#known = now;
    const chosen = this.#album.value;
    const whole = make("option", { value: "" }, this.#on.speech.say("whole_event"));
    this.#album.replaceChildren(whole, ...albums.map(({ id, title }) => make("option", { value: id, selected: id === chosen }, title)));
    this.#draw();
  }

  #draw(): void {
    const album: Wish = this.#album.value ? { album: this.#album.value } : {};
    const code: Wish = { ...album, f: this.#place.value };
    const poster: Wish = { ...album, paper: this.#paper.value };
    const cards: Wish = { ...album, n: this.#cards.checkValidity() ? this.#cards.value : "8", per: this.#per.value };
    const logo: Wish = this.#logo.checked ? { logo: "true" } : {};
    const files: [string, ConsoleWords, Wish][] = [
      ["code.png", "code", { ...code, ...logo }],
      ["qr.png", "qr", code],
      ["poster.pdf", "poster_pdf", poster],
      ["poster.png", "poster_png", poster],
      ["cards.pdf", "cards", cards],
      ["report.pdf", "report_pdf", {}],
      ["report.csv", "report_csv", {}],
    ];
    this.#links.replaceChildren(...files.map(([file, words, wish]) => this.#link(file, words, wish)));
  }

  #link(file: string, words: ConsoleWords, wish: Wish): HTMLElement {
    const asked = new URLSearchParams(wish).toString();
    const href = `/api/v1/events/${this.#on.event}/${file}${asked && `?${asked}`}`;
    return make("a", { href, className: "file", download: file }, this.#on.speech.say(words));
  }

  #select(name: string, options: [string, string][]): HTMLSelectElement {
    return make("select", { name }, ...options.map(([value, text]) => make("option", { value }, text)));
  }

  #field(words: ConsoleWords, field: HTMLElement): HTMLElement {
    return make("label", { className: "soft" }, `${this.#on.speech.say(words)} `, field);
  }
}
