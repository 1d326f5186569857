/** Whose frame is on a photo, and where a tap on that leads. */

import type { Api } from './api'

export interface SponsorOn {
  readonly name: string
  readonly link: string
}

/** Null: nobody's, or they have no link. Raises Refused, NoAnswer. */
export async function readSponsor(api: Api, photoId: string): Promise<SponsorOn | null> {
  const { sponsor } = await api.ask<{ sponsor: SponsorOn | null }>({ path: `/mp/v1/photos/${photoId}/sponsor` })
  return sponsor
}
