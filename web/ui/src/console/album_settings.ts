/** The albums of an event: name and place among the tabs, who may see them, what guests may take. */

import type { Speech } from "../speech";
import { type AlbumRow, call } from "./api";
import { make } from "./dom";
import { type Choice, field, type Value } from "./fields";
import type { Context } from "./frame";
import type { SettingsWords } from "./settings";

interface Rule {
  access: "public" | "code" | "password" | "members" | "list";
  has_secret: boolean;
  guest_mark: boolean;
  downloads: boolean;
  downloads_a_day: number | null;
  comments: boolean;
  invitations?: { name: string; opened: number; code?: string }[];
}

interface On extends Context {
  words: Speech<SettingsWords>;
  event: string;
  saved: (undo?: () => void) => void;
}

const ACCESS = ["public", "code", "password", "members", "list"] as const;

export class AlbumSettings {
  readonly el = make("div", { className: "album-settings" });
  readonly #on: On;
  readonly #list = make("div", { className: "album-cards" });

  constructor(on: On, albums: AlbumRow[]) {
    this.#on = on;
    const add = make("button", { type: "button", className: "quiet" }, on.words.say("album_add"));
    add.onclick = () => void this.#add(add);
    this.el.append(this.#list, make("p", { className: "links" }, add));
    for (const album of albums) this.#append(album);
  }

  #append(album: AlbumRow): HTMLElement {
    const card = make("fieldset", { className: "album-card", data: { album: album.id } });
    this.#list.append(card);
    void this.#fill(card, album).catch(this.#on.guard);
    return card;
  }

  async #fill(card: HTMLElement, album: AlbumRow): Promise<void> {
    const rule = await call<Rule>(`/albums/${album.id}/access`);
    const say = this.#on.words.say.bind(this.#on.words);
    const path = `/albums/${album.id}`;
    const up = make("button", { type: "button", className: "quiet" }, `↑ ${say("album_up")}`);
    up.onclick = () => void this.#up(card);
    const legend = make("legend", {}, album.title);
    const secret = this.#secret(album, rule);
    const names = this.#names(album, rule);
    const show = (access: string): void => {
      secret.hidden = access !== "code" && access !== "password";
      names.hidden = access !== "list";
    };
    show(rule.access);
    const access = this.#field("access", "choice", rule.access, [path, "access"], { choices: ACCESS.map((one): Choice => [one, say(`access_${one}`)]) }, (value) => {
      show(String(value));
      // a code or a password needs its words first; they are saved together with the rule
      return !(["code", "password"].includes(String(value)) && (!rule.has_secret || value !== rule.access));
    });
    const fields = [
      this.#field("album_title", "text", album.title, [path, "title"], { max: 80 }, (value) => Boolean((legend.textContent = String(value)))),
      this.#field("publishing", "choice", album.publishing, [path, "publishing"], { choices: (["auto", "approve"] as const).map((one): Choice => [one, say(`publishing_${one}`)]) }),
      access,
      secret,
      names,
      this.#field("downloads", "switch", rule.downloads, [`${path}/access`, "downloads"]),
      this.#field("comments", "switch", rule.comments, [`${path}/access`, "comments"]),
      this.#field("guest_mark", "switch", rule.guest_mark, [`${path}/access`, "guest_mark"]),
      this.#field("downloads_a_day", "number", rule.downloads_a_day ?? 0, [`${path}/access`, "downloads_a_day"]),
    ];
    card.replaceChildren(legend, make("div", { className: "fields" }, ...fields), make("p", { className: "links" }, up));
  }

  /** `allow` false: not saved yet, something else has to be said first. */
  #field(
    name: SettingsWords,
    kind: "text" | "choice" | "switch" | "number",
    value: Value,
    [path, key]: [string, string],
    more: { max?: number; choices?: Choice[] } = {},
    allow: (value: Value) => boolean = () => true,
  ): HTMLElement {
    const { words } = this.#on;
    const to = key === "access" ? `${path}/access` : path;
    const made = field({ name, kind, label: words.say(name), value, ...more }, async (said, before) => {
      if (!allow(said)) return true;
      const undo = (): void => {
        made.put(before);
        allow(before);
        void call(to, { [key]: before }).then(() => this.#on.notice(words.say("undone")), this.#on.guard);
      };
      return this.#save(to, { [key]: said }, key === "access" ? undefined : undo);
    });
    return made.el;
  }

  async #save(path: string, body: object, undo?: () => void): Promise<boolean> {
    try {
      await call(path, body);
      this.#on.saved(undo);
      return true;
    } catch (reason) {
      this.#on.guard(reason);
      return false;
    }
  }

  #secret(album: AlbumRow, rule: Rule): HTMLElement {
    const say = this.#on.words.say.bind(this.#on.words);
    const input = make("input", { name: "secret", autocomplete: "off", maxLength: 100 });
    const set = make("button", { type: "button", className: "quiet" }, say("secret_set"));
    set.onclick = async () => {
      const access = this.#list.querySelector<HTMLSelectElement>(`[data-album="${album.id}"] [name=access]`)?.value;
      if (!(await this.#save(`/albums/${album.id}/access`, { access, secret: input.value }))) return;
      rule.has_secret = true;
      rule.access = access as Rule["access"];
    };
    const label = make("label", { className: "field" }, make("span", { className: "soft" }, say("secret")), input);
    return make("div", { className: "beside" }, label, set, make("small", {}, say("secret_short")));
  }

  #names(album: AlbumRow, rule: Rule): HTMLElement {
    const say = this.#on.words.say.bind(this.#on.words);
    const area = make("textarea", { name: "names", rows: 4 });
    const there = rule.invitations ?? [];
    const count = make("small", {}, say("names_n", { n: there.length, opened: there.filter((one) => one.opened > 0).length }));
    const codes = make("ul", { className: "codes" });
    const add = make("button", { type: "button", className: "quiet" }, say("names_add"));
    add.onclick = async () => {
      const guests = area.value.split("\n").map(guest).filter((one) => one.name);
      if (!guests.length) return;
      try {
        const { invitations } = await call<{ invitations: { name: string; code: string }[] }>(`/albums/${album.id}/invitations`, { guests });
        codes.replaceChildren(make("li", {}, say("names_codes")), ...invitations.map((one) => make("li", {}, `${one.name} `, make("b", {}, one.code))));
        area.value = "";
        this.#on.saved();
      } catch (reason) {
        this.#on.guard(reason);
      }
    };
    const label = make("label", { className: "field wide" }, make("span", { className: "soft" }, say("names")), area);
    return make("div", { className: "names" }, label, make("p", { className: "links" }, add, count), codes);
  }

  async #add(button: HTMLButtonElement): Promise<void> {
    button.disabled = true;
    try {
      const { album } = await call<{ album: AlbumRow }>(`/events/${this.#on.event}/albums`, { title: this.#on.words.say("album_new") });
      this.#append(album).scrollIntoView({ block: "center" });
      this.#on.saved();
    } catch (reason) {
      this.#on.guard(reason);
    } finally {
      button.disabled = false;
    }
  }

  /** One place towards the first tab; every album is told its place, for they may have had the same. */
  async #up(card: HTMLElement): Promise<void> {
    const above = card.previousElementSibling;
    if (!above) return;
    above.before(card);
    const cards = [...this.#list.querySelectorAll<HTMLElement>(".album-card")];
    try {
      await Promise.all(cards.map((one, place) => call(`/albums/${one.dataset["album"] ?? ""}`, { place_in_event: place })));
      this.#on.saved();
    } catch (reason) {
      this.#on.guard(reason);
    }
  }
}

/** «张三 13800138000» → name and phone. */
function guest(line: string): { name: string; phone?: string } {
  const found = /^(.*?)[\s,，]+(\+?\d[\d-]{6,})$/.exec(line.trim());
  return found ? { name: (found[1] ?? "").trim(), phone: found[2] ?? "" } : { name: line.trim() };
}
