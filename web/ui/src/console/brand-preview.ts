/** What a brand looks like before guests see it: made by the platform's own renderer, on four shapes or on real photos. */

import type { Speech } from "../speech";
import { call, type PhotoRow } from "./api";
import type { BrandWords } from "./brand";
import { type Frame, type Kit, type Place, PLACES } from "./brand-parts";
import { make } from "./dom";
import { Latest } from "./trial";

interface Sample {
  id: string;
  state: "making" | "ready" | "refused";
  reason: string;
  pictures: { shape: string; url: string; width: number; height: number }[];
}

interface Context {
  speech: Speech<BrandWords>;
  event: string;
  notice: (text: string) => void;
  guard: (reason: unknown) => void;
  kit: () => Kit;
  frame: () => Frame | null;
  put: (place: Place) => void;
}

const SETTLE_MS = 200;
const PHOTOS = 4;

export class Preview {
  readonly el = make("section", { className: "brand-preview" });
  readonly #on: Context;
  readonly #pictures = make("div", { className: "brand-pictures", tabIndex: 0 }); // scrolls on a phone, by keyboard too
  readonly #latest = new Latest();
  #photos: PhotoRow[] = [];
  #real = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(on: Context) {
    this.#on = on;
    const say = on.speech;
    const tabs = ([false, true] as const).map((real) => {
      const tab = make("button", { type: "button" }, say.say(real ? "preview_photos" : "preview_shapes"));
      tab.setAttribute("aria-pressed", String(real === this.#real));
      tab.onclick = () => {
        this.#real = real;
        for (const other of tabs) other.setAttribute("aria-pressed", String(other === tab));
        this.refresh();
      };
      return tab;
    });
    const head = make("div", { className: "panel-head" }, make("div", { className: "tabs" }, ...tabs), make("span", { className: "soft" }, say.say("preview_shown")));
    this.el.append(head, this.#pictures);
    this.#pictures.setAttribute("aria-live", "polite");
  }

  async open(): Promise<void> {
    const { photos } = await call<{ photos: PhotoRow[] }>(`/events/${this.#on.event}/photos?state=live&limit=60`);
    this.#photos = spread(photos, PHOTOS);
  }

  close(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  /** A moment after the last change; one at a time. */
  refresh(): void {
    clearTimeout(this.#timer);
    this.el.classList.add("busy");
    this.#timer = setTimeout(() => this.#latest.ask(() => this.#make()), SETTLE_MS);
  }

  async #make(): Promise<void> {
    const kit = this.#on.kit();
    const layers = kit.layers.filter((layer) => layer.text.trim() || layer.art_key); // a logo that is still to be chosen
    const ids = this.#real ? this.#photos.map((photo) => photo.id) : [];
    const wished = { ...(kit.id && { brand_id: kit.id }), event_id: this.#on.event, photo_ids: ids, changes: { layers, frame: this.#on.frame(), turns: [] } };
    try {
      let { sample } = await call<{ sample: Sample }>("/samples", wished);
      for (let tries = 0; sample.state === "making" && tries < 6; tries++) ({ sample } = await call<{ sample: Sample }>(`/samples/${sample.id}?wait=10`));
      if (this.#ended) return;
      if (sample.state === "refused") this.#on.notice(sample.reason);
      if (sample.pictures.length) await this.#draw(sample);
    } catch (reason) {
      if (!this.#ended) this.#on.guard(reason);
    } finally {
      this.el.classList.remove("busy");
    }
  }

  /** All at once, and only when they are here: nothing flickers. */
  async #draw(sample: Sample): Promise<void> {
    const images = sample.pictures.map(({ url, width, height, shape }) => make("img", { src: url, width, height, alt: shape || this.#on.speech.say("preview_photos") }));
    await Promise.allSettled(images.map((image) => image.decode()));
    const figures = images.map((image, n) => {
      const { shape = "", width = 3, height = 2 } = sample.pictures[n] ?? {};
      const figure = make("figure", {}, make("div", { className: "brand-picture" }, image, this.#spots()), shape ? make("figcaption", { className: "soft" }, shape) : null);
      figure.style.setProperty("--wide", String(width / height));
      return figure;
    });
    this.#pictures.replaceChildren(...figures);
  }

  /** The nine-grid on the picture itself; the same as the radio buttons, for a pointer. */
  #spots(): HTMLElement {
    const say = this.#on.speech;
    const spots = PLACES.map((place) => {
      const spot = make("button", { type: "button", tabIndex: -1, title: say.say("place_here", { place: say.say(`place_${place}`) }), onclick: () => this.#on.put(place) });
      spot.setAttribute("aria-hidden", "true");
      return spot;
    });
    return make("div", { className: "spots" }, ...spots);
  }
}

/** Some of them, from all over the list and of both ways up. */
function spread(photos: PhotoRow[], n: number): PhotoRow[] {
  const step = Math.max(1, Math.floor(photos.length / n));
  return photos.filter((_, at) => at % step === 0).slice(0, n);
}
