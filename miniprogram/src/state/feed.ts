/**
 * What this phone knows of an album: every photo at its newest revision, newest position first.
 *
 * Cards come by pages, by stream and by poll, in any order and more than once. Only the revision decides: the highest
 * one heard of a photo wins, and a tombstone is remembered so that an older card cannot bring the photo back.
 * `floor` is how far down the pages were read: a change further down is known, but shown only once its page is there,
 * so that an old photo that got a new frame does not appear as a new one.
 */

import type { Stretch } from '../services/files'
import { isTombstone, type Change, type PhotoCard, type Tombstone } from '../services/wire'

/** What a batch of cards changed on screen. */
export interface Taken {
  readonly added: readonly PhotoCard[] // newest first
  readonly bettered: readonly PhotoCard[]
  readonly hidden: readonly string[]
}

export class Feed {
  private readonly newest = new Map<string, Change>()
  private shown: readonly PhotoCard[] = []

  constructor(private floor = 0) {}

  /** Newest first. */
  get photos(): readonly PhotoCard[] {
    return this.shown
  }

  photo(id: string): PhotoCard | null {
    const found = this.newest.get(id)
    return found === undefined || isTombstone(found) || found.position < this.floor ? null : found
  }

  /** Idempotent; the order of calls and of cards does not matter. `floor`: the lowest position read so far. */
  take(cards: readonly Change[], floor = this.floor): Taken {
    const before = new Set(this.shown.map(photo => photo.id))
    const touched = new Set<string>()
    for (const card of cards) {
      const known = this.newest.get(card.id)
      if (known !== undefined && known.revision >= card.revision) continue
      this.newest.set(card.id, card)
      touched.add(card.id)
    }
    if (touched.size === 0 && floor === this.floor) return { added: [], bettered: [], hidden: [] }
    this.floor = floor
    this.shown = Array.from(this.newest.keys(), id => this.photo(id))
      .filter((photo): photo is PhotoCard => photo !== null)
      .sort((a, b) => b.position - a.position)
    return {
      added: this.shown.filter(photo => !before.has(photo.id)),
      bettered: this.shown.filter(photo => before.has(photo.id) && touched.has(photo.id)),
      hidden: Array.from(touched).filter(id => before.has(id) && this.photo(id) === null),
    }
  }

  /** Tombstones for what is shown of a stretch and, at this revision, is not in it any more. */
  missing({ first, last, photos }: Stretch, revision: number): Tombstone[] {
    const there = new Set(photos.map(photo => photo.id))
    return this.shown
      .filter(({ id, position }) => position >= first && position <= last && !there.has(id))
      .filter(photo => photo.revision < revision)
      .map(({ id, album_id, position }) => ({ id, album_id, position, revision, hidden: true }))
  }

  /** The same photo with URLs signed anew; an older or unknown card is ignored. */
  renew(card: PhotoCard): boolean {
    const known = this.photo(card.id)
    if (known === null || known.revision > card.revision) return false
    this.newest.set(card.id, card)
    this.shown = this.shown.map(photo => (photo.id === card.id ? card : photo))
    return true
  }
}
