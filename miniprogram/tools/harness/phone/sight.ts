/**
 * `createIntersectionObserver` as WeChat has it. The engine's adapter keeps back a first measurement that reached the
 * threshold and tells one that did not; WeChat, asked for something that is in sight already, says so.
 */

import type { glassEasel } from 'glass-easel-miniprogram-adapter'

export function sightOf(context: glassEasel.CurrentWindowBackendContext): void {
  const create = context.createIntersectionObserver.bind(context)
  context.createIntersectionObserver = (target, relative, margin, thresholds, listener) => {
    const lowest = Math.min(...thresholds)
    let first = true
    return create(target, relative, margin, thresholds, said => {
      if (first) listener({ ...said, intersectionRatio: lowest }) // the one that is kept back
      if (!first || said.intersectionRatio >= lowest) listener(said)
      first = false
    })
  }
}
