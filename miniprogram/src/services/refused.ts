/** The platform answered, and the answer is no. */

import { NoAnswer, type Answer } from './request'
import type { Problem } from './wire'

export class Refused extends Error {
  readonly status: number
  /** Stable; see the table in backend/errors.py. */
  readonly code: string
  /** For people, in their language; '' when whoever answered was not the platform. */
  readonly words: string
  readonly retryAfter_s: number

  constructor(answer: Answer) {
    const said: Partial<Problem> = typeof answer.body === 'object' && answer.body !== null ? answer.body : {}
    super(said.code ?? `HTTP ${answer.status}`)
    this.name = 'Refused'
    this.status = answer.status
    this.code = said.code ?? 'error'
    this.words = said.message ?? ''
    this.retryAfter_s = answer.retryAfter_s
  }

  /** Whether the same request may work a little later. */
  get passing(): boolean {
    return this.status === 429 || this.status === 502 || this.status === 503 || this.status === 504
  }
}

/** For places that can do without the answer. Raises everything else: that is a bug and belongs into the console. */
export function tolerate(error: unknown): void {
  if (!(error instanceof Refused || error instanceof NoAnswer)) throw error
}
