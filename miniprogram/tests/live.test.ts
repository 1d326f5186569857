import assert from 'node:assert/strict'
import { beforeEach, mock, test } from 'node:test'
import fc from 'fast-check'
import { SseReader } from '../src/lib/sse'
import { Api } from '../src/services/api'
import { Follower, type Link } from '../src/services/follow'
import { Passes } from '../src/services/passes'
import { Sessions } from '../src/services/session'
import { Feed } from '../src/state/feed'
import type { Change, Front, Live, PhotoCard } from '../src/services/wire'
import { card, tombstone } from './cards'
import { giveWx, Requests } from './phone'

const LIVE: Live = { carrier: 'stream', stream: '/mp/v1/albums/a/stream', wait_s: 25, files: null }
const FILES: Live = { ...LIVE, files: { head: 'https://cdn/feed/a/head.json', poll_ms: 1500 } }

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function chunk(text: string): { data: ArrayBuffer } {
  return { data: bytesOf(text).slice().buffer }
}

function event(position: number): string {
  return `id: ${position}\nevent: change\ndata: ${JSON.stringify(card(position))}\n\n`
}

async function settle(): Promise<void> {
  for (let n = 0; n < 30; n++) await Promise.resolve()
}

test('a stream reads the same however it is cut', () => {
  const events = fc.array(fc.tuple(fc.constantFrom('change', 'other'), fc.string({ unit: 'grapheme' })), { maxLength: 6 })
  fc.assert(
    fc.property(events, fc.array(fc.integer({ min: 1, max: 12 })), fc.constantFrom('\n', '\r\n'), (said, cuts, end) => {
      const lines = said.map(([name, text]) => `: beat${end}event: ${name}${end}data: ${JSON.stringify(text)}${end}${end}`)
      const bytes = bytesOf(lines.join(''))
      const reader = new SseReader()
      const found = []
      for (let at = 0, n = 0; at < bytes.length; n++) {
        const size = cuts[n % Math.max(1, cuts.length)] ?? bytes.length
        found.push(...reader.push(bytes.slice(at, at + size).buffer))
        at += size
      }
      assert.deepEqual(
        found.map(({ event, data }) => [event, JSON.parse(data) as unknown]),
        said,
      )
    }),
  )
})

class Heard {
  readonly changes: number[] = []
  readonly links: Link[] = []
  readonly stretches: number[][] = []
  readonly fronts: string[] = []
  cursor = 0
  readonly ears = {
    changes: (changes: readonly Change[], cursor: number): void => {
      this.changes.push(...changes.map(change => change.revision))
      this.cursor = cursor
    },
    link: (link: Link): void => {
      if (this.links[this.links.length - 1] !== link) this.links.push(link)
    },
    stretch: (stretch: { readonly photos: readonly PhotoCard[] }): void => {
      this.stretches.push(stretch.photos.map(photo => photo.position))
    },
    front: ({ banner }: Front): void => {
      this.fronts.push(banner)
    },
  }
}

function follower(requests: Requests, live = LIVE): { follower: Follower; heard: Heard } {
  giveWx({ request: requests.request })
  const api = new Api('https://k', new Sessions('https://k'), () => 'zh', new Passes())
  const heard = new Heard()
  return { follower: new Follower(api, 'a', live, 7, heard.ears), heard }
}

beforeEach(() => {
  mock.timers.reset()
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
})

test('it streams from the cursor, and comes back with the newest one when the stream is over', async () => {
  const requests = new Requests()
  const { follower: follow, heard } = follower(requests)
  follow.start()
  assert.equal(requests.last.url, 'https://k/mp/v1/albums/a/stream?after=7&front=0')
  assert.equal(requests.last.enableChunked, true)
  requests.last.hear?.(chunk(': hello\n\n'))
  requests.last.hear?.(chunk(event(8)))
  requests.last.hear?.(chunk(event(9)))
  mock.timers.tick(55_000)
  // the watch dog rang in between: a silent stream is left, its cursor kept
  await settle()
  assert.deepEqual(heard.changes, [8, 9])
  assert.match(requests.last.url, /after=9/)
  follow.stop()
})

test('a newer front is heard by stream, and read when a poll names it', async () => {
  const requests = new Requests()
  const { follower: follow, heard } = follower(requests)
  const front = (revision: number): object => ({ revision, banner: `b${revision}`, banner_link: '', banner_from: null, banner_until: null, albums: [] })
  follow.start()
  requests.last.hear?.(chunk(`: hello\n\nevent: front\ndata: ${JSON.stringify(front(2))}\n\n`))
  assert.deepEqual(heard.fronts, ['b2'])
  mock.timers.tick(36_000) // it falls silent
  await settle()
  for (const revision of [2, 3]) {
    requests.last.success({ statusCode: 200, data: { changes: [card(6 + revision)], cursor: 6 + revision, more: false, front: revision }, header: {} })
    await settle()
  }
  const asked = requests.open.filter(({ url }) => url.endsWith('/front'))
  assert.equal(asked.length, 1)
  asked[0]?.success({ statusCode: 200, data: front(3), header: {} })
  await settle()
  assert.deepEqual(heard.fronts, ['b2', 'b3'])
  follow.stop()
})

test('a stream that ends in good order is opened again at once', async () => {
  const requests = new Requests()
  const { follower: follow, heard } = follower(requests)
  follow.start()
  requests.last.hear?.(chunk(': hello\n\n' + event(8)))
  mock.timers.tick(20_000)
  requests.last.success({ statusCode: 200, data: null, header: {} })
  await settle()
  assert.equal(requests.open.length, 2)
  assert.match(requests.last.url, /stream\?after=8/)
  assert.deepEqual(heard.links, ['connecting', 'streaming'])
  follow.stop()
})

test('a silent stream is left for the long poll, which carries the same changes', async () => {
  const requests = new Requests()
  const { follower: follow, heard } = follower(requests)
  follow.start()
  mock.timers.tick(6_000)
  await settle()
  assert.equal(requests.open[0]?.aborted, true)
  assert.match(requests.last.url, /changes\?after=7&wait=25/)
  assert.equal(requests.last.timeout, 35_000)
  requests.last.success({ statusCode: 200, data: { changes: [card(8)], cursor: 8, more: false }, header: {} })
  await settle()
  assert.deepEqual(heard.changes, [8])
  assert.match(requests.last.url, /changes\?after=8/)
  assert.deepEqual(heard.links, ['connecting', 'polling'])
  follow.stop()
})

test('a WeChat without chunks polls for good', async () => {
  const requests = new Requests(false)
  const { follower: follow } = follower(requests)
  follow.start()
  await settle()
  assert.match(requests.last.url, /changes\?/)
  mock.timers.tick(3_600_000)
  requests.last.success({ statusCode: 200, data: { changes: [], cursor: 7, more: false }, header: {} })
  await settle()
  assert.match(requests.last.url, /changes\?/)
  follow.stop()
})

test('offline it waits longer and longer, and not at all once the network is back', async () => {
  const requests = new Requests()
  const { follower: follow, heard } = follower(requests)
  follow.start()
  for (let n = 0; n < 4; n++) {
    requests.last.fail({ errMsg: 'request:fail net::ERR' })
    await settle()
    mock.timers.tick(8_000)
    await settle()
  }
  assert.equal(heard.links[1], 'offline')
  const before = requests.open.length
  requests.last.fail({ errMsg: 'request:fail net::ERR' })
  await settle()
  assert.equal(requests.open.length, before)
  follow.hurry()
  await settle()
  assert.equal(requests.open.length, before + 1)
  follow.stop()
})

test('an album that is gone is not asked for again', async () => {
  for (const status of [403, 404]) {
    const requests = new Requests()
    const { follower: follow, heard } = follower(requests)
    follow.start()
    requests.last.success({ statusCode: status, data: {}, header: {} })
    await settle()
    mock.timers.tick(600_000)
    await settle()
    assert.equal(requests.open.length, 1)
    assert.deepEqual(heard.links, ['connecting', 'gone'])
  }
})

test('nothing is heard after stop, and start goes on from the cursor', async () => {
  const requests = new Requests()
  const { follower: follow, heard } = follower(requests)
  follow.start()
  const first = requests.last
  first.hear?.(chunk(event(8)))
  follow.stop()
  await settle()
  first.hear?.(chunk(event(9)))
  assert.deepEqual(heard.changes, [8])
  follow.start()
  await settle()
  assert.match(requests.last.url, /after=8/)
  assert.equal(requests.open.length, 2)
  follow.stop()
})

test('a server that ends every stream at once is not hammered', async () => {
  const requests = new Requests()
  const { follower: follow } = follower(requests)
  follow.start()
  for (let n = 0; n < 50; n++) {
    requests.last.success({ statusCode: 200, data: null, header: {} })
    await settle()
    mock.timers.tick(100)
    await settle()
  }
  assert.ok(requests.open.length < 10, `${requests.open.length} requests in 5 s`)
  follow.stop()
})

function head(revision: number, since: number, changes: readonly Change[]): object {
  return { revision, since, changes, index: 'https://cdn/feed/a/i/1.json', poll_ms: 1500 }
}

function answer(requests: Requests, data: object, statusCode = 200): Promise<void> {
  requests.last.success({ statusCode, data, header: {} })
  return settle()
}

test('a crowded platform is read by its files, and asked for a stream again later', async () => {
  const requests = new Requests()
  const { follower: follow, heard } = follower(requests)
  follow.start()
  await answer(requests, { code: 'too_many' }, 429)
  assert.equal(requests.last.url, 'https://k/mp/v1/albums/a') // are there files by now?
  await answer(requests, { live: FILES })
  assert.equal(requests.last.url, 'https://cdn/feed/a/head.json')
  assert.deepEqual(requests.last.header, {})
  await answer(requests, head(9, 5, [card(7), card(8), tombstone(2, 9)]))
  assert.deepEqual(heard.changes, [8, 9])
  const before = requests.open.length
  mock.timers.tick(1000)
  await settle()
  assert.equal(requests.open.length, before)
  mock.timers.tick(1000)
  await settle()
  assert.equal(requests.open.length, before + 1)
  await answer(requests, head(9, 5, [card(8)]))
  assert.deepEqual(heard.changes, [8, 9])
  assert.deepEqual(heard.links, ['connecting', 'polling'])
  mock.timers.tick(90_000)
  await settle()
  assert.match(requests.last.url, /stream\?after=9/)
  follow.stop()
})

test('an album without files is polled when there is no room for a stream', async () => {
  const requests = new Requests()
  const { follower: follow } = follower(requests)
  follow.start()
  await answer(requests, {}, 429)
  await answer(requests, { live: LIVE })
  assert.match(requests.last.url, /changes\?after=7/)
  follow.stop()
})

test('who is told to begin with the files does', async () => {
  const requests = new Requests()
  const { follower: follow } = follower(requests, { ...FILES, carrier: 'files' })
  follow.start()
  assert.equal(requests.last.url, 'https://cdn/feed/a/head.json')
  await answer(requests, {}, 404) // written anew, or private now: the platform knows
  mock.timers.tick(1000)
  await settle()
  assert.match(requests.last.url, /stream\?after=7/)
  follow.stop()
})

test('a platform that answers nobody is read by its files', async () => {
  const requests = new Requests(false)
  const { follower: follow, heard } = follower(requests, FILES)
  follow.start()
  await settle()
  for (let n = 0; n < 2; n++) {
    assert.match(requests.last.url, /changes\?/)
    await answer(requests, {}, 503)
    mock.timers.tick(2000)
    await settle()
  }
  assert.equal(requests.last.url, 'https://cdn/feed/a/head.json')
  await answer(requests, head(12, 9, [card(10), card(11), card(12)]))
  assert.match(requests.last.url, /changes\?after=7&wait=0/) // too far behind for the head
  await answer(requests, {}, 503)
  assert.equal(requests.last.url, 'https://cdn/feed/a/i/1.json')
  await answer(requests, { segments: [{ url: 'https://cdn/feed/a/s/1.json', first: 1, last: 12, photos: 3 }] })
  await answer(requests, { photos: [card(12), card(11), card(3)] })
  assert.deepEqual(heard.stretches, [[12, 11, 3]])
  assert.deepEqual(heard.changes, [10, 11, 12])
  assert.equal(heard.links[heard.links.length - 1], 'polling')
  follow.stop()
})

test('what a stretch does not show any more is hidden, and what is newer stays', () => {
  const feed = new Feed()
  feed.take([card(1), card(2), card(3), card(9, { revision: 30 })])
  feed.take([...feed.missing({ first: 1, last: 9, photos: [card(1)] }, 20)])
  assert.deepEqual(
    feed.photos.map(photo => photo.position),
    [9, 1],
  )
})
