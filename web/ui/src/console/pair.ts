/** From a code on a bridge's screen to the first photo in the album, one step at a time; nothing else to read. */

import { call, type PhotoRow } from "./api";
import { type BridgeNow, speaker } from "./bridges";
import { make } from "./dom";
import type { Context, Screen } from "./frame";

interface Asking {
  code: string;
  device: string;
  paired: boolean;
  events: { id: string; title: string; albums: { id: string; title: string }[]; bridges: { id: string; name: string; online: boolean }[] }[];
}

const EVERY_MS = 1_000;
const STEPS = ["paired", "heard", "camera", "photo"] as const;
const HINTS = ["hint_heard", "hint_heard", "hint_camera", "hint_photo", "done"] as const; // by how many steps are done

export async function openPairing(on: Context, code: string): Promise<Screen> {
  const pairing = new Pairing(on);
  await pairing.open(code);
  return pairing;
}

class Pairing implements Screen {
  readonly el = make("div", { className: "pair" });
  readonly #speech = speaker();
  readonly #on: Context;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(on: Context) {
    this.#on = on;
  }

  async open(code: string): Promise<void> {
    if (code) await this.#look(code);
    else this.#ask();
  }

  close(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  #ask(): void {
    const say = this.#speech.say.bind(this.#speech);
    const code = make("input", { name: "code", required: true, maxLength: 9, autocomplete: "off", spellcheck: false, className: "code" });
    code.placeholder = "K7F-2QX";
    const go = make("button", { className: "button", type: "submit" }, say("next"));
    const form = make("form", { className: "sign-in" }, make("label", {}, make("span", {}, say("code")), code), go);
    form.onsubmit = (event) => {
      event.preventDefault();
      this.#look(code.value).catch(this.#on.guard);
    };
    const run = make("code", {}, `kuaimen-bridge pair --server ${location.origin} --config bridge.json`);
    const start = make("p", { className: "soft" }, say("start_with"), make("br"), run);
    this.el.replaceChildren(make("h1", {}, say("connect")), make("p", { className: "soft" }, say("connect_lead")), form, start);
    code.focus();
  }

  async #look(code: string): Promise<void> {
    let asks: Asking;
    try {
      asks = await call<Asking>(`/pairings/${encodeURIComponent(code)}`);
    } catch (reason) {
      this.#ask();
      this.#on.guard(reason);
      return;
    }
    if (asks.paired) {
      this.#on.notice(this.#speech.say("paired_already"));
      this.#ask();
    } else this.#choose(asks);
  }

  #choose(asks: Asking): void {
    const say = this.#speech.say.bind(this.#speech);
    const groups = asks.events.map((event) =>
      Object.assign(make("optgroup", {}, ...event.albums.map((a) => make("option", { value: `${event.id} ${a.id}` }, a.title))), { label: event.title }),
    );
    const album = make("select", { name: "album" }, ...groups);
    const place = make("select", { name: "place" });
    const fill = (): void => {
      const event = asks.events.find((one) => album.value.startsWith(`${one.id} `));
      const others = (event?.bridges ?? []).map((b) => make("option", { value: b.id }, say("take_over", { name: b.name })));
      place.replaceChildren(make("option", { value: "" }, say("new_bridge")), ...others);
    };
    album.onchange = fill;
    fill();
    const name = make("input", { name: "name", value: asks.device, maxLength: 80 });
    const refuse = make("button", { className: "quiet", type: "button" }, say("refuse"));
    refuse.onclick = () => void this.#refuse(asks.code);
    const go = make("button", { className: "button", type: "submit" }, say("confirm"));
    const form = make(
      "form",
      { className: "sign-in" },
      make("p", { className: "code" }, asks.code),
      make("h1", {}, say("asks", { device: asks.device })),
      make("label", {}, make("span", {}, say("send_to")), album),
      make("label", {}, make("span", {}, say("name")), name),
      place.length > 1 ? place : null,
      go,
      refuse,
    );
    form.onsubmit = (event) => {
      event.preventDefault();
      const [event_id = "", album_id] = album.value.split(" ");
      const said = { event_id, album_id, name: name.value, replaces: place.value || null };
      call<{ bridge: { id: string } }>(`/pairings/${asks.code}/confirm`, said)
        .then(({ bridge }) => this.#follow(event_id, bridge.id))
        .catch(this.#on.guard);
    };
    this.el.replaceChildren(form);
  }

  async #refuse(code: string): Promise<void> {
    try {
      await call(`/pairings/${code}/refuse`, {});
      this.#on.notice(this.#speech.say("refused"));
      this.#ask();
    } catch (reason) {
      this.#on.guard(reason);
    }
  }

  /** The steps light up by themselves. */
  #follow(event: string, bridge: string): void {
    const say = this.#speech.say.bind(this.#speech);
    const since = Date.now() - 60_000;
    const steps = STEPS.map((step) => make("li", { data: { step } }, say(`step_${step}`)));
    const hint = make("p", { className: "hint" });
    hint.setAttribute("role", "status");
    const photo = make("div", { className: "first" });
    const all = make("a", { className: "quiet", href: `/console/events/${event}/cameras` }, say("to_cameras"));
    this.el.replaceChildren(make("h1", {}, say("connect")), make("ol", { className: "steps" }, ...steps), hint, photo, all);
    const tick = async (): Promise<void> => {
      try {
        const done = await this.#reached(event, bridge, since, photo);
        steps.forEach((el, n) => el.classList.toggle("done", n < done));
        hint.textContent = say(HINTS[done] ?? "done");
        if (done >= STEPS.length) return;
      } catch (reason) {
        this.#on.guard(reason);
      }
      if (!this.#ended) this.#timer = setTimeout(() => void tick(), EVERY_MS);
    };
    void tick();
  }

  /** How many steps are done. */
  async #reached(event: string, id: string, since: number, shown: HTMLElement): Promise<number> {
    const { bridges } = await call<{ bridges: BridgeNow[] }>(`/events/${event}/bridges`);
    const bridge = bridges.find((one) => one.id === id);
    if (!bridge?.online) return 1;
    const { photos } = await call<{ photos: PhotoRow[] }>(`/events/${event}/photos?state=live&limit=20`);
    const first = photos.find((one) => one.bridge_id === id && one.thumb && one.announced_at > since);
    if (first?.thumb) {
      shown.replaceChildren(make("img", { src: first.thumb, alt: first.name }));
      return STEPS.length;
    }
    return bridge.cameras.some((camera) => camera.connected === true || typeof camera.last_name === "string") ? 3 : 2;
  }
}
