/** Read an album: its header, its photos newest first, one photo by its place. Raises Refused, NoAnswer. */

import type { Api } from './api'
import type { AlbumCard, Changes, Front, History, PhotoCard } from './wire'

export const PAGE = 60

export function readAlbum(api: Api, albumId: string): Promise<AlbumCard> {
  return api.ask<AlbumCard>({ path: `/mp/v1/albums/${albumId}` })
}

export function readFront(api: Api, albumId: string): Promise<Front> {
  return api.ask<Front>({ path: `/mp/v1/albums/${albumId}/front` })
}

/** `before`: a position; without it the newest. */
export function readHistory(api: Api, albumId: string, before: number | null, limit = PAGE): Promise<History> {
  const query = { before: before ?? undefined, limit }
  return api.ask<History>({ path: `/mp/v1/albums/${albumId}/photos`, query })
}

/** What changed after `after`, oldest first; waits up to `wait` seconds for something. */
export function readChanges(
  api: Api,
  albumId: string,
  after: number,
  wait: number,
  stop?: { now: () => void },
): Promise<Changes> {
  const query = { after, wait, limit: 100 }
  const timeout_ms = (wait + 10) * 1000
  return api.ask<Changes>({ path: `/mp/v1/albums/${albumId}/changes`, query, timeout_ms, tries: 1 }, stop)
}

/** The photo at a position with URLs that are fresh, or null when nobody may see it any more. */
export async function readPhotoAt(api: Api, albumId: string, position: number): Promise<PhotoCard | null> {
  const found = await readHistory(api, albumId, position + 1, 1)
  const photo = found.photos[0]
  return photo?.position === position ? photo : null
}
