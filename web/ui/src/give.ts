/** Photos of the guest's own: chosen, given one after the other under a name, what became of each, taking one back. */

import "./sheet.css";
import "./give.css";

import words from "../../words/album_later.json";
import type { AlbumWords } from "./album";
import { button, make } from "./console/dom";
import { askAsGuest, session } from "./guest";
import type { Speech } from "./speech";
import { tint } from "./tint";
import { type Album, recall, Refusal, refusal, remember } from "./wire";

interface Given {
  id: string;
  state: "waiting" | "live" | "off";
  by: string;
  words: string;
  placeholder: string;
  given_at: number;
}

interface Said {
  rule: Album["contributions"];
  left: number;
  photos: Given[];
}

/** On its way, or stuck: not the platform's yet. */
interface Sending {
  file: File;
  words: string;
  problem: string;
}

const NAME = "kuaimen.giver";
const MOST_LETTERS = 20;
const MOST_WORDS = 60;
const pictures = new Map<string, string>(); // of this phone, by the photo's id: nothing else shows one that waits

/** The dialog. What is still being sent goes on when it is closed. */
export function openGive(album: Album, known: Speech<AlbumWords>, notice: (text: string) => void): void {
  const speech = known.learn(words);
  const path = `/mp/v1/albums/${album.id}/contributions`;
  let said: Said = { rule: album.contributions, left: 0, photos: [] };
  let sending: Sending[] = [];
  let busy = false;

  const lead = make("p");
  const name = make("input", { maxLength: MOST_LETTERS, placeholder: speech.say("give_name"), ariaLabel: speech.say("give_name"), value: recall(NAME) ?? "" });
  const message = make("input", { maxLength: MOST_WORDS, placeholder: speech.say("give_words"), ariaLabel: speech.say("give_words") });
  const files = make("input", { type: "file", accept: "image/jpeg,image/png,image/heic,image/heif", multiple: true, hidden: true });
  const left = make("p", { className: "give-left", role: "status" });
  const list = make("ul", { ariaLabel: speech.say("give_own") });
  const choose = button(speech.say("give_choose"), () => files.click(), "sheet-send");
  const title = make("h2", { id: "give-title" }, speech.say("give_title"));
  const row = make("div", { className: "sheet-row" }, button(speech.say("close"), () => dialog.remove()), choose);
  const dialog = make("dialog", { className: "sheet give" }, title, lead, name, message, files, list, left, row);
  dialog.setAttribute("aria-labelledby", "give-title");
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.remove());
  name.addEventListener("input", () => remember(NAME, name.value));
  files.addEventListener("change", () => {
    sending = [...sending, ...[...(files.files ?? [])].slice(0, said.left).map((file) => ({ file, words: message.value.trim(), problem: "" }))];
    if (sending.length) message.value = ""; // it went with these
    files.value = "";
    void sendAll();
  });
  document.body.append(dialog);
  dialog.showModal();
  choose.focus();
  const turned = (): void => {
    if (dialog.isConnected) void look(); // one of them may be shown now
    else removeEventListener("turn", turned);
  };
  addEventListener("turn", turned);
  draw();
  void look();

  async function look(): Promise<void> {
    try {
      said = await askAsGuest<Said>(path);
      draw();
    } catch (reason) {
      failed(reason);
    }
  }

  /** One after the other: a phone's line is narrow, and the live album shares it. */
  async function sendAll(): Promise<void> {
    draw();
    if (busy) return;
    busy = true;
    for (let one = next(); one; one = next()) {
      try {
        const photo = await send(one);
        if (!pictures.has(photo.id)) pictures.set(photo.id, urlOf(one.file));
        sending = sending.filter((other) => other !== one);
      } catch (reason) {
        one.problem = wrong(reason);
      }
      await look();
    }
    busy = false;
  }

  function next(): Sending | undefined {
    return sending.find(({ problem }) => !problem);
  }

  async function send({ file, words: said }: Sending): Promise<Given> {
    const headers = { Accept: "application/json", Authorization: `Bearer ${await session()}`, "Content-Type": "application/octet-stream" };
    const answer = await fetch(`${path}?${new URLSearchParams({ name: name.value.trim(), words: said }).toString()}`, { method: "POST", headers, body: file });
    const text = await answer.text();
    if (!answer.ok) throw refusal(answer.status, text);
    return JSON.parse(text) as Given;
  }

  async function takeBack(id: string): Promise<void> {
    if (!confirm(speech.say("give_back_ask"))) return;
    await askAsGuest(`/mp/v1/contributions/${id}`, { method: "DELETE" }).catch(failed);
    await look();
  }

  function draw(): void {
    const off = said.rule === "off";
    lead.textContent = off
      ? speech.say("give_off")
      : [speech.say("give_lead", { title: album.title }), speech.say(said.rule === "open" ? "give_open" : "give_review"), speech.say("give_place")].join(speech.language === "en" ? " " : "");
    left.textContent = off ? "" : said.left ? speech.say("give_left", { n: said.left }) : said.photos.length ? speech.say("give_none") : "";
    name.hidden = message.hidden = off;
    choose.disabled = off || said.left < 1;
    list.replaceChildren(
      ...sending.map((one) => line(pictureOf(one.file), one.problem ? "give_failed" : "give_sending", one.problem, one.problem ? button(speech.say("give_retry"), () => void again(one)) : null)),
      ...said.photos.map((photo) => {
        const word = { waiting: "give_waiting", live: "give_live", off: "give_shown" } as const;
        const more = [speech.clock(photo.given_at), photo.by, photo.words].filter(Boolean).join("  ");
        return line(pictureOf(photo), word[photo.state], more, photo.state === "off" ? null : button(speech.say("give_back"), () => void takeBack(photo.id)));
      }),
    );
  }

  function again(one: Sending): Promise<void> {
    one.problem = "";
    return sendAll();
  }

  function line(picture: HTMLElement, word: keyof typeof words, more: string, act: HTMLElement | null): HTMLElement {
    return make("li", {}, picture, make("div", { className: word }, make("b", {}, speech.say(word)), make("small", {}, more)), act);
  }

  function wrong(reason: unknown): string {
    return reason instanceof Refusal ? reason.message : speech.say("no_network");
  }

  function failed(reason: unknown): void {
    notice(wrong(reason));
  }
}

function pictureOf(of: File | Given): HTMLElement {
  const url = of instanceof File ? urlOf(of) : pictures.get(of.id);
  if (url) return make("img", { src: url, alt: "" });
  const still = make("i");
  if (!(of instanceof File)) still.style.background = tint(of.placeholder);
  return still;
}

const urls = new WeakMap<File, string>();

function urlOf(file: File): string {
  const url = urls.get(file) ?? URL.createObjectURL(file);
  urls.set(file, url);
  return url;
}
