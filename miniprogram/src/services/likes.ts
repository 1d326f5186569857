/** Tell the platform that this guest likes a photo, or no longer. Returns how many do. Raises Refused, NoAnswer. */

import type { Api } from './api'
import type { Liked } from './wire'

export async function tellLike(api: Api, photoId: string, liked: boolean): Promise<number> {
  const method = liked ? 'PUT' : 'DELETE'
  return (await api.ask<Liked>({ path: `/mp/v1/photos/${photoId}/like`, method, named: true })).likes
}
