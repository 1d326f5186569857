/** The hours a guest may choose from: those in which photos were, or can have been, taken. Newest first. */

import { dayOf, hourMinute, hourOf } from '../lib/moments'
import type { Span } from '../services/find'

export const HOUR_MS = 3_600_000
const MOST = 36

export interface Hour {
  readonly id: string
  readonly label: string
}

export function hoursOf(moments: readonly number[]): Hour[] {
  const hours = Array.from(new Set(moments.filter(moment => moment > 0).map(hourOf))).sort((a, b) => b - a)
  const days = new Set(hours.map(dayOf))
  return hours.slice(0, MOST).map(hour => ({ id: String(hour), label: labelOf(hour, days.size > 1) }))
}

/** Every hour from the beginning of an event until now, or until it ended. */
export function hoursBetween(from: number, to: number): Hour[] {
  const moments: number[] = []
  for (let hour = hourOf(to); hour >= hourOf(from) && moments.length < MOST; hour -= HOUR_MS) moments.push(hour)
  return hoursOf(moments)
}

/** The hour a chip stands for, or null for «any time». */
export function spanOf(id: string): Span | null {
  const from = Number(id)
  return id !== '' && Number.isFinite(from) && from > 0 ? { from, to: from + HOUR_MS } : null
}

function labelOf(hour: number, withDay: boolean): string {
  const until = hourMinute(hour + HOUR_MS)
  const span = `${hourMinute(hour)}–${until === '00:00' ? '24:00' : until}`
  return withDay ? `${dayOf(hour).slice(5)} ${span}` : span
}
