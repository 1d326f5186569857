/** The picture on the desk: as guests have it, as it would be, as it was, or both side by side; and its crop. */

import type { Speech } from "../speech";
import { Crop, type Box } from "./crop";
import type { DeskWords } from "./desk";
import { make, put } from "./dom";

export interface Shown {
  name: string;
  after: string; // address
  before: string | null; // the same part without look and brand, once it is known
  draft: boolean;
}

export class Picture {
  readonly el = make("div", { className: "desk-stage" });
  readonly #speech: Speech<DeskWords>;
  readonly #after = make("img", { alt: "", className: "after" });
  readonly #before = make("img", { alt: "", className: "before" });
  readonly #frame = make("div", { className: "desk-picture" });
  readonly #badge = make("span", { className: "desk-badge" });
  readonly #split = make("input", { type: "range", min: "0", max: "100", value: "50", className: "desk-split" });
  readonly #wantBefore: () => void;
  #mode: "after" | "before" | "split" = "after";
  #crop: Crop | null = null;
  #shown: Shown | null = null;

  constructor(speech: Speech<DeskWords>, wantBefore: () => void) {
    this.#speech = speech;
    this.#wantBefore = wantBefore;
    this.#split.setAttribute("aria-label", speech.say("split"));
    this.#split.oninput = () => this.#frame.style.setProperty("--split", `${this.#split.value}%`);
    this.#frame.append(this.#after, this.#before, this.#split);
    this.el.append(this.#frame, this.#badge);
    this.#frame.onclick = (event) => {
      if (!this.#crop && event.target !== this.#split) this.flip();
    };
  }

  get mode(): "after" | "before" | "split" {
    return this.#mode;
  }

  get cropping(): boolean {
    return this.#crop !== null;
  }

  flip(): void {
    this.#to(this.#mode === "before" ? "after" : "before");
  }

  split(): void {
    this.#to(this.#mode === "split" ? "after" : "split");
  }

  reset(): void {
    this.#mode = "after";
    this.endCrop();
  }

  show(shown: Shown): void {
    this.#shown = shown;
    if (this.#after.getAttribute("src") !== shown.after) this.#after.src = shown.after;
    if (shown.before && this.#before.getAttribute("src") !== shown.before) this.#before.src = shown.before;
    this.#after.alt = shown.name;
    this.#draw();
  }

  busy(on: boolean): void {
    this.el.classList.toggle("busy", on);
    this.el.setAttribute("aria-busy", String(on));
  }

  /** A box on the whole picture; `done` gets null when all of it stays. */
  startCrop(box: Box | null, done: (box: Box | null) => void, cancel: () => void): HTMLElement {
    this.endCrop();
    this.#mode = "after";
    const crop = new Crop(this.#speech, () => this.#after.naturalWidth / Math.max(1, this.#after.naturalHeight), done, cancel);
    this.#crop = crop;
    this.#frame.append(crop.el);
    crop.open(box);
    this.#draw();
    return crop.tools;
  }

  endCrop(): void {
    this.#crop?.el.remove();
    this.#crop?.tools.remove();
    this.#crop = null;
  }

  #to(mode: "after" | "before" | "split"): void {
    if (this.#crop) return;
    this.#mode = mode;
    if (mode !== "after" && !this.#shown?.before) this.#wantBefore();
    this.#draw();
  }

  #draw(): void {
    const before = this.#shown?.before ?? null;
    const mode = before ? this.#mode : "after";
    this.el.dataset["mode"] = mode;
    this.#before.hidden = mode === "after";
    this.#split.hidden = mode !== "split";
    const word = mode === "split" ? "split_now" : mode === "before" ? "before" : this.#shown?.draft ? "draft" : "after";
    put(this.#badge, this.#speech.say(word));
    this.#badge.dataset["draft"] = String(mode === "after" && (this.#shown?.draft ?? false));
  }
}
