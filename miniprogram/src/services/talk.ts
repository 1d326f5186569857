/** Comments under a photo: read, write, delete one's own, report another's. Raises Refused, NoAnswer. */

import type { Api } from './api'
import type { Comments } from './wire'

/** `limit` 0: only how many there are. */
export function readComments(api: Api, photoId: string, limit?: number): Promise<Comments> {
  return api.ask<Comments>({ path: `/mp/v1/photos/${photoId}/comments`, query: { limit } })
}

/** The platform shows it to WeChat's check first; what that refuses nobody sees. */
export async function writeComment(api: Api, photoId: string, text: string, name: string): Promise<void> {
  const body = { text, name }
  await api.ask<unknown>({ path: `/mp/v1/photos/${photoId}/comments`, body, named: true, tries: 1 })
}

export async function deleteComment(api: Api, id: string): Promise<void> {
  await api.ask<unknown>({ path: `/mp/v1/comments/${id}`, method: 'DELETE', named: true })
}

export async function reportComment(api: Api, id: string): Promise<void> {
  await api.ask<unknown>({ path: `/mp/v1/comments/${id}/report`, body: {}, named: true })
}
