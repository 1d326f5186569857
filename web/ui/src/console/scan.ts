/** A mini-program code on the screen, until a phone has confirmed. */

import words from "../../../words/account.json";
import { Speech } from "../speech";
import { Refusal } from "../wire";
import { call } from "./api";
import { make } from "./dom";

export type AccountWords = keyof typeof words;
export const speaker = (): Speech<AccountWords> => new Speech<AccountWords>({ ...words });

export interface Asked {
  ticket: string;
  secret: string;
  number: string;
  picture: string;
}

const LOOK_MS = 1_500;

/** `collect` is asked again until it answers true; it raises what ends the waiting. */
export class Scan {
  readonly el = make("div", { className: "scan" });
  readonly #speech = speaker();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Shows the code that `ask` brings. `took` gets what the platform answers once the phone has confirmed. */
  async show(ask: () => Promise<Asked>, took: (answer: unknown, asked: Asked) => void, failed: (reason: unknown, asked?: Asked) => void): Promise<void> {
    this.stop();
    const say = this.#speech.say.bind(this.#speech);
    const asked = await ask();
    const code = make("img", { src: asked.picture, alt: say("scan"), width: 220, height: 220 });
    code.onerror = () => this.#over("no_code", ask, took, failed);
    this.el.replaceChildren(code, make("p", {}, say("scan")), make("p", { className: "scan-number" }, say("number", { number: asked.number })));
    const look = async (): Promise<void> => {
      try {
        const answer = await call<{ waiting?: boolean }>(`/wechat-sign-in/${asked.ticket}`, { secret: asked.secret });
        if (!answer.waiting) {
          took(answer, asked);
          return;
        }
      } catch (reason) {
        if (reason instanceof Refusal && reason.code === "scan_over") this.#over("scan_over", ask, took, failed);
        else failed(reason, asked);
        return;
      }
      this.#timer = setTimeout(() => void look(), LOOK_MS);
    };
    this.#timer = setTimeout(() => void look(), LOOK_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.el.replaceChildren();
  }

  #over(key: AccountWords, ...again: Parameters<Scan["show"]>): void {
    clearTimeout(this.#timer);
    const button = make("button", { type: "button", className: "quiet" }, this.#speech.say("again"));
    button.onclick = () => void this.show(...again).catch((reason: unknown) => again[2](reason));
    this.el.replaceChildren(make("p", { className: "soft", role: "status" }, this.#speech.say(key)), button);
  }
}
