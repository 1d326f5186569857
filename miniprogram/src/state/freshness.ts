/** What stands under a photo. How fresh it is, in words: taken, live, retouched, each to the second, and which version this is. */

import { clockTime, dayOf } from '../lib/moments'
import type { PhotoCard } from '../services/wire'
import { fill } from '../words/fill'
import type { Words } from '../words/zh'

export interface Stamp {
  readonly word: string
  readonly time: string
}

export interface Freshness {
  readonly day: string
  readonly stamps: readonly Stamp[]
  readonly version: string
  /** What the guest who gave it says with it. */
  readonly words: string
}

export const NOTHING: Freshness = { day: '', stamps: [], version: '', words: '' }

type Dated = Pick<PhotoCard, 'shot_at' | 'live_at' | 'retouched_at' | 'stage' | 'by' | 'words'>

export function freshnessOf(photo: Dated, words: Words['viewer']): Freshness {
  const moments: [string, number | null][] = [
    [words.shot, photo.shot_at],
    [words.live, photo.live_at],
    [words.retouched, photo.stage === 'retouched' ? photo.retouched_at : null],
  ]
  const known = moments.filter((pair): pair is [string, number] => pair[1] !== null)
  const first = known[0]
  return {
    day: first ? dayOf(first[1]) : '',
    stamps: known.map(([word, moment]) => ({ word, time: clockTime(moment) })),
    version: photo.by !== '' ? fill(words.by, { name: photo.by }) : { preview: words.preview, original: words.original, retouched: words.retouched }[photo.stage],
    words: photo.words,
  }
}
