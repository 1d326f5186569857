/** The bar's buttons: two small menus (how photos are laid out, which of them are shown) and what opens a dialog. */

import words from "../../words/album_later.json";
import type { AlbumWords } from "./album";
import { Roll } from "./roll";
import type { Style } from "./rows";
import type { Speech } from "./speech";
import { type Album, ask, type History, type Photo } from "./wire";

export interface Hour {
  from: number; // ms UTC
  to: number;
  photos: number;
  first: number; // lowest position in it
  last: number; // highest
}

/** What the bar may do with the page. */
export interface Scene {
  style: () => Style;
  setStyle: (style: Style) => void;
  speech: Speech<AlbumWords>;
  notice: (text: string) => void;
  album: () => Album;
  /** The whole album. */
  live: () => Roll;
  /** Hang a roll: `live`, or a part of it, chosen by this button; one that hangs and has grown is hung again where the reader is. */
  show: (roll: Roll, by: "" | "time" | "mine") => void;
  hangs: (roll: Roll) => boolean;
  /** These belong to the part that hangs now. */
  grow: (photos: Photo[]) => void;
}

/** Other than the live order: latest shutter first, most liked first. */
const ORDERS = ["times", "hot"] as const;
const MOST = 500; // photos in such an order; behind them what else is known, newest first
const FIRST = 48; // of them, enough for every screen
const PAGE = 100;
type Order = (typeof ORDERS)[number];

export const STYLES: Style[] = ["rows", "waterfall", "grid"];
let press: ((id: string) => void) | undefined;

/** The button with this id was pressed. */
export function pressed(id: string, scene: Scene): void {
  press ??= bar(scene);
  press(id);
}

function bar(scene: Scene): (id: string) => void {
  const menus = chooser(scene);
  const { speech, notice } = scene;
  return (id) => {
    const failed = (): void => notice(speech.say("no_network"));
    if (id === "take") void import("./take").then(({ takeHome }) => takeHome(scene.album(), speech, notice), failed);
    else if (id === "give") void import("./give").then(({ openGive }) => openGive(scene.album(), speech, notice), failed);
    else if (id === "find") void import("./faces").then(({ findMe }) => findMe(scene.album().id, speech, notice), failed);
    else if (id === "mine") void import("./mine").then(({ openMine }) => openMine(scene), failed);
    else menus.get(id)?.();
  };
}

function chooser(scene: Scene): Map<string, () => void> {
  const speech = scene.speech.learn(words);
  const failed = (): void => scene.notice(speech.say("no_network"));
  let from: number | Order = 0;
  const shown = (one: number | Order): boolean => one === from && document.getElementById("time")?.classList.contains("on") === true;
  const showHour = (hour: Hour): void => {
    from = hour.from;
    scene.show(rollOf(hour, scene.live()), "time");
  };
  const showOrder = async (order: Order): Promise<void> => {
    let begun = false;
    for await (const roll of inOrder(scene.album().id, order, scene.live())) {
      if (begun && !scene.hangs(roll)) return; // something else was chosen
      begun = true;
      from = order;
      scene.show(roll, "time");
    }
  };
  const layouts = (): Promise<Item[]> =>
    Promise.resolve(
      STYLES.map((one) => ({
        text: speech.say(one),
        chosen: one === scene.style(),
        choose: () => scene.setStyle(one),
      })),
    );
  const parts = async (): Promise<Item[]> => {
    const { hours } = await ask<{ hours: Hour[] }>(`${location.pathname}/hours?album=${scene.album().id}`);
    const part = document.querySelector("#time.on, #mine.on") !== null;
    return [
      { text: speech.say("time_all"), chosen: !part, choose: () => scene.show(scene.live(), "") },
      ...ORDERS.map((order) => ({
        text: speech.say(order),
        chosen: shown(order),
        choose: () => void showOrder(order).catch(failed),
      })),
      ...hours.map((hour) => ({
        text: hourText(hour),
        note: speech.number(hour.photos),
        chosen: shown(hour.from),
        choose: () => showHour(hour),
      })),
    ];
  };
  addEventListener("album", () => {
    for (const button of document.querySelectorAll("#time.on, #mine.on")) button.classList.remove("on");
  });
  return new Map([
    ["layout", menu("layout", layouts, failed)],
    ["time", menu("time", parts, failed)],
  ]);

  function hourText(hour: Hour): string {
    const clock = (at: number): string => speech.clock(at).slice(0, -3);
    return `${clock(hour.from)} – ${clock(hour.to).slice(-5)}`;
  }
}

function rollOf(hour: Hour, live: Roll): Roll {
  const within = (photo: Photo): boolean => {
    const at = photo.shot_at ?? photo.live_at ?? 0;
    return at >= hour.from && at < hour.to;
  };
  const known = live.next === null || live.next <= hour.last; // what is here already is shown at once
  return new Roll(live.cursor, known ? live : { photos: [], next: hour.last + 1 }, { admit: within, floor: hour.first });
}

/** The album in another order: one roll, given again with every page of it that came. Raises Refusal, TypeError. */
export async function* inOrder(album: string, order: Order, live: Roll): AsyncGenerator<Roll> {
  const by = order === "times" ? "time" : order;
  const ranks = new Map(live.photos.map((photo, index) => [photo.id, MOST + index]));
  const place = (photo: Photo): number => ranks.get(photo.id) ?? Infinity;
  const ranked = { admit: (photo: Photo) => ranks.has(photo.id), floor: 0, order: (a: Photo, b: Photo) => place(a) - place(b) };
  const roll = new Roll(live.cursor, { photos: [], next: null }, ranked);
  for (let before: number | null = 0, read = 0; before !== null && read < MOST; ) {
    const first = read === 0;
    const page: History = await ask<History>(`/mp/v1/albums/${album}/photos?order=${by}&limit=${first ? FIRST : PAGE}&before=${before}`);
    for (const photo of page.photos) ranks.set(photo.id, read++);
    before = page.next;
    roll.append({ photos: page.photos, next: null });
    if (first) roll.append({ photos: live.photos, next: null });
    yield roll;
  }
}

interface Item {
  text: string;
  note?: string;
  chosen: boolean;
  choose: () => void;
}

/** A button with a list under it; Escape, a choice or a tap elsewhere closes it. Returns what a press does. */
function menu(id: string, items: () => Promise<Item[]>, failed: () => void): () => void {
  const button = document.getElementById(id);
  const list = document.getElementById(`${id}-menu`);
  if (!button || !list) return () => undefined;
  const close = (focus: boolean): void => {
    list.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (focus) button.focus();
  };
  const open = async (): Promise<void> => {
    const found = await items();
    list.replaceChildren(
      ...found.map((item) => {
        const el = document.createElement("button");
        el.type = "button";
        el.setAttribute("role", "menuitemradio");
        el.setAttribute("aria-checked", String(item.chosen));
        el.append(item.text);
        if (item.note) el.append(Object.assign(document.createElement("small"), { textContent: item.note }));
        el.addEventListener("click", () => {
          close(true);
          item.choose();
        });
        return el;
      }),
    );
    list.hidden = false;
    button.setAttribute("aria-expanded", "true");
    list.querySelector<HTMLElement>("[aria-checked=true]")?.focus();
  };
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") close(true);
    if (!step) return;
    event.preventDefault();
    const all = [...list.querySelectorAll("button")];
    all[(all.indexOf(document.activeElement as HTMLButtonElement) + step + all.length) % all.length]?.focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!list.hidden && !list.contains(event.target as Node) && !button.contains(event.target as Node)) close(false);
  });
  return () => {
    if (list.hidden) open().catch(failed);
    else close(false);
  };
}
