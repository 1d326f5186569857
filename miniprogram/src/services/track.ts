/** Hand over a batch of traces. False: keep it for later; the platform may not have it, and counts it once anyway. */

import type { Api } from './api'
import { Refused, tolerate } from './refused'
import type { TrackRequest } from './wire'

export async function handOver(api: Api, batch: TrackRequest): Promise<boolean> {
  try {
    await api.ask({ path: '/mp/v1/track', body: batch, tries: 1 })
    return true
  } catch (error) {
    tolerate(error)
    return error instanceof Refused && error.status < 500 && error.status !== 429 // it will never be taken
  }
}
