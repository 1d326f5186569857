/** Photos a person should look at: requests of guests, doubts of machines. Two buttons each; undone by deciding again. */

import type { ConsoleWords } from "../console";
import type { Speech } from "../speech";
import { Refusal } from "../wire";
import { call } from "./api";
import { make } from "./dom";

interface Case {
  photo_id: string;
  name: string;
  by: string;
  state: "stored" | "live" | "hidden" | "announced" | "rejected";
  why: "reported" | "review" | "risky" | "given" | "approve";
  picture: string | null;
  reports: { reason: "me" | "child" | "improper" | "rights" | "other"; words: string; created_at: number }[];
  check: { label: number; reason: string } | null;
  since: number;
}

interface Context {
  speech: Speech<ConsoleWords>;
  event: string;
  guard: (reason: unknown) => void;
}

export class ReviewPanel {
  readonly el = make("section", { className: "panel wide review", hidden: true });
  readonly #on: Context;
  readonly #list = make("div", { className: "cases" });
  readonly #cards = new Map<string, HTMLElement>();
  #notMine = false;

  constructor(on: Context) {
    this.#on = on;
    this.el.append(make("h2", {}, on.speech.say("review")), make("p", { className: "soft" }, on.speech.say("review_hint")), this.#list);
  }

  /** Cards stay where they are while somebody looks at them: only what is new or gone changes. */
  async refresh(): Promise<void> {
    if (this.#notMine) return;
    let cases: Case[] = [];
    try {
      cases = (await call<{ cases: Case[] }>(`/events/${this.#on.event}/review`)).cases;
    } catch (reason) {
      if (!(reason instanceof Refusal && reason.status === 403)) throw reason;
      this.#notMine = true; // not everybody decides
    }
    const now = new Set(cases.map((one) => one.photo_id));
    for (const [id, card] of this.#cards) {
      if (now.has(id)) continue;
      card.remove();
      this.#cards.delete(id);
    }
    for (const one of cases) {
      if (this.#cards.has(one.photo_id)) continue;
      const card = this.#card(one);
      this.#cards.set(one.photo_id, card);
      this.#list.append(card);
    }
    this.el.hidden = this.#cards.size === 0;
  }

  #card(one: Case): HTMLElement {
    const { speech } = this.#on;
    const picture = one.picture ? make("img", { src: one.picture, alt: one.name, loading: "lazy" }) : null;
    const said = one.reports.map((report) =>
      make("p", {}, make("b", {}, speech.say(`reason_${report.reason}`)), report.words ? ` ${report.words}` : "", make("small", { className: "soft" }, ` ${speech.clock(report.created_at)}`)),
    );
    const giver = one.why === "given" ? make("p", {}, one.by ? speech.say("given_by", { name: one.by }) : speech.say("given")) : null;
    const doubt = one.check && one.why !== "reported" ? make("p", { className: "soft" }, speech.say(this.#doubt(one.check.reason))) : null;
    const state = make("span", { className: "badge", data: { state: one.state } }, speech.say(`state_${one.state}`));
    const buttons = make("p", { className: "links" }, this.#decision(one, true), this.#decision(one, false));
    return make("article", { className: "case", data: { photo: one.photo_id } }, picture, make("div", {}, make("p", {}, state, ` ${one.name}`), giver, ...said, doubt, buttons));
  }

  #doubt(reason: string): ConsoleWords {
    if (reason === "unseen") return "doubt_unseen";
    return reason === "silent" ? "doubt_silent" : reason.startsWith("errcode") ? "doubt_failed" : "doubt_review";
  }

  #decision(one: Case, keep: boolean): HTMLElement {
    const words: ConsoleWords = keep ? (one.state === "live" ? "keep_photo" : "show_photo") : one.state === "hidden" ? "leave_off" : "hide";
    const main = keep === (one.state !== "hidden"); // what is off stays off unless somebody means it
    const button = make("button", { className: main ? "button" : "quiet", type: "button" }, this.#on.speech.say(words));
    button.onclick = async () => {
      button.disabled = true;
      try {
        await call(`/photos/${one.photo_id}/review`, { keep });
        await this.refresh();
      } catch (reason) {
        this.#on.guard(reason);
        button.disabled = false;
      }
    };
    return button;
  }
}
