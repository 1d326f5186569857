import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Waterfall, type Box, type Shape } from '../src/lib/waterfall'
import { Feed } from '../src/state/feed'
import { Slides } from '../src/state/slides'
import { Wall } from '../src/state/wall'
import { card, tombstone } from './cards'

const GAP = 4

let made = 0
const shape: fc.Arbitrary<Shape> = fc
  .tuple(fc.integer({ min: 0, max: 4000 }), fc.integer({ min: 0, max: 4000 }))
  .map(([width, height]) => ({ id: `s${made++}`, width, height }))
const step = fc.tuple(fc.constantFrom('append' as const, 'prepend' as const), fc.array(shape, { maxLength: 5 }))

function boxes(wall: Waterfall): Map<string, Box> {
  return new Map(wall.between(-1e9, 1e9).map(box => [box.id, box]))
}

test('whatever comes above or below, boxes keep their column and distances, and never overlap', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 12 }), (columns, steps) => {
      const wall = new Waterfall(columns, 180, GAP)
      for (const [where, shapes] of steps) {
        const before = boxes(wall)
        wall[where](shapes)
        const after = boxes(wall)
        const [anchor] = before.values()
        const shift = anchor ? (after.get(anchor.id)?.top ?? NaN) - anchor.top : 0
        for (const box of before.values()) assert.deepEqual(after.get(box.id), { ...box, top: box.top + shift })
        for (const one of after.values()) {
          assert.ok(one.top >= 0 && one.top + one.height <= wall.height)
          for (const other of after.values()) {
            if (one === other || one.left !== other.left) continue
            assert.ok(one.top + one.height + GAP <= other.top || other.top + other.height + GAP <= one.top)
          }
        }
      }
    }),
  )
})

test('what begins below a line may be laid out anew, and nothing above it moves', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 12 }), fc.nat(1500), (columns, steps, line) => {
      const wall = new Waterfall(columns, 180, GAP)
      for (const [where, shapes] of steps) wall[where](shapes)
      const before = boxes(wall)
      const below = wall.below(line)
      wall.cut(below)
      const left = Array.from(before.values()).filter(({ id }) => !below.has(id))
      assert.ok(left.every(({ top }) => top <= line))
      wall.append(Array.from(below, id => ({ id, width: 3, height: 2 })))
      const after = boxes(wall)
      for (const box of left) assert.deepEqual(after.get(box.id), box)
      assert.equal(after.size, before.size)
    }),
  )
})

test('a stripe of the wall holds exactly the boxes that touch it', () => {
  fc.assert(
    fc.property(fc.array(shape, { maxLength: 40 }), fc.nat(3000), fc.nat(2000), (shapes, from, size) => {
      const wall = new Waterfall(2, 180, GAP)
      wall.append(shapes.slice(0, 20))
      wall.prepend(shapes.slice(20))
      const wanted = [...boxes(wall).values()].filter(box => box.top < from + size && box.top + box.height > from)
      assert.deepEqual(
        wall.between(from, from + size).map(({ id }) => id).sort(),
        wanted.map(({ id }) => id).sort(),
      )
    }),
  )
})

test('the hole above the shorter column is what the longer one has more', () => {
  const wall = new Waterfall(2, 180, GAP)
  wall.append([{ id: 'a', width: 3, height: 2 }, { id: 'b', width: 3, height: 2 }])
  assert.equal(wall.hole, null)
  wall.prepend([{ id: 'c', width: 3, height: 2 }])
  assert.deepEqual(wall.hole, { left: 184, width: 180, height: 120 })
  wall.prepend([{ id: 'd', width: 3, height: 2 }])
  assert.equal(wall.hole, null)
})

test('5,000 photos are laid out and searched at once', () => {
  const wall = new Waterfall(2, 180, GAP)
  wall.append(Array.from({ length: 5000 }, (_, n) => ({ id: `p${n}`, width: 3, height: 2 + (n % 3) })))
  assert.ok(wall.between(100_000, 102_000).length < 40)
})

test('what comes while one looks further down waits, and moves nothing until it is let in', () => {
  const feed = new Feed()
  feed.take([card(1), card(2), card(3)])
  const wall = new Wall(feed, 364)
  const before = wall.tiles(0, 5000)
  feed.take([card(4), card(5), card(6), tombstone(6, 20)])
  assert.deepEqual(
    wall.waiting.map(({ id }) => id),
    ['p5', 'p4'],
  )
  assert.deepEqual(wall.tiles(0, 5000), before)
  wall.letIn()
  assert.equal(wall.waiting.length, 0)
  assert.deepEqual(wall.tiles(0, 5000).map(({ id }) => id).sort(), ['p1', 'p2', 'p3', 'p4', 'p5'])
  assert.deepEqual(
    wall.tiles(0, 5000).filter(({ fresh }) => fresh).map(({ id }) => id).sort(),
    ['p4', 'p5'],
  )
})

test('a hidden photo leaves its place empty, a better one is shown in the same place', () => {
  const feed = new Feed()
  feed.take([card(1), card(2), card(3)])
  const wall = new Wall(feed, 364)
  const before = wall.tiles(0, 5000)
  feed.take([tombstone(2, 10), card(3, { revision: 11, width: 1000, height: 1500, stage: 'original' })])
  const after = wall.tiles(0, 5000)
  assert.deepEqual(
    after.map(({ id, style }) => [id, style]),
    before.map(({ id, style }) => [id, style]),
  )
  assert.deepEqual(
    after.filter(({ gone }) => gone).map(({ id, thumb }) => [id, thumb]),
    [['p2', '']],
  )
  assert.match(after.find(({ id }) => id === 'p3')?.thumb ?? '', /p3-11-thumb/)
  wall.reset()
  assert.equal(wall.tiles(0, 5000).length, 2)
})

test('every empty album takes its first photo at the top', () => {
  const feed = new Feed()
  const wall = new Wall(feed, 364)
  feed.take([card(1)])
  assert.equal(wall.waiting.length, 1)
  wall.letIn()
  assert.match(wall.tiles(0, 500)[0]?.style ?? '', /translate3d\(0px,0px,0\)/)
})

const AREA = { width: 390, height: 844, density: 3 }

test('the viewer draws the photo and two to each side, whole on the screen', () => {
  const photos = Array.from({ length: 100 }, (_, n) => card(100 - n))
  const slides = new Slides(photos, 'p50', AREA)
  const near = slides.slides().filter(slide => slide.near)
  assert.deepEqual(
    near.map(({ id }) => id),
    ['p52', 'p51', 'p50', 'p49', 'p48'],
  )
  assert.ok(near.every(({ src, style }) => src !== '' && style === 'width:390px;height:260px'))
  assert.ok(slides.slides().every(({ near: drawn, src }) => drawn || src === ''))
})

test('the phone gets the small copy, a tablet and a zoomed photo the large one', () => {
  const upright = card(2, { width: 1000, height: 1500 })
  const srcs = (slides: Slides): string[] => slides.slides().map(({ src }) => /(phone|view)\.jpg/.exec(src)?.[1] ?? src)
  const slides = new Slides([card(3), upright, card(1)], 'p2', AREA)
  assert.deepEqual(srcs(slides), ['phone', 'phone', 'phone'])
  assert.equal(slides.zoom(1.1), false)
  assert.equal(slides.zoom(2.5), true)
  assert.equal(slides.zoom(3), false)
  assert.deepEqual(srcs(slides), ['phone', 'view', 'phone'])
  slides.go(2)
  slides.go(1)
  assert.equal(slides.zoom(1), false)
  assert.deepEqual(srcs(slides), ['phone', 'view', 'phone'], 'what was fetched is kept')
  const tablet = new Slides([card(3), upright, card(1)], 'p2', { width: 834, height: 1194, density: 2 })
  assert.deepEqual(srcs(tablet), ['view', 'view', 'view'])
  const old = new Slides([card(1, { urls: { thumb: 't', view: 'https://x/old-view.jpg' } })], 'p1', AREA)
  assert.deepEqual(srcs(old), ['view'])
})

test('one may swipe through a thousand photos and back, each exactly once', () => {
  const photos = Array.from({ length: 1000 }, (_, n) => card(1000 - n))
  const slides = new Slides(photos, 'p1000', AREA)
  const swipe = (by: number): string | undefined => {
    slides.go(slides.current + by)
    assert.equal(slides.slides()[slides.current]?.id, slides.photo?.id)
    assert.ok(slides.slides().length <= 81)
    return slides.photo?.id
  }
  for (let n = 999; n >= 1; n--) assert.equal(swipe(1), `p${n}`)
  assert.equal(swipe(1), 'p1')
  assert.ok(slides.atEnd)
  for (let n = 2; n <= 1000; n++) assert.equal(swipe(-1), `p${n}`)
  assert.equal(swipe(-1), 'p1000')
})

test('in the viewer a photo gets better, is hidden and comes back, all in its place', () => {
  const slides = new Slides([card(3), card(2), card(1)], 'p2', AREA)
  slides.better(card(2, { revision: 9, urls: { thumb: 't', view: 'https://x/better.jpg' } }))
  assert.equal(slides.slides()[1]?.src, 'https://x/better.jpg')
  slides.hide('p2')
  assert.ok(slides.isGone)
  assert.deepEqual([slides.slides()[1]?.gone, slides.slides()[1]?.src], [true, ''])
  slides.better(card(2, { revision: 12 }))
  assert.ok(!slides.isGone)
  slides.extend([card(1), card(0)])
  assert.deepEqual(
    slides.slides().map(({ id }) => id),
    ['p3', 'p2', 'p1', 'p0'],
  )
})
