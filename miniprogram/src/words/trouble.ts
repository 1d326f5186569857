/** An error in words for the guest: the platform's own, where it has any. */

import { Refused, tolerate } from '../services/refused'
import type { Words } from './zh'

/** Raises what is neither an answer of the platform nor a missing one: that is a bug and belongs into the console. */
export function trouble(error: unknown, words: Words['any']): string {
  if (error instanceof Refused) return error.words || words.busy
  tolerate(error)
  return words.noNetwork
}
