/** «Me in this photo»: tap a face; ask to be blurred or left out, see more of the person where that is offered, withdraw. */

import "./sheet.css";
import "./veil.css";

import words from "../../words/album_veil.json";
import { button, make } from "./console/dom";
import { askAsGuest } from "./guest";
import type { Speech } from "./speech";
import type { Words } from "./viewer";
import { type Photo, Refusal } from "./wire";

interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Seen {
  faces: (Place & { face_id: number })[];
  tap: boolean;
  notice: { version: string; zh: string[]; en: string[] } | null;
}

interface Veil {
  id: string;
  kind: "blur" | "exclude";
  state: "open" | "approved" | "declined" | "ended";
  everywhere: boolean;
  photos: number;
  created_at: number;
}

type Say = keyof typeof words;

/** Opens over `host`; gone when the guest closes it. */
export async function meInThis(host: HTMLElement, photo: Photo, said: Speech<Words>, notice: (text: string) => void): Promise<void> {
  const speech = said.learn(words);
  const say = (key: Say, values: Record<string, string | number> = {}): string => speech.say(key, values);
  const dialog = document.createElement("dialog");
  dialog.className = "sheet veil";
  dialog.setAttribute("aria-labelledby", "veil-title");
  const away = (): void => dialog.remove();
  dialog.addEventListener("close", away);
  dialog.addEventListener("click", (event) => event.target === dialog && away());
  // the viewer under it listens to keys and fingers too
  for (const kind of ["keydown", "pointerdown", "wheel", "click"]) dialog.addEventListener(kind, (event) => event.stopPropagation());
  const body = document.createElement("div");
  dialog.append(Object.assign(document.createElement("h2"), { id: "veil-title", textContent: say("veil_title") }), body, make("div", { className: "sheet-row" }, button(speech.say("close"), away)));
  const failed = (reason: unknown): void => notice(reason instanceof Refusal ? reason.message : speech.say("no_network"));
  let seen: Seen;
  try {
    seen = await askAsGuest<Seen>(`/mp/v1/photos/${photo.id}/faces`);
  } catch (reason) {
    failed(reason);
    return;
  }
  let chosen: number | null = null; // a face_id
  let place: Place = { x: 0.4, y: 0.3, width: 0.2, height: 0.25 };

  function picture(): HTMLElement {
    const frame = document.createElement("div");
    frame.className = "veil-photo";
    frame.append(Object.assign(document.createElement("img"), { src: photo.urls.view, alt: speech.say("photo") }));
    const rings = seen.faces.map((face, index) => {
      const ring = button("", () => {
        chosen = face.face_id;
        for (const other of rings) other.setAttribute("aria-pressed", String(other === ring));
        actions();
      });
      ring.className = "veil-ring";
      ring.setAttribute("aria-label", say("veil_face", { n: index + 1 }));
      ring.setAttribute("aria-pressed", "false");
      lay(ring, face);
      return ring;
    });
    frame.append(...rings);
    if (!rings.length) frame.append(lay(Object.assign(document.createElement("i"), { className: "veil-ring" }), place));
    return frame;
  }

  /** Without known faces: three sliders, which fingers and keys can move. */
  function sliders(ring: HTMLElement): HTMLElement {
    const box = document.createElement("div");
    const moved = (): void => {
      const [x = 50, y = 40, size = 20] = [...box.querySelectorAll("input")].map((input) => Number(input.value));
      const [width, height] = photo.width < photo.height ? [size, (size * photo.width) / photo.height] : [(size * photo.height) / photo.width, size];
      const part = (middle: number, length: number): number => Math.min(1 - length / 100, Math.max(0, (middle - length / 2) / 100));
      place = { x: part(x, width), y: part(y, height * 1.2), width: width / 100, height: (height * 1.2) / 100 };
      lay(ring, place);
    };
    for (const [name, value, min, max] of [["veil_x", 50, 0, 100], ["veil_y", 40, 0, 100], ["veil_size", 20, 3, 60]] as const) {
      const label = document.createElement("label");
      const input = Object.assign(document.createElement("input"), { type: "range", min: String(min), max: String(max), value: String(value) });
      input.addEventListener("input", moved);
      label.append(say(name), input);
      box.append(label);
    }
    moved();
    return box;
  }

  const more = document.createElement("div");

  function actions(): void {
    const form = document.createElement("form");
    const area = Object.assign(document.createElement("textarea"), { name: "words", maxLength: 300, rows: 2, placeholder: say("veil_words") });
    area.setAttribute("aria-label", say("veil_words"));
    const send = Object.assign(document.createElement("button"), { className: "sheet-send", textContent: say("veil_send") });
    const everywhere = chosen !== null && seen.notice ? tick("checkbox", "everywhere", "1", say("veil_everywhere")) : null;
    form.append(tick("radio", "kind", "blur", say("veil_blur")), tick("radio", "kind", "exclude", say("veil_exclude")));
    if (everywhere) form.append(everywhere, whole());
    form.append(area, make("div", { className: "sheet-row" }, send));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const ticked = (name: string): string | undefined => form.querySelector<HTMLInputElement>(`[name=${name}]:checked`)?.value;
      send.disabled = true;
      ask(ticked("kind") ?? "blur", ticked("everywhere") !== undefined, area.value.trim())
        .then(() => {
          notice(say("veil_sent"));
          away();
        })
        .catch((reason: unknown) => {
          send.disabled = false;
          failed(reason);
        });
    });
    more.replaceChildren(form, ...(seen.tap && chosen !== null ? [tapped(chosen)] : []));
  }

  function whole(): HTMLElement {
    const details = document.createElement("details");
    details.append(Object.assign(document.createElement("summary"), { textContent: say("veil_notice") }));
    details.append(...(seen.notice?.[speech.language] ?? []).map((one) => make("p", {}, one)));
    return details;
  }

  async function agree(kind: "search" | "veil"): Promise<string> {
    const told = { kind, notice: seen.notice?.version ?? "", adult: true };
    return (await askAsGuest<{ id: string }>(`/mp/v1/albums/${photo.album_id}/faces/consents`, { body: told })).id;
  }

  async function ask(kind: string, everywhere: boolean, said: string): Promise<void> {
    const where = chosen === null ? { place } : { face_id: chosen };
    const consent = everywhere ? await agree("veil") : "";
    await askAsGuest(`/mp/v1/photos/${photo.id}/veils`, { body: { kind, words: said, consent, ...where } });
  }

  /** More photos of the face that was tapped, after a consent of its own. */
  function tapped(face: number): HTMLElement {
    const form = document.createElement("form");
    const go = Object.assign(document.createElement("button"), { className: "sheet-send", textContent: say("veil_agree") });
    const list = document.createElement("div");
    list.setAttribute("aria-live", "polite");
    form.append(make("h3", {}, say("veil_more")), make("p", {}, say("veil_more_lead")), tick("checkbox", "agree", "1", say("veil_adult"), true), whole(), make("div", { className: "sheet-row" }, go), list);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      go.disabled = true;
      agree("search")
        .then((consent) => askAsGuest<{ sure: Photo[]; maybe: Photo[] }>(`/mp/v1/albums/${photo.album_id}/faces/like`, { body: { face_id: face, consent } }))
        .then(({ sure, maybe }) => list.replaceChildren(make("p", {}, say("veil_found", { n: sure.length })), tiles([...sure, ...maybe])))
        .catch(failed)
        .finally(() => (go.disabled = false));
    });
    return form;
  }

  function tiles(photos: Photo[]): HTMLElement {
    const list = Object.assign(document.createElement("ul"), { className: "veil-tiles" });
    for (const one of photos) {
      const link = Object.assign(document.createElement("a"), { href: `${location.pathname}${location.search}#p=${one.id}` });
      link.addEventListener("click", () => setTimeout(() => location.reload()));
      link.append(Object.assign(document.createElement("img"), { src: one.urls.thumb, alt: speech.say("photo"), loading: "lazy" as const }));
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    return list;
  }

  const mine = document.createElement("div");

  async function listMine(): Promise<void> {
    const { veils } = await askAsGuest<{ veils: Veil[] }>(`/mp/v1/albums/${photo.album_id}/veils`);
    const rows = veils.map((veil) => {
      const facts = [say(veil.kind === "blur" ? "veil_blur" : "veil_exclude"), say(`veil_${veil.state}`), speech.clock(veil.created_at)];
      const ends = veil.state === "ended" && !veil.photos ? [] : [button(say("veil_lift"), () => end(veil, true))];
      if (veil.everywhere) ends.unshift(button(say("veil_withdraw"), () => end(veil, false)));
      const line = make("div", { className: "sheet-row" }, ...ends);
      line.prepend(make("p", {}, facts.join(" · ")));
      return line;
    });
    mine.replaceChildren(...(rows.length ? [make("h3", {}, say("veil_mine")), ...rows] : []));
  }

  function end(veil: Veil, lift: boolean): void {
    askAsGuest<{ deleted: Record<string, number> }>(`/mp/v1/veils/${veil.id}?lift=${String(lift)}`, { method: "DELETE" })
      .then(({ deleted }) => {
        notice(say("veil_deleted", deleted));
        return listMine();
      })
      .catch(failed);
  }

  const frame = picture();
  const ring = frame.querySelector<HTMLElement>("i.veil-ring");
  body.append(make("p", {}, say(ring ? "veil_place" : "veil_pick")), frame, ...(ring ? [sliders(ring)] : []), more, mine);
  if (ring) actions();
  host.append(dialog);
  dialog.showModal();
  listMine().catch(failed);
}

function lay<T extends HTMLElement>(ring: T, place: Place): T {
  for (const side of ["left", "top", "width", "height"] as const) {
    const part = side === "left" ? place.x : side === "top" ? place.y : place[side];
    ring.style.setProperty(side, `${(part * 100).toFixed(2)}%`);
  }
  return ring;
}

function tick(type: "radio" | "checkbox", name: string, value: string, said: string, required = type === "radio"): HTMLLabelElement {
  const label = document.createElement("label");
  label.append(Object.assign(document.createElement("input"), { type, name, value, required }), said);
  return label;
}
