/** What a browser asks of a member's phone. Raises Refused, NoAnswer. */

import type { Api } from './api'
import type { Asking } from './wire'

export function readAsking(api: Api, ticket: string): Promise<Asking> {
  return api.ask<Asking>({ path: `/mp/v1/sign-in/${ticket}`, named: true })
}

export function confirmAsking(api: Api, ticket: string): Promise<Asking> {
  return api.ask<Asking>({ path: `/mp/v1/sign-in/${ticket}`, body: {}, named: true })
}
