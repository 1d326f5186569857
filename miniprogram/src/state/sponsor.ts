/** The line a sponsor has around the photos, at this moment. */

import type { Front } from '../services/wire'

export interface Sponsor {
  readonly words: string
  readonly link: string
}

export const NO_SPONSOR: Sponsor = { words: '', link: '' }

export function sponsorOf(front: Front | null, now: number): Sponsor {
  if (front === null || now < (front.banner_from ?? 0) || now >= (front.banner_until ?? Infinity)) return NO_SPONSOR
  return { words: front.banner, link: front.banner_link }
}
