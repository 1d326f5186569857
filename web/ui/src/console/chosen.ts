/** Photos that were ticked, and what can be done with all of them: hide, show, move, fetch, give a look. Each can be undone. */

import type { ConsoleWords } from "../console";
import type { Speech } from "../speech";
import { type AlbumRow, call } from "./api";
import { make, put } from "./dom";
import { type Looks, wish } from "./looks";
import type { PhotoWords } from "./photos";

interface Context {
  speech: Speech<ConsoleWords>;
  words: Speech<PhotoWords>;
  looks: Looks;
  notice: (text: string, undo?: () => void) => void;
  guard: (reason: unknown) => void;
  /** Draw anew; and read anew. */
  changed: () => void;
  reload: () => Promise<void>;
}

interface Moved {
  id: string;
  from: string;
}

const MOST = 500; // at once
const APART_MS = 400; // browsers drop downloads that begin together

export class Chosen {
  readonly el = make("div", { className: "chosen", hidden: true });
  readonly #on: Context;
  readonly #ids = new Map<string, string>(); // id → name
  readonly #count = make("b");
  readonly #move = make("select", { name: "move" });

  constructor(on: Context) {
    this.#on = on;
    this.#count.setAttribute("role", "status");
    const { preset, tier } = on.looks.menus("of_album");
    const act = (text: string, does: (button: HTMLButtonElement) => Promise<void>): HTMLButtonElement => {
      const button = make("button", { className: "act", type: "button" }, text);
      button.onclick = () => void this.#busy(button, does);
      return button;
    };
    const { speech, words } = on;
    this.#move.setAttribute("aria-label", words.say("move_to"));
    this.#move.onchange = () => void this.#busy(this.#move, () => this.#moveTo(this.#move.value));
    this.el.append(
      this.#count,
      act(words.say("hide_n"), () => this.act("hide", this.ids)),
      act(words.say("restore_n"), () => this.act("restore", this.ids)),
      this.#move,
      act(speech.say("remove"), () => this.#remove(this.ids)),
      act(words.say("download_n"), () => this.#download()),
      make("span", { className: "chosen-look" }, preset, tier, act(speech.say("apply"), () => this.#look({ ...wish(preset, tier) }))),
      make("button", { className: "act", type: "button", onclick: () => this.clear() }, speech.say("choose_none")),
    );
  }

  get ids(): string[] {
    return [...this.#ids.keys()].slice(0, MOST);
  }

  albums(albums: AlbumRow[]): void {
    const options = albums.map((album) => make("option", { value: album.id }, album.title));
    this.#move.replaceChildren(make("option", { value: "" }, this.#on.words.say("move_to")), ...options);
    this.#move.hidden = albums.length < 2;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  tick(id: string, name: string, on: boolean): void {
    if (on) this.#ids.set(id, name);
    else this.#ids.delete(id);
    this.#draw();
  }

  clear(): void {
    this.#ids.clear();
    this.#draw();
    this.#on.changed();
  }

  /** Hide or show; what it made a difference to can be taken back. */
  async act(deed: "hide" | "restore", ids: string[], again = true): Promise<void> {
    const { words } = this.#on;
    const { changed } = await call<{ changed: string[] }>("/photos/act", { photo_ids: ids, do: deed });
    const back = (): void => void this.act(deed === "hide" ? "restore" : "hide", changed, false).catch(this.#on.guard);
    if (!again) this.#on.notice(words.say("undone"));
    else if (!changed.length) this.#on.notice(words.say("nothing"));
    else this.#on.notice(words.say(deed === "hide" ? "hidden_n" : "restored_n", { n: changed.length }), back);
    await this.#done();
  }

  /** Into the bin, and back when that was a slip. */
  async #remove(ids: string[]): Promise<void> {
    for (const id of ids) await call(`/photos/${id}/remove`, {});
    this.#on.notice(this.#on.speech.say("removed_n", { n: ids.length }), () => void this.act("restore", ids, false).catch(this.#on.guard));
    await this.#done();
  }

  async #moveTo(album: string): Promise<void> {
    if (!album) return;
    const { words } = this.#on;
    const { changed } = await call<{ changed: Moved[] }>("/photos/move", { photo_ids: this.ids, album_id: album });
    this.#move.value = "";
    if (changed.length) this.#on.notice(words.say("moved_n", { n: changed.length }), () => void this.#moveBack(changed).catch(this.#on.guard));
    else this.#on.notice(words.say("nothing"));
    await this.#done();
  }

  async #moveBack(moved: Moved[]): Promise<void> {
    for (const from of new Set(moved.map((one) => one.from))) {
      await call("/photos/move", { photo_ids: moved.filter((one) => one.from === from).map((one) => one.id), album_id: from });
    }
    this.#on.notice(this.#on.words.say("undone"));
    await this.#done();
  }

  async #download(): Promise<void> {
    for (const [id, name] of [...this.#ids].slice(0, MOST)) {
      const link = make("a", { href: `/api/v1/photos/${id}/file`, download: name });
      document.body.append(link);
      link.click();
      link.remove();
      await new Promise((resolve) => setTimeout(resolve, APART_MS));
    }
  }

  async #look(look: object): Promise<void> {
    await call("/photos/look", { photo_ids: this.ids, ...look });
    this.#on.notice(this.#on.speech.say("look_saved"));
    await this.#done();
  }

  async #done(): Promise<void> {
    this.#ids.clear();
    this.#draw();
    await this.#on.reload();
    this.#on.changed();
  }

  #draw(): void {
    this.el.hidden = this.#ids.size === 0;
    put(this.#count, this.#on.speech.say("chosen_n", { n: this.#ids.size }));
  }

  async #busy<E extends HTMLButtonElement | HTMLSelectElement>(control: E, does: (control: E) => Promise<void>): Promise<void> {
    control.disabled = true;
    const slow = setTimeout(() => put(this.#count, this.#on.words.say("working_n", { n: this.#ids.size })), 1_000);
    try {
      await does(control);
    } catch (reason) {
      this.#on.guard(reason);
    } finally {
      clearTimeout(slow);
      control.disabled = false;
      this.#draw();
    }
  }
}
