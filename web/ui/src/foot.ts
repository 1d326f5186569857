/** What stands under a photo in the viewer: its times, and what one can do with it. */

import { askAsGuest } from "./guest";
import { likedIn, toggle } from "./likes";
import { askTakeDown } from "./report";
import { outdated, saved } from "./saved";
import type { Speech } from "./speech";
import { note } from "./track";
import type { Words } from "./viewer";
import { ask, type Download, type Photo, Refusal } from "./wire";

interface Context {
  speech: Speech<Words>;
  share: string;
  title: string;
  notice: (text: string) => void;
  downloads: () => boolean;
}

const IN_WECHAT = /MicroMessenger/i.test(navigator.userAgent);
const SHARE = "M12 15V4M7.5 8 12 3.5 16.5 8M5 12.5V19a1.5 1.5 0 0 0 1.5 1.5h11A1.5 1.5 0 0 0 19 19v-6.5";
const HEART = "M12 20.2C7.4 16.6 3.6 13.3 3.6 9.1A4.6 4.6 0 0 1 12 6.5a4.6 4.6 0 0 1 8.4 2.6c0 4.2-3.8 7.5-8.4 11.1z";
const BUBBLE = "M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v7a2.5 2.5 0 0 1-2.5 2.5H11l-4.5 4v-4A2.5 2.5 0 0 1 4 13.5z";
const LINGER_MS = 400; // who stays so long with a photo is told how many comments it has
const FLAG = "M6 21V4M6 4.8c4-2.2 8 2 12 0v9.4c-4 2-8-2.2-12 0";
const FACE = "M4 8.5V6a2 2 0 0 1 2-2h2.5M15.5 4H18a2 2 0 0 1 2 2v2.5M20 15.5V18a2 2 0 0 1-2 2h-2.5M8.5 20H6a2 2 0 0 1-2-2v-2.5M9 10v.5M15 10v.5M9 14.5c1.8 1.5 4.2 1.5 6 0";
const DOWN = "M12 4v11M7.5 11 12 15.5 16.5 11M5 16.5V19a1.5 1.5 0 0 0 1.5 1.5h11A1.5 1.5 0 0 0 19 19v-2.5";

export class Foot {
  readonly #on: Context;
  readonly #photo: () => Photo | undefined;
  readonly #times = document.createElement("p");
  readonly #actions = document.createElement("div");
  #lingering: ReturnType<typeof setTimeout> | undefined;
  #asked = ""; // the photo whose full size was asked for

  constructor(on: Context, photo: () => Photo | undefined) {
    this.#on = on;
    this.#photo = photo;
    this.#times.className = "viewer-times";
    this.#actions.className = "viewer-actions";
  }

  fill(el: HTMLElement): void {
    el.className = "viewer-foot";
    el.append(this.#times, this.#actions);
  }

  /** For the photo that is shown now. */
  draw(): void {
    const photo = this.#photo();
    this.#asked = "";
    clearTimeout(this.#lingering);
    this.#times.replaceChildren(...(photo ? this.#freshness(photo) : []));
    this.#actions.hidden = !photo;
    if (!photo) return;
    if (this.#on.downloads() && outdated(photo)) this.#say("finer");
    const [talk, count] = this.#talk(photo);
    this.#lingering = setTimeout(() => {
      if (document.body.classList.contains("talks")) void count().catch(() => undefined);
      if (document.body.classList.contains("sponsors")) void this.#sponsor(photo).catch(() => undefined);
    }, LINGER_MS);
    this.#actions.replaceChildren(
      this.#heart(photo),
      talk,
      this.#button("share", SHARE, () => this.#pass()),
      ...(this.#on.downloads() ? [this.#button("download", DOWN, () => void this.#prepare())] : []),
      ...(document.getElementById("find") ? [this.#button("veil_short", FACE, () => void this.#me())] : []),
      this.#button("report_short", FLAG, () => this.#takeDown()),
    );
  }

  /** «♡ 12»; filled when this guest is one of them. */
  #heart(photo: Photo): HTMLButtonElement {
    const { speech } = this.#on;
    const heart = this.#button("like", HEART, () => {
      toggle(photo, draw).catch((reason: unknown) => this.#say(reason instanceof Refusal && reason.status === 429 ? "slow_down" : "no_network"));
    });
    heart.classList.add("viewer-heart");
    const text = heart.querySelector("span");
    const draw = ({ liked, likes }: { liked: boolean; likes: number }): void => {
      heart.setAttribute("aria-pressed", String(liked));
      const words = likes ? speech.say("like_n", { n: speech.number(likes) }) : "";
      heart.setAttribute("aria-label", [speech.say("like"), words].filter(Boolean).join(" · "));
      if (text) text.textContent = likes ? speech.number(likes) : speech.say("like");
    };
    draw({ liked: false, likes: photo.likes });
    void likedIn(photo.album_id).then((mine) => draw({ liked: mine.has(photo.id), likes: photo.likes }));
    return heart;
  }

  /** «评论 3», and what asks for that number; unseen where the album has none (`body.talks`). */
  #talk(photo: Photo): [HTMLButtonElement, () => Promise<void>] {
    const { speech, notice } = this.#on;
    const talk = this.#button("comments", BUBBLE, () => {
      const host = this.#actions.closest<HTMLElement>(".pswp");
      if (host) import("./talk").then(({ openTalk }) => openTalk(host, photo, speech, notice, count), () => this.#say("no_network"));
    });
    talk.classList.add("viewer-talk");
    const text = talk.querySelector("span");
    const count = (n: number): void => {
      talk.setAttribute("aria-label", n ? speech.say("comment_n", { n: speech.number(n) }) : speech.say("comments"));
      if (text) text.textContent = n ? speech.number(n) : speech.say("comments");
    };
    return [talk, async () => count((await ask<{ count: number }>(`/mp/v1/photos/${photo.id}/comments?limit=0`)).count)];
  }

  /** Whose frame is on the photo, and a way to them; a tap is theirs in the report. */
  async #sponsor(photo: Photo): Promise<void> {
    const { sponsor } = await ask<{ sponsor: { name: string; link: string } | null }>(`/mp/v1/photos/${photo.id}/sponsor`);
    if (!sponsor || this.#photo()?.id !== photo.id) return;
    const link = Object.assign(document.createElement("a"), { className: "viewer-sponsor", href: sponsor.link, target: "_blank", rel: "noopener nofollow", textContent: `${sponsor.name} ↗` });
    link.addEventListener("click", () => note("click", photo.id));
    this.#times.querySelector("a")?.remove();
    this.#times.append(link);
  }

  #takeDown(): void {
    const photo = this.#photo();
    const host = this.#actions.closest<HTMLElement>(".pswp");
    if (photo && host) askTakeDown(host, photo, this.#on.speech, this.#on.notice, () => void this.#me());
  }

  /** Loaded when it is asked for: few need it. */
  async #me(): Promise<void> {
    const photo = this.#photo();
    const host = this.#actions.closest<HTMLElement>(".pswp");
    if (!photo || !host) return;
    try {
      const { meInThis } = await import("./veil");
      await meInThis(host, photo, this.#on.speech, this.#on.notice);
    } catch {
      this.#say("no_network");
    }
  }

  /** «拍摄 14:03:22 · 上线 14:03:24 · 精修 14:05:10»: what happened when, nothing that did not. */
  #freshness(photo: Photo): HTMLElement[] {
    const { speech } = this.#on;
    const stamps: [Words, number | null][] = [
      ["shot", photo.shot_at],
      ["published", photo.live_at],
      ["retouched", photo.stage === "retouched" ? photo.retouched_at : null],
    ];
    const found = stamps.flatMap(([key, at]) => {
      if (at === null) return [];
      const stamp = document.createElement("span");
      const time = Object.assign(document.createElement("time"), {
        textContent: this.#when(at),
        dateTime: new Date(at).toISOString(),
      });
      stamp.append(`${speech.say(key)} `, time);
      return [stamp];
    });
    if (photo.words) found.unshift(Object.assign(document.createElement("q"), { className: "viewer-words", textContent: photo.words }));
    if (photo.by) found.push(Object.assign(document.createElement("span"), { textContent: speech.say("by", { name: photo.by }) }));
    if (photo.stage === "preview") {
      found.push(Object.assign(document.createElement("span"), { className: "soft", textContent: speech.say("stage_preview") }));
    }
    return found;
  }

  /** With its year where that is another one. */
  #when(at: number): string {
    const said = this.#on.speech.clock(at);
    const year = new Date(at).getFullYear();
    if (year === new Date().getFullYear()) return said;
    return this.#on.speech.language === "en" ? said.replace(" ", `/${year} `) : `${year}/${said}`;
  }

  #pass(): void {
    const photo = this.#photo();
    const host = this.#actions.closest<HTMLElement>(".pswp");
    if (!photo || !host) return;
    const { share, title, speech, notice } = this.#on;
    import("./share").then(
      ({ passOn }) => passOn(host, { photo, url: `${share}&album=${photo.album_id}#p=${photo.id}`, title, speech, notice }),
      () => this.#say("no_network"),
    );
  }

  /** Ask for the full size; say how large it is before a byte of it travels. */
  async #prepare(): Promise<void> {
    const photo = this.#photo();
    if (!photo) return;
    this.#asked = photo.id;
    const waiting = Object.assign(document.createElement("span"), {
      className: "viewer-waiting",
      textContent: this.#on.speech.say("preparing"),
    });
    this.#actions.replaceChildren(waiting);
    try {
      const full = await this.#full(photo.id);
      if (full && this.#asked === photo.id) this.#offer(full, photo);
    } catch (reason) {
      if (this.#asked !== photo.id) return;
      const spent = reason instanceof Refusal && reason.code === "quota_spent";
      this.#say(spent ? "quota_spent" : reason instanceof Refusal && reason.status === 403 ? "no_download" : "no_network");
      this.draw();
    }
  }

  async #full(id: string): Promise<Download | null> {
    while (this.#asked === id) {
      const said = await askAsGuest<Download | { retry_after: number }>(`/mp/v1/photos/${id}/download`);
      if ("url" in said) return said;
      await new Promise((resolve) => setTimeout(resolve, said.retry_after * 1000));
    }
    return null;
  }

  #offer(full: Download, photo: Photo): void {
    const { speech } = this.#on;
    const size = speech.size(full.size);
    const facts = Object.assign(document.createElement("span"), {
      className: "viewer-size",
      textContent: speech.say("size", { width: full.width, height: full.height, size }),
    });
    const save = Object.assign(document.createElement("a"), {
      className: "viewer-save",
      href: full.url,
      download: "",
      textContent: speech.say("save", { size }),
    });
    save.addEventListener("click", () => {
      saved(photo);
      note("download", photo.id);
    }, { once: true });
    if (IN_WECHAT) {
      save.removeAttribute("download"); // its browser shows the picture; a long press saves it
      save.addEventListener("click", () => this.#say("save_how"));
    }
    this.#actions.replaceChildren(facts, save);
    save.focus();
    if (document.body.classList.contains("placements")) void import("./placements").then(({ line }) => this.#actions.prepend(line("download", speech) ?? ""), () => undefined);
  }

  #say(key: Words): void {
    this.#on.notice(this.#on.speech.say(key));
  }

  #button(key: Words, path: string, act: () => void): HTMLButtonElement {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "viewer-button" });
    const name = this.#on.speech.say(key);
    button.setAttribute("aria-label", name);
    button.innerHTML = `<svg width="22" height="22" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="${path}"/></svg>`;
    button.append(Object.assign(document.createElement("span"), { textContent: name }));
    button.addEventListener("click", act);
    return button;
  }
}
