/** Photos that were ticked: a look for all of them at once, or their album's look again. */

import type { ConsoleWords } from "../console";
import type { Speech } from "../speech";
import { call } from "./api";
import { make, put } from "./dom";
import { type Looks, wish } from "./looks";

interface Context {
  speech: Speech<ConsoleWords>;
  looks: Looks;
  notice: (text: string) => void;
  guard: (reason: unknown) => void;
  changed: () => void;
}

export class Chosen {
  readonly el = make("div", { className: "chosen", hidden: true });
  readonly #on: Context;
  readonly #ids = new Set<string>();
  readonly #count = make("b");

  constructor(on: Context) {
    this.#on = on;
    const { preset, tier } = on.looks.menus("of_album");
    const button = make("button", { className: "act", type: "button" }, on.speech.say("apply"));
    button.onclick = () => void this.#apply({ ...wish(preset, tier) }, button);
    const none = make("button", { className: "act", type: "button", onclick: () => this.clear() }, on.speech.say("choose_none"));
    this.el.append(this.#count, preset, tier, button, none);
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  tick(id: string, on: boolean): void {
    if (on) this.#ids.add(id);
    else this.#ids.delete(id);
    this.#draw();
  }

  clear(): void {
    this.#ids.clear();
    this.#draw();
    this.#on.changed();
  }

  #draw(): void {
    this.el.hidden = this.#ids.size === 0;
    put(this.#count, this.#on.speech.say("chosen_n", { n: this.#ids.size }));
  }

  async #apply(look: object, button: HTMLButtonElement): Promise<void> {
    button.disabled = true;
    try {
      await call("/photos/look", { photo_ids: [...this.#ids].slice(0, 500), ...look });
      this.#on.notice(this.#on.speech.say("look_saved"));
      this.clear();
    } catch (reason) {
      this.#on.guard(reason);
    } finally {
      button.disabled = false;
    }
  }
}
