/** Times of an event are those of its place, wherever its organizer sits: shown so, and read so from what is typed. */

import { Speech } from "../speech";

const HOUR_MS = 3_600_000;
const known = new Map<number, number>();
let zone = "";

/** `name` as the platform has it (`KUAIMEN_TIMEZONE`). */
export function useZone(name: string): void {
  zone = name;
  Speech.shift = shift;
}

/** Whether the reader's own clock says something else. */
export function differs(): boolean {
  return shift(Date.now()) !== 0;
}

/** As `datetime-local` wants it. */
export function local(moment: number | null): string {
  if (moment === null) return "";
  const shown = moment + shift(moment);
  return new Date(shown - new Date(shown).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** What `datetime-local` says, as a moment; null when it is empty. */
export function moment(typed: string): number | null {
  if (typed === "") return null;
  const guess = new Date(typed).getTime();
  return guess - shift(guess - shift(guess));
}

/** An hour from now on, on the hour. */
export function nextHour(): number {
  return Math.ceil((Date.now() + 1) / HOUR_MS) * HOUR_MS;
}

/** From the reader's clock to the event's; the same within an hour, whatever the seasons do. */
function shift(at: number): number {
  const hour = Math.floor(at / HOUR_MS);
  let found = known.get(hour);
  if (found === undefined) {
    const there = new Date(hour * HOUR_MS).toLocaleString("sv-SE", { timeZone: zone });
    found = new Date(there.replace(" ", "T")).getTime() - hour * HOUR_MS;
    known.set(hour, found);
  }
  return found;
}
