/**
 * The live stream of an album: one chunked request that lasts up to a minute and hands over changes as they happen.
 *
 * A stream that opened but says nothing is worse than none (a proxy on the way holds it back), so it must say hello
 * within HELLO_MS and then at least its heartbeat every BEAT_MS; else it counts as `silent`.
 */

import { SseReader } from '../lib/sse'
import type { Api } from './api'
import { why } from './request'
import type { Change, Front } from './wire'

const HELLO_MS = 6_000
const BEAT_MS = 35_000
const LASTS_MS = 65_000

/** How a stream ended. `over`: the platform closed it in good order, come back with the cursor. */
export type Ending = 'over' | 'silent' | 'unsupported' | 'offline' | 'stopped' | { readonly status: number }

export interface Stream {
  readonly ended: Promise<Ending>
  stop(): void
}

export interface StreamEars {
  changes(changes: readonly Change[]): void
  front(front: Front): void
  hello(): void
}

/** `known`: the cursor, and the revision of the front that is known; a newer one is among the first things said. */
export function openStream(api: Api, path: string, known: { after: number; front: number }, ears: StreamEars): Stream {
  let end: (ending: Ending) => void = () => undefined
  const ended = new Promise<Ending>(resolve => {
    end = resolve
  })
  const reader = new SseReader()
  let watch = setTimeout(() => finish('silent'), HELLO_MS)
  let spoke = false
  let over = false
  const task = wx.request({
    ...api.opening(path, known),
    method: 'GET',
    enableChunked: true,
    responseType: 'arraybuffer',
    dataType: 'bytes',
    timeout: LASTS_MS,
    success: said => {
      finish(said.statusCode === 200 ? 'over' : { status: said.statusCode })
    },
    fail: said => {
      finish(why(said.errMsg) === 'aborted' ? 'stopped' : 'offline')
    },
  })
  function finish(ending: Ending): void {
    if (over) return // giving up makes WeChat report a failure too
    over = true
    clearTimeout(watch)
    end(ending)
    if (ending === 'silent' || ending === 'unsupported' || ending === 'stopped') task.abort()
  }

  if (typeof task.onChunkReceived !== 'function') {
    finish('unsupported')
    return { ended, stop: () => undefined }
  }
  task.onChunkReceived(({ data }) => {
    if (over) return
    clearTimeout(watch)
    watch = setTimeout(() => finish('silent'), BEAT_MS)
    if (!spoke) ears.hello()
    spoke = true
    const said = reader.push(data)
    for (const { event, data } of said) if (event === 'front') ears.front(JSON.parse(data) as Front)
    const changes = said.filter(({ event }) => event === 'change')
    if (changes.length > 0) ears.changes(changes.map(({ data }) => JSON.parse(data) as Change))
  })
  return {
    ended,
    stop: () => {
      finish('stopped')
    },
  }
}
