/** What this guest was shown today in sponsors' slots of each event, over a restart too: caps are for a day. */

import type { Moment, Placed } from '../services/wire'
import { dayOf, deal, running, showed, type Day } from './dealing'
import { Kept } from './kept'

export interface Dealt {
  readonly card: number
  readonly one: Placed
}

export class Hands {
  private readonly kept = new Kept<Record<string, Day>>('hands', {})

  /** Who is to be shown next, where `laid` wait to be looked at. Null: nobody, or that was all for today. */
  next(eventId: string, slot: Placed['slot'], placements: readonly Placed[], now: Moment, laid: readonly Dealt[] = []): Dealt | null {
    const waiting = new Map(laid.map(({ card, one }) => [card, one.id]))
    return deal(offersIn(slot, placements, now), this.day(eventId, slot, now), waiting)
  }

  /** It was looked at. False: it had been before. */
  showed(eventId: string, slot: Placed['slot'], { card, one }: Dealt, now: Moment): boolean {
    const before = this.day(eventId, slot, now)
    const after = showed(before, card, one.id)
    if (after !== before) this.keep(eventId, slot, after)
    return after !== before
  }

  clear(): void {
    this.kept.clear()
  }

  private day(eventId: string, slot: Placed['slot'], now: Moment): Day {
    const kept = this.kept.get()[`${slot}.${eventId}`]
    const day = dayOf(kept, new Date(now).toDateString(), Math.floor(Math.random() * 2 ** 31))
    if (day !== kept) this.keep(eventId, slot, day)
    return day
  }

  /** Days that are over are not kept. */
  private keep(eventId: string, slot: Placed['slot'], day: Day): void {
    const today = Object.entries(this.kept.get()).filter(([, one]) => one.day === day.day)
    const kept: Record<string, Day> = {}
    for (const [name, one] of today) kept[name] = one
    this.kept.set({ ...kept, [`${slot}.${eventId}`]: day })
  }
}

export function offersIn(slot: Placed['slot'], placements: readonly Placed[], now: Moment): Placed[] {
  return running(
    placements.filter(one => one.slot === slot),
    now,
  )
}
