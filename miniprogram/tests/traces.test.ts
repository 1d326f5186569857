import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import { Api } from '../src/services/api'
import { Passes } from '../src/services/passes'
import { Sessions } from '../src/services/session'
import type { TrackRequest } from '../src/services/wire'
import { Traces } from '../src/state/traces'
import { answering, giveWx, storage } from './phone'

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] })
})

afterEach(() => {
  mock.timers.reset()
})

interface World {
  readonly told: TrackRequest[]
  /** A launch of the mini-program; what the phone keeps stays. */
  readonly launch: () => Traces
}

/** `answer`: what the platform says, 204 unless told otherwise. */
function world(answer: () => number | 'fail' = () => 204): World {
  const told: TrackRequest[] = []
  const { request } = answering(({ data }) => {
    told.push(data as TrackRequest)
    const status = answer()
    return status === 'fail' ? status : { status }
  })
  giveWx({ request })
  return { told, launch: () => new Traces(new Api('https://k', new Sessions('https://k'), () => 'zh', new Passes())) }
}

const kinds = (batch: TrackRequest | undefined): string[] =>
  (batch?.traces ?? []).map(({ kind, photo_id, placement_id }) => `${kind} ${photo_id ?? placement_id ?? ''}`.trim())

async function after(ms: number): Promise<void> {
  mock.timers.tick(ms)
  for (let n = 0; n < 5; n++) await new Promise(setImmediate)
}

test('traces go together, ten seconds after the first; a visit and an impression count once in a launch', async () => {
  const { told, launch } = world()
  const traces = launch()
  traces.came({ scene: 'e%3Dbfk0sgFc4T%26f%3Dp' })
  traces.came({ id: 'a', e: 'bfk0sgFc4T' }) // our own way from the event to its album
  traces.note('visit', 'a')
  traces.note('viewable', 'a', 'p1')
  await after(9_999)
  assert.equal(told.length, 0)
  traces.note('view', 'a', 'p1')
  traces.note('view', 'a', 'p1')
  traces.note('viewable', 'a', 'p1')
  traces.note('visit', 'a')
  for (let showing = 0; showing < 2; showing++) traces.note('viewable', 'a', undefined, 's1') // each showing
  await after(1)
  assert.deepEqual(told.map(kinds), [['visit', 'viewable p1', 'view p1', 'view p1', 'viewable s1', 'viewable s1']])
  assert.deepEqual(told.map(({ source, album_id }) => [source, album_id]), [['p', 'a']])
  for (const { device, batch } of told) assert.match(`${device} ${batch}`, /^[0-9a-z]{24} [0-9a-z]{24}$/)
  await after(60_000)
  assert.equal(told.length, 1) // nothing new, nothing told
})

test('a hundred are told at once, and each album has a batch of its own', async () => {
  const { told, launch } = world()
  const traces = launch()
  traces.note('view', 'b', 'q')
  for (let n = 0; n < 100; n++) traces.note('view', 'a', `p${n}`)
  await after(0)
  assert.deepEqual(told.map(({ album_id, traces: { length } }) => [album_id, length]), [['b', 1], ['a', 100]])
  assert.equal(new Set(told.map(({ device }) => device)).size, 1)
  assert.equal(new Set(told.map(({ batch }) => batch)).size, 2)
})

test('who leaves tells at once, and a phone that sleeps has no timer', async () => {
  const { told, launch } = world()
  const traces = launch()
  traces.note('visit', 'a')
  traces.sleep()
  await after(0)
  assert.deepEqual(told.map(kinds), [['visit']])
  traces.note('download', 'a', 'p1') // a file that arrived after the phone was put away
  await after(60_000)
  assert.equal(told.length, 1)
  traces.wake()
  await after(10_000)
  assert.deepEqual(told.map(kinds), [['visit'], ['download p1']])
})

test('what could not be told is told again under its name, after a restart too, in its order', async () => {
  let answer: number | 'fail' = 'fail'
  const { told, launch } = world(() => answer)
  const traces = launch()
  traces.note('visit', 'a')
  await after(10_000)
  answer = 503
  traces.note('view', 'a', 'p1')
  await after(10_000)
  assert.deepEqual(told.map(kinds), [['visit'], ['visit']])
  answer = 204
  launch().wake()
  await after(10_000)
  assert.deepEqual(told.slice(2).map(kinds), [['visit'], ['view p1']])
  assert.equal(new Set(told.slice(0, 3).map(({ batch }) => batch)).size, 1)
  launch().wake()
  await after(10_000)
  assert.equal(told.length, 4)
})

test('what the platform will never take is given up, and what is kept has an end', async () => {
  let answer: number | 'fail' = 422
  const { told, launch } = world(() => answer)
  const traces = launch()
  traces.note('visit', 'a')
  await after(10_000)
  answer = 'fail'
  for (let n = 0; n < 15; n++) {
    traces.note('view', 'a', `p${n}`)
    await after(10_000)
  }
  told.length = 0
  answer = 204
  await traces.tell()
  assert.deepEqual(told.map(kinds), Array.from({ length: 10 }, (_, n) => [`view p${n + 5}`]))
})

test('a member tells nothing, now or later', async () => {
  const { told, launch } = world()
  const traces = launch()
  traces.note('visit', 'a')
  traces.member()
  traces.note('view', 'a', 'p1')
  const again = launch()
  again.wake()
  again.note('visit', 'a')
  await after(60_000)
  await again.tell()
  assert.deepEqual(told, [])
})

test('who clears the phone is another guest afterwards', async () => {
  const { told, launch } = world()
  const traces = launch()
  traces.note('visit', 'a')
  await traces.tell()
  traces.clear()
  assert.equal(storage.has('traces'), false)
  traces.note('visit', 'a')
  await traces.tell()
  assert.equal(new Set(told.map(({ device }) => device)).size, 2)
})
