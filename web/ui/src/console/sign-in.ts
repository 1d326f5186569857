/** The way in: login and password, the second step of who has one, or a phone with WeChat. */

import type { ConsoleWords } from "../console";
import type { Speech } from "../speech";
import { Refusal } from "../wire";
import { call } from "./api";
import { make } from "./dom";
import { type Asked, Scan, speaker } from "./scan";

export class SignIn {
  readonly el: HTMLFormElement;
  readonly #speech: Speech<ConsoleWords>;
  readonly #done: () => Promise<void>;
  readonly #login = make("input", { name: "login", autocomplete: "username", required: true, autocapitalize: "none", spellcheck: false });
  readonly #password = make("input", { name: "password", type: "password", autocomplete: "current-password", required: true });
  readonly #code = make("input", { name: "code", autocomplete: "one-time-code", inputMode: "text", maxLength: 20, required: true, spellcheck: false });
  readonly #wrong = make("p", { className: "wrong" });
  readonly #go: HTMLButtonElement;
  readonly #scan = new Scan();
  #send: () => Promise<unknown>;

  constructor(speech: Speech<ConsoleWords>, done: () => Promise<void>) {
    this.#speech = speech;
    this.#done = done;
    this.#go = make("button", { className: "button", type: "submit" }, speech.say("sign_in"));
    this.#wrong.setAttribute("role", "alert");
    this.el = make("form", { className: "sign-in" });
    this.el.onsubmit = (event) => {
      event.preventDefault();
      void this.#try();
    };
    this.#send = this.#byPassword;
    this.#askPassword();
  }

  close(): void {
    this.#scan.stop();
  }

  focus(): void {
    this.#login.focus();
  }

  readonly #byPassword = (): Promise<unknown> => call("/login", { login: this.#login.value.trim(), password: this.#password.value, code: this.#code.value.trim() });

  #askPassword(): void {
    this.#scan.stop();
    const wechat = make("button", { type: "button", className: "quiet" }, speaker().say("by_wechat"));
    wechat.onclick = () => this.#askPhone();
    const say = this.#speech.say.bind(this.#speech);
    this.#send = this.#byPassword;
    this.#code.value = "";
    this.#draw(this.#label(say("login"), this.#login), this.#label(say("password"), this.#password), this.#wrong, this.#go, wechat);
  }

  #askCode(): void {
    this.#scan.stop();
    this.#draw(this.#label(speaker().say("code_or_recovery"), this.#code), this.#wrong, this.#go, this.#back("cancel"));
    this.#code.focus();
  }

  #askPhone(): void {
    const failed = (reason: unknown, asked?: Asked): void => {
      if (asked && reason instanceof Refusal && reason.code === "code_needed") {
        this.#send = () => call(`/wechat-sign-in/${asked.ticket}`, { secret: asked.secret, code: this.#code.value.trim() });
        this.#askCode();
      } else this.#say(reason);
    };
    this.#draw(this.#scan.el, this.#wrong, this.#back("by_password"));
    this.#scan.show(() => call<Asked>("/wechat-sign-in", {}), () => void this.#done(), failed).catch(failed);
  }

  #back(key: "by_password" | "cancel"): HTMLButtonElement {
    const back = make("button", { type: "button", className: "quiet" }, speaker().say(key));
    back.onclick = () => this.#askPassword();
    return back;
  }

  #draw(...content: Node[]): void {
    this.#wrong.textContent = "";
    this.el.replaceChildren(make("h1", {}, this.#speech.say("console")), ...content);
  }

  #label(text: string, input: HTMLInputElement): HTMLElement {
    return make("label", {}, make("span", {}, text), input);
  }

  #say(reason: unknown): void {
    this.#wrong.textContent = reason instanceof Refusal ? reason.message : this.#speech.say("no_network");
  }

  async #try(): Promise<void> {
    this.#go.disabled = true;
    this.#go.textContent = this.#speech.say("signing_in");
    try {
      await this.#send();
      await this.#done();
    } catch (reason) {
      const code = reason instanceof Refusal ? reason.code : "";
      if (code === "code_needed") this.#askCode();
      else {
        this.#say(reason);
        (this.#code.isConnected ? this.#code : this.#password).select();
      }
    } finally {
      this.#go.disabled = false;
      this.#go.textContent = this.#speech.say("sign_in");
    }
  }
}
