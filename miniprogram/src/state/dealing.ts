/**
 * Who of several sponsors is shown in a slot, and where tiles hang between photos: the browsers' arithmetic
 * (`web/ui/src/slots.ts`; a test holds them together).
 *
 * Each guest is dealt a hand a day and slot: as many cards as the caps allow, each sponsor having their share of them, in
 * an order by lot. So nobody is shown more often than agreed, and one who reached their cap takes no share from the others.
 */

import type { Moment } from '../services/wire'

export interface Offer {
  readonly id: string
  readonly share: number
  /** Showings for one guest in a day; 0: as many as come. */
  readonly cap: number
  readonly from_at: Moment | null
  readonly until_at: Moment | null
}

/** What is kept of one guest's day in one slot. */
export interface Day {
  readonly day: string
  /** Of the lots. */
  readonly seed: number
  /** Cards that were shown. */
  readonly seen: readonly number[]
  /** How often, by offer. */
  readonly shown: Readonly<Record<string, number>>
}

const UNCAPPED = 120 // cards of a hand where nobody has a cap; then comes another

/** A new day begins with new lots and nothing seen. */
export function dayOf(kept: Day | undefined, day: string, seed: number): Day {
  return kept?.day === day ? kept : { day, seed, seen: [], shown: {} }
}

export function running<T extends Offer>(offers: readonly T[], at: Moment): T[] {
  return offers.filter(one => at >= (one.from_at ?? 0) && at < (one.until_at ?? Infinity))
}

/**
 * The next card that was neither shown nor is among `laid`, and whose it is; null: that is all for today. Where offers
 * changed during the day a new hand may hold more of somebody than their cap: those cards are left out.
 */
export function deal<T extends Offer>(
  offers: readonly T[],
  { seed, seen, shown }: Day,
  laid: ReadonlyMap<number, string>,
): { card: number; one: T } | null {
  const past = new Set(seen)
  const waiting = (id: string): number => Array.from(laid.values()).filter(other => other === id).length
  const most = offers.length > 0 ? Math.min(handSize(offers), seen.length + laid.size + UNCAPPED) : 0
  for (let card = 0; card < most; card++) {
    const one = past.has(card) || laid.has(card) ? undefined : cardOf(offers, seed, card)
    if (one !== undefined && (one.cap === 0 || (shown[one.id] ?? 0) + waiting(one.id) < one.cap)) return { card, one }
  }
  return null
}

/** It was looked at. */
export function showed(kept: Day, card: number, id: string): Day {
  if (kept.seen.includes(card)) return kept
  return { ...kept, seen: [...kept.seen, card], shown: { ...kept.shown, [id]: (kept.shown[id] ?? 0) + 1 } }
}

/**
 * After which photos a tile hangs, from those it hangs after already (`kept`) and photos that hang for the first time
 * (`fresh`): at least `every` photos lie between two tiles, and before the first of a wall that was there at once. What
 * hangs already stays.
 */
export function anchors(ids: readonly string[], kept: ReadonlySet<string>, fresh: ReadonlySet<string>, every: number): string[] {
  const found: number[] = []
  ids.forEach((id, at) => {
    if (kept.has(id) && at - (found[found.length - 1] ?? -Infinity) >= every) found.push(at)
  })
  const all = found.concat(found.length > 0 ? walk(found[0] ?? 0, -1) : walk(-1, 1))
  found.forEach((at, n) => all.push(...walk(at, 1, (found[n + 1] ?? Infinity) - every + 1)))
  if (all.length === 0) all.push(...walk(ids.length, -1))
  return all.sort((a, b) => a - b).map(at => ids[at] ?? '')

  /** Away from one place: a tile at every fresh photo that is far enough from the one before. */
  function walk(from: number, by: 1 | -1, end = Infinity): number[] {
    const places: number[] = []
    for (let at = from + by * every, before = from; at >= 0 && at < Math.min(end, ids.length); at += by) {
      if (Math.abs(at - before) < every || !fresh.has(ids[at] ?? '')) continue
      places.push(at)
      before = at
    }
    return places
  }
}

/** How many cards a guest gets in a day: the tightest cap decides, for every sponsor at their share. */
function handSize(offers: readonly Offer[]): number {
  const all = sum(offers)
  const sizes = offers.filter(({ cap }) => cap > 0).map(({ cap, share }) => Math.max(1, Math.floor((cap * all) / share)))
  return Math.min(Infinity, ...sizes)
}

/** Whose card number `n` is. */
function cardOf<T extends Offer>(offers: readonly T[], seed: number, n: number): T | undefined {
  const size = Math.min(handSize(offers), UNCAPPED)
  const lot = chance(seed + Math.floor(n / size))
  const start = lot()
  const order = Array.from({ length: size }, (_, card) => card)
  for (let card = size - 1; card > 0; card--) {
    const other = Math.floor(lot() * (card + 1))
    ;[order[card], order[other]] = [order[other] ?? 0, order[card] ?? 0]
  }
  let at = (((order[n % size] ?? 0) + start) / size) * sum(offers)
  return offers.find(one => (at -= one.share) < 0) ?? offers[offers.length - 1]
}

function sum(offers: readonly Offer[]): number {
  return offers.reduce((all, { share }) => all + share, 0)
}

/** Repeatable lots in [0, 1). */
function chance(seed: number): () => number {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
