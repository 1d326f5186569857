/** How long to wait before trying again: longer each time, and never at the same moment as everybody else. */

export interface Pace {
  readonly first_ms: number
  readonly most_ms: number
}

/** `tries` failed so far (from 1). Half of the wait is chance, so that a hall of phones does not knock together. */
export function waitFor(tries: number, pace: Pace, chance: () => number = Math.random): number {
  const whole = Math.min(pace.most_ms, pace.first_ms * 2 ** (Math.max(1, tries) - 1))
  return Math.round(whole / 2 + (whole / 2) * chance())
}

export function sleep(ms: number): Promise<void> {
  return new Promise(done => setTimeout(done, ms))
}
