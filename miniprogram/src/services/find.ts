/**
 * Find photos by when they were taken, without any face: newest first, a page at a time, as they are found.
 *
 * An album is ordered by publication, and no photo is published before it was taken; so once a page was published
 * before the wanted time began, everything older was taken even earlier.
 */

import type { Api } from './api'
import { readHistory } from './albums'
import type { PhotoCard } from './wire'

const PAGE = 100
const CLOCK_ERROR_MS = 120_000

export interface Span {
  readonly from: number
  readonly to: number
}

/** Photos taken within [from, to). Raises Refused, NoAnswer. */
export async function* findTaken(api: Api, albumId: string, wanted: Span): AsyncGenerator<readonly PhotoCard[]> {
  for (let before: number | null = null; ; ) {
    const page = await readHistory(api, albumId, before, PAGE)
    const found = page.photos.filter(photo => takenWithin(photo, wanted))
    if (found.length > 0) yield found
    const oldest = page.photos[page.photos.length - 1]
    if (page.next === null || (oldest?.live_at ?? wanted.from) < wanted.from - CLOCK_ERROR_MS) return
    before = page.next
  }
}

/** Without a moment of the shutter the moment of publication counts. */
export function takenAt(photo: Pick<PhotoCard, 'shot_at' | 'live_at'>): number {
  return photo.shot_at ?? photo.live_at ?? 0
}

export function takenWithin(photo: Pick<PhotoCard, 'shot_at' | 'live_at'>, wanted: Span): boolean {
  return takenAt(photo) >= wanted.from && takenAt(photo) < wanted.to
}
