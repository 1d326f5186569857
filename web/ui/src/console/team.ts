/** Who works for the organization: roles, invitations by a link that expires, and the page such a link opens. */

import "./team.css";

import words from "../../../words/team.json";
import { Speech } from "../speech";
import { Refusal } from "../wire";
import { call, type EventRow } from "./api";
import { field } from "./create";
import { make } from "./dom";
import type { Context, Screen } from "./frame";

type Role = "owner" | "admin" | "photographer" | "retoucher" | "reviewer" | "sponsor" | "platform";
type TeamWords = keyof typeof words;

interface MemberRow {
  id: string;
  login: string;
  name: string;
  role: Role;
  event_id: string | null;
  disabled: boolean;
  second_step: boolean;
}

interface Invitation {
  id: string;
  role: Role;
  event_id: string | null;
  expires_at: number;
}

interface Crew {
  members: MemberRow[];
  invitations: Invitation[];
}

const INVITABLE: Role[] = ["photographer", "retoucher", "reviewer", "admin", "owner"];
const DAY_S = 86_400;
const TTLS: [TeamWords, number][] = [
  ["ttl_day", DAY_S],
  ["ttl_week", 7 * DAY_S],
  ["ttl_month", 30 * DAY_S],
];

const speaker = (): Speech<TeamWords> => new Speech<TeamWords>({ ...words });

export async function openTeam(on: Context): Promise<Screen> {
  const { events } = await call<{ events: EventRow[] }>("/events");
  const team = new Team(on, events);
  await team.draw();
  return team;
}

class Team implements Screen {
  readonly el = make("div", { className: "team" });
  readonly #on: Context;
  readonly #speech = speaker();
  readonly #events: Map<string, string>;
  readonly #members = make("div", { className: "list" });
  readonly #invitations = make("div", { className: "list" });
  readonly #made = make("div", { className: "made" });

  constructor(on: Context, events: EventRow[]) {
    this.#on = on;
    this.#events = new Map(events.map((event) => [event.id, event.title]));
    const say = this.#speech.say.bind(this.#speech);
    const panel = (key: TeamWords, ...content: Node[]): HTMLElement => make("section", { className: "panel" }, make("h2", {}, say(key)), ...content);
    this.el.append(
      make("h1", {}, say("team")),
      make("p", { className: "soft" }, say("lead")),
      make("div", { className: "team-body" }, panel("members", this.#members), make("div", { className: "team-side" }, panel("invite", this.#form(), this.#made), panel("invitations", this.#invitations))),
    );
  }

  close(): void {
    this.#made.replaceChildren();
  }

  async draw(): Promise<void> {
    const { members, invitations } = await call<Crew>("/members");
    const say = this.#speech.say.bind(this.#speech);
    const alone = members.length === 1 ? [make("p", { className: "soft" }, say("alone"))] : [];
    this.#members.replaceChildren(...members.map((one) => this.#member(one)), ...alone);
    const now = Date.now();
    const open = invitations.filter((one) => one.expires_at > now).map((one) => this.#invitation(one));
    this.#invitations.replaceChildren(...(open.length ? open : [make("p", { className: "soft" }, say("no_invitations"))]));
  }

  #member(one: MemberRow): HTMLElement {
    const say = this.#speech.say.bind(this.#speech);
    const mine = one.id === this.#on.member.id;
    const title = make("b", {}, one.name || one.login);
    const badge = one.disabled ? make("span", { className: "badge" }, say("out")) : mine ? make("span", { className: "badge" }, say("is_you")) : null;
    const where = one.event_id ? ` · ${this.#events.get(one.event_id) ?? one.event_id}` : "";
    const said = make("div", {}, make("p", {}, title, " ", badge), make("p", { className: "soft" }, `${one.login}${where}`));
    const row = make("div", { className: "row member", data: { member: one.id } }, said);
    if (mine || one.role === "platform" || (one.role === "owner" && this.#on.member.role === "admin")) row.append(make("span", {}, say(`role_${one.role}`)));
    else row.append(this.#roles(one), this.#removal(one), ...(one.second_step ? [this.#reset(one)] : []));
    return row;
  }

  #roles(one: MemberRow): HTMLElement {
    const select = this.#menu("role", this.#ranks(one.role).map((role) => [role, this.#speech.say(`role_${role}`)]), one.role);
    select.setAttribute("aria-label", `${this.#speech.say("role")} ${one.name || one.login}`);
    select.disabled = one.disabled;
    select.onchange = () => void this.#change(one.id, { role: select.value }, "changed", { role: one.role });
    return select;
  }

  /** An admin makes no owners. */
  #ranks(kept?: Role): Role[] {
    const all = this.#on.member.role === "admin" ? INVITABLE.filter((role) => role !== "owner") : INVITABLE;
    return kept && !all.includes(kept) ? [kept, ...all] : all;
  }

  #removal(one: MemberRow): HTMLElement {
    const button = make("button", { type: "button", className: "quiet" }, this.#speech.say(one.disabled ? "back_in" : "remove"));
    button.setAttribute("aria-label", `${button.textContent} ${one.name || one.login}`);
    button.onclick = () => void this.#change(one.id, { disabled: !one.disabled }, one.disabled ? "changed" : "removed", { disabled: one.disabled });
    return button;
  }

  /** For who lost their phone and their recovery codes. */
  #reset(one: MemberRow): HTMLElement {
    const button = make("button", { type: "button", className: "quiet", title: this.#speech.say("forget_hint") }, this.#speech.say("forget_step"));
    button.onclick = () => void this.#change(one.id, { forget_step: true }, "forgot_step");
    return button;
  }

  async #change(id: string, to: object, word: TeamWords, back?: object): Promise<void> {
    try {
      await call(`/members/${id}`, to);
      this.#on.notice(this.#speech.say(word), back && (() => void this.#change(id, back, "changed")));
    } catch (reason) {
      this.#on.guard(reason);
    }
    await this.draw().catch(this.#on.guard);
  }

  #invitation(one: Invitation): HTMLElement {
    const say = this.#speech.say.bind(this.#speech);
    const where = one.event_id ? (this.#events.get(one.event_id) ?? one.event_id) : say("scope_all");
    const button = make("button", { type: "button", className: "quiet" }, say("revoke"));
    button.onclick = async () => {
      try {
        await call(`/members/invitations/${one.id}/revoke`, {});
        this.#made.replaceChildren();
        this.#on.notice(say("revoked"));
        await this.draw();
      } catch (reason) {
        this.#on.guard(reason);
      }
    };
    const said = make("div", {}, make("p", {}, make("b", {}, say(`role_${one.role}`))), make("p", { className: "soft" }, `${where} · ${say("until", { time: this.#speech.clock(one.expires_at) })}`));
    return make("div", { className: "row member" }, said, button);
  }

  #menu(name: string, options: [string, string][], value?: string): HTMLSelectElement {
    const select = make("select", { name }, ...options.map(([key, text]) => make("option", { value: key }, text)));
    if (value !== undefined) select.value = value;
    return select;
  }

  #form(): HTMLElement {
    const say = this.#speech.say.bind(this.#speech);
    const role = this.#menu("role", this.#ranks().map((one) => [one, say(`role_${one}`)]));
    const about = make("small", {}, say("about_photographer"));
    role.onchange = () => about.replaceChildren(say(`about_${role.value as Exclude<Role, "platform">}`));
    const scope = this.#menu("event_id", [["", say("scope_all")], ...this.#events]);
    const ttl = this.#menu("ttl_s", TTLS.map(([key, seconds]) => [String(seconds), say(key)]), String(7 * DAY_S));
    const go = make("button", { type: "submit", className: "button" }, say("invite_make"));
    const form = make("form", { className: "fields" }, field(say("role"), role), field(say("scope"), scope), field(say("ttl"), ttl), about, go);
    form.onsubmit = (said) => {
      said.preventDefault();
      void this.#invite({ role: role.value, event_id: scope.value || null, ttl_s: Number(ttl.value) }, go);
    };
    return form;
  }

  async #invite(wanted: object, go: HTMLButtonElement): Promise<void> {
    const say = this.#speech.say.bind(this.#speech);
    go.disabled = true;
    try {
      const { url } = await call<{ url: string }>("/members/invitations", wanted);
      const copy = make("button", { type: "button", className: "quiet" }, say("copy"));
      copy.onclick = () => void navigator.clipboard.writeText(url).then(() => this.#on.notice(say("copied")), this.#on.guard);
      this.#made.replaceChildren(
        make("img", { src: `${new URL(url).pathname}/qr.svg`, alt: say("invite"), width: 200, height: 200 }),
        make("div", {}, make("p", { className: "soft" }, say("link_once")), make("code", {}, url), make("p", { className: "links" }, copy)),
      );
      await this.draw();
    } catch (reason) {
      this.#on.guard(reason);
    } finally {
      go.disabled = false;
    }
  }
}

/** What an invitation's link opens: who asks for what, and a form. Nobody is signed in yet. */
export async function openJoin(token: string, guard: (reason: unknown) => void, joined: () => void): Promise<HTMLElement> {
  const speech = speaker();
  const say = speech.say.bind(speech);
  let asked: { organization: string; role: Role; event: string | null; expires_at: number };
  try {
    asked = await call(`/join/${token}`);
  } catch (reason) {
    if (!(reason instanceof Refusal)) throw reason;
    return make("div", { className: "sign-in" }, make("h1", {}, say("over")), make("p", { className: "soft" }, say("over_more")));
  }
  const input = (name: "login" | "name" | "password", more: Partial<HTMLInputElement>): HTMLInputElement =>
    make("input", { name, required: true, maxLength: 80, ...more });
  const login = input("login", { autocomplete: "username", autocapitalize: "none", spellcheck: false, pattern: "[0-9A-Za-z._@+\\-]{3,80}" });
  const name = input("name", { autocomplete: "name" });
  const password = input("password", { type: "password", autocomplete: "new-password", minLength: 8, maxLength: 200 });
  const wrong = make("p", { className: "wrong" });
  wrong.setAttribute("role", "alert");
  const go = make("button", { className: "button", type: "submit" }, say("join"));
  const facts = [say("join_as", { role: say(`role_${asked.role}`) }), asked.event ? say("join_event", { event: asked.event }) : "", say("join_until", { time: speech.clock(asked.expires_at) })];
  const label = (key: TeamWords, control: HTMLElement): HTMLElement => make("label", {}, make("span", {}, say(key)), control);
  const form = make(
    "form",
    { className: "sign-in" },
    make("h1", {}, say("join_title", { organization: asked.organization })),
    ...facts.filter(Boolean).map((text) => make("p", { className: "soft" }, text)),
    label("name", name),
    label("login", login),
    label("password", password),
    wrong,
    go,
  );
  form.onsubmit = async (event) => {
    event.preventDefault();
    go.disabled = true;
    try {
      await call(`/join/${token}`, { login: login.value.trim(), name: name.value.trim(), password: password.value });
      joined();
    } catch (reason) {
      if (reason instanceof Refusal) wrong.textContent = reason.message;
      else guard(reason);
    } finally {
      go.disabled = false;
    }
  };
  return form;
}
