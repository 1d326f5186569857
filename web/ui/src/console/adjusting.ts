/** Settings on the desk: tried on the photo, compared, levelled, cropped, and published when somebody says so. */

import type { Speech } from "../speech";
import type { Look, PhotoRow } from "./api";
import type { Batch } from "./batch";
import type { Box } from "./crop";
import type { DeskWords } from "./desk";
import { make } from "./dom";
import type { Picture } from "./picture";
import { type Choice, type Cube, Sliders } from "./sliders";
import { Latest, tryOut } from "./trial";

export interface Setup {
  looks: Record<string, Look>;
  cubes: Cube[];
}

/** What somebody has set on a photo and not published. */
interface Draft {
  look: Look;
  url: string | null;
}

interface Context {
  speech: Speech<DeskWords>;
  setup: Setup;
  presets: Choice[];
  picture: Picture;
  batch: Batch;
  notice: (text: string, undo?: () => void) => void;
  guard: (reason: unknown) => void;
  now: () => PhotoRow | undefined;
  draw: () => void;
  changed: () => Promise<void>;
}

export class Adjusting {
  readonly el = make("div", { className: "desk-settings" });
  readonly tools = make("div"); // of the crop, under the picture
  readonly #on: Context;
  readonly #go: HTMLButtonElement;
  readonly #drop: HTMLButtonElement;
  readonly #sliders: Sliders;
  readonly #drafts = new Map<string, Draft>();
  readonly #bare = new Map<string, string>(); // photo and shape → the picture without look and brand
  readonly #trial = new Latest();

  constructor(on: Context) {
    this.#on = on;
    const { speech } = on;
    this.#sliders = new Sliders(speech, on.presets, on.setup.cubes, { changed: (look) => this.#set(look), level: () => void this.level(), crop: () => this.crop() });
    this.#go = make("button", { className: "button", type: "button", title: "Enter", onclick: () => void this.publishDraft() }, speech.say("publish"));
    this.#drop = make("button", { className: "quiet", type: "button", title: "Esc", onclick: () => this.#forget() }, speech.say("discard"));
    this.el.append(this.#sliders.el, make("p", { className: "desk-publish" }, this.#go, this.#drop));
  }

  has(id: string): boolean {
    return this.#drafts.has(id);
  }

  show(photo: PhotoRow): void {
    const draft = this.#drafts.get(photo.id);
    const { picture } = this.#on;
    if (!picture.cropping) picture.show({ name: photo.name, after: draft?.url ?? photo.view ?? "", before: this.#bare.get(this.#shape(photo)) ?? null, draft: draft !== undefined });
    this.#go.disabled = this.#drop.disabled = draft === undefined;
    this.#sliders.show(photo, this.lookOf(photo), this.#on.setup.looks[photo.album_id] ?? {});
  }

  /** Out of the crop, else out of what was not published. */
  leave(): void {
    if (this.#on.picture.cropping) {
      this.#on.picture.endCrop();
      this.#redraw();
    } else this.#forget();
  }

  #redraw(): void {
    const photo = this.#on.now();
    if (photo) this.show(photo);
  }

  lookOf(photo: PhotoRow): Look {
    return this.#drafts.get(photo.id)?.look ?? photo.own_look ?? this.#on.setup.looks[photo.album_id] ?? {};
  }

  #shape(photo: PhotoRow): string {
    const { turn = 0, crop = null } = this.lookOf(photo);
    return JSON.stringify([photo.id, turn, crop]);
  }

  /** Shown as soon as the platform has made it; guests see nothing of it. */
  #set(look: Look): void {
    const photo = this.#on.now();
    if (!photo) return;
    const draft = { look, url: this.#drafts.get(photo.id)?.url ?? null };
    this.#drafts.set(photo.id, draft);
    this.#go.disabled = this.#drop.disabled = false;
    this.#on.picture.busy(true);
    this.#trial.ask(async () => {
      await this.#try(async () => {
        const made = await tryOut(photo.id, { look });
        if (made.state === "refused") this.#on.notice(made.reason);
        const now = this.#drafts.get(photo.id);
        if (now?.look === look && made.picture) now.url = made.picture.url;
      });
      if (this.#drafts.get(photo.id)?.look !== look) return;
      this.#on.picture.busy(false);
      if (this.#on.now()?.id === photo.id) this.#redraw();
      if (this.#on.picture.mode !== "after") this.wantBefore();
    });
  }

  wantBefore(): void {
    const photo = this.#on.now();
    if (!photo) return;
    const shape = this.#shape(photo);
    if (this.#bare.has(shape)) return;
    void this.#try(async () => {
      const made = await tryOut(photo.id, { look: this.lookOf(photo), bare: true });
      if (made.picture) this.#bare.set(shape, made.picture.url);
      this.#redraw();
    });
  }

  /** What the lines of the picture say; one tap. */
  async level(): Promise<void> {
    const photo = this.#on.now();
    if (!photo) return;
    await this.#try(async () => {
      const found = photo.aids?.turn ? photo.aids : (await tryOut(photo.id, { look: null, level: true })).level;
      if (!found?.turn) this.#on.notice(this.#on.speech.say("is_level"));
      else if (this.#on.now()?.id === photo.id) {
        this.#set({ ...this.lookOf(photo), turn: found.turn });
        this.#redraw();
      }
    });
  }

  /** On the whole picture, so that what was cut away can come back. */
  crop(): void {
    const photo = this.#on.now();
    if (!photo || this.#on.picture.cropping) return;
    const look = this.lookOf(photo);
    const end = (): void => {
      this.#on.picture.endCrop();
      this.#redraw();
    };
    const done = (crop: Box | null): void => {
      end();
      this.#set({ ...look, crop });
    };
    void this.#try(async () => {
      const whole = Array.isArray(look["crop"]) ? (await tryOut(photo.id, { look: { ...look, crop: null } })).picture?.url : undefined;
      if (this.#on.now()?.id !== photo.id) return;
      if (whole) this.#on.picture.show({ name: photo.name, after: whole, before: null, draft: true });
      this.tools.replaceChildren(this.#on.picture.startCrop((look["crop"] ?? null) as Box | null, done, end));
    });
  }

  #forget(): void {
    const photo = this.#on.now();
    if (!photo || !this.#drafts.delete(photo.id)) return;
    this.#on.picture.busy(false);
    this.#on.draw();
  }

  async publishDraft(): Promise<void> {
    const photo = this.#on.now();
    const draft = photo && this.#drafts.get(photo.id);
    if (photo && draft) await this.publish(photo, draft.look);
  }

  async publish(photo: PhotoRow, look: Look | null): Promise<void> {
    const before = photo.own_look;
    await this.#try(async () => {
      await this.#on.batch.send([photo.id], look, true);
      this.#drafts.delete(photo.id);
      this.#on.notice(this.#on.speech.say("published"), () => void this.publish({ ...photo, own_look: look }, before));
      await this.#on.changed();
    });
  }

  async #try(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (reason) {
      this.#on.guard(reason);
    }
  }
}
