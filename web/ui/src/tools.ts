/** Two small menus in the bar: how the photos are laid out, and which hour is shown. */

import words from "../../words/album_later.json";
import type { AlbumWords } from "./album";
import { Roll } from "./roll";
import type { Style } from "./rows";
import type { Speech } from "./speech";
import type { Photo } from "./wire";

export interface Hour {
  from: number; // ms UTC
  to: number;
  photos: number;
  first: number; // lowest position in it
  last: number; // highest
}

interface Choices {
  style: Style;
  setStyle: (style: Style) => void;
  /** What the platform says of a part of this album: «hours», «hot», «times». */
  ask: <T>(part: string) => Promise<T>;
  failed: () => void;
  /** Hang a roll made from the whole one. */
  show: (part: (live: Roll) => Roll) => void;
}

/** Other than the live order: latest shutter first, most liked first. */
const ORDERS = ["times", "hot"] as const;
type Order = (typeof ORDERS)[number];

export const STYLES: Style[] = ["rows", "waterfall", "grid"];

export function chooser(said: Speech<AlbumWords>, choices: Choices): void {
  const speech = said.learn(words);
  let { style } = choices;
  menu("layout", () =>
    Promise.resolve(
      STYLES.map((one) => ({
        text: speech.say(one),
        chosen: one === style,
        choose: () => {
          style = one;
          choices.setStyle(one);
        },
      })),
    ),
  );
  let from: number | Order | null = null;
  const light = (): void => void document.getElementById("time")?.classList.toggle("on", from !== null);
  const setHour = (hour: Hour | null): void => {
    from = hour?.from ?? null;
    light();
    choices.show((live) => (hour ? rollOf(hour, live) : live));
  };
  const setOrder = async (order: Order): Promise<void> => {
    const { photos } = await choices.ask<{ photos: Photo[] }>(order);
    from = order;
    light();
    choices.show((live) => ranked(photos, live));
  };
  menu("time", async () => {
    const hours = (await choices.ask<{ hours: Hour[] }>("hours")).hours;
    return [
      { text: speech.say("time_all"), chosen: from === null, choose: () => setHour(null) },
      ...ORDERS.map((order) => ({
        text: speech.say(order),
        chosen: from === order,
        choose: () => void setOrder(order).catch(choices.failed),
      })),
      ...hours.map((hour) => ({
        text: hourText(hour),
        note: speech.number(hour.photos),
        chosen: hour.from === from,
        choose: () => setHour(hour),
      })),
    ];
  });
  addEventListener("album", () => {
    from = null;
    light();
  });

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

/** `photos` in their order on the wall, whatever their places in the feed. */
export function ranked(photos: Photo[], live: Roll): Roll {
  const rank = new Map(photos.map((photo, index) => [photo.id, index]));
  const place = (photo: Photo): number => rank.get(photo.id) ?? Infinity;
  return new Roll(live.cursor, { photos, next: null }, { admit: (photo) => rank.has(photo.id), floor: 0, order: (a, b) => place(a) - place(b) });
}

interface Item {
  text: string;
  note?: string;
  chosen: boolean;
  choose: () => void;
}

/** A button with a list under it; Escape, a choice or a tap elsewhere closes it. */
function menu(id: string, items: () => Promise<Item[]>): void {
  const button = document.getElementById(id);
  const list = document.getElementById(`${id}-menu`);
  if (!button || !list) return;
  const close = (focus: boolean): void => {
    list.hidden = true;
    button.setAttribute("aria-expanded", "false");
    if (focus) button.focus();
  };
  const open = async (): Promise<void> => {
    const found = await items().catch(() => []);
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
  const press = (): void => {
    if (list.hidden) void open();
    else close(false);
  };
  // the first press is what loaded this file
  addEventListener(
    "menu",
    (event) => {
      if ((event as CustomEvent<string>).detail === id) press();
      button.addEventListener("click", press);
    },
    { once: true },
  );
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
}
