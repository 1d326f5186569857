/** How this member signs in: the second step with its recovery codes, and the WeChat account that confirms. */

import "./account.css";

import { Refusal } from "../wire";
import { call } from "./api";
import { make } from "./dom";
import type { Context, Screen } from "./frame";
import { act, field, panel } from "./office";
import { type AccountWords, type Asked, Scan, speaker } from "./scan";

interface Ways {
  login: string;
  second_step: boolean;
  recovery_left: number;
  wechat: boolean;
}

interface Proposed {
  secret: string;
  uri: string;
  qr: { size: number; path: string };
}

export async function openAccount(on: Context): Promise<Screen> {
  const account = new Account(on);
  await account.draw();
  return account;
}

class Account implements Screen {
  readonly el = make("div", { className: "account" });
  readonly #on: Context;
  readonly #speech = speaker();
  readonly #scan = new Scan();

  constructor(on: Context) {
    this.#on = on;
  }

  close(): void {
    this.#scan.stop();
  }

  async draw(): Promise<void> {
    this.#scan.stop();
    const ways = await call<Ways>("/me/sign-in");
    const say = this.#speech.say.bind(this.#speech);
    this.el.replaceChildren(make("h1", {}, say("account")), make("p", { className: "soft" }, say("lead", { login: ways.login })), this.#step(ways), this.#wechat(ways));
  }

  #step(ways: Ways): HTMLElement {
    const say = this.#speech.say.bind(this.#speech);
    const place = make("div");
    const on = this.#proven("turn_on", place, async (password) => this.#propose(place, await call<Proposed>("/me/second-step", { password })));
    const fresh = this.#proven("recovery_new", place, async (password) => {
      const { recovery } = await call<{ recovery: string[] }>("/me/second-step/recovery", { password });
      place.replaceChildren(this.#recovery(recovery));
    });
    const off = this.#proven("turn_off", place, async (password) => {
      await call("/me/second-step/off", { password });
      this.#on.notice(say("off_now"));
      await this.draw();
    });
    const left = ways.second_step ? make("p", { className: "soft" }, say("recovery_left", { n: ways.recovery_left })) : null;
    return panel(say("step"), this.#state(ways.second_step, "is_on", "is_off"), make("p", { className: "soft" }, say("step_lead")), left, make("p", { className: "links" }, ...(ways.second_step ? [fresh, off] : [on])), place);
  }

  /** The code for the app, and the first six digits it shows. */
  #propose(place: HTMLElement, { secret, qr }: Proposed): void {
    const say = this.#speech.say.bind(this.#speech);
    const digits = make("input", { name: "digits", required: true, inputMode: "numeric", autocomplete: "one-time-code", pattern: "[0-9 ]{6,7}", maxLength: 7 });
    const form = make("form", { className: "office-form" }, field(say("digits"), digits), make("button", { className: "button", type: "submit" }, say("confirm")));
    form.onsubmit = async (event) => {
      event.preventDefault();
      try {
        const { recovery } = await call<{ recovery: string[] }>("/me/second-step/on", { code: digits.value.replaceAll(" ", "") });
        await this.draw();
        this.el.querySelector("section > div")?.replaceChildren(this.#recovery(recovery));
        this.#on.notice(say("others_out"));
      } catch (reason) {
        this.#on.guard(reason);
        digits.select();
      }
    };
    place.replaceChildren(make("p", {}, say("scan_app")), picture(qr.size, qr.path, say("scan_app")), make("p", { className: "soft" }, say("by_hand"), " ", make("code", {}, secret)), form);
    digits.focus();
  }

  #recovery(codes: string[]): HTMLElement {
    const say = this.#speech.say.bind(this.#speech);
    const copy = act(this.#on, say("copy"), async () => {
      await navigator.clipboard.writeText(codes.join("\n"));
      this.#on.notice(say("copied"));
    });
    return make("div", { className: "recovery", role: "status" }, make("p", {}, make("b", {}, say("recovery"))), make("p", { className: "soft" }, say("recovery_lead")), make("ul", {}, ...codes.map((code) => make("li", {}, make("code", {}, code)))), copy);
  }

  #wechat(ways: Ways): HTMLElement {
    const say = this.#speech.say.bind(this.#speech);
    const place = make("div");
    const bound = async (): Promise<void> => {
      await this.draw();
      this.#on.notice(say("bound_now"));
    };
    const bind = this.#proven("bind", place, async (password) => {
      place.replaceChildren(this.#scan.el);
      await this.#scan.show(() => call<Asked>("/me/wechat", { password }), () => void bound(), this.#on.guard);
    });
    const drop = act(this.#on, say("unbind"), async () => {
      await call("/me/wechat/drop", {});
      this.#on.notice(say("unbound_now"));
      await this.draw();
    });
    return panel(say("wechat"), this.#state(ways.wechat, "bound", "unbound"), make("p", { className: "soft" }, say("wechat_lead")), make("p", { className: "links" }, ways.wechat ? drop : bind), place);
  }

  #state(on: boolean, yes: AccountWords, no: AccountWords): HTMLElement {
    return make("p", {}, make("span", { className: "badge", data: { state: on ? "live" : "hidden" } }, this.#speech.say(on ? yes : no)));
  }

  /** A button that asks for the password first: the account may have been left open. */
  #proven(key: AccountWords, place: HTMLElement, work: (password: string) => Promise<void>): HTMLButtonElement {
    const say = this.#speech.say.bind(this.#speech);
    const button = make("button", { type: "button", className: "quiet" }, say(key));
    button.onclick = () => {
      const password = make("input", { name: "proof", type: "password", autocomplete: "current-password", required: true });
      const wrong = make("p", { className: "wrong", role: "alert" });
      const form = make("form", { className: "office-form" }, field(say("password"), password), make("button", { className: "button", type: "submit" }, say(key)), wrong);
      form.onsubmit = async (event) => {
        event.preventDefault();
        try {
          await work(password.value);
        } catch (reason) {
          if (!(reason instanceof Refusal) || reason.status === 401) this.#on.guard(reason);
          else wrong.textContent = reason.message;
          password.select();
        }
      };
      place.replaceChildren(form);
      password.focus();
    };
    return button;
  }
}

const QUIET = 4; // modules of white around a code

function picture(size: number, path: string, label: string): SVGSVGElement {
  const svg = <K extends keyof SVGElementTagNameMap>(tag: K): SVGElementTagNameMap[K] => document.createElementNS("http://www.w3.org/2000/svg", tag);
  const code = svg("svg");
  const set = (el: Element, said: Record<string, string>): void => Object.entries(said).forEach(([name, value]) => el.setAttribute(name, value));
  set(code, { viewBox: `${-QUIET} ${-QUIET} ${size + 2 * QUIET} ${size + 2 * QUIET}`, role: "img", "aria-label": label, class: "account-qr" });
  const white = svg("rect");
  set(white, { x: String(-QUIET), y: String(-QUIET), width: String(size + 2 * QUIET), height: String(size + 2 * QUIET), fill: "#fff" });
  const dark = svg("path");
  set(dark, { d: path, fill: "#000" });
  code.append(white, dark);
  return code;
}
