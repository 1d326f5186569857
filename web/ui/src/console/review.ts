/** What a person should look at: photos guests or machines object to, comments guests reported; below, comments that are off. */

import type { ConsoleWords } from "../console";
import type { Speech } from "../speech";
import { Refusal } from "../wire";
import { call } from "./api";
import { make } from "./dom";

interface Case {
  photo_id: string;
  name: string;
  by: string;
  words: string;
  state: "stored" | "live" | "hidden" | "announced" | "rejected";
  why: "reported" | "review" | "risky" | "given" | "approve";
  picture: string | null;
  reports: { reason: "me" | "child" | "improper" | "rights" | "other"; words: string; created_at: number }[];
  check: { label: number; reason: string } | null;
  since: number;
}

/** A comment that guests reported. */
interface Said {
  id: string;
  photo_id: string;
  picture: string | null;
  by: string;
  text: string;
  state: "shown" | "waiting" | "hidden";
  reports: number;
  created_at: number;
}

interface Context {
  speech: Speech<ConsoleWords>;
  event: string;
  guard: (reason: unknown) => void;
}

/** Yes and no, by what guests see of the photo now. */
const WORDS: Record<"live" | "hidden" | "waiting", [ConsoleWords, ConsoleWords]> = {
  live: ["keep_photo", "hide"],
  hidden: ["show_photo", "leave_off"],
  waiting: ["approve", "decline"],
};

type Entry = [key: string, made: () => HTMLElement];

/** Cards stay where they are while somebody looks at them: only what is new or gone changes. */
class Cards {
  readonly el = make("div", { className: "cases" });
  readonly #shown = new Map<string, HTMLElement>();

  lay(entries: Entry[]): void {
    const now = new Set(entries.map(([key]) => key));
    for (const [key, card] of this.#shown) {
      if (now.has(key)) continue;
      card.remove();
      this.#shown.delete(key);
    }
    for (const [key, made] of entries) {
      if (this.#shown.has(key)) continue;
      const card = made();
      this.#shown.set(key, card);
      this.el.append(card);
    }
  }
}

export class ReviewPanel {
  readonly el = make("section", { className: "panel wide review", hidden: true });
  readonly #on: Context;
  readonly #list = new Cards();
  readonly #off = new Cards();
  readonly #count = make("summary");
  readonly #fold = make("details", { hidden: true }, this.#count, this.#off.el);
  #notMine = false;

  constructor(on: Context) {
    this.#on = on;
    this.el.append(make("h2", {}, on.speech.say("review")), make("p", { className: "soft" }, on.speech.say("review_hint")), this.#list.el, this.#fold);
  }

  async refresh(): Promise<void> {
    if (this.#notMine) return;
    let found: { cases: Case[]; comments: Said[]; comments_off: Said[] } = { cases: [], comments: [], comments_off: [] };
    try {
      found = await call(`/events/${this.#on.event}/review`);
    } catch (reason) {
      if (!(reason instanceof Refusal && reason.status === 403)) throw reason;
      this.#notMine = true; // not everybody decides
    }
    const photos = found.cases.map((one): Entry => [one.photo_id, () => this.#card(one)]);
    // a comment that is off by now asks another question than when it was reported once
    const said = found.comments.map((one): Entry => [`${one.id} ${one.state}`, () => this.#comment(one)]);
    this.#list.lay([...photos, ...said]);
    const off = found.comments_off;
    this.#off.lay(off.map((one): Entry => [one.id, () => this.#comment(one)]));
    this.#count.textContent = this.#on.speech.say("comments_off", { n: off.length });
    this.#fold.hidden = off.length === 0;
    this.el.hidden = photos.length + said.length + off.length === 0;
  }

  #card(one: Case): HTMLElement {
    const { speech } = this.#on;
    const said = one.reports.map((report) =>
      make("p", {}, make("b", {}, speech.say(`reason_${report.reason}`)), report.words ? ` ${report.words}` : "", make("small", { className: "soft" }, ` ${speech.clock(report.created_at)}`)),
    );
    const giver = one.why === "given" ? make("p", {}, one.by ? speech.say("given_by", { name: one.by }) : speech.say("given"), one.words ? make("q", { className: "said" }, one.words) : "") : null;
    const doubt = one.check && one.why !== "reported" ? make("p", { className: "soft" }, speech.say(this.#doubt(one.check.reason))) : null;
    const state = make("span", { className: "badge", data: { state: one.state } }, speech.say(`state_${one.state}`));
    const words = WORDS[one.state === "live" || one.state === "hidden" ? one.state : "waiting"];
    const buttons = this.#decisions(`/photos/${one.photo_id}/review`, words, one.state === "hidden");
    return make("article", { className: "case", data: { photo: one.photo_id } }, picture(one.picture, one.name), make("div", {}, make("p", {}, state, ` ${one.name}`), giver, ...said, doubt, buttons));
  }

  #comment(one: Said): HTMLElement {
    const { speech } = this.#on;
    const off = one.state !== "shown";
    const state = make("span", { className: "badge", data: { state: off ? "hidden" : "live" } }, speech.say(off ? "state_hidden" : "state_live"));
    const reports = one.reports ? speech.say("comment_reports", { n: one.reports }) : null;
    const why = make("p", { className: "soft" }, reports, make("small", {}, ` ${speech.clock(one.created_at)}`));
    const head = make("p", {}, state, ` ${speech.say("comment_by", { name: one.by })}`);
    const at = `/comments/${one.id}/review`;
    const again = one.state === "hidden"; // decided once
    const buttons = again ? make("p", { className: "links" }, this.#decision(at, true, "show_photo", false)) : this.#decisions(at, WORDS[off ? "hidden" : "live"], off);
    return make("article", { className: "case", data: { comment: one.id } }, picture(one.picture, ""), make("div", {}, head, make("p", {}, one.text), why, buttons));
  }

  /** Yes and no. What is off stays off unless somebody means it. */
  #decisions(path: string, [yes, no]: [ConsoleWords, ConsoleWords], off: boolean): HTMLElement {
    return make("p", { className: "links" }, this.#decision(path, true, yes, !off), this.#decision(path, false, no, off));
  }

  #doubt(reason: string): ConsoleWords {
    if (reason === "unseen") return "doubt_unseen";
    return reason === "silent" ? "doubt_silent" : reason.startsWith("errcode") ? "doubt_failed" : "doubt_review";
  }

  #decision(path: string, keep: boolean, words: ConsoleWords, main: boolean): HTMLElement {
    const button = make("button", { className: main ? "button" : "quiet", type: "button" }, this.#on.speech.say(words));
    button.onclick = async () => {
      button.disabled = true;
      try {
        await call(path, { keep });
        await this.refresh();
      } catch (reason) {
        this.#on.guard(reason);
        button.disabled = false;
      }
    };
    return button;
  }
}

function picture(url: string | null, name: string): HTMLElement | null {
  return url ? make("img", { src: url, alt: name, loading: "lazy" }) : null;
}
