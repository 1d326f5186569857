/** The look of an album, what it does with doubtful photos, and a sample of its brand before guests see it. */

import type { ConsoleWords } from "../console";
import type { Speech } from "../speech";
import { type AlbumRow, call, type Look } from "./api";
import { make } from "./dom";

interface Choice {
  name: string;
  zh: string;
  en: string;
}

interface Choices {
  presets: Choice[];
  tiers: (Choice & { look: Look })[];
  fields: Look;
}

interface Sample {
  id: string;
  state: "making" | "ready" | "refused";
  reason: string;
  pictures: { shape: string; url: string; width: number; height: number }[];
}

export interface Wish {
  preset?: string;
  tier?: string;
}

interface Context {
  speech: Speech<ConsoleWords>;
  event: string;
  notice: (text: string) => void;
  guard: (reason: unknown) => void;
}

const CULLING = ["off", "suggest", "hold"] as const;

export class Looks {
  readonly #on: Context;
  #choices: Choices = { presets: [], tiers: [], fields: {} };

  constructor(on: Context) {
    this.#on = on;
  }

  async open(): Promise<void> {
    this.#choices = await call<Choices>("/looks");
  }

  /** Two menus, of presets and of tiers; `first` stands for «as it was». */
  menus(first: ConsoleWords): { preset: HTMLSelectElement; tier: HTMLSelectElement } {
    const menu = (name: "preset" | "tier", choices: Choice[]): HTMLSelectElement => {
      const { speech } = this.#on;
      const options = choices.map((one) => make("option", { value: one.name }, speech.language === "en" ? one.en : one.zh));
      const select = make("select", { name }, make("option", { value: "" }, speech.say(first)), ...options);
      select.setAttribute("aria-label", speech.say(name));
      return select;
    };
    return { preset: menu("preset", this.#choices.presets), tier: menu("tier", this.#choices.tiers) };
  }

  albumMenus(album: AlbumRow): HTMLElement {
    const { speech, event } = this.#on;
    const { preset, tier } = this.menus("of_brand");
    const culling = make("select", { name: "culling" }, ...CULLING.map((one) => make("option", { value: one }, speech.say(`culling_${one}`))));
    culling.setAttribute("aria-label", speech.say("culling"));
    const look = (): Promise<unknown> => call(`/albums/${album.id}/look`, wish(preset, tier));
    for (const select of [preset, tier]) select.onchange = () => void this.#ask([preset, tier], look);
    culling.onchange = () => void this.#ask([culling], () => call(`/albums/${album.id}/culling`, { culling: culling.value }));
    const shapes = make("div", { className: "shapes" });
    const button = make("button", { className: "act", type: "button" }, speech.say("sample"));
    button.onclick = () => void this.#sample({ brand_id: album.brand_id ?? undefined, event_id: event }, button, shapes);
    const label = (word: ConsoleWords, ...menus: Node[]): HTMLElement => make("label", { className: "menu" }, make("span", { className: "soft" }, speech.say(word)), ...menus);
    return make("div", { className: "looks" }, label("look", preset), label("tier", tier), label("culling", culling), button, shapes);
  }

  /** Shows what the album has, unless somebody is choosing. */
  fill(row: Element, album: AlbumRow): void {
    const tier = this.#choices.tiers.find((one) => album.look && fits({ ...this.#choices.fields, ...one.look }, album.look));
    const values = { preset: album.look?.["preset"] ?? "", tier: album.look ? (tier?.name ?? "") : "", culling: album.culling };
    for (const [name, value] of Object.entries(values)) {
      const select = row.querySelector<HTMLSelectElement>(`[name=${name}]`);
      if (select && !select.disabled && select !== document.activeElement) select.value = String(value);
    }
  }

  async #ask(selects: HTMLSelectElement[], request: () => Promise<unknown>): Promise<void> {
    for (const select of selects) select.disabled = true;
    try {
      await request();
      this.#on.notice(this.#on.speech.say("look_saved"));
    } catch (reason) {
      this.#on.guard(reason);
    } finally {
      for (const select of selects) select.disabled = false;
    }
  }

  async #sample(wished: object, button: HTMLButtonElement, shapes: HTMLElement): Promise<void> {
    button.disabled = true;
    try {
      let { sample } = await call<{ sample: Sample }>("/samples", wished);
      for (let tries = 0; sample.state === "making" && tries < 6; tries++) {
        ({ sample } = await call<{ sample: Sample }>(`/samples/${sample.id}?wait=10`));
      }
      const pictures = sample.pictures.map(({ url, width, height, shape }) => make("img", { src: url, width, height, alt: shape }));
      if (pictures.length) shapes.replaceChildren(...pictures);
      else this.#on.notice(sample.reason || this.#on.speech.say("failed_action"));
    } catch (reason) {
      this.#on.guard(reason);
    } finally {
      button.disabled = false;
    }
  }
}

export function wish(preset: HTMLSelectElement, tier: HTMLSelectElement): Wish {
  return { ...(preset.value && { preset: preset.value }), ...(tier.value && { tier: tier.value }) };
}

/** Whether a look is one of a tier's: the preset is another question, except where the tier decides it. */
function fits(tier: Look, look: Look): boolean {
  const off = tier["preset"] === "none";
  if (off !== (look["preset"] === "none")) return false;
  return off || (["strength", "smooth", "sharpen"] as const).every((name) => tier[name] === look[name]);
}
