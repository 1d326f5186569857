/**
 * The picture of a shared card. WeChat keeps it, and whoever is in the chat sees it; so a photo of a private album, whose
 * address is the guest's own, never is one, and neither is a screenshot of the page, which WeChat takes where no picture is given.
 */

import type { PhotoCard } from '../services/wire'

const NEUTRAL = '/images/share.png'
const PRIVATE = '/mp/v1/pictures/'

export function cardPicture(url: string | undefined): { imageUrl: string } {
  return { imageUrl: url === undefined || url === '' || url.includes(PRIVATE) ? NEUTRAL : url }
}

/** Of these photos the one that is on guests' screens for the shortest time and may stand on a card. */
export function freshest(photos: readonly PhotoCard[]): PhotoCard | undefined {
  const shown = photos.filter(photo => !photo.urls.view.includes(PRIVATE))
  return shown.reduce<PhotoCard | undefined>((best, next) => ((next.live_at ?? 0) > (best?.live_at ?? -1) ? next : best), undefined)
}
