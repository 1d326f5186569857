/** The code a guest holds up to the photographer, and the photos that were taken after it. */

import type { Api } from './api'
import type { History, PhotoCard, SlateCode } from './wire'

const PAGE = 100

/** The same code for the whole event. Raises Refused, NoAnswer. */
export function readSlate(api: Api, albumId: string): Promise<SlateCode> {
  return api.ask<SlateCode>({ path: '/mp/v1/me/slate', body: { album_id: albumId }, named: true })
}

/** Photos of this guest, newest first, a page at a time. Raises Refused, NoAnswer. */
export async function* findTheirs(api: Api, albumId: string): AsyncGenerator<readonly PhotoCard[]> {
  for (let before: number | undefined = undefined; ; ) {
    const query: Record<string, number | undefined> = { before, limit: PAGE }
    const page: History = await api.ask<History>({ path: `/mp/v1/albums/${albumId}/mine`, query, named: true })
    yield page.photos
    if (page.next === null) return
    before = page.next
  }
}
