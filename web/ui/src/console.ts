/** The organizers' console: sign in, choose an event, watch it happen. */

import "./console.css";

import words from "../../words/console.json";
import { call, type EventRow, type Member } from "./console/api";
import { openAccount } from "./console/account";
import { openAudit } from "./console/audit";
import { openBin } from "./console/bin";
import { openBrand } from "./console/brand";
import { openBridges } from "./console/bridges";
import { createSpeaker, openCreate, openReady } from "./console/create";
import { openDesk } from "./console/desk";
import { button, make } from "./console/dom";
import { EventPage } from "./console/event";
import { openFaces } from "./console/faces";
import type { Context, Open, Screen } from "./console/frame";
import { speaker as officeSpeaker } from "./console/office";
import { openNumbers } from "./console/numbers";
import { openPairing } from "./console/pair";
import { openPlatform } from "./console/platform";
import { openPrograms } from "./console/programs";
import { openSettings } from "./console/settings";
import { SignIn } from "./console/sign-in";
import { openJoin, openTeam } from "./console/team";
import { differs, useZone } from "./console/zone";
import { keep, Speech } from "./speech";
import { Refusal } from "./wire";

export type ConsoleWords = keyof typeof words;

const reasons = JSON.parse(document.getElementById("boot")?.textContent ?? "{}") as Record<string, string[]>;
const speech = new Speech<ConsoleWords>(words);
const page = document.querySelector<HTMLElement>("#page") ?? document.body;
useZone(document.body.dataset["zone"] ?? "UTC");
let current: Screen | null = null;
let hush: ReturnType<typeof setTimeout> | undefined;

/** Screens beside the list of events and the event itself: address → what opens it. */
const SCREENS: [RegExp, Open][] = [
  [/^\/console\/desk\/([\w-]+)$/, openDesk],
  [/^\/console\/events\/([\w-]+)\/cameras$/, openBridges],
  [/^\/console\/events\/([\w-]+)\/brand$/, openBrand],
  [/^\/console\/events\/([\w-]+)\/faces$/, openFaces],
  [/^\/console\/events\/([\w-]+)\/numbers$/, openNumbers],
  [/^\/console\/new$/, openCreate],
  [/^\/console\/account$/, openAccount],
  [/^\/console\/bin$/, openBin],
  [/^\/console\/programs$/, openPrograms],
  [/^\/console\/audit$/, openAudit],
  [/^\/console\/platform$/, openPlatform],
  [/^\/console\/team$/, openTeam],
  [/^\/console\/events\/([\w-]+)\/settings$/, openSettings],
  [/^\/console\/events\/([\w-]+)\/ready$/, openReady],
  [/^\/pair(?:\/(\w+))?$/, openPairing],
];

/** A word at the foot of the screen; with `undo` it can be taken back instead of being asked about before. */
function notice(text: string, undo?: () => void): void {
  const el = document.getElementById("notice");
  if (!el) return;
  const back = undo && make("button", { type: "button", className: "undo", onclick: undo }, speech.say("undo"));
  el.replaceChildren(text, ...(back ? [back] : []));
  el.classList.add("up");
  clearTimeout(hush);
  hush = setTimeout(() => el.classList.remove("up"), undo ? 8_000 : 3_200);
}

/** What to do when a request failed: sign in again, or say so and let the next one try. */
function guard(reason: unknown): void {
  if (reason instanceof Refusal && reason.status === 401) signIn();
  else if (reason instanceof Refusal) notice(reason.message);
  else notice(speech.say("no_network"));
}

function show(...content: Node[]): void {
  current?.close();
  current = null;
  page.replaceChildren(...content);
}

async function start(): Promise<void> {
  sayZone();
  page.ariaBusy = "true";
  try {
    const invited = /^\/console\/join\/([\w-]+)$/.exec(location.pathname)?.[1];
    if (invited) {
      show(await openJoin(invited, guard, () => location.assign("/console")));
      return;
    }
    const { member } = await call<{ member: Member }>("/me");
    document.body.classList.add("signed-in");
    const name = document.getElementById("member");
    if (name) name.textContent = member.name || member.role;
    const id = /^\/console\/events\/([\w-]+)$/.exec(location.pathname)?.[1];
    const on: Context = { speech, reasons, notice, guard, member };
    if (id) await openEvent(id, member);
    else if (!(await openScreen(on))) await listEvents(member);
  } catch (reason) {
    stuck(reason);
  } finally {
    page.ariaBusy = "false";
  }
}

async function openScreen(on: Context): Promise<boolean> {
  for (const [address, open] of SCREENS) {
    const found = address.exec(location.pathname);
    if (!found) continue;
    const screen = await open(on, found[1] ?? "");
    show(way(), screen.el);
    current = screen;
    return true;
  }
  return false;
}

/** From a screen of an event to the event, from all others to the list. */
function way(): HTMLElement {
  const [, below, desk] = /^\/console\/(?:events\/([\w-]+)\/.|desk\/([\w-]+))/.exec(location.pathname) ?? [];
  const event = below ?? desk;
  const back = { href: event ? `/console/events/${event}` : "/console?all" };
  return make("p", { className: "back" }, make("a", back, speech.say(event ? "back_event" : "back")));
}

/** Nothing to show: why, and what can be done about it. */
function stuck(reason: unknown): void {
  if (reason instanceof Refusal && reason.status === 401) {
    signIn();
    return;
  }
  const why = reason instanceof Refusal ? reason.message : speech.say("no_network");
  show(way(), make("p", { className: "stuck" }, why), button(speech.say("load_again"), () => void start(), "quiet"));
}

async function openEvent(id: string, member: Member): Promise<void> {
  const event = new EventPage(id, { speech, reasons, notice, guard, member });
  await event.open();
  show(way(), event.el);
  current = event;
}

/** With only one event there is nothing to choose. */
async function listEvents(member: Member): Promise<void> {
  const { events } = await call<{ events: EventRow[] }>("/events");
  const [only] = events;
  if (only && events.length === 1 && !location.search) {
    history.replaceState(null, "", `/console/events/${only.id}`);
    await openEvent(only.id, member);
    return;
  }
  const list = events.map((event) =>
    make(
      "a",
      { href: `/console/events/${event.id}`, className: "panel event-link" },
      make("b", {}, event.title),
      make("span", { className: "soft" }, [event.starts_at === null ? "" : speech.day(event.starts_at), event.place].filter(Boolean).join(" · ")),
      make("span", { className: "badge", data: { state: event.state === "open" ? "live" : "hidden" } }, speech.say(event.state)),
    ),
  );
  const may = member.rights.includes("change_event") && member.event_id === null;
  const links = make("p", { className: "links" });
  if (member.rights.includes("change_team") && member.event_id === null) links.append(make("a", { className: "quiet", href: "/console/team" }, speech.say("team")));
  if (may) links.append(make("a", { className: "button", href: "/console/new" }, createSpeaker().say("new_event")));
  const empty = make("p", { className: "soft" }, speech.say(may ? "no_events" : "no_events_yet"));
  show(make("div", { className: "event-head" }, make("h1", {}, speech.say("events")), links), ...(list.length ? list : [empty]), office(member));
}

/** Ways to what is not of one event, as far as the member may go there. */
function office(member: Member): HTMLElement {
  const say = officeSpeaker();
  const whole = member.event_id === null;
  const ways = [
    ["bin", member.rights.includes("change_event")],
    ["programs", whole && member.rights.includes("see_audit")],
    ["audit", whole && member.rights.includes("see_audit")],
    ["platform", whole && member.rights.includes("run_platform")],
  ] as const;
  const links = ways.filter(([, may]) => may).map(([key]) => make("a", { className: "quiet", href: `/console/${key}` }, say.say(key)));
  return make("nav", { className: "office-nav", ariaLabel: speech.say("console") }, ...links);
}

/** Only for who sits elsewhere: whose clock all these times are. */
function sayZone(): void {
  const zone = document.querySelector<HTMLElement>(".zone");
  const name = document.body.dataset["zone"] ?? "";
  if (zone) zone.textContent = differs() ? speech.say("zone", { zone: name }) : "";
}

function signIn(): void {
  document.body.classList.remove("signed-in");
  const form = new SignIn(speech, start);
  show(form.el);
  current = form;
  form.focus();
}

document.getElementById("sign-out")?.addEventListener("click", () => void call("/logout", {}).then(signIn, guard));
document.getElementById("language")?.addEventListener("click", () => {
  speech.use(speech.language === "en" ? "zh" : "en");
  void start();
});
document.getElementById("theme")?.addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset["theme"] ? root.dataset["theme"] === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset["theme"] = dark ? "light" : "dark";
  keep("theme", root.dataset["theme"]);
});
void start();
