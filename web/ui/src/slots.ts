/**
 * Where sponsors' tiles hang between photos, and who is shown in a slot: pure arithmetic, nothing here touches the page.
 *
 * Each guest is dealt a hand a day and slot: as many cards as the caps allow, each sponsor having exactly their share of
 * them (what does not divide is by lot), in an order by lot. So nobody is shown more often than agreed, one who reached
 * their cap takes no share from the others, and also those who see a single card see whom they see by share.
 */

export interface Offer {
  id: string;
  share: number;
  cap: number; // showings for one guest in a day; 0: as many as come
  from_at: number | null;
  until_at: number | null;
}

/** What is kept of one guest's day in one slot. */
export interface Day {
  day: string;
  seed: number; // of the lots
  seen: number[]; // cards that were shown
  shown: Record<string, number>; // how often, by offer
}

export const UNCAPPED = 120; // cards of a hand where nobody has a cap; then comes another

/** A new day begins with new lots and nothing seen. */
export function dayOf(kept: Day | null, day: string, seed: number): Day {
  return kept?.day === day ? kept : { day, seed, seen: [], shown: {} };
}

export function running<T extends Offer>(offers: readonly T[], at: number): T[] {
  return offers.filter((one) => at >= (one.from_at ?? 0) && at < (one.until_at ?? Infinity));
}

/** How many cards a guest gets in a day: the tightest cap decides, for every sponsor at their share. */
export function handSize(offers: readonly Offer[]): number {
  const all = sum(offers);
  const sizes = offers.filter((one) => one.cap > 0).map((one) => Math.max(1, Math.floor((one.cap * all) / one.share)));
  return Math.min(Infinity, ...sizes);
}

/** Whose card number `n` is. */
export function cardOf<T extends Offer>(offers: readonly T[], seed: number, n: number): T | undefined {
  const size = Math.min(handSize(offers), UNCAPPED);
  const hand = Math.floor(n / size);
  const lot = chance(seed + hand);
  const start = lot();
  const order = Array.from({ length: size }, (_, card) => card);
  for (let card = size - 1; card > 0; card--) {
    const other = Math.floor(lot() * (card + 1));
    [order[card], order[other]] = [order[other] ?? 0, order[card] ?? 0];
  }
  let at = (((order[n % size] ?? 0) + start) / size) * sum(offers);
  return offers.find((one) => (at -= one.share) < 0) ?? offers[offers.length - 1];
}

/**
 * The next card that was neither shown nor is among `laid`, and whose it is; undefined: that is all for today. Where offers
 * changed during the day a new hand may hold more of somebody than their cap: those cards are left out.
 */
export function deal<T extends Offer>(offers: readonly T[], { seed, seen, shown }: Day, laid: ReadonlyMap<number, string>): [card: number, one: T] | undefined {
  const past = new Set(seen);
  const waiting = (id: string): number => [...laid.values()].filter((other) => other === id).length;
  const most = offers.length ? Math.min(handSize(offers), seen.length + laid.size + UNCAPPED) : 0;
  for (let card = 0; card < most; card++) {
    const one = past.has(card) || laid.has(card) ? undefined : cardOf(offers, seed, card);
    if (one && (!one.cap || (shown[one.id] ?? 0) + waiting(one.id) < one.cap)) return [card, one];
  }
  return undefined;
}

/** It was looked at. */
export function showed(kept: Day, card: number, id: string): Day {
  if (kept.seen.includes(card)) return kept;
  return { ...kept, seen: [...kept.seen, card], shown: { ...kept.shown, [id]: (kept.shown[id] ?? 0) + 1 } };
}

/**
 * After which photos a tile hangs, from those it hangs after already (`kept`) and photos that hang for the first time
 * (`fresh`): at least `every` photos lie between two tiles, and before the first of a wall that was there at once. What
 * hangs already stays, so nothing a guest looks at moves.
 */
export function anchors(ids: readonly string[], kept: ReadonlySet<string>, fresh: ReadonlySet<string>, every: number): string[] {
  const found: number[] = [];
  let last = -Infinity;
  ids.forEach((id, at) => {
    if (!kept.has(id) || at - last < every) return;
    found.push(at);
    last = at;
  });
  const free = (at: number): boolean => fresh.has(ids[at] ?? "");
  const all: number[] = [];
  const first = found[0];
  if (first !== undefined) up(first);
  if (first === undefined) down(-1, Infinity);
  found.forEach((at, n) => {
    all.push(at);
    down(at, found[n + 1] ?? Infinity);
  });
  if (!all.length) up(ids.length);
  return all.sort((a, b) => a - b).map((at) => ids[at] ?? "");

  function down(from: number, to: number): void {
    for (let at = from + every, before = from; at < Math.min(ids.length, to - every + 1); at++) {
      if (at - before < every || !free(at)) continue;
      all.push(at);
      before = at;
    }
  }

  function up(from: number): void {
    for (let at = from - every, below = from; at >= 0; at--) {
      if (below - at < every || !free(at)) continue;
      all.push(at);
      below = at;
    }
  }
}

function sum(offers: readonly Offer[]): number {
  return offers.reduce((all, one) => all + one.share, 0);
}

/** Repeatable lots in [0, 1). */
function chance(seed: number): () => number {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
