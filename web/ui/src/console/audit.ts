/** Who did what to which thing, before and after. */

import { call } from "./api";
import { change, deed, DEEDS, thing } from "./deeds";
import { make } from "./dom";
import type { Context, Screen } from "./frame";
import { act, type Cell, field, grid, panel, speaker } from "./office";
import { moment } from "./zone";

interface Row {
  id: string;
  actor: string;
  name: string;
  action: string;
  subject: string;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
  done_at: number;
}

const ACTORS = ["member", "guest", "key", "bridge", "system"] as const;
const PAGE = 100;

export async function openAudit(on: Context): Promise<Screen> {
  const speech = speaker();
  const list = make("div");
  const actor = make("select", {}, make("option", { value: "" }, speech.say("any")), ...ACTORS.map((value) => make("option", { value }, speech.say(value))));
  const action = make("select", {}, make("option", { value: "" }, speech.say("any")), ...DEEDS.map((value) => make("option", { value }, deed(value))));
  const subject = make("input", { type: "search", maxLength: 80, placeholder: "photo, event:…" });
  const since = make("input", { type: "date" });
  let rows: Row[] = [];

  function line(row: Row): Cell[] {
    return [speech.clock(row.done_at), row.name || row.actor, deed(row.action), thing(row.subject), change(row.before, row.after)];
  }

  async function load(before?: number): Promise<void> {
    const query = new URLSearchParams({ limit: String(PAGE), actor: actor.value, action: action.value, subject: subject.value.trim() });
    if (since.value) query.set("since", String(moment(`${since.value}T00:00`)));
    if (before !== undefined) query.set("before", String(before));
    const { audits } = await call<{ audits: Row[] }>(`/audits?${query.toString()}`);
    rows = before === undefined ? audits : [...rows, ...audits];
    const heads = (["when", "actor", "action", "subject", "change"] as const).map((key) => speech.say(key));
    const more = audits.length === PAGE ? act(on, speech.say("more"), () => load(rows[rows.length - 1]?.done_at)) : null;
    list.replaceChildren(panel(speech.say("audit"), grid(heads, rows.map(line), speech.say("none")), more));
  }

  for (const input of [actor, action, subject, since]) input.onchange = () => void load().catch(on.guard);
  const form = make(
    "div",
    { className: "office-form", role: "search" },
    field(speech.say("actor"), actor),
    field(speech.say("action"), action),
    field(speech.say("subject"), subject),
    field(speech.say("since"), since),
  );
  await load();
  const el = make("div", { className: "event" }, make("div", { className: "event-head" }, make("h1", {}, speech.say("audit"))), form, list);
  return { el, close: () => undefined };
}
