/** Who asks to be covered or left out: the photo with the face that was meant, and two buttons. */

import type { Speech } from "../speech";
import { Refusal } from "../wire";
import { call, remove } from "./api";
import { make } from "./dom";
import type { FacesWords } from "./faces";
import type { Context } from "./frame";

interface Veil {
  id: string;
  name: string;
  kind: "blur" | "exclude";
  state: "open" | "approved" | "declined" | "ended";
  words: string;
  everywhere: boolean;
  photos: number;
  place: Record<"x" | "y" | "width" | "height", number>;
  picture: string | null;
  created_at: number;
}

const BADGE = { open: "stored", approved: "live", declined: "rejected", ended: "hidden" };

export class VeilList {
  readonly el = make("section", { className: "panel wide veils" });
  readonly #on: Context;
  readonly #speech: Speech<FacesWords>;
  readonly #event: string;
  readonly #list = make("div", { className: "cases" });
  readonly #cards = new Map<string, [string, HTMLElement]>();
  #notMine = false;

  constructor(on: Context, speech: Speech<FacesWords>, event: string) {
    this.#on = on;
    this.#speech = speech;
    this.#event = event;
    this.el.append(make("h2", {}, speech.say("requests")), make("p", { className: "soft" }, speech.say("requests_hint")), this.#list);
  }

  /** A card is drawn anew only when something about it changed, so that nobody taps a button that moved. */
  async refresh(): Promise<void> {
    if (this.#notMine) return;
    let veils: Veil[] = [];
    try {
      veils = (await call<{ veils: Veil[] }>(`/events/${this.#event}/veils`)).veils;
    } catch (reason) {
      if (!(reason instanceof Refusal && reason.status === 403)) throw reason;
      this.#notMine = true; // not everybody decides
      this.el.hidden = true;
    }
    for (const veil of veils) {
      const facts = `${veil.state} ${String(veil.photos)} ${veil.kind}`;
      const [before, old] = this.#cards.get(veil.id) ?? ["", null];
      if (before === facts) continue;
      const card = this.#card(veil);
      if (old) old.replaceWith(card);
      else this.#list.append(card);
      this.#cards.set(veil.id, [facts, card]);
    }
    if (!this.#cards.size) this.#list.replaceChildren(make("p", { className: "soft" }, this.#speech.say("no_requests")));
    else this.#list.querySelector(":scope > p")?.remove();
  }

  #card(veil: Veil): HTMLElement {
    const say = this.#speech.say.bind(this.#speech);
    const state = make("span", { className: "badge", data: { state: BADGE[veil.state] } }, say(`state_${veil.state}`));
    const facts = [say(veil.everywhere ? "everywhere" : "here"), veil.photos ? say("covers", { n: veil.photos }) : "", this.#speech.clock(veil.created_at)];
    const buttons: Record<Veil["state"], HTMLElement[]> = {
      open: [this.#act(veil, "approve"), this.#act(veil, "decline")],
      approved: [this.#act(veil, "lift")],
      declined: [this.#act(veil, "approve")],
      ended: veil.photos ? [this.#act(veil, "lift")] : [],
    };
    return make(
      "article",
      { className: "case", data: { veil: veil.id } },
      this.#picture(veil),
      make(
        "div",
        {},
        make("p", {}, state, ` ${say(`kind_${veil.kind}`)} · ${veil.name}`),
        veil.words ? make("p", {}, veil.words) : null,
        make("p", { className: "soft" }, facts.filter(Boolean).join(" · ")),
        make("p", { className: "links" }, ...buttons[veil.state]),
      ),
    );
  }

  /** The whole photo, with a ring where the face is. */
  #picture(veil: Veil): HTMLElement {
    const frame = make("div", { className: "veil-picture" });
    if (!veil.picture) return frame;
    const ring = make("i", { title: this.#speech.say("face_here") });
    for (const [side, part] of [["left", veil.place.x], ["top", veil.place.y], ["width", veil.place.width], ["height", veil.place.height]] as const) {
      ring.style.setProperty(side, `${(part * 100).toFixed(2)}%`);
    }
    frame.append(make("img", { src: veil.picture, alt: `${veil.name} · ${this.#speech.say("face_here")}`, loading: "lazy" }), ring);
    return frame;
  }

  #act(veil: Veil, what: "approve" | "decline" | "lift"): HTMLElement {
    const button = make("button", { className: what === "approve" ? "button" : "quiet", type: "button" }, this.#speech.say(what));
    button.onclick = async () => {
      button.disabled = true;
      try {
        if (what === "lift") await remove(`/veils/${veil.id}`);
        else await call(`/veils/${veil.id}`, { approve: what === "approve" });
        await this.refresh();
      } catch (reason) {
        this.#on.guard(reason);
      }
      button.disabled = false;
    };
    return button;
  }
}
