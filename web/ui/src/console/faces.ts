/** «Find me» as the organizer answers for it: the assessment and the switch, what is stored, who asks to be covered, the end. */

import "./faces.css";

import words from "../../../words/faces_console.json";
import { Speech } from "../speech";
import { call, remove } from "./api";
import { make, put } from "./dom";
import type { Context, Screen } from "./frame";
import { VeilList } from "./veils";

interface Line {
  name: string;
  zh: string;
  en: string;
  done: boolean;
}

interface Proof {
  certificate: { deleted: Record<string, number>; left: number; at: number };
  signature: string;
  key_id: string;
}

interface Rule {
  available: boolean;
  active: boolean;
  children: boolean;
  contact: string;
  tap_h5: boolean;
  tap_mini: boolean;
  checklist: Line[];
  preview: { zh: string[]; en: string[] };
  purge_at: number | null;
  counts: Record<"photos" | "faces" | "persons" | "followers", number>;
  filing: { stored: number; limit: number };
  proof: Proof | null;
}

export type FacesWords = keyof typeof words;
const COUNTS = ["photos", "faces", "persons", "followers"] as const;
const CHOICES = ["children", "tap_h5", "tap_mini"] as const;
const LOOK_MS = 3_000;
const NEAR = 0.8; // of the number from which the authority must be told

export async function openFaces(on: Context, id: string): Promise<Screen> {
  const screen = new FacesScreen(on, id);
  await screen.open();
  return screen;
}

class FacesScreen implements Screen {
  readonly el = make("div", { className: "faces" });
  readonly #on: Context;
  readonly #event: string;
  readonly #speech = new Speech<FacesWords>({ ...words });
  readonly #veils: VeilList;
  readonly #may: boolean;
  readonly #counts = make("dl", { className: "faces-counts" });
  readonly #filing = make("div", { className: "faces-filing" });
  readonly #proof = make("section", { className: "panel", hidden: true });
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(on: Context, event: string) {
    this.#on = on;
    this.#event = event;
    this.#may = on.member.rights.includes("change_event");
    this.#veils = new VeilList(on, this.#speech, event);
  }

  async open(): Promise<void> {
    const rule = await call<Rule>(this.#at);
    await this.#veils.refresh();
    this.#build(rule);
    this.#timer = setTimeout(() => void this.#tick(), LOOK_MS);
  }

  close(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  get #at(): string {
    return `/events/${this.#event}/faces`;
  }

  async #tick(): Promise<void> {
    try {
      if (!document.hidden) {
        this.#draw(await call<Rule>(this.#at));
        await this.#veils.refresh();
      }
    } catch (reason) {
      this.#on.guard(reason);
    }
    if (!this.#ended) this.#timer = setTimeout(() => void this.#tick(), LOOK_MS);
  }

  #build(rule: Rule): void {
    const say = this.#speech.say.bind(this.#speech);
    const badge = make("span", { className: "badge", data: { state: rule.active ? "live" : "hidden" } }, say(rule.active ? "state_on" : "state_off"));
    const stored = make("section", { className: "panel" }, make("h2", {}, say("stored")), this.#counts, this.#filing, this.#may ? this.#ending(rule) : null);
    this.el.replaceChildren(
      make("div", { className: "event-head" }, make("h1", {}, say("title"), " ", badge)),
      make("p", { className: "soft faces-lead" }, say("lead")),
      ...(rule.available ? [] : [make("p", { className: "wrong" }, say("absent"))]),
      make("div", { className: "panels" }, ...(this.#may ? [this.#form(rule)] : []), make("div", { className: "faces-side" }, stored, this.#proof, this.#notice(rule))),
      this.#veils.el,
    );
    this.#draw(rule);
  }

  #draw(rule: Rule): void {
    const say = this.#speech.say.bind(this.#speech);
    if (!this.#counts.childElementCount) {
      this.#counts.append(...COUNTS.map((name) => make("div", { data: { count: name } }, make("dt", {}, say(`n_${name}`)), make("dd"))));
    }
    for (const name of COUNTS) put(this.#counts.querySelector(`[data-count=${name}] dd`), this.#speech.number(rule.counts[name]));
    const { stored, limit } = rule.filing;
    const until = rule.purge_at === null || !rule.active ? null : make("p", {}, say("purge_at", { day: this.#speech.day(rule.purge_at) }));
    const said = say("filing", { stored: this.#speech.number(stored), limit: this.#speech.number(limit) });
    const meter = make("meter", { min: 0, max: limit, high: limit * NEAR, value: stored });
    meter.setAttribute("aria-label", said);
    const near = stored >= limit * NEAR ? make("p", { className: "wrong" }, say("filing_near")) : null;
    this.#filing.replaceChildren(...[until, make("p", {}, said), meter, near, make("p", { className: "soft" }, say("filing_hint"))].filter((one) => one !== null));
    this.#certify(rule.proof);
  }

  #form(rule: Rule): HTMLElement {
    const say = this.#speech.say.bind(this.#speech);
    const lines = rule.checklist.map((line) => this.#check(line.name, this.#speech.language === "en" ? line.en : line.zh, line.done && rule.active, true));
    const contact = make("input", { name: "contact", value: rule.contact, required: true, maxLength: 120, autocomplete: "off" });
    const days = make("input", { name: "days", type: "number", min: "1", max: "90", value: "30", required: true });
    const choices = CHOICES.map((name) => this.#check(name, say(name), rule[name], false));
    const go = make("button", { className: "button", type: "submit", disabled: !rule.available }, say(rule.active ? "save" : "switch_on"));
    const off = make("button", { className: "quiet", type: "button", hidden: !rule.active }, say("switch_off"));
    off.onclick = () => void this.#send({ active: false }, off);
    const form = make(
      "form",
      { className: "panel faces-form" },
      make("h2", {}, say("assessment")),
      make("p", { className: "soft" }, say("law")),
      ...lines,
      make("label", { className: "faces-field" }, make("span", {}, say("contact")), contact),
      make("label", { className: "faces-field" }, make("span", {}, say("days")), days),
      ...choices,
      make("p", { className: "links" }, go, off),
    );
    form.onsubmit = (event) => {
      event.preventDefault();
      const ticked = (name: string): boolean => form.querySelector<HTMLInputElement>(`[name=${name}]`)?.checked ?? false;
      const checklist = Object.fromEntries(rule.checklist.map(({ name }) => [name, ticked(`line_${name}`)]));
      const choice = Object.fromEntries(CHOICES.map((name) => [name, ticked(name)]));
      void this.#send({ active: true, contact: contact.value, days: Number(days.value), checklist, ...choice }, go);
    };
    return form;
  }

  /** Nothing is ticked beforehand: who answers for it ticks every line. */
  #check(name: string, text: string, checked: boolean, required: boolean): HTMLElement {
    const input = make("input", { type: "checkbox", name: required ? `line_${name}` : name, checked, required });
    return make("label", { className: "faces-line" }, input, make("span", {}, text));
  }

  async #send(body: object, button: HTMLButtonElement): Promise<void> {
    button.disabled = true;
    try {
      this.#build(await call<Rule>(this.#at, body));
      this.#on.notice(this.#speech.say("saved"));
    } catch (reason) {
      this.#on.guard(reason);
      button.disabled = false;
    }
  }

  #notice(rule: Rule): HTMLElement {
    const details = make("details", { className: "panel" }, make("summary", {}, this.#speech.say("notice")));
    details.append(...rule.preview[this.#speech.language].map((line) => make("p", { className: "soft" }, line)));
    return details;
  }

  #ending(rule: Rule): HTMLElement {
    const say = this.#speech.say.bind(this.#speech);
    const begin = make("button", { className: "quiet", type: "button", hidden: !rule.active && rule.counts.photos === 0 }, say("delete"));
    begin.onclick = () => {
      const yes = make("button", { className: "button", type: "button" }, say("delete_yes"));
      const no = make("button", { className: "quiet", type: "button" }, say("cancel"));
      const dialog = make("dialog", { className: "faces-sure" }, make("p", {}, say("delete_sure")), make("p", { className: "links" }, yes, no));
      no.onclick = () => dialog.remove();
      dialog.onclose = () => dialog.remove();
      yes.onclick = () => {
        yes.disabled = true;
        remove(this.#at)
          .then(() => call<Rule>(this.#at))
          .then((now) => this.#build(now), this.#on.guard)
          .finally(() => dialog.remove());
      };
      this.el.append(dialog);
      dialog.showModal();
    };
    return make("p", { className: "links" }, begin);
  }

  #certify(proof: Proof | null): void {
    this.#proof.hidden = proof === null;
    if (proof === null || this.#proof.dataset["of"] === proof.signature) return;
    this.#proof.dataset["of"] = proof.signature;
    const say = this.#speech.say.bind(this.#speech);
    const { deleted, left, at } = proof.certificate;
    const file = URL.createObjectURL(new Blob([JSON.stringify(proof)], { type: "application/json" }));
    this.#proof.replaceChildren(
      make("h2", {}, say("proof")),
      make("p", {}, say("proof_said", { ...deleted, left, day: `${this.#speech.day(at)} ${this.#speech.clock(at)}` })),
      make(
        "p",
        { className: "links" },
        make("a", { className: "quiet", href: file, download: `faces-deleted-${this.#event}.json` }, say("proof_file")),
        make("a", { className: "quiet", href: `/certificates/key.pem?id=${proof.key_id}`, download: "key.pem" }, say("proof_key")),
      ),
    );
  }
}
