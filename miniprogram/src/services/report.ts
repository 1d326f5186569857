/** Ask to take a photo down. It goes off every screen first and is looked at then. Raises Refused, NoAnswer. */

import type { Api } from './api'
import type { Reported } from './wire'

export const REASONS = ['me', 'child', 'improper', 'rights', 'other'] as const
export type Reason = (typeof REASONS)[number]

export function askTakeDown(api: Api, photoId: string, reason: Reason, words: string): Promise<Reported> {
  const body = { reason, words: words.trim() }
  return api.ask<Reported>({ path: `/mp/v1/photos/${photoId}/report`, body, named: true })
}
