/** «Tell me in WeChat»: a browser cannot be told; a link opens the mini-program as the same guest, once. */

import "./tie.css";

import words from "../../words/album_later.json";
import type { AlbumWords } from "./album";
import { askAsGuest } from "./guest";
import type { Speech } from "./speech";

/** A line for a dialog; it says what stands now, also after the guest came back from WeChat. */
export function tieLine(albumId: string, said: Speech<AlbumWords>, notice: (text: string) => void): HTMLElement {
  const speech = said.learn(words);
  const at = `/mp/v1/albums/${albumId}/tie`;
  const line = document.createElement("div");
  line.className = "tie";

  const failed = (): void => notice(speech.say("tie_failed"));
  const look = (): void => {
    if (!line.isConnected) removeEventListener("visibilitychange", look, true);
    else if (!document.hidden) void askAsGuest<{ tied: boolean }>(at).then(draw, () => undefined);
  };

  function draw({ tied }: { tied: boolean }): void {
    if (tied) line.replaceChildren(text("tie_on"), button("tie_cut", () => void askAsGuest<{ tied: boolean }>(at, { method: "DELETE" }).then(draw, failed)));
    else if (!line.querySelector("a")) line.replaceChildren(text("tie_lead"), button("tie", () => void offer().catch(failed)));
  }

  async function offer(): Promise<void> {
    const { url } = await askAsGuest<{ url: string }>(at, { body: {} });
    const open = Object.assign(document.createElement("a"), { className: "tie-open", href: url, target: "_blank", rel: "noopener", textContent: speech.say("tie_open") });
    line.replaceChildren(text("tie_how"), open);
    open.focus();
  }

  function text(key: "tie_lead" | "tie_how" | "tie_on"): HTMLElement {
    return Object.assign(document.createElement("span"), { textContent: speech.say(key) });
  }

  function button(key: "tie" | "tie_cut", press: () => void): HTMLButtonElement {
    const made = Object.assign(document.createElement("button"), { type: "button" as const, textContent: speech.say(key) });
    made.addEventListener("click", press);
    return made;
  }

  draw({ tied: false });
  void askAsGuest<{ tied: boolean }>(at).then(draw, () => undefined);
  addEventListener("visibilitychange", look, true);
  return line;
}
