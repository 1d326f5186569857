/** The look of an album, what it does with doubtful photos, and a sample of its brand before guests see it. */

import type { ConsoleWords } from "../console";
import type { Speech } from "../speech";
import { Refusal } from "../wire";
import { type AlbumRow, call, type Look, send } from "./api";
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

interface Art {
  key: string;
  name: string;
  state: "checking" | "refused" | "ready";
  reason: string;
}

/** What albums look like now, with what their brand kits say; and the `.cube` files there are. */
interface Now {
  looks: Record<string, Look>;
  cubes: { key: string; name: string }[];
}

export interface Wish {
  preset?: string;
  tier?: string;
  look?: Look;
}

interface Context {
  speech: Speech<ConsoleWords>;
  event: string;
  notice: (text: string) => void;
  guard: (reason: unknown) => void;
}

const FINE = ["strength", "smooth", "sharpen", "cube_strength"] as const;
const CULLING = ["off", "suggest", "hold"] as const;

export class Looks {
  readonly #on: Context;
  readonly #looks = new Map<string, Look>();
  #choices: Choices = { presets: [], tiers: [], fields: {} };
  #cubes: Now["cubes"] = [];

  constructor(on: Context) {
    this.#on = on;
  }

  async open(): Promise<void> {
    const nobody = (): Now => ({ looks: {}, cubes: [] }); // members who may not ask choose presets all the same
    const [choices, now] = await Promise.all([call<Choices>("/looks"), call<Now>(`/events/${this.#on.event}/desk`).catch(nobody)]);
    this.#choices = choices;
    this.#cubes = now.cubes;
    for (const [album, look] of Object.entries(now.looks)) this.#looks.set(album, look);
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
    const look = (): Promise<unknown> => this.#save(album.id, { ...wish(preset, tier), ...((preset.value || tier.value) && this.#cube(album.id)) });
    for (const select of [preset, tier]) select.onchange = () => void this.#ask([preset, tier], look);
    culling.onchange = () => void this.#ask([culling], () => call(`/albums/${album.id}/culling`, { culling: culling.value }));
    const shapes = make("div", { className: "shapes" });
    const button = make("button", { className: "act", type: "button" }, speech.say("sample"));
    button.onclick = () => void this.#sample({ brand_id: album.brand_id ?? undefined, event_id: event }, button, shapes);
    const label = (word: ConsoleWords, ...menus: Node[]): HTMLElement => make("label", { className: "menu" }, make("span", { className: "soft" }, speech.say(word)), ...menus);
    return make("div", { className: "looks" }, label("look", preset), label("tier", tier), label("culling", culling), button, this.#fine(album.id), shapes);
  }

  /** Strength, skin, sharpness, and a `.cube` of the organizer's own. */
  #fine(album: string): HTMLElement {
    const { speech } = this.#on;
    const inputs = FINE.map((name) => make("input", { type: "range", name, min: "0", max: "1", step: "0.05", value: "0" }));
    const cube = make("select", { name: "cube_key" });
    this.#list(cube);
    const file = make("input", { type: "file", accept: ".cube" });
    const all = [...inputs, cube, file];
    const apply = (): Promise<unknown> => {
      const said = Object.fromEntries(inputs.map((input) => [input.name, Number(input.value)]));
      return this.#save(album, { look: { ...this.#choices.fields, ...this.#looks.get(album), ...said, cube_key: cube.value } });
    };
    for (const input of inputs) {
      input.oninput = () => tell(input);
      input.onchange = () => void this.#ask(all, apply);
    }
    cube.onchange = () => void this.#ask(all, apply);
    file.onchange = () =>
      void this.#ask(all, async () => {
        const chosen = file.files?.[0];
        if (!chosen) return;
        const key = await this.#added(chosen).finally(() => (file.value = ""));
        for (const select of document.querySelectorAll<HTMLSelectElement>("[name=cube_key]")) this.#list(select);
        cube.value = key;
        await apply();
      });
    const slider = (input: HTMLInputElement): HTMLElement => make("label", { className: "slider" }, make("span", {}, speech.say(input.name as ConsoleWords)), input, make("output", {}, "0"));
    const menu = (word: ConsoleWords, control: HTMLElement): HTMLElement => make("label", { className: "menu" }, make("span", { className: "soft" }, speech.say(word)), control);
    return make("details", { className: "fine" }, make("summary", {}, speech.say("fine_look")), ...inputs.map(slider), menu("cube", cube), menu("add_cube", file));
  }

  #list(cube: HTMLSelectElement): void {
    const { value } = cube;
    const options = this.#cubes.map(({ key, name }) => make("option", { value: key }, name || key));
    cube.replaceChildren(make("option", { value: "" }, this.#on.speech.say("no_cube")), ...options);
    cube.value = value;
  }

  /** A preset or a tier says nothing of the `.cube`: it stays. */
  #cube(album: string): Wish {
    const now = this.#looks.get(album);
    return now?.["cube_key"] ? { look: { cube_key: now["cube_key"], cube_strength: now["cube_strength"] ?? 1 } } : {};
  }

  async #save(album: string, wished: Wish): Promise<void> {
    const { look } = await call<{ look: Look | null }>(`/albums/${album}/look`, wished);
    if (look) this.#looks.set(album, look);
    else this.#looks.set(album, (await call<Now>(`/events/${this.#on.event}/desk`)).looks[album] ?? {});
  }

  /** Sends a `.cube`, waits until it was looked into. Raises Refusal with the reason when it cannot be used. */
  async #added(file: File): Promise<string> {
    let { art } = await send<{ art: Art }>(`/arts?name=${encodeURIComponent(file.name)}`, file);
    for (let tries = 0; art.state === "checking" && tries < 60; tries++) {
      await new Promise((done) => setTimeout(done, 500));
      const { arts } = await call<{ arts: Art[] }>("/arts");
      art = arts.find((one) => one.key === art.key) ?? art;
    }
    if (art.state !== "ready") throw new Refusal(422, art.state, this.#on.speech.say("cube_refused", { why: art.reason }));
    if (!this.#cubes.some((one) => one.key === art.key)) this.#cubes.push({ key: art.key, name: art.name });
    return art.key;
  }

  /** Shows what the album has, unless somebody is choosing. */
  fill(row: Element, album: AlbumRow): void {
    const tier = this.#choices.tiers.find((one) => album.look && fits({ ...this.#choices.fields, ...one.look }, album.look));
    const values = { preset: album.look?.["preset"] ?? "", tier: album.look ? (tier?.name ?? "") : "", culling: album.culling };
    for (const [name, value] of Object.entries(values)) {
      const select = row.querySelector<HTMLSelectElement>(`[name=${name}]`);
      if (select && !select.disabled && select !== document.activeElement) select.value = String(value);
    }
    if (album.look) this.#looks.set(album.id, album.look);
    this.#fillFine(row, { ...this.#choices.fields, ...this.#looks.get(album.id) });
  }

  #fillFine(row: Element, now: Look): void {
    for (const control of row.querySelectorAll<HTMLInputElement | HTMLSelectElement>(".fine [name]")) {
      if (control.disabled || control === document.activeElement) continue;
      control.value = String(now[control.name] ?? "");
      if (control instanceof HTMLInputElement) tell(control);
    }
  }

  async #ask(selects: (HTMLSelectElement | HTMLInputElement)[], request: () => Promise<unknown>): Promise<void> {
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

function tell(input: HTMLInputElement): void {
  if (input.nextElementSibling) input.nextElementSibling.textContent = Number(input.value).toFixed(2);
}

/** Whether a look is one of a tier's: the preset is another question, except where the tier decides it. */
function fits(tier: Look, look: Look): boolean {
  const off = tier["preset"] === "none";
  if (off !== (look["preset"] === "none")) return false;
  return off || (["strength", "smooth", "sharpen"] as const).every((name) => tier[name] === look[name]);
}
