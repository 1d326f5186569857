import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import fc from 'fast-check'
import * as browser from '../../web/ui/src/slots'
import type { Placed } from '../src/services/wire'
import { anchors, deal, showed, type Day, type Offer } from '../src/state/dealing'
import { Hands } from '../src/state/hands'
import { placed } from './cards'
import { giveWx } from './phone'

const NOON = new Date(2026, 11, 1, 12).getTime()
const DAY_MS = 86_400_000

const offers: fc.Arbitrary<Offer[]> = fc
  .array(fc.record({ share: fc.integer({ min: 1, max: 100 }), cap: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 12 })) }), { maxLength: 6 })
  .map(all => all.map((one, n) => ({ ...one, id: `p${n}`, from_at: null, until_at: null })))

beforeEach(() => {
  giveWx()
})

test('whom a guest sees next is whom a browser would show', () => {
  fc.assert(
    fc.property(offers, offers, fc.nat(), fc.array(fc.nat(4), { minLength: 1, maxLength: 150 }), (first, then, seed, looks) => {
      let day: Day = { day: '1', seed, seen: [], shown: {} }
      const laid = new Map<number, string>()
      for (const [turn, look] of looks.entries()) {
        const now = turn < looks.length / 2 ? first : then // the organizer changed them meanwhile
        const ours = deal(now, day, laid)
        const theirs = browser.deal(now, { ...day, seen: [...day.seen], shown: { ...day.shown } }, laid)
        assert.deepEqual(ours && [ours.card, ours.one.id], theirs ? [theirs[0], theirs[1].id] : null)
        if (ours !== null) {
          laid.set(ours.card, ours.one.id)
          const waiting = Array.from(laid.values()).filter(id => id === ours.one.id).length
          assert.ok(ours.one.cap === 0 || (day.shown[ours.one.id] ?? 0) + waiting <= ours.one.cap)
        }
        const [card, id] = Array.from(laid)[look] ?? [-1, ''] // one of the first is looked at, or none
        if (laid.delete(card)) day = showed(day, card, id)
      }
    }),
    { numRuns: 60 },
  )
})

test('tiles hang behind the photos a browser would hang them behind', () => {
  const photo = fc.record({ kept: fc.boolean(), fresh: fc.boolean() })
  fc.assert(
    fc.property(fc.array(photo, { maxLength: 120 }), fc.integer({ min: 1, max: 15 }), (photos, every) => {
      const ids = photos.map((_, n) => `p${n}`)
      const those = (of: 'kept' | 'fresh'): Set<string> => new Set(ids.filter((_, n) => photos[n]?.[of]))
      const ours = anchors(ids, those('kept'), those('fresh'), every)
      assert.deepEqual(ours, browser.anchors(ids, those('kept'), those('fresh'), every))
    }),
  )
})

test('over 10,000 views shares are held within two points and no guest passes a cap', () => {
  const all = [placed('a', 5, 3), placed('b', 3, 2), placed('c', 2, 0)]
  const counted: Record<string, number> = { a: 0, b: 0, c: 0 }
  let views = 0
  for (let guest = 0; views < 10_000; guest++) {
    const hands = new Hands()
    const mine: Record<string, number> = {}
    for (let view = 0; view < 1 + (guest % 9); view++) {
      const dealt = hands.next('e', 'start', all, NOON)
      if (dealt === null) break
      hands.showed('e', 'start', dealt, NOON)
      mine[dealt.one.id] = (mine[dealt.one.id] ?? 0) + 1
    }
    for (const { id, cap } of all) {
      assert.ok(cap === 0 || (mine[id] ?? 0) <= cap, `${id} ${JSON.stringify(mine)}`)
      counted[id] = (counted[id] ?? 0) + (mine[id] ?? 0)
      views += mine[id] ?? 0
    }
    hands.clear()
  }
  for (const { id, share } of all) assert.ok(Math.abs((counted[id] ?? 0) / views - share / 10) < 0.02, `${id} ${JSON.stringify(counted)}`)
})

test('a cap is held over a restart, by event and slot, until the phone’s midnight', () => {
  const all = [placed('a', 1, 1), placed('late', 1, 0, { from_at: NOON + DAY_MS }), placed('other', 1, 0, { slot: 'tile' })]
  const next = (event: string, slot: Placed['slot'], at = NOON): string | undefined => new Hands().next(event, slot, all, at)?.one.id
  const dealt = new Hands().next('e', 'start', all, NOON)
  assert.ok(dealt)
  assert.equal(dealt.one.id, 'a')
  assert.equal(next('e', 'start'), 'a', 'nobody looked at it yet')
  new Hands().showed('e', 'start', dealt, NOON)
  assert.equal(next('e', 'start'), undefined)
  assert.deepEqual([next('other', 'start'), next('e', 'tile'), next('e', 'download')], ['a', 'other', undefined])
  assert.equal(next('e', 'start'), undefined, 'another slot takes nothing from what is kept')
  assert.ok(next('e', 'start', NOON + DAY_MS - 1), 'a new day')
})
