/** Tell the platform when a new photo reached a guest's screen; its clock for the lag report. Never fails. */

import type { Api } from './api'
import { tolerate } from './refused'

export async function tellSeen(api: Api, photoId: string, shown_at: number): Promise<void> {
  try {
    await api.ask({ path: `/mp/v1/photos/${photoId}/seen`, body: { shown_at }, tries: 1 })
  } catch (error) {
    tolerate(error) // a missing stamp costs nobody anything
  }
}
