/** What an event is at this moment, for people: about to begin, happening, over. */

import { remaining, span, type Remaining } from '../lib/moments'
import type { EventCard } from '../services/wire'

export type Phase = 'soon' | 'live' | 'closed'

export function phaseOf(event: Pick<EventCard, 'state' | 'starts_at' | 'ends_at'>, now: number): Phase {
  if (event.state === 'closed' || event.state === 'archived') return 'closed'
  if (event.starts_at !== null && event.starts_at > now) return 'soon'
  return event.ends_at !== null && event.ends_at < now ? 'closed' : 'live'
}

export interface Sight {
  readonly phase: Phase
  readonly when: string
  readonly countdown: Remaining | null
}

export function sightOf(event: EventCard, now: number): Sight {
  const phase = phaseOf(event, now)
  const when = event.starts_at === null ? '' : span(event.starts_at, event.ends_at)
  return { phase, when, countdown: phase === 'soon' && event.starts_at !== null ? remaining(event.starts_at, now) : null }
}
