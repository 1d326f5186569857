/** «Mine»: the code a guest holds up to the photographer, and a wall of only the frames that followed it. */

import "./sheet.css";
import "./mine.css";

import words from "../../words/album_later.json";
import { button } from "./console/dom";
import { askAsGuest } from "./guest";
import { Roll } from "./roll";
import { tieLine } from "./tie";
import type { Scene } from "./tools";
import type { History, Photo } from "./wire";

const QUIET = 4; // modules of white around the code
const PAGES = 30;
const LATER_MS = 300; // photos that come together are asked for together
let ids = new Set<string>(); // what hangs, when «mine» hangs
let following = false;

/** The dialog: code, how many there are, and the way to see only these. */
export function openMine(scene: Scene): void {
  const speech = scene.speech.learn(words);
  const album = scene.album().id;
  const dialog = document.createElement("dialog");
  dialog.className = "sheet mine";
  dialog.setAttribute("aria-labelledby", "mine-title");
  const title = Object.assign(document.createElement("h2"), { id: "mine-title", textContent: speech.say("mine_title") });
  const lead = Object.assign(document.createElement("p"), { textContent: speech.say("mine_lead") });
  const code = Object.assign(document.createElement("div"), { className: "mine-code" });
  const count = Object.assign(document.createElement("p"), { className: "mine-count" });
  count.setAttribute("role", "status");
  const row = Object.assign(document.createElement("div"), { className: "sheet-row" });
  const on = document.querySelector("#mine.on") !== null;
  const only = button(speech.say(on ? "time_all" : "mine_only"), () => {
    away();
    if (on) scene.show(scene.live(), "");
    else void showMine(scene).catch(failed);
  });
  only.className = "sheet-send";
  row.append(button(speech.say("close"), away), only);
  dialog.append(title, lead, code, count, tieLine(album, scene.speech, scene.notice), row);
  document.body.append(dialog);
  dialog.addEventListener("close", away);
  dialog.addEventListener("click", (event) => event.target === dialog && away());
  dialog.showModal();
  only.focus();
  const asleep = stayAwake();
  const told = (): void => void tell();
  addEventListener("turn", told);
  void begin().catch(failed);

  async function begin(): Promise<void> {
    const slate = await askAsGuest<{ rows: string[] }>("/mp/v1/me/slate", { body: { album_id: album } });
    code.replaceChildren(draw(slate.rows, speech.say("mine_code")));
    await tell();
  }

  async function tell(): Promise<void> {
    const { photos, next } = await page(album, null);
    const n = next === null ? speech.number(photos.length) : `${photos.length}+`;
    count.textContent = photos.length ? speech.say("mine_n", { n }) : speech.say("mine_none");
  }

  function failed(): void {
    scene.notice(speech.say("no_network"));
  }

  function away(): void {
    removeEventListener("turn", told);
    asleep();
    dialog.remove();
  }
}

/** Hang only this guest's photos; those that come later join them. Raises Refusal, TypeError. */
async function showMine(scene: Scene): Promise<void> {
  const photos = await all(scene.album().id);
  ids = new Set(photos.map((photo) => photo.id));
  scene.show(new Roll(scene.live().cursor, { photos, next: null }, { admit: (photo) => ids.has(photo.id), floor: 0 }), "mine");
  if (following) return;
  following = true;
  let soon: ReturnType<typeof setTimeout> | undefined;
  addEventListener("turn", () => {
    if (!document.querySelector("#mine.on")) return;
    soon ??= setTimeout(() => {
      soon = undefined;
      void join(scene).catch(() => undefined); // the next turn asks again
    }, LATER_MS);
  });
}

async function join(scene: Scene): Promise<void> {
  const { photos } = await page(scene.album().id, null);
  const fresh = photos.filter((photo) => !ids.has(photo.id));
  for (const { id } of fresh) ids.add(id);
  if (fresh.length && document.querySelector("#mine.on")) scene.grow(fresh);
}

async function all(album: string): Promise<Photo[]> {
  const found: Photo[] = [];
  let before: number | null = null;
  for (let n = 0; n < PAGES; n++) {
    const { photos, next }: History = await page(album, before);
    found.push(...photos);
    before = next;
    if (before === null) break;
  }
  return found;
}

function page(album: string, before: number | null): Promise<History> {
  return askAsGuest<History>(`/mp/v1/albums/${album}/mine?limit=100${before === null ? "" : `&before=${before}`}`);
}

/** Black on white whatever the theme: a camera has to read it. */
function draw(rows: string[], name: string): SVGElement {
  const side = rows.length + 2 * QUIET;
  const path = rows.flatMap((row, y) => Array.from(row, (cell, x) => (cell === "1" ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : ""))).join("");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${side} ${side}`);
  svg.setAttribute("shape-rendering", "crispEdges");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", name);
  svg.innerHTML = `<path fill="#fff" d="M0 0h${side}v${side}H0z"/><path d="${path}"/>`;
  return svg;
}

/** The screen stays on while the code is shown, where the browser can do that. Returns what lets it sleep again. */
function stayAwake(): () => void {
  const lock = (navigator as Partial<Navigator>).wakeLock?.request("screen").catch(() => undefined);
  return () => void lock?.then((held) => held?.release());
}
