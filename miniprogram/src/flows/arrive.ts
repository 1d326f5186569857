/** Which album somebody wants who comes by a card, a message's link or a code. */

import { codeIn, sceneIn } from '../lib/scene'
import { tolerate } from '../services/refused'
import { scan } from '../services/scan'
import type { Stage } from '../state/stage'

/** `learnt` is called when the event around an album that is opened by itself is known. Raises Refused, NoAnswer. */
export async function arrive(
  { api, traces, visits }: Stage,
  query: Readonly<Record<string, string | undefined>>,
  learnt: () => void,
): Promise<string> {
  traces.came(query)
  const scene = sceneIn(query)
  const albumId = query['id']
  if (albumId === undefined) {
    const scanned = await scan(api, scene)
    visits.remember(scanned, Date.now())
    return scanned.albums[0]?.id ?? ''
  }
  if (scene !== '' && visits.of(albumId) === null) {
    void scan(api, scene)
      .then(scanned => {
        visits.remember(scanned, Date.now())
      })
      .catch(tolerate) // the wall does without
      .then(learnt)
  }
  return albumId
}

/** Of the card the guest came by, else of the visit in which they saw the album. */
export function shareCodeOf({ visits }: Stage, query: Readonly<Record<string, string | undefined>>, albumId: string): string {
  return codeIn(sceneIn(query)) || (visits.of(albumId)?.shareCode ?? '')
}
