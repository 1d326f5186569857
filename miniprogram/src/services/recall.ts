/**
 * Find remembered photos again: their URLs expired, some have better versions, some were taken down since.
 *
 * Photos of one album that lie close together come with one page. Whoever is not found may not be seen any more.
 */

import type { Api } from './api'
import { readHistory } from './albums'
import type { PhotoCard } from './wire'

type Place = Pick<PhotoCard, 'id' | 'album_id' | 'position'>

const PAGE = 60

/** Yields as they are found. Raises Refused, NoAnswer. */
export async function* findAgain(api: Api, places: readonly Place[]): AsyncGenerator<readonly PhotoCard[]> {
  for (const albumId of new Set(places.map(place => place.album_id))) {
    const wanted = places.filter(place => place.album_id === albumId).sort((a, b) => b.position - a.position)
    yield* inAlbum(api, albumId, wanted)
  }
}

async function* inAlbum(api: Api, albumId: string, wanted: readonly Place[]): AsyncGenerator<readonly PhotoCard[]> {
  let left = wanted
  for (let first = left[0]; first !== undefined; first = left[0]) {
    const page = await readHistory(api, albumId, first.position + 1, left.length === 1 ? 1 : PAGE)
    const ids = new Set(left.map(place => place.id))
    yield page.photos.filter(photo => ids.has(photo.id))
    const lowest = page.photos[page.photos.length - 1]?.position ?? 0
    if (page.next === null) return
    left = left.filter(place => place.position < lowest)
  }
}
