/** The bridges of an event and their cameras, live: how they are in words, where photos go, what they should do. */

import words from "../../../words/bridges.json";
import { Speech } from "../speech";
import { call, type EventNow } from "./api";
import { make } from "./dom";
import type { Context, Screen } from "./frame";

export interface Trouble {
  level: "bad" | "warn" | "good";
  zh: string;
  en: string;
}

export interface Camera {
  user: string;
  album_id: string | null;
  connected?: boolean;
  last_name?: string | null;
}

export interface BridgeNow {
  id: string;
  name: string;
  state: "pairing" | "paired" | "revoked";
  album_id: string;
  paused: boolean;
  online: boolean;
  seen_at: number | null;
  health: Trouble[];
  cameras: Camera[];
  said: { mode?: string; originals_held?: boolean };
}

export type BridgeWords = keyof typeof words;
export const speaker = (): Speech<BridgeWords> => new Speech<BridgeWords>({ ...words });

const EVERY_MS = 1_000;
const MODES = ["auto", "pick", "marked"] as const;

export async function openBridges(on: Context, event: string): Promise<Screen> {
  const bridges = new Bridges(event, on);
  await bridges.open();
  return bridges;
}

class Bridges implements Screen {
  readonly el = make("div", { className: "event" });
  readonly #speech = speaker();
  readonly #event: string;
  readonly #on: Context;
  readonly #list = make("div", { className: "bridges" });
  #albums: EventNow["albums"] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(event: string, on: Context) {
    this.#event = event;
    this.#on = on;
  }

  async open(): Promise<void> {
    const now = await call<EventNow>(`/events/${this.#event}`);
    this.#albums = now.albums;
    const connect = make("a", { className: "button", href: "/pair" }, this.#speech.say("connect"));
    const title = make("div", {}, make("h1", {}, this.#speech.say("cameras")), make("p", { className: "soft" }, now.title));
    const links = make("p", { className: "links" }, this.#certificate(), connect);
    this.el.replaceChildren(make("div", { className: "event-head" }, title, links), this.#list);
    await this.#tick();
  }

  close(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  async #tick(): Promise<void> {
    try {
      // what somebody is choosing from must not be drawn anew under their hand
      if (!document.hidden && !(document.activeElement instanceof HTMLSelectElement)) await this.#draw();
    } catch (reason) {
      this.#on.guard(reason);
    }
    if (!this.#ended) this.#timer = setTimeout(() => void this.#tick(), EVERY_MS);
  }

  /** Draws up the account of the event as of now and goes there. */
  #certificate(): HTMLButtonElement {
    const button = make("button", { type: "button", className: "quiet" }, this.#speech.say("certificate"));
    button.onclick = async () => {
      button.disabled = true;
      button.textContent = this.#speech.say("drawing");
      try {
        const { url } = await call<{ url: string }>(`/events/${this.#event}/certificate`, {});
        location.assign(new URL(url).pathname);
      } catch (reason) {
        this.#on.guard(reason);
      } finally {
        button.disabled = false;
        button.textContent = this.#speech.say("certificate");
      }
    };
    return button;
  }

  async #draw(): Promise<void> {
    const { bridges } = await call<{ bridges: BridgeNow[] }>(`/events/${this.#event}/bridges`);
    const rows = bridges.filter((bridge) => bridge.state !== "revoked").map((bridge) => this.#bridge(bridge));
    this.#list.replaceChildren(...(rows.length ? rows : [make("p", { className: "soft" }, this.#speech.say("none"))]));
  }

  #bridge(bridge: BridgeNow): HTMLElement {
    const say = this.#speech.say.bind(this.#speech);
    const badge = make("span", { className: "badge", data: { state: bridge.online ? "live" : "hidden" } }, say(bridge.online ? "online" : "away"));
    const health = bridge.health.map((one) => make("li", { data: { level: one.level } }, this.#speech.language === "en" ? one.en : one.zh));
    const camera = bridge.cameras.map((one) =>
      make(
        "tr",
        { data: { camera: one.user } },
        make("td", {}, one.user, " ", one.connected ? make("span", { className: "badge", data: { state: "live" } }, say("online")) : null),
        make("td", { className: "soft" }, one.last_name ?? "–"),
        make("td", {}, this.#albumsOf(bridge, one)),
      ),
    );
    const head = make("tr", {}, ...(["camera", "last", "album"] as const).map((key) => make("th", {}, say(key))));
    return make(
      "section",
      { className: "panel bridge", data: { bridge: bridge.id } },
      make("h2", {}, bridge.name, " ", badge),
      make("ul", { className: "health" }, ...health),
      camera.length ? make("table", {}, make("thead", {}, head), make("tbody", {}, ...camera)) : null,
      this.#orders(bridge),
    );
  }

  /** Where this camera's next photo lands. */
  #albumsOf(bridge: BridgeNow, camera: Camera): HTMLSelectElement {
    const options = [make("option", { value: "" }, this.#speech.say("as_bridge")), ...this.#albums.map((a) => make("option", { value: a.id }, a.title))];
    const chosen = make("select", {}, ...options);
    chosen.setAttribute("aria-label", `${this.#speech.say("album")} ${camera.user}`);
    chosen.value = camera.album_id ?? "";
    chosen.onchange = () => {
      chosen.blur();
      void this.#do(`/bridges/${bridge.id}/target`, { camera: camera.user, album_id: chosen.value || null });
    };
    return chosen;
  }

  #orders(bridge: BridgeNow): HTMLElement {
    const order = (key: BridgeWords, body: object): HTMLButtonElement => {
      const button = make("button", { type: "button", className: "quiet" }, this.#speech.say(key));
      button.onclick = () => void this.#do(`/bridges/${bridge.id}/orders`, body);
      return button;
    };
    const held = bridge.said.originals_held === true;
    const last = make("button", { type: "button", className: "quiet" }, this.#speech.say("retract"));
    last.onclick = () => void this.#retract(bridge.id);
    return make(
      "p",
      { className: "links" },
      bridge.paused ? order("resume", { do: "resume" }) : order("pause", { do: "pause" }),
      last,
      held ? order("now", { do: "originals_now" }) : order("later", { do: "originals_later" }),
      this.#modes(bridge),
      this.#unpair(bridge.id),
    );
  }

  #modes(bridge: BridgeNow): HTMLElement {
    const options = MODES.map((mode) => make("option", { value: mode }, this.#speech.say(`mode_${mode}`)));
    const chosen = make("select", {}, ...options);
    chosen.value = MODES.find((mode) => mode === bridge.said.mode) ?? "auto";
    chosen.onchange = () => {
      chosen.blur();
      void this.#do(`/bridges/${bridge.id}/orders`, { do: "mode", about: chosen.value });
    };
    return make("label", { className: "mode" }, make("span", { className: "soft" }, this.#speech.say("mode")), chosen);
  }

  #unpair(id: string): HTMLButtonElement {
    const button = make("button", { type: "button", className: "quiet" }, this.#speech.say("unpair"));
    button.onclick = () => {
      const really = confirm(`${this.#speech.say("unpair")}?`);
      if (really) void this.#do(`/bridges/${id}/revoke`, {});
    };
    return button;
  }

  async #retract(id: string): Promise<void> {
    try {
      const { photo_id } = await call<{ photo_id: string | null }>(`/bridges/${id}/retract`, {});
      this.#on.notice(this.#speech.say(photo_id ? "retracted" : "nothing"));
    } catch (reason) {
      this.#on.guard(reason);
    }
  }

  async #do(path: string, body: object): Promise<void> {
    try {
      await call(path, body);
      await this.#draw();
    } catch (reason) {
      this.#on.guard(reason);
    }
  }
}
