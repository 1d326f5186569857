/**
 * An album's feed as files (docs/wire.md §2): what nginx or a CDN serves when the platform has no room for a stream.
 *
 * The files name nobody and need nobody's token. Their host must stand in WeChat's list of request domains; where it does
 * not, reading fails like a network that is down, and the follower goes back to the platform.
 */

import { Refused } from './refused'
import { send } from './request'
import type { Head, Index, PhotoCard, Segment } from './wire'

/** So many hundreds of photos are caught up with at most; what is older is read when the guest gets there. */
const MOST = 5

/** What a segment says: these photos, and no others, are visible from its first to its last position. */
export interface Stretch {
  readonly first: number
  readonly last: number
  readonly photos: readonly PhotoCard[]
}

/** Raises Refused (404: written anew, or private now), NoAnswer. */
export function readHead(url: string): Promise<Head> {
  return read<Head>(url)
}

/** The newest stretches, newest first, for a phone whose cursor is too old for the head. Raises Refused, NoAnswer. */
export async function readStretches(head: Head): Promise<Stretch[]> {
  const { segments } = await read<Index>(head.index)
  const found: Stretch[] = []
  for (const { url, first, last } of segments.slice(0, MOST)) {
    found.push({ first, last, photos: (await read<Segment>(url)).photos })
  }
  return found
}

async function read<T>(url: string): Promise<T> {
  const said = await send({ url, method: 'GET', header: {} })
  if (said.status !== 200) throw new Refused(said)
  return said.body as T
}
