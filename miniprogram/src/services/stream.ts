/**
 * The live stream of an album: one chunked request that lasts up to a minute and hands over changes as they happen.
 *
 * A stream that opened but says nothing is worse than none (a proxy on the way holds it back), so it must say hello
 * within HELLO_MS and then at least its heartbeat every BEAT_MS; else it counts as `silent`.
 */

import { SseReader } from '../lib/sse'
import type { Api } from './api'
import { why } from './request'
import type { Change } from './wire'

const HELLO_MS = 6_000
const BEAT_MS = 35_000
const LASTS_MS = 65_000

/** How a stream ended. `over`: the platform closed it in good order, come back with the cursor. */
export type Ending = 'over' | 'silent' | 'unsupported' | 'offline' | 'stopped' | { readonly status: number }

export interface Stream {
  readonly ended: Promise<Ending>
  stop(): void
}

export function openStream(
  api: Api,
  path: string,
  after: number,
  heard: (changes: Change[]) => void,
  hello: () => void,
): Stream {
  let end: (ending: Ending) => void = () => undefined
  const ended = new Promise<Ending>(resolve => {
    end = resolve
  })
  const reader = new SseReader()
  let watch = setTimeout(() => finish('silent'), HELLO_MS)
  let spoke = false
  let over = false
  const task = wx.request({
    ...api.opening(path, { after }),
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
    if (!spoke) hello()
    spoke = true
    const changes = reader.push(data).filter(event => event.event === 'change')
    if (changes.length > 0) heard(changes.map(event => JSON.parse(event.data) as Change))
  })
  return {
    ended,
    stop: () => {
      finish('stopped')
    },
  }
}
