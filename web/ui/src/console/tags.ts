/** Words for a photo, to find it again: G, a few letters, Enter. What was typed once is offered from then on. */

import type { Speech } from "../speech";
import { call, type PhotoRow } from "./api";
import type { DeskWords } from "./desk";
import { make } from "./dom";

const MOST = 6;

interface Context {
  speech: Speech<DeskWords>;
  event: string;
  guard: (reason: unknown) => void;
}

export class Tags {
  readonly el = make("div", { className: "desk-tags" });
  readonly #on: Context;
  readonly #chips = make("span");
  readonly #known = make("datalist", { id: "desk-tags" });
  readonly #input: HTMLInputElement;
  #photo: PhotoRow | undefined;

  constructor(on: Context) {
    this.#on = on;
    const label = on.speech.say("tag");
    this.#input = make("input", { name: "tag", maxLength: 20, autocomplete: "off", placeholder: label });
    this.#input.setAttribute("list", this.#known.id);
    this.#input.setAttribute("aria-label", label);
    this.#input.onkeydown = ({ key, isComposing }) => {
      if (isComposing || (key !== "Enter" && key !== "Escape")) return;
      const said = this.#input.value.trim().replace(/\s+/g, " ");
      this.#input.value = "";
      this.#input.blur(); // the desk's keys again
      if (key === "Enter" && said) void this.#put([...(this.#photo?.tags ?? []).filter((one) => one !== said), said]);
    };
    this.el.append(this.#chips, this.#input, this.#known);
    void this.#learn().catch(on.guard);
  }

  show(photo: PhotoRow): void {
    this.#photo = photo;
    const drawn = photo.tags.join("\n");
    if (this.#chips.dataset["drawn"] === drawn) return;
    this.#chips.dataset["drawn"] = drawn;
    this.#chips.replaceChildren(
      ...photo.tags.map((name) => {
        const chip = make("button", { type: "button", className: "tag", onclick: () => void this.#put(this.#photo?.tags.filter((one) => one !== name) ?? []) }, `#${name} ×`);
        chip.setAttribute("aria-label", this.#on.speech.say("untag", { name }));
        return chip;
      }),
    );
  }

  focus(): void {
    this.#input.focus();
  }

  /** Shown at once; the newest of too many pushes out the oldest. */
  async #put(tags: string[]): Promise<void> {
    const photo = this.#photo;
    if (!photo) return;
    photo.tags = tags.slice(-MOST);
    this.show(photo);
    try {
      await call(`/photos/${photo.id}/tags`, { tags: photo.tags });
      await this.#learn();
    } catch (reason) {
      this.#on.guard(reason);
    }
  }

  async #learn(): Promise<void> {
    const { tags } = await call<{ tags: string[] }>(`/events/${this.#on.event}/tags`);
    this.#known.replaceChildren(...tags.map((value) => make("option", { value })));
  }
}
