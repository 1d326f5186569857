/** Open the event that a scanned code, a shared card or a typed code names. Raises Refused, NoAnswer. */

import type { Api } from './api'
import type { Scanned } from './wire'

export function scan(api: Api, scene: string): Promise<Scanned> {
  return api.ask<Scanned>({ path: '/mp/v1/scan', query: { scene } })
}
