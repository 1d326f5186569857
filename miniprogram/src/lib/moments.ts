/** Moments (ms UTC) as people read them, in the time zone of the phone. */

const SECOND = 1000
const DAY_S = 86_400

/** `14:03:22` */
export function clockTime(moment: number): string {
  const at = new Date(moment)
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')
}

/** `14:03` */
export function hourMinute(moment: number): string {
  return clockTime(moment).slice(0, 5)
}

/** `2026.11.23` */
export function dayOf(moment: number): string {
  const at = new Date(moment)
  return [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('.')
}

/** `2026.11.23 14:00 – 18:00`, or with the second day when it is another one. */
export function span(from: number, to: number | null): string {
  const start = `${dayOf(from)}  ${hourMinute(from)}`
  if (to === null || to <= from) return start
  return dayOf(from) === dayOf(to) ? `${start} – ${hourMinute(to)}` : `${dayOf(from)} – ${dayOf(to)}`
}

export interface Remaining {
  readonly days: string
  readonly hours: string
  readonly minutes: string
  readonly seconds: string
}

/** What is left until `moment`, never negative; every field but the days has two digits. */
export function remaining(moment: number, now: number): Remaining {
  const s = Math.max(0, Math.ceil((moment - now) / SECOND))
  return {
    days: String(Math.floor(s / DAY_S)),
    hours: two(Math.floor((s % DAY_S) / 3600)),
    minutes: two(Math.floor((s % 3600) / 60)),
    seconds: two(s % 60),
  }
}

/** The full hour this moment lies in. */
export function hourOf(moment: number): number {
  const at = new Date(moment)
  at.setMinutes(0, 0, 0)
  return at.getTime()
}

function two(n: number): string {
  return String(n).padStart(2, '0')
}
