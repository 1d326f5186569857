/** Asking the platform: the guest's token, patience with bad networks, and the way back in after 401. */

import { sleep, waitFor, type Pace } from '../lib/backoff'
import { Refused } from './refused'
import { NoAnswer, send, sendFile, type Answer, type Ask } from './request'
import type { Passes } from './passes'
import type { Sessions } from './session'

const PACE: Pace = { first_ms: 600, most_ms: 4000 }
const TRIES = 4

export interface Wish {
  /** From the base, beginning with `/mp/v1/`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | undefined>>
  /** Makes it a POST. */
  readonly body?: object
  readonly method?: 'PUT' | 'DELETE'
  /** The platform must know who asks. */
  readonly named?: boolean
  readonly timeout_ms?: number
  readonly tries?: number
}

export interface Upload {
  readonly path: string
  readonly query: Readonly<Record<string, string | number | undefined>>
  /** Where WeChat put it. */
  readonly file: string
}

export class Api {
  constructor(
    private readonly base: string,
    private readonly sessions: Sessions,
    private readonly language: () => 'zh' | 'en',
    private readonly passes: Passes,
  ) {}

  /** The answer's JSON. Raises Refused, NoAnswer. */
  async ask<T>(wish: Wish, stop?: { now: () => void }): Promise<T> {
    return (await this.answer(wish, stop)).body as T
  }

  /** The answer itself, for a request where the status says something. Raises Refused, NoAnswer. */
  async answer(wish: Wish, stop?: { now: () => void }): Promise<Answer> {
    const tries = wish.tries ?? TRIES
    for (let failed = 1; ; failed++) {
      try {
        return await this.once(wish, stop)
      } catch (error) {
        if (failed >= tries || !passing(error)) throw error
        const told = error instanceof Refused ? error.retryAfter_s * 1000 : 0
        await sleep(Math.max(told, waitFor(failed, PACE)))
      }
    }
  }

  /** One file, with patience: what is sent twice counts once. Raises Refused, NoAnswer. */
  async upload<T>(wish: Upload): Promise<T> {
    const url = this.base + wish.path + asQuery(wish.query)
    const sent = (token: string): Promise<Answer> => sendFile({ url, header: this.header(wish.path, token), file: wish.file })
    for (let failed = 1; ; failed++) {
      try {
        const token = await this.sessions.token()
        const said = await sent(token)
        if (said.status !== 401) return accepted(said).body as T
        this.sessions.forget(token)
        return accepted(await sent(await this.sessions.token())).body as T
      } catch (error) {
        if (failed >= TRIES || !passing(error) || (error instanceof Refused && error.status === 429)) throw error
        await sleep(waitFor(failed, PACE))
      }
    }
  }

  /** What a stream needs to be opened; it is no request with one answer. */
  opening(path: string, query: NonNullable<Wish['query']>): { url: string; header: Record<string, string> } {
    return { url: this.base + path + asQuery(query), header: this.header(path, this.sessions.known) }
  }

  /** After 401 on a stream. Raises Refused, NoAnswer. */
  async renew(): Promise<void> {
    if (this.sessions.known !== null) this.sessions.forget(this.sessions.known)
    await this.sessions.token()
  }

  private async once(wish: Wish, stop?: { now: () => void }): Promise<Answer> {
    const token = wish.named ? await this.sessions.token() : this.sessions.known
    const said = await send(this.asked(wish, token), stop)
    if (said.status !== 401) return accepted(said)
    if (token !== null) this.sessions.forget(token)
    return accepted(await send(this.asked(wish, await this.sessions.token()), stop))
  }

  private asked(wish: Wish, token: string | null): Ask {
    return {
      url: this.base + wish.path + asQuery(wish.query ?? {}),
      method: wish.method ?? (wish.body ? 'POST' : 'GET'),
      header: this.header(wish.path, token),
      ...(wish.body ? { body: wish.body } : {}),
      ...(wish.timeout_ms ? { timeout_ms: wish.timeout_ms } : {}),
    }
  }

  private header(path: string, token: string | null): Record<string, string> {
    const pass = this.passes.shown(path)
    return {
      'Accept-Language': this.language(),
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      ...(pass === '' ? {} : { 'X-Album-Token': pass }),
    }
  }
}

export function asQuery(query: Readonly<Record<string, string | number | undefined>>): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined)
  return pairs.length === 0 ? '' : `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`
}

function accepted(said: Answer): Answer {
  if (said.status >= 200 && said.status < 300) return said
  throw new Refused(said)
}

function passing(error: unknown): boolean {
  if (error instanceof Refused) return error.passing
  return error instanceof NoAnswer && error.why !== 'aborted' && error.why !== 'interrupted'
}
