/** What happens when, in lines for the event's page: which one is under way, which are over. */

import { dayOf, hourMinute } from '../lib/moments'
import type { ScheduleLine } from '../services/wire'

export interface Slot {
  readonly key: string
  /** The day, where another one begins and there are several. */
  readonly day: string
  readonly time: string
  readonly title: string
  readonly place: string
  readonly phase: 'over' | 'now' | 'soon'
}

/** `lines`: earliest first. */
export function slotsOf(lines: readonly ScheduleLine[], now: number): Slot[] {
  const several = new Set(lines.map(line => dayOf(line.starts_at))).size > 1
  return lines.map((line, n) => {
    const day = dayOf(line.starts_at)
    const before = lines[n - 1]
    const anew = several && (before === undefined || dayOf(before.starts_at) !== day)
    const until = line.ends_at ?? nextStart(lines, n)
    const phase = now < line.starts_at ? 'soon' : now < until ? 'now' : 'over'
    const end = line.ends_at === null ? '' : `–${hourMinute(line.ends_at)}`
    const { title, place } = line
    return { key: String(n), day: anew ? day : '', time: hourMinute(line.starts_at) + end, title, place, phase }
  })
}

const UNTOLD_MS = 2 * 3_600_000

/** What has no end lasts until the next line begins, and the last one for a while. */
function nextStart(lines: readonly ScheduleLine[], n: number): number {
  const start = lines[n]?.starts_at ?? 0
  return lines.slice(n + 1).find(line => line.starts_at > start)?.starts_at ?? start + UNTOLD_MS
}
