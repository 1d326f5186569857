/** What programs of the organization use: API keys, webhooks and their log; and how much all of it uses. */

import { call } from "./api";
import { scope, told } from "./deeds";
import { make } from "./dom";
import type { Context, Screen } from "./frame";
import { act, actTwice, field, grid, once, panel, speaker, ticks } from "./office";

export type UsageKind = "storage_bytes" | "photos" | "events" | "messages";
export const USAGE: UsageKind[] = ["storage_bytes", "photos", "events", "messages"];
export type Usage = Record<UsageKind | "retouched", number>;
export type Limits = Record<UsageKind, number | null>;

interface Key {
  id: string;
  name: string;
  start: string;
  scopes: string[];
  expires_at: number | null;
  used_at: number | null;
  suspended: boolean;
}

interface Call {
  id: string;
  kind: string;
  state: "waiting" | "taken" | "given_up";
  attempts: number;
  status: number | null;
  said: string;
  created_at: number;
}

interface Hook {
  id: string;
  url: string;
  kinds: string[];
  active: boolean;
  waiting: number;
  last: Call | null;
}

export async function openPrograms(on: Context): Promise<Screen> {
  const speech = speaker();
  const el = make("div", { className: "event" });
  const keys = make("div");
  const hooks = make("div");
  const sums = make("div");
  const may = on.member.rights.includes("change_keys");

  async function drawUsage(): Promise<void> {
    const said = await call<{ usage: Usage; limits: Limits; events: { id: string; title: string; usage: Usage }[] }>("/usage");
    const amount = (kind: UsageKind | "retouched", n: number): string => (kind === "storage_bytes" && n > 0 ? speech.size(n) : speech.number(n));
    const list = make("dl", { className: "office-sums" });
    for (const kind of USAGE) {
      const most = said.limits[kind];
      const text = most === null ? amount(kind, said.usage[kind]) : speech.say("of_limit", { n: amount(kind, said.usage[kind]), most: amount(kind, most) });
      const full = most !== null && said.usage[kind] >= most;
      list.append(make("div", {}, make("dt", {}, speech.say(kind)), make("dd", { className: full ? "bad" : "" }, full ? `${text} · ${speech.say("full")}` : text)));
    }
    const shown = ["storage_bytes", "photos", "retouched", "messages"] as const;
    const rows = said.events.map((one) => [one.title, ...shown.map((kind) => amount(kind, one.usage[kind]))]);
    sums.replaceChildren(panel(speech.say("usage"), list, grid([speech.say("events"), ...shown.map((kind) => speech.say(kind))], rows, speech.say("none"))));
  }

  async function drawKeys(secret = ""): Promise<void> {
    const said = await call<{ keys: Key[]; scopes: string[] }>("/keys");
    const name = make("input", { maxLength: 80, required: true });
    const scopes = ticks(speech.say("scopes"), said.scopes, ["see_event"], scope);
    const add = act(on, speech.say("add_key"), async () => {
      if (!name.reportValidity()) return;
      const made = await call<{ token: string }>("/keys", { name: name.value.trim(), scopes: scopes.chosen() });
      await drawKeys(made.token);
    });
    add.className = "button";
    const rows = said.keys.map((one) => {
      const drop = actTwice(on, speech.say("revoke"), speech.say("purge_sure"), async () => {
        await call(`/keys/${one.id}/revoke`, {});
        on.notice(speech.say("revoked"));
        await drawKeys();
      });
      const used = one.used_at === null ? speech.say("never") : speech.clock(one.used_at);
      const called = one.suspended ? make("span", {}, one.name, " ", make("span", { className: "badge" }, speech.say("suspended"))) : one.name;
      return [called, make("code", {}, `${one.start}…`), one.scopes.map(scope).join(" · "), used, one.expires_at === null ? "" : speech.day(one.expires_at), drop];
    });
    const heads = [speech.say("key_name"), speech.say("key"), speech.say("scopes"), speech.say("used"), speech.say("expires"), ""];
    const docs = make("a", { href: "/api/v1/openapi.json", target: "_blank", rel: "noopener" }, "OpenAPI");
    keys.replaceChildren(
      panel(
        speech.say("keys"),
        make("p", { className: "soft" }, speech.say("keys_lead"), " ", docs),
        secret ? once(on, speech, secret) : null,
        grid(heads, rows, speech.say("none")),
        make("div", { className: "office-form" }, field(speech.say("key_name"), name), scopes.el, add),
      ),
    );
  }

  function hookRow(one: Hook): (Node | string)[] {
    const path = `/webhooks/${one.id}`;
    const doing = (text: string, work: () => Promise<unknown>, said: string): HTMLButtonElement =>
      act(on, text, async () => {
        await work();
        on.notice(said);
        await drawHooks();
      });
    const log = act(on, speech.say("log"), () => drawHooks("", one));
    const drop = actTwice(on, speech.say("drop"), speech.say("purge_sure"), async () => {
      await call(`${path}/drop`, {});
      on.notice(speech.say("dropped"));
      await drawHooks();
    });
    const last = one.last ? `${speech.say(one.last.state)} ${one.last.status ?? ""}` : speech.say("never");
    const pause = doing(speech.say(one.active ? "pause" : "go_on"), () => call(path, { active: !one.active }), speech.say("saved"));
    const ping = doing(speech.say("ping"), () => call(`${path}/ping`, {}), speech.say("pinged"));
    return [make("code", {}, one.url), one.kinds.map(told).join(" · "), last, String(one.waiting), make("span", { className: "links" }, ping, log, pause, drop)];
  }

  async function logOf(one: Hook): Promise<HTMLElement> {
    const { calls } = await call<{ calls: Call[] }>(`/webhooks/${one.id}/calls`);
    const rows = calls.map((row) => {
      const again = act(on, speech.say("again"), async () => {
        await call(`/webhooks/${one.id}/calls/${row.id}/again`, {});
        await drawHooks("", one);
      });
      return [speech.clock(row.created_at), told(row.kind), speech.say(row.state), String(row.attempts), make("code", {}, `${row.status ?? ""} ${row.said}`.trim().slice(0, 120)), again];
    });
    const heads = (["when", "kinds", "state", "tries", "answer"] as const).map((key) => speech.say(key));
    return make("div", {}, make("h3", {}, speech.say("log"), " ", make("code", {}, one.url)), grid([...heads, ""], rows, speech.say("none")));
  }

  async function drawHooks(secret = "", open: Hook | null = null): Promise<void> {
    const said = await call<{ webhooks: Hook[]; kinds: string[] }>("/webhooks");
    const url = make("input", { type: "url", placeholder: "https://", required: true, size: 36 });
    const kinds = ticks(speech.say("kinds"), said.kinds, ["photo.live", "photo.hidden"], told);
    const add = act(on, speech.say("add_hook"), async () => {
      if (!url.reportValidity()) return;
      const made = await call<{ secret: string }>("/webhooks", { url: url.value.trim(), kinds: kinds.chosen() });
      await drawHooks(made.secret);
    });
    add.className = "button";
    const heads = [speech.say("url"), speech.say("kinds"), speech.say("answer"), speech.say("waiting"), ""];
    const log = open ? await logOf(open) : null;
    hooks.replaceChildren(
      panel(
        speech.say("hooks"),
        make("p", { className: "soft" }, speech.say("hooks_lead")),
        secret ? once(on, speech, secret) : null,
        grid(heads, said.webhooks.map(hookRow), speech.say("none")),
        log,
        make("div", { className: "office-form" }, field(speech.say("url"), url), kinds.el, add),
      ),
    );
  }

  await Promise.all([drawUsage(), ...(may ? [drawKeys(), drawHooks()] : [])]);
  el.replaceChildren(make("div", { className: "event-head" }, make("h1", {}, speech.say("programs"))), sums, keys, hooks);
  return { el, close: () => undefined };
}
