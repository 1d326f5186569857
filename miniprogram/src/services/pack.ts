/** Many photos at once: ask for a pack, see how far it is. Raises Refused, NoAnswer. */

import type { Api } from './api'
import type { Pack } from './wire'

export const MOST = 1000

/** `photoIds` null: all of the album. The same wish gives the same pack. */
export function askPack(api: Api, albumId: string, photoIds: readonly string[] | null): Promise<Pack> {
  const body = photoIds === null ? {} : { photo_ids: photoIds.slice(0, MOST) }
  return api.ask<Pack>({ path: `/mp/v1/albums/${albumId}/exports`, body, named: true })
}

export function readPack(api: Api, packId: string): Promise<Pack> {
  return api.ask<Pack>({ path: `/mp/v1/exports/${packId}`, named: true })
}
