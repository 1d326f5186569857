/** Choosing photos on the wall: a tap marks, a bar below counts and sends. Works with keys and screen readers, too. */

import "./pick.css";

import words from "../../words/album_later.json";
import type { AlbumWords } from "./album";
import type { Speech } from "./speech";

const MOST = 1000; // of one download

/** Until sent or given up. `send` gets the chosen ids. */
export function pick(said: Speech<AlbumWords>, notice: (text: string) => void, send: (ids: string[]) => void): void {
  const wall = document.querySelector<HTMLElement>("#wall");
  if (!wall || document.body.classList.contains("picking")) return;
  const speech = said.learn(words);
  const chosen = new Set<string>();
  const bar = Object.assign(document.createElement("div"), { className: "picked" });
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", speech.say("take_choose"));
  const count = document.createElement("p");
  count.setAttribute("role", "status");
  const cancel = Object.assign(document.createElement("button"), { type: "button", textContent: speech.say("cancel") });
  const go = Object.assign(document.createElement("button"), { type: "button", className: "sheet-send", textContent: speech.say("download") });
  bar.append(count, cancel, go);
  document.body.append(bar);
  document.body.classList.add("picking");
  const watch = new MutationObserver(() => mark());
  watch.observe(wall, { childList: true }); // the wall makes and drops tiles while it scrolls
  wall.addEventListener("click", tapped, true);
  wall.addEventListener("keydown", typed, true);
  addEventListener("keydown", escaped);
  cancel.addEventListener("click", away);
  go.addEventListener("click", () => {
    away();
    send([...chosen]);
  });
  mark();
  draw();

  function tapped(event: Event): void {
    event.preventDefault();
    event.stopImmediatePropagation();
    const tile = (event.target as HTMLElement).closest<HTMLElement>("li.tile:not(.ghost)");
    const id = tile?.dataset["id"];
    if (!tile || !id) return;
    if (chosen.has(id)) chosen.delete(id);
    else if (chosen.size < MOST) chosen.add(id);
    else notice(speech.say("pick_most", { n: speech.number(MOST) }));
    show(tile, id);
    draw();
  }

  function typed(event: KeyboardEvent): void {
    if (event.key === " ") tapped(event);
  }

  function escaped(event: KeyboardEvent): void {
    if (event.key === "Escape") away();
  }

  function mark(): void {
    for (const tile of wall?.querySelectorAll<HTMLElement>("li.tile[data-id]") ?? []) show(tile, tile.dataset["id"] ?? "");
  }

  function show(tile: HTMLElement, id: string): void {
    const link = tile.querySelector("a");
    link?.setAttribute("role", "checkbox");
    link?.setAttribute("aria-checked", String(chosen.has(id)));
  }

  function draw(): void {
    count.textContent = chosen.size ? speech.say("pick_n", { n: speech.number(chosen.size) }) : speech.say("pick_hint");
    go.disabled = !chosen.size;
  }

  function away(): void {
    watch.disconnect();
    wall?.removeEventListener("click", tapped, true);
    wall?.removeEventListener("keydown", typed, true);
    removeEventListener("keydown", escaped);
    document.body.classList.remove("picking");
    for (const link of wall?.querySelectorAll("a[role=checkbox]") ?? []) {
      link.removeAttribute("role");
      link.removeAttribute("aria-checked");
    }
    bar.remove();
  }
}
