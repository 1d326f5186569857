import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { Between } from '../src/flows/between'
import type { AlbumCard, Front, Placed } from '../src/services/wire'
import { Feed } from '../src/state/feed'
import { Hands } from '../src/state/hands'
import type { Stage } from '../src/state/stage'
import { Wall, type Tile } from '../src/state/wall'
import { zh } from '../src/words/zh'
import { card, placed, tombstone } from './cards'
import { giveWx } from './phone'

const SCREEN_PX = 800
const tile = (id: string, share = 1, cap = 0, more: Partial<Placed> = {}): Placed => placed(id, share, cap, { slot: 'tile', ...more })

beforeEach(() => {
  giveWx({ setClipboardData: ({ success }: { success: () => void }) => success(), showToast: () => undefined })
})

/** A guest with an album open: photos `first` and older ones down to 1 may come, newer ones, too. */
class Guest {
  readonly notes: string[] = []
  readonly feed: Feed
  readonly room: { album: AlbumCard; albumId: string; front: Front | null }
  readonly between: Between
  readonly wall: Wall
  scrolled = 0

  constructor(photos: number, placements: readonly Placed[], every = 6, newest = 1000, hands = new Hands()) {
    this.feed = new Feed(newest - photos + 1)
    this.feed.take(Array.from({ length: photos }, (_, n) => card(newest - n)))
    this.room = { album: { event_id: 'e' } as AlbumCard, albumId: 'album', front: null }
    this.front(placements, every)
    const note = (kind: string, _: string, photoId?: string, placementId?: string): void => {
      this.notes.push([kind, photoId, placementId].join(' '))
    }
    const stage = { hands, traces: { note }, language: { words: zh } } as unknown as Stage
    this.between = new Between(stage, this.room)
    this.wall = new Wall(this.feed, 364, this.between, () => this.scrolled + SCREEN_PX)
  }

  /** What the organizer set. */
  front(placements: readonly Placed[], every = 6): void {
    this.room.front = { placements, tile_every: every } as Front
  }

  /** What a page does every second. */
  tick(): void {
    if (this.between.due) this.wall.weave()
  }

  get tiles(): Tile[] {
    return this.wall.tiles(-1e9, 1e9)
  }

  get sponsored(): Tile[] {
    return this.tiles.filter(one => one.placed !== undefined && one.placed.length > 0)
  }

  /** How many photos lie in front of each tile, on the whole wall. */
  get places(): number[] {
    const behind = new Set(this.sponsored.map(({ id }) => id.split('.')[0]))
    return this.feed.photos.map(({ id }, n) => (behind.has(id) ? n + 1 : 0)).filter(n => n > 0)
  }

  /** Where everything is that begins on the screen or above it, from the first photo there. */
  get held(): string[] {
    return spots(this.tiles, this.scrolled + SCREEN_PX)
  }
}

function topOf({ style }: Tile): number {
  return Number(/translate3d\([^,]+,(-?[\d.]+)px/.exec(style)?.[1])
}

function spots(tiles: readonly Tile[], edge: number, zero = topOf(firstOf(tiles))): string[] {
  const near = tiles.filter(one => topOf(one) <= edge)
  return near.map(one => [one.placed === undefined ? one.id : '', one.style.replace(/,(-?[\d.]+)px/, `,${topOf(one) - zero}px`)].join(' '))
}

function firstOf(tiles: readonly Tile[]): Tile {
  const first = tiles.find(one => one.placed === undefined)
  assert.ok(first)
  return first
}

test('a tile hangs behind every so many photos, in its place on the wall, whole and labelled by its sponsor', () => {
  const guest = new Guest(40, [tile('a', 1, 0, { words: '新品上市', link: 'https://a.example/' })], 12)
  assert.deepEqual(guest.places, [12, 24, 36])
  const [first] = guest.sponsored
  assert.ok(first?.placed)
  assert.deepEqual(first.placed, [{ id: 'a', src: 'https://x/a.png', line: '新品上市', spoken: 'a · 新品上市', link: 'https://a.example/' }])
  assert.match(first.style, /width:180px;height:113px/, 'never wider than 8:5')
  assert.deepEqual(new Guest(40, []).places, [])
  assert.ok(new Wall(guest.feed, 364).tiles(0, 9000).every(one => one.placed === undefined), 'no tiles where nobody weaves')
})

const organizer = fc.record({ what: fc.constant('front' as const), offers: fc.integer({ min: 0, max: 3 }), every: fc.integer({ min: 6, max: 14 }) })
const photos = fc.record({ what: fc.constantFrom('newer' as const, 'older' as const, 'hidden' as const), n: fc.nat(40) })
const looks = fc.record({ what: fc.constantFrom('scroll' as const, 'seen' as const), n: fc.nat(40) })

test('whatever comes and goes, nothing on the screen moves and tiles keep their distance', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(organizer, photos, looks), { maxLength: 30 }), steps => {
      const guest = new Guest(30, [tile('p0')])
      let [newest, oldest, every] = [1000, 970, 6]
      for (const step of steps) {
        const before = guest.held
        const zero = firstOf(guest.tiles).id
        if (step.what === 'front') {
          every = step.every
          guest.front(Array.from({ length: step.offers }, (_, n) => tile(`p${n}`, 1 + n, n * 3)), every)
          guest.tick()
        } else if (step.what === 'newer') {
          guest.feed.take(Array.from({ length: step.n % 4 }, () => card(++newest)))
          guest.wall.letIn()
        } else if (step.what === 'older') {
          const { added } = guest.feed.take(Array.from({ length: step.n }, () => card(--oldest)), oldest)
          guest.wall.older(added)
        } else if (step.what === 'hidden') {
          const photo = guest.feed.photos[step.n]
          if (photo) guest.feed.take([tombstone(photo.position, 5000 + newest)])
          guest.wall.weave()
        } else if (step.what === 'scroll') guest.scrolled = step.n * 100
        else guest.between.seen(guest.sponsored[step.n]?.id ?? '')
        if (step.what !== 'scroll') {
          const now = guest.tiles
          const from = now.find(({ id }) => id === zero)
          assert.ok(from)
          const after = new Set(spots(now, Infinity, topOf(from)))
          assert.deepEqual(before.filter(spot => !after.has(spot)), [])
        }
        const { places } = guest
        places.slice(1).forEach((at, n) => assert.ok(at - (places[n] ?? 0) >= every, `${places.join()} ${every}`))
        assert.equal(new Set(guest.tiles.map(({ id }) => id)).size, guest.tiles.length)
      }
    }),
    { numRuns: 150, endOnFailure: true }, // a shorter counterexample would take minutes
  )
})

test('over 10,000 tiles looked at shares are held within two points and no guest passes a cap', () => {
  const all = [tile('a', 5, 10), tile('b', 3, 4), tile('c', 2, 0)]
  const counted: Record<string, number> = { a: 0, b: 0, c: 0 }
  let views = 0
  for (let one = 0; views < 10_000; one++) {
    const hands = new Hands()
    const wanted = 1 + (one % 20)
    const seen: string[] = []
    for (let visit = 0; visit < 3 && seen.length < wanted; visit++) {
      const guest = new Guest(84, all, 6, 1000, hands)
      for (const { id } of guest.sponsored) {
        if (Math.random() < 0.3 || seen.length + guest.notes.length >= wanted) continue // scrolled over
        guest.between.seen(id)
        guest.between.seen(id) // and drawn again
      }
      seen.push(...guest.notes.map(note => note.replace('viewable  ', '')))
    }
    for (const { id, cap } of all) {
      const mine = seen.filter(other => other === id).length
      assert.ok(cap === 0 || mine <= cap, `${id} ${seen.join()}`)
      counted[id] = (counted[id] ?? 0) + mine
    }
    views += seen.length
    hands.clear()
  }
  for (const { id, share } of all) assert.ok(Math.abs((counted[id] ?? 0) / views - share / 10) < 0.02, `${id} ${JSON.stringify(counted)}`)
})

test('where no card is left a new photo on top takes it from the last tile nobody saw', () => {
  const guest = new Guest(60, [tile('a', 1, 2)])
  assert.deepEqual(guest.places, [6, 12])
  guest.between.seen(guest.sponsored[0]?.id ?? '')
  guest.feed.take(Array.from({ length: 8 }, (_, n) => card(1001 + n)))
  guest.wall.letIn()
  assert.deepEqual(guest.places, [14, 20], 'it is on the screen')
  guest.wall.reset()
  assert.deepEqual(guest.places, [6], 'one was seen, one is left')
  guest.scrolled = -SCREEN_PX
  guest.feed.take(Array.from({ length: 6 }, (_, n) => card(1009 + n)))
  guest.wall.letIn()
  assert.deepEqual(guest.places, [6])
  assert.equal(guest.tiles.length, 75, 'and no empty place is left below the screen')
})

test('a sponsor whose time is over leaves what is seen to the next one, or empty, and nothing below the screen', t => {
  const noon = new Date(2026, 11, 1, 12).getTime()
  t.mock.timers.enable({ apis: ['Date'], now: noon })
  const guest = new Guest(60, [tile('a', 1, 0, { until_at: noon + 1000 }), tile('b', 1, 0, { from_at: noon + 1000, until_at: noon + 2000 })])
  const whose = (): string[] => Array.from(new Set(guest.sponsored.map(one => one.placed?.[0]?.id ?? '')))
  const { places } = guest
  assert.deepEqual([whose(), guest.between.due], [['a'], false])
  t.mock.timers.tick(1000)
  assert.equal(guest.between.due, true)
  guest.tick()
  assert.deepEqual([whose(), guest.places], [['b'], places])
  t.mock.timers.tick(1000)
  guest.tick()
  assert.deepEqual(guest.places, [])
  const empty = guest.tiles.filter(one => one.placed?.length === 0)
  assert.ok(empty.length > 0 && empty.every(one => topOf(one) <= SCREEN_PX))
  guest.front([tile('c')])
  guest.tick()
  assert.deepEqual([whose(), guest.places], [['c'], places])
})

test('a tile goes with its photo and is counted once, a tap on it each time', () => {
  const guest = new Guest(30, [tile('a', 1, 0, { link: 'https://a.example/' })])
  const [first] = guest.sponsored
  assert.ok(first)
  guest.between.seen(first.id)
  guest.between.seen(first.id)
  guest.between.follow(first.id)
  guest.between.seen('p999')
  assert.deepEqual(guest.notes, ['viewable  a', 'click  a'])
  guest.feed.take([tombstone(995, 5000)])
  guest.wall.weave()
  assert.ok(!guest.sponsored.some(({ id }) => id === first.id))
})

test('a hidden photo whose tile went with it is back in its place when it is shown again', () => {
  const guest = new Guest(60, [tile('a')])
  const order = (): string => guest.tiles.filter(one => !one.gone).map(({ id }) => id).join()
  const before = order()
  const far = guest.places.reverse()[0] ?? 0
  guest.feed.take([tombstone(1001 - far, 5000)])
  guest.wall.weave()
  assert.equal(guest.tiles.filter(one => one.gone && one.placed === undefined).length, 0, 'below the screen no empty place is left')
  guest.feed.take([card(1001 - far, { revision: 5001 })])
  guest.wall.weave()
  assert.equal(order().replace(/\.\d+/g, ''), before.replace(/\.\d+/g, ''))
})
