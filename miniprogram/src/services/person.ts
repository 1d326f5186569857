/**
 * Faces in a photo: where they are, more photos of one that is tapped, and the wish to be covered.
 * No picture of a face is taken or sent: WeChat lets no ordinary mini-program do that. All raise Refused, NoAnswer.
 */

import type { Api } from './api'
import type { Agreed, FacesOfPhoto, Found, PhotoCard, VeilCard } from './wire'

export function readFaces(api: Api, photoId: string): Promise<FacesOfPhoto> {
  return api.ask<FacesOfPhoto>({ path: `/mp/v1/photos/${photoId}/faces`, named: true })
}

/** Who consents: somebody of 14 or older for themselves, or a guardian for a child. */
export type Consenter = 'adult' | 'guardian'

export interface Given {
  readonly notice: string
  readonly by: Consenter
}

/** Photos of the person whose face was tapped, the surest first. The caller has asked: `given` is the consent. */
export async function findLike(api: Api, albumId: string, faceId: number, { notice, by }: Given): Promise<readonly PhotoCard[]> {
  const given = { kind: 'search', notice, [by]: true }
  const { id } = await api.ask<Agreed>({ path: `/mp/v1/albums/${albumId}/faces/consents`, body: given, named: true })
  const body = { face_id: faceId, consent: id }
  const found = await api.ask<Found>({ path: `/mp/v1/albums/${albumId}/faces/like`, body, named: true })
  return [...found.sure, ...found.maybe]
}

/** In this photo only; nothing is compared. */
export function askToCover(api: Api, photoId: string, faceId: number): Promise<VeilCard> {
  const body = { kind: 'blur', face_id: faceId }
  return api.ask<VeilCard>({ path: `/mp/v1/photos/${photoId}/veils`, body, named: true })
}
