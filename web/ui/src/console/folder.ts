/** A folder on the retoucher's disk: whatever an editor exports into it goes to the photo of the same name. */

import type { Speech } from "../speech";
import type { DeskWords } from "./desk";
import { make } from "./dom";
import type { Context } from "./frame";

interface Handle {
  kind: "file" | "directory";
  name: string;
  getFile(): Promise<File>;
}

interface Directory {
  name: string;
  values(): AsyncIterable<Handle>;
}

const EVERY_MS = 2_000;

export class Folder {
  readonly el = make("button", { className: "quiet", type: "button" });
  readonly #on: Context;
  readonly #speech: Speech<DeskWords>;
  readonly #bring: (file: File) => Promise<void>;
  readonly #seen = new Map<string, string>(); // name → size and time, once both stood still
  readonly #growing = new Map<string, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(on: Context, speech: Speech<DeskWords>, bring: (file: File) => Promise<void>) {
    this.#on = on;
    this.#speech = speech;
    this.#bring = bring;
    this.el.textContent = speech.say("watch_folder");
    this.el.hidden = !("showDirectoryPicker" in window); // drag and drop does the same everywhere else
    this.el.onclick = () => void this.#toggle();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.el.textContent = this.#speech.say("watch_folder");
  }

  async #toggle(): Promise<void> {
    if (this.#timer !== undefined) {
      this.stop();
      return;
    }
    try {
      const chosen = await (window as unknown as { showDirectoryPicker: () => Promise<Directory> }).showDirectoryPicker();
      await this.#walk(chosen, true);
      this.el.textContent = this.#speech.say("stop_watching");
      this.#on.notice(this.#speech.say("watching", { name: chosen.name }));
      this.#again(chosen);
    } catch {
      this.stop(); // nothing was chosen
    }
  }

  #again(folder: Directory): void {
    this.#timer = setTimeout(() => {
      void this.#walk(folder, false).then(
        () => this.#again(folder),
        () => this.stop(),
      );
    }, EVERY_MS);
  }

  /** `first`: what is there already was there before the work began. A file counts once it has stopped growing. */
  async #walk(folder: Directory, first: boolean): Promise<void> {
    for await (const handle of folder.values()) {
      if (handle.kind !== "file" || !/\.jpe?g$/i.test(handle.name)) continue;
      const file = await handle.getFile();
      const state = `${file.size} ${file.lastModified}`;
      if (first) this.#seen.set(handle.name, state);
      if (this.#seen.get(handle.name) === state) continue;
      if (this.#growing.get(handle.name) !== state) {
        this.#growing.set(handle.name, state);
        continue;
      }
      this.#seen.set(handle.name, state);
      await this.#bring(file);
    }
  }
}
