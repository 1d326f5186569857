/** Be the guest a browser sent here. All raise Refused, NoAnswer. */

import type { Api } from './api'
import type { Tie } from './wire'

/** What to ask WeChat for, in the tap that ties. */
export async function tieTemplates(api: Api, albumId: string): Promise<readonly string[]> {
  return (await api.ask<Tie>({ path: `/mp/v1/albums/${albumId}/tie`, named: true })).templates
}

/** With the ticket of the browser's link, once. */
export async function joinBrowser(api: Api, albumId: string, ticket: string): Promise<void> {
  await api.ask({ path: `/mp/v1/albums/${albumId}/tie/join`, body: { ticket }, named: true })
}
