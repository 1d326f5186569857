import assert from 'node:assert/strict'
import { beforeEach, mock, test } from 'node:test'
import { waitFor } from '../src/lib/backoff'
import { Api } from '../src/services/api'
import { findHot, findTaken } from '../src/services/find'
import { findAgain } from '../src/services/recall'
import { Refused } from '../src/services/refused'
import { NoAnswer } from '../src/services/request'
import { tellLike } from '../src/services/likes'
import { enterAlbum, Passes } from '../src/services/passes'
import { Sessions } from '../src/services/session'
import type { PhotoCard } from '../src/services/wire'
import { card } from './cards'
import { answering, giveWx, storage, type Asked, type Calls } from './phone'

const BASE = 'https://k'
let logins = 0

function api(answer: (asked: Asked) => { status: number; body?: unknown } | 'fail'): { api: Api; asked: Asked[] } {
  const { request, asked } = answering(answer)
  logins = 0
  giveWx({ request, login: ({ success }: Calls) => success({ code: `code-${++logins}` }) })
  return { api: new Api(BASE, new Sessions(BASE), () => 'en', new Passes()), asked }
}

function session(n: number): { status: number; body: object } {
  return { status: 200, body: { token: `t${n}`, guest_id: 'g', expires_in: 3600 } }
}

beforeEach(() => {
  mock.timers.reset()
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_700_000_000_000 })
})

/** Lets retries happen without waiting for them. */
async function hurried<T>(promise: Promise<T>): Promise<T> {
  for (let n = 0; n < 100; n++) {
    await Promise.resolve()
    mock.timers.tick(500)
  }
  return promise
}

const bearer = (asked: Asked): string | undefined => asked.header['Authorization']

test('looking at a public album logs nobody in', async () => {
  const { api: asks, asked } = api(() => ({ status: 200, body: { photos: [], next: null } }))
  await asks.ask({ path: '/mp/v1/albums/a/photos', query: { limit: 5, before: undefined } })
  assert.equal(asked[0]?.url, 'https://k/mp/v1/albums/a/photos?limit=5')
  assert.deepEqual(asked[0].header, { 'Accept-Language': 'en' })
  assert.equal(logins, 0)
})

test('a private album is asked for with its pass, and so are its photos', async () => {
  const { api: asks, asked } = api(one => {
    if (one.url.endsWith('/session')) return session(1)
    return one.url.endsWith('/enter') ? { status: 200, body: { album_token: 'pass', expires_in: 60, name: '' } } : { status: 200 }
  })
  const passes = new Passes()
  await enterAlbum(asks, passes, 'a', { code: '8888' })
  assert.deepEqual(asked[asked.length - 1]?.data, { code: '8888' })
  const pass = (): string | undefined => asked[asked.length - 1]?.header['X-Album-Token']
  await asks.ask({ path: '/mp/v1/albums/a/photos' })
  assert.equal(pass(), 'pass')
  await asks.ask({ path: '/mp/v1/photos/p/download' })
  assert.equal(pass(), 'pass')
  await asks.ask({ path: '/mp/v1/albums/b/photos' })
  assert.equal(pass(), undefined)
  mock.timers.tick(61_000)
  await asks.ask({ path: '/mp/v1/albums/a/photos' })
  assert.equal(pass(), undefined, 'it is over')
})

test('a like is put and taken back in the guest’s name', async () => {
  const { api: asks, asked } = api(one => (one.url.endsWith('/session') ? session(1) : { status: 200, body: { liked: true, likes: 7 } }))
  assert.equal(await tellLike(asks, 'p', true), 7)
  await tellLike(asks, 'p', false)
  assert.deepEqual(asked.slice(1).map(one => [one.method, one.url, bearer(one)]), [
    ['PUT', 'https://k/mp/v1/photos/p/like', 'Bearer t1'],
    ['DELETE', 'https://k/mp/v1/photos/p/like', 'Bearer t1'],
  ])
})

test('who must be named logs in once, however many ask at the same time', async () => {
  const { api: asks, asked } = api(one => (one.url.endsWith('/session') ? session(1) : { status: 200 }))
  await Promise.all([1, 2, 3].map(() => asks.ask({ path: '/mp/v1/subscriptions', body: {}, named: true })))
  assert.equal(logins, 1)
  assert.deepEqual(asked.slice(1).map(bearer), ['Bearer t1', 'Bearer t1', 'Bearer t1'])
  assert.deepEqual(storage.get('session'), { token: 't1', until: Date.now() + 3_600_000 })
})

test('a token that ended is renewed once, and the request repeated', async () => {
  let given = 0
  const { api: asks, asked } = api(one => {
    if (one.url.endsWith('/session')) return session(++given)
    return bearer(one) === 'Bearer t2' ? { status: 200, body: { fine: true } } : { status: 401, body: { code: 'token_expired' } }
  })
  assert.deepEqual(await asks.ask({ path: '/mp/v1/x', named: true }), { fine: true })
  assert.deepEqual(asked.map(one => one.url.slice(BASE.length)), ['/mp/v1/session', '/mp/v1/x', '/mp/v1/session', '/mp/v1/x'])
})

test('a platform that never takes our token is not asked for ever', async () => {
  const { api: asks, asked } = api(one => (one.url.endsWith('/session') ? session(1) : { status: 401 }))
  await assert.rejects(asks.ask({ path: '/mp/v1/x' }), Refused)
  assert.equal(asked.length, 3)
})

test('a login code that was used already is replaced by a new one', async () => {
  const { api: asks } = api(one => {
    if (!one.url.endsWith('/session')) return { status: 200 }
    return JSON.stringify(one.data).includes('code-1') ? { status: 401, body: { code: 'bad_js_code' } } : session(2)
  })
  await asks.ask({ path: '/mp/v1/x', named: true })
  assert.equal(logins, 2)
})

test('bad networks and busy servers are asked again, refusals are not', async () => {
  for (const [failure, tries] of [['fail', 4], [503, 4], [429, 4], [502, 4], [404, 1], [403, 1], [422, 1], [500, 1]] as const) {
    const { api: asks, asked } = api(() => (failure === 'fail' ? 'fail' : { status: failure }))
    await assert.rejects(hurried(asks.ask({ path: '/mp/v1/x' })), failure === 'fail' ? NoAnswer : Refused)
    assert.equal(asked.length, tries, String(failure))
    assert.equal(asked[0]?.timeout, 12_000)
  }
})

test('after two lost answers the third is as good as the first', async () => {
  let n = 0
  const { api: asks } = api(() => (++n < 3 ? 'fail' : { status: 200, body: { n } }))
  assert.deepEqual(await hurried(asks.ask({ path: '/mp/v1/x' })), { n: 3 })
})

test('waits grow, stay below the most, and differ from phone to phone', () => {
  const pace = { first_ms: 600, most_ms: 4000 }
  assert.deepEqual([1, 2, 3, 4, 9].map(n => waitFor(n, pace, () => 1)), [600, 1200, 2400, 4000, 4000])
  assert.deepEqual([1, 2, 3, 4, 9].map(n => waitFor(n, pace, () => 0)), [300, 600, 1200, 2000, 2000])
})

/** An album of `n` photos, newest first by pages, as the platform gives them. */
function album(n: number, change: (photo: PhotoCard) => PhotoCard | null = photo => photo): { api: Api; asked: Asked[] } {
  const photos = Array.from({ length: n }, (_, i) => change(card(n - i))).filter(photo => photo !== null)
  return api(one => {
    const query = new URL(one.url).searchParams
    const before = Number(query.get('before') ?? Infinity)
    const limit = Number(query.get('limit'))
    const [from, to] = [Number(query.get('from') ?? 0), Number(query.get('to') ?? Infinity)]
    const taken = photos.filter(({ shot_at }) => shot_at !== null && shot_at >= from && shot_at < to)
    const found = taken.filter(photo => photo.position < before)
    const page = found.slice(0, limit)
    return { status: 200, body: { photos: page, next: found.length > limit ? page[page.length - 1]?.position : null } }
  })
}

async function all(pages: AsyncGenerator<readonly PhotoCard[]>): Promise<number[]> {
  const found: number[] = []
  for await (const page of pages) found.push(...page.map(photo => photo.position))
  return found
}

const TAKEN = 1_700_000_000_000

test('photos are found by the hour they were taken in, page by page', async () => {
  const { api: asks, asked } = album(1000)
  const found = await all(findTaken(asks, 'album', { from: TAKEN + 700_000, to: TAKEN + 703_000 }))
  assert.deepEqual(found, [702, 701, 700])
  assert.equal(asked.length, 1)
  assert.equal((await all(findTaken(asks, 'album', { from: TAKEN + 1000, to: TAKEN + 151_000 }))).length, 150)
  assert.equal(asked.length, 3)
})

test('the most liked photos are asked for until one has no likes', async () => {
  const { api: asks, asked } = album(500, photo => ({ ...photo, likes: Math.max(0, photo.position - 350) }))
  assert.equal((await all(findHot(asks, 'album'))).length, 150)
  assert.equal(asked.length, 2)
  assert.match(asked[0]?.url ?? '', /order=hot/)
})

test('remembered photos are found again with few requests, and the hidden ones are not', async () => {
  const { api: asks, asked } = album(1000, photo => (photo.position === 902 ? null : photo))
  const places = [5, 905, 902, 900, 450].map(position => ({ id: `p${position}`, album_id: 'album', position }))
  assert.deepEqual((await all(findAgain(asks, places))).sort((a, b) => a - b), [5, 450, 900, 905])
  assert.equal(asked.length, 3)
})
