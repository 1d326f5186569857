/** How alive an album is, in words: what its link and the network say, which banner to show. */

import type { Link } from '../services/follow'
import { fill } from '../words/fill'
import type { Words } from '../words/zh'
import type { Weather } from './network'
import type { Phase } from './occasion'

export interface Pulse {
  readonly word: string
  readonly beating: boolean
  readonly banner: string
}

export function pulseOf(link: Link, weather: Weather, phase: Phase, words: Words): Pulse {
  const { album, any } = words
  if (weather === 'offline') return { word: album.offline, beating: false, banner: any.offline }
  if (link === 'offline') return { word: album.offline, beating: false, banner: any.trouble }
  const banner = weather === 'weak' ? any.weak : ''
  if (phase === 'closed') return { word: album.closed, beating: false, banner }
  if (link === 'streaming') return { word: album.live, beating: true, banner }
  return { word: link === 'polling' ? album.slow : album.connecting, beating: link === 'polling', banner }
}

/** `n` photos, or nothing while there are none. */
export function countWords(n: number, words: Words['album']): string {
  return n > 0 ? fill(words.photos, { n }) : ''
}
