import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isTombstone, type Change } from '../src/services/wire'
import { Feed } from '../src/state/feed'
import { card, tombstone } from './cards'

/** Any history of an album: photos come, get better, are hidden, come back; every revision once. */
const history: fc.Arbitrary<Change[]> = fc.array(fc.tuple(fc.integer({ min: 0, max: 7 }), fc.boolean()), { maxLength: 30 }).map(steps =>
  steps.map(([photo, hides], n) =>
    hides ? tombstone(photo, n + 1) : card(photo, { revision: n + 1, stage: n % 2 ? 'original' : 'preview' }),
  ),
)

/** What everybody must see in the end: per photo its highest revision, without the hidden ones, newest first. */
function truth(changes: readonly Change[]): Change[] {
  const last = new Map<string, Change>()
  for (const change of changes) last.set(change.id, change)
  return Array.from(last.values())
    .filter(change => !isTombstone(change))
    .sort((a, b) => b.position - a.position)
}

test('any order, any duplicates, any batches: the same photos on screen', () => {
  const shuffled = history.chain(changes =>
    fc.tuple(
      fc.constant(changes),
      fc.shuffledSubarray([...changes, ...changes], { minLength: changes.length * 2, maxLength: changes.length * 2 }),
      fc.integer({ min: 1, max: 5 }),
    ),
  )
  fc.assert(
    fc.property(shuffled, ([changes, heard, batch]) => {
      const feed = new Feed()
      for (let at = 0; at < heard.length; at += batch) feed.take(heard.slice(at, at + batch))
      assert.deepEqual(feed.photos, truth(changes))
    }),
  )
})

test('what a batch says it changed is what changed', () => {
  fc.assert(
    fc.property(history, fc.integer({ min: 1, max: 5 }), (changes, batch) => {
      const feed = new Feed()
      for (let at = 0; at < changes.length; at += batch) {
        const before = new Map(feed.photos.map(photo => [photo.id, photo.revision]))
        const taken = feed.take(changes.slice(at, at + batch))
        const after = new Map(feed.photos.map(photo => [photo.id, photo.revision]))
        assert.deepEqual(taken.added.map(({ id }) => id).sort(), [...after.keys()].filter(id => !before.has(id)).sort())
        assert.deepEqual([...taken.hidden].sort(), [...before.keys()].filter(id => !after.has(id)).sort())
        const bettered = [...after].filter(([id, revision]) => before.has(id) && before.get(id) !== revision)
        assert.deepEqual(taken.bettered.map(({ id }) => id).sort(), bettered.map(([id]) => id).sort())
      }
    }),
  )
})

test('a late page cannot bring a hidden photo back', () => {
  const feed = new Feed()
  feed.take([card(3)])
  assert.deepEqual(feed.take([tombstone(3, 9)]).hidden, ['p3'])
  assert.deepEqual(feed.take([card(3)]).added, [])
  assert.deepEqual(feed.photos, [])
  assert.deepEqual(
    feed.take([card(3, { revision: 10 })]).added.map(({ id }) => id),
    ['p3'],
  )
})

test('a change below what was read is no news, but its page shows the newer card', () => {
  const feed = new Feed(10)
  feed.take([card(11), card(10)])
  const better = card(4, { revision: 50, stage: 'retouched' })
  assert.deepEqual(feed.take([better]).added, [])
  assert.deepEqual(
    feed.photos.map(({ position }) => position),
    [11, 10],
  )
  const older = feed.take([card(5), card(4)], 0)
  assert.deepEqual(
    older.added.map(({ position }) => position),
    [5, 4],
  )
  assert.equal(feed.photo('p4'), better)
})

test('new addresses are taken over without being news', () => {
  const feed = new Feed()
  feed.take([card(3)])
  const fresh = card(3, { urls: { thumb: 'https://x/new', view: 'https://x/new' } })
  assert.ok(feed.renew(fresh))
  assert.equal(feed.photos[0], fresh)
  assert.ok(!feed.renew(card(8)))
  assert.ok(!feed.renew(card(3, { revision: 1 })))
})
