/** The bin: what was removed, until when it can be brought back, and the proofs of what is gone for good. */

import { call, type EventRow } from "./api";
import { make } from "./dom";
import type { Context, Screen } from "./frame";
import { act, actTwice, grid, panel, speaker } from "./office";

interface Binned {
  id: string;
  title?: string;
  name?: string;
  camera?: string;
  removed_at: number;
  purge_at: number;
}

interface Proof {
  id: string;
  title: string;
  photos: number;
  purged_at: number;
}

export async function openBin(on: Context): Promise<Screen> {
  const speech = speaker();
  const el = make("div", { className: "event" });
  const whole = on.member.event_id === null;

  async function again(path: string, word: "restored" | "purging" | "removed_now", undo?: string): Promise<void> {
    await call(path, {});
    on.notice(speech.say(word), undo ? () => void call(undo, {}).then(draw, on.guard) : undefined);
    await draw();
  }

  function rows(kind: "events" | "photos", found: Binned[]): HTMLElement {
    const heads = [speech.say("name"), speech.say("removed"), speech.say("purged_on"), ""];
    const lines = found.map((one) => {
      const name = one.title ?? ([one.name, one.camera].filter(Boolean).join(" · ") || one.id);
      const back = act(on, speech.say("restore"), () => again(`/${kind}/${one.id}/restore`, "restored"), `${speech.say("restore")} ${name}`);
      const gone = actTwice(on, speech.say("purge"), speech.say("purge_sure"), () => again(`/${kind}/${one.id}/purge`, "purging"), `${speech.say("purge")} ${name}`);
      const until = one.removed_at === 0 ? speech.say("purging") : speech.day(one.purge_at);
      return [name, one.removed_at === 0 ? "" : speech.clock(one.removed_at), until, make("span", { className: "links" }, back, gone)];
    });
    return panel(speech.say(kind), grid(heads, lines, speech.say("none")));
  }

  function removable(events: EventRow[]): HTMLElement {
    const lines = events.map((event) => {
      const path = `/events/${event.id}`;
      const button = act(on, speech.say("remove_event"), () => again(`${path}/remove`, "removed_now", `${path}/restore`), `${speech.say("remove_event")} ${event.title}`);
      return [event.title, event.starts_at === null ? "" : speech.day(event.starts_at), button];
    });
    return panel(speech.say("remove_events"), grid([speech.say("name"), speech.say("when"), ""], lines, speech.say("none")));
  }

  function proofs(found: Proof[]): HTMLElement {
    const lines = found.map((one) => {
      const link = make("a", { href: `/api/v1/purges/${one.id}`, download: `purge-${one.id}.json` }, speech.say("proof"));
      return [one.title, `${speech.number(one.photos)} ${speech.say("photos")}`, speech.clock(one.purged_at), link];
    });
    return panel(speech.say("proofs"), grid([speech.say("name"), speech.say("photos"), speech.say("when"), ""], lines, speech.say("none")));
  }

  async function draw(): Promise<void> {
    const audit = whole && on.member.rights.includes("see_audit");
    const [bin, list, gone] = await Promise.all([
      call<{ days: number; events: Binned[]; photos: Binned[] }>("/bin"),
      call<{ events: EventRow[] }>("/events"),
      audit ? call<{ purges: Proof[] }>("/purges") : { purges: [] },
    ]);
    const empty = !bin.events.length && !bin.photos.length;
    el.replaceChildren(
      make("div", { className: "event-head" }, make("div", {}, make("h1", {}, speech.say("bin")), make("p", { className: "soft" }, speech.say("bin_lead", { n: bin.days })))),
      ...(empty ? [make("p", { className: "panel" }, speech.say("bin_empty"))] : [rows("photos", bin.photos), rows("events", bin.events)]),
      removable(list.events),
      ...(gone.purges.length ? [proofs(gone.purges)] : []),
    );
  }

  await draw();
  return { el, close: () => undefined };
}
