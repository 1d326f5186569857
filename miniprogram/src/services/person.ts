/**
 * Faces in a photo: where they are, more photos of one that is tapped, and the wish to be covered.
 * No picture of a face is taken or sent: WeChat lets no ordinary mini-program do that. All raise Refused, NoAnswer.
 */

import type { Api } from './api'
import type { Agreed, FacesOfPhoto, Found, PhotoCard, VeilCard } from './wire'

export function readFaces(api: Api, photoId: string): Promise<FacesOfPhoto> {
  return api.ask<FacesOfPhoto>({ path: `/mp/v1/photos/${photoId}/faces`, named: true })
}

/** Photos of the person whose face was tapped, the surest first. The caller has asked: this is the consent. */
export async function findLike(api: Api, albumId: string, faceId: number, notice: string): Promise<readonly PhotoCard[]> {
  const given = { kind: 'search', notice, adult: true }
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
