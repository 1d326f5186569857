/** Find photos without any face: by when they were taken, or the most liked ones; a page at a time, as they are found. */

import type { Api } from './api'
import type { History, PhotoCard } from './wire'

const PAGE = 100
const HOTTEST = 300

export interface Span {
  readonly from: number
  readonly to: number
}

/** Photos taken within [from, to), newest first. Raises Refused, NoAnswer. */
export async function* findTaken(api: Api, albumId: string, wanted: Span): AsyncGenerator<readonly PhotoCard[]> {
  yield* pages(api, albumId, { ...wanted })
}

/** The most liked first. Raises Refused, NoAnswer. */
export async function* findHot(api: Api, albumId: string): AsyncGenerator<readonly PhotoCard[]> {
  let found = 0
  for await (const photos of pages(api, albumId, { order: 'hot' })) {
    yield photos.filter(photo => photo.likes > 0)
    found += photos.length
    if (found >= HOTTEST || photos.some(photo => photo.likes === 0)) return
  }
}

async function* pages(
  api: Api,
  albumId: string,
  wanted: Readonly<Record<string, string | number>>,
): AsyncGenerator<readonly PhotoCard[]> {
  for (let before: number | undefined = undefined; ; ) {
    const query: Record<string, string | number | undefined> = { ...wanted, before, limit: PAGE }
    const page: History = await api.ask<History>({ path: `/mp/v1/albums/${albumId}/photos`, query })
    if (page.photos.length > 0) yield page.photos
    if (page.next === null) return
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
