/** Photos' cards and sponsors' placements for tests. */

import type { Placed, PhotoCard, Tombstone } from '../src/services/wire'

export function card(position: number, over: Partial<PhotoCard> = {}): PhotoCard {
  const id = over.id ?? `p${position}`
  return {
    id,
    album_id: 'album',
    position,
    revision: position,
    width: 1500,
    height: 1000,
    placeholder: '2ZYCnZr49/h4iHiHd3iHh3B4CIh3',
    urls: {
      thumb: `https://x/${id}-${over.revision ?? position}-thumb.jpg`,
      phone: `https://x/${id}-phone.jpg`,
      view: `https://x/${id}-view.jpg`,
    },
    shot_at: 1_700_000_000_000 + position * 1000,
    live_at: 1_700_000_001_000 + position * 1000,
    retouched_at: null,
    likes: 0,
    by: '',
    words: '',
    stage: 'preview',
    ...over,
  }
}

export function tombstone(position: number, revision: number): Tombstone {
  return { id: `p${position}`, album_id: 'album', position, revision, hidden: true }
}

export function placed(id: string, share: number, cap: number, more: Partial<Placed> = {}): Placed {
  const shown = { name: id, words: '', link: '', url: `https://x/${id}.png`, width: 900, height: 420 }
  return { id, share, cap, slot: 'start', ...shown, from_at: null, until_at: null, ...more }
}
