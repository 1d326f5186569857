/** For whoever runs the installation: organizations and limits, queues, failed jobs, database against store. */

import { call } from "./api";
import { make } from "./dom";
import type { Context, Screen } from "./frame";
import { act, field, grid, panel, speaker } from "./office";
import { type Limits, USAGE, type Usage } from "./programs";

interface Organization {
  id: string;
  name: string;
  members: number;
  usage: Usage;
  limits: Limits;
}

interface Found {
  well: boolean;
  objects: number;
  missing_n: number;
  damaged_n: number;
  orphans_n: number;
  mended: number;
  deleted: number;
  refused: string;
}

interface Inspection {
  id: string;
  done: number;
  total: number;
  found: Found | null;
  failure: string;
  created_at: number;
  finished_at: number | null;
}

interface Failure {
  id: string;
  kind: string;
  payload: Record<string, string>;
  error: string;
  times: number;
  last_at: number;
}

const EVERY_MS = 3_000;

export async function openPlatform(on: Context): Promise<Screen> {
  const speech = speaker();
  const organizations = make("div");
  const queues = make("div");
  const failures = make("div");
  const runs = make("div");
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ended = false;

  function limitsOf(one: Organization): HTMLElement {
    const inputs = USAGE.map((kind) => {
      const most = one.limits[kind];
      const shown = most === null ? "" : String(kind === "storage_bytes" ? most / 1e9 : most);
      return make("input", { type: "number", min: "0", step: kind === "storage_bytes" ? "0.1" : "1", value: shown, placeholder: speech.say("no_limit"), name: kind });
    });
    const save = act(on, speech.say("save"), async () => {
      if (!inputs.every((input) => input.reportValidity())) return;
      const said = inputs.map((input) => [input.name, input.value === "" ? null : Math.round(Number(input.value) * (input.name === "storage_bytes" ? 1e9 : 1))]);
      await call(`/platform/organizations/${one.id}/limits`, Object.fromEntries(said));
      on.notice(speech.say("saved"));
    });
    const fields = inputs.map((input, n) => field(`${speech.say(USAGE[n] ?? "photos")}${n === 0 ? " GB" : ""}`, input));
    return make("details", {}, make("summary", {}, speech.say("limits")), make("div", { className: "office-form" }, ...fields, save));
  }

  async function drawOrganizations(): Promise<void> {
    const said = await call<{ organizations: Organization[]; queues: { name: string; waiting: number | null }[] }>("/platform");
    const heads = [speech.say("name"), speech.say("members"), ...USAGE.map((kind) => speech.say(kind)), ""];
    const rows = said.organizations.map((one) => {
      const used = USAGE.map((kind) => (kind === "storage_bytes" && one.usage[kind] > 0 ? speech.size(one.usage[kind]) : speech.number(one.usage[kind])));
      return [one.name, String(one.members), ...used, limitsOf(one)];
    });
    organizations.replaceChildren(panel(speech.say("organizations"), grid(heads, rows, speech.say("none"))));
    drawQueues(said.queues);
  }

  function drawQueues(found: { name: string; waiting: number | null }[]): void {
    const list = make("dl", { className: "office-sums" });
    for (const one of found) {
      const waiting = one.waiting === null ? speech.say("queue_away") : speech.number(one.waiting);
      list.append(make("div", {}, make("dt", {}, one.name), make("dd", {}, waiting)));
    }
    queues.replaceChildren(panel(speech.say("queues"), list));
  }

  async function drawFailures(): Promise<void> {
    const said = await call<{ failures: Failure[] }>("/platform/failures");
    const rows = said.failures.map((one) => {
      const retry = act(on, speech.say("retry"), async () => {
        await call(`/platform/failures/${one.id}/retry`, {});
        on.notice(speech.say("retried"));
        await drawFailures();
      });
      const last = one.error.trim().split("\n").pop() ?? "";
      const whole = make("details", {}, make("summary", {}, last.slice(0, 120)), make("pre", {}, one.error));
      return [`${one.kind} ${Object.values(one.payload).join(" ")}`, whole, String(one.times), speech.clock(one.last_at), retry];
    });
    const heads = [speech.say("action"), speech.say("answer"), speech.say("times"), speech.say("when"), ""];
    failures.replaceChildren(panel(speech.say("failures"), grid(heads, rows, speech.say("failures_none"))));
  }

  function told(one: Inspection): string {
    if (one.failure) return one.failure;
    const { found } = one;
    if (!found) return `${speech.number(one.done)} / ${speech.number(Math.max(one.total, one.done))}`;
    const parts = [speech.say(found.well ? "well" : "not_well"), speech.say("objects", { n: speech.number(found.objects) })];
    const counts = { missing: found.missing_n, damaged: found.damaged_n, orphans: found.orphans_n, mended: found.mended, deleted: found.deleted };
    for (const [key, n] of Object.entries(counts)) if (n) parts.push(speech.say(key as keyof typeof counts, { n: speech.number(n) }));
    if (found.refused) parts.push(speech.say("too_many"));
    return parts.join(" · ");
  }

  const wishes = (["deep", "mend", "clean"] as const).map((name) => make("input", { type: "checkbox", name }));
  const start = act(on, speech.say("start"), async () => {
    await call("/platform/inspections", Object.fromEntries(wishes.map((box) => [box.name, box.checked])));
    await drawRuns();
  });
  start.className = "button";
  const form = make(
    "div",
    { className: "office-form" },
    ...wishes.map((box) => make("label", { className: "office-tick" }, box, speech.say(box.name as "deep" | "mend" | "clean"))),
    start,
  );

  async function drawRuns(): Promise<void> {
    const { inspections } = await call<{ inspections: Inspection[] }>("/platform/inspections");
    const rows = inspections.map((one) => {
      const bar = make("progress", { max: Math.max(one.total, one.done, 1), value: one.done });
      bar.setAttribute("aria-label", speech.say("inspection"));
      return [speech.clock(one.created_at), one.finished_at === null ? make("span", {}, bar, ` ${told(one)}`) : told(one)];
    });
    runs.replaceChildren(grid([speech.say("when"), speech.say("state")], rows, speech.say("none")));
  }

  async function tick(): Promise<void> {
    try {
      if (!document.hidden) {
        drawQueues((await call<{ queues: { name: string; waiting: number | null }[] }>("/platform")).queues);
        await drawRuns();
      }
    } catch (reason) {
      on.guard(reason);
    }
    if (!ended) timer = setTimeout(() => void tick(), EVERY_MS);
  }

  await Promise.all([drawOrganizations(), drawFailures(), drawRuns()]);
  timer = setTimeout(() => void tick(), EVERY_MS);
  const lead = make("p", { className: "soft" }, speech.say("inspection_lead"));
  const el = make(
    "div",
    { className: "event" },
    make("div", { className: "event-head" }, make("h1", {}, speech.say("platform"))),
    organizations,
    queues,
    failures,
    panel(speech.say("inspection"), lead, form, runs),
  );
  const close = (): void => {
    ended = true;
    clearTimeout(timer);
  };
  return { el, close };
}
