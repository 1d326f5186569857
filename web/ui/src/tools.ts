/** Two small menus in the bar: how the photos are laid out, and which hour is shown. */

import words from "../../words/album_later.json";
import type { AlbumWords } from "./album";
import type { Style } from "./rows";
import type { Speech } from "./speech";

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
  hours: () => Promise<Hour[]>;
  showHour: (hour: Hour | null) => void;
  showHot: () => void;
}

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
  let from: number | "hot" | null = null;
  const light = (): void => void document.getElementById("time")?.classList.toggle("on", from !== null);
  const setHour = (hour: Hour | null): void => {
    from = hour?.from ?? null;
    light();
    choices.showHour(hour);
  };
  const setHot = (): void => {
    from = "hot";
    light();
    choices.showHot();
  };
  menu("time", async () => {
    const hours = await choices.hours();
    return [
      { text: speech.say("time_all"), chosen: from === null, choose: () => setHour(null) },
      { text: speech.say("hot"), chosen: from === "hot", choose: setHot },
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
