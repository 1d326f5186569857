import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dayOf, hourMinute, remaining, span } from '../src/lib/moments'
import { codeIn, sceneIn, sceneInText, sceneOf } from '../src/lib/scene'
import type { Api } from '../src/services/api'
import { Refused } from '../src/services/refused'
import { NoAnswer } from '../src/services/request'
import { meaning, savePhoto, type Saved } from '../src/services/save'
import { filtersOf } from '../src/state/filters'
import { freshnessOf } from '../src/state/freshness'
import { Mine } from '../src/state/mine'
import { phaseOf } from '../src/state/occasion'
import { Reminders } from '../src/state/reminders'
import { Visits } from '../src/state/visits'
import { en } from '../src/words/en'
import { fill } from '../src/words/fill'
import { zh } from '../src/words/zh'
import { cardPicture, freshest } from '../src/flows/share'
import { slotsOf } from '../src/state/schedule'
import type { PhotoCard, ScheduleLine } from '../src/services/wire'
import { card } from './cards'
import { giveWx, storage, type Calls } from './phone'

test('every way a code can arrive leads to its scene', () => {
  const scene = 'e=bfk0sgFc4T&f=p'
  assert.equal(sceneIn({ scene: 'e%3Dbfk0sgFc4T%26f%3Dp' }), scene) // a mini-program code
  assert.equal(sceneIn({ scene: 'e=bfk0sgFc4T', f: 'p' }), scene) // a message's link that lost its encoding
  assert.equal(sceneIn({ e: 'bfk0sgFc4T' }), 'e=bfk0sgFc4T&f=l') // our own links
  assert.equal(sceneIn({ q: 'https%3A%2F%2Fphotos.example.com%2Fa%2Fbfk0sgFc4T%3Fx%3D1' }), 'e=bfk0sgFc4T&f=l') // a plain code
  assert.equal(sceneIn({ scene: '%E0%A4%A' }), '')
  assert.equal(sceneIn({}), '')
  assert.equal(sceneInText(' bfk0sgFc4T '), 'e=bfk0sgFc4T&f=l')
  assert.equal(sceneInText('https://photos.example.com/a/bfk0sgFc4T'), 'e=bfk0sgFc4T&f=l')
  assert.equal(sceneInText('pages/event/event?scene=e%3Dbfk0sgFc4T%26f%3Dt'), 'e=bfk0sgFc4T&f=t')
  assert.equal(sceneInText(scene), scene)
  for (const nothing of ['', '  ', 'https://example.com/', '你好', 'a b']) assert.equal(sceneInText(nothing), '')
  assert.equal(codeIn(sceneOf('bfk0sgFc4T', 's')), 'bfk0sgFc4T')
  assert.equal(codeIn('f=p'), '')
})

test('both languages say the same things, with the same blanks', () => {
  const walk = (one: object, other: object, path: string): void => {
    assert.deepEqual(Object.keys(one), Object.keys(other), path)
    for (const [key, value] of Object.entries(one) as [string, unknown][]) {
      const twin: unknown = (other as Record<string, unknown>)[key]
      if (typeof value === 'object' && value !== null) walk(value, twin as object, `${path}.${key}`)
      else {
        const blanks = (said: unknown): string[] => (String(said).match(/\{\w+\}/g) ?? []).sort()
        assert.deepEqual(blanks(value), blanks(twin), `${path}.${key}`)
        assert.notEqual(String(twin).trim(), '', `${path}.${key}`)
      }
    }
  }
  walk(zh, en, 'words')
  assert.equal(fill('{n} 张 {x}', { n: 3 }), '3 张 {x}')
})

test('a countdown is right to the second and stops at nothing', () => {
  const now = Date.UTC(2026, 10, 23)
  assert.deepEqual(remaining(now + 90_061_000, now), { days: '1', hours: '01', minutes: '01', seconds: '01' })
  assert.deepEqual(remaining(now + 1, now), { days: '0', hours: '00', minutes: '00', seconds: '01' })
  assert.deepEqual(remaining(now - 5000, now), { days: '0', hours: '00', minutes: '00', seconds: '00' })
})

test('an event is soon, live or over', () => {
  const event = { state: 'open' as const, starts_at: 100, ends_at: 200 }
  assert.deepEqual([50, 100, 150, 201].map(now => phaseOf(event, now)), ['soon', 'live', 'live', 'closed'])
  assert.equal(phaseOf({ ...event, state: 'closed' }, 150), 'closed')
  assert.equal(phaseOf({ state: 'open', starts_at: null, ends_at: null }, 1), 'live')
  const from = new Date(2026, 10, 23, 14, 5).getTime()
  assert.equal(span(from, from + 3_600_000), '2026.11.23  14:05 – 15:05')
  assert.equal(span(from, from + 86_400_000), '2026.11.23 – 2026.11.24')
})

test('each photo says when it was taken, live and retouched, to the second, and which version it is', () => {
  const shot = new Date(2026, 10, 23, 14, 3, 22, 900).getTime()
  const photo = { shot_at: shot, live_at: shot + 1500, retouched_at: shot + 108_000, stage: 'retouched' as const, by: '', words: '' }
  assert.deepEqual(freshnessOf(photo, en.viewer), {
    day: '2026.11.23',
    stamps: [
      { word: 'Taken', time: '14:03:22' },
      { word: 'Live', time: '14:03:24' },
      { word: 'Retouched', time: '14:05:10' },
    ],
    version: 'Retouched',
    words: '',
  })
  // a retouched version that is not what one sees is not claimed
  assert.deepEqual(
    freshnessOf({ ...photo, shot_at: null, stage: 'preview' }, en.viewer).stamps.map(({ word }) => word),
    ['Live'],
  )
})

interface Wechat {
  album: ('ok' | 'deny' | 'cancel' | 'private' | 'full')[]
  settings: boolean
  permitted: boolean
}

const SAYS = {
  deny: { errMsg: 'saveImageToPhotosAlbum:fail auth deny' },
  cancel: { errMsg: 'saveImageToPhotosAlbum:fail cancel' },
  private: { errMsg: 'saveImageToPhotosAlbum:fail privacy permission is not authorized', errno: 104 },
  full: { errMsg: 'saveImageToPhotosAlbum:fail disk full' },
}

async function saves(wechat: Partial<Wechat>, statuses: number[] = [200]): Promise<{ saved: Saved; did: string[] }> {
  const did: string[] = []
  const answers = [...(wechat.album ?? ['ok'])]
  giveWx({
    downloadFile: ({ success }: Calls) => success({ statusCode: 200, tempFilePath: '/tmp/1' }),
    saveImageToPhotosAlbum: ({ success, fail }: Calls) => {
      const answer = answers.shift() ?? 'ok'
      did.push(answer)
      if (answer === 'ok') success({})
      else fail(SAYS[answer])
    },
    openSetting: ({ success }: Calls) => {
      did.push('settings')
      success({ authSetting: { 'scope.writePhotosAlbum': wechat.permitted ?? false } })
    },
    previewImage: () => did.push('preview'),
  })
  const answer = (): Promise<object> => {
    const status = statuses.shift() ?? 200
    if (status === 0) return Promise.reject(new NoAnswer('offline'))
    if (status >= 400) return Promise.reject(new Refused({ status, body: {}, retryAfter_s: 0 }))
    return Promise.resolve({ status, body: status === 202 ? { retry_after: 0 } : { url: 'https://x/full.jpg' } })
  }
  const face = { progress: () => undefined, settings: () => Promise.resolve(wechat.settings ?? true) }
  return { saved: await savePhoto({ answer } as unknown as Api, 'p1', face), did }
}

test('saving: every permission path ends well', async () => {
  const table: [Partial<Wechat>, Saved, string[]][] = [
    [{}, 'saved', ['ok']],
    [{ album: ['cancel'] }, 'cancelled', ['cancel']],
    [{ album: ['deny', 'ok'], permitted: true }, 'saved', ['deny', 'settings', 'ok']],
    [{ album: ['deny'], permitted: false }, 'shown', ['deny', 'settings', 'preview']],
    [{ album: ['deny'], settings: false }, 'shown', ['deny', 'preview']],
    [{ album: ['deny', 'deny'], permitted: true }, 'shown', ['deny', 'settings', 'deny', 'preview']],
    [{ album: ['private'] }, 'private', ['private', 'preview']],
    [{ album: ['full'] }, 'failed', ['full']],
  ]
  for (const [wechat, saved, did] of table) assert.deepEqual(await saves(wechat), { saved, did }, JSON.stringify(wechat))
})

test('saving: the full size may still be in the making, forbidden, or out of reach', async () => {
  assert.equal((await saves({}, [202, 202, 200])).saved, 'saved')
  assert.equal((await saves({}, [403])).saved, 'closed')
  assert.equal((await saves({}, [404])).saved, 'failed')
  assert.equal((await saves({}, [0])).saved, 'failed')
})

test('what WeChat says about saving is understood', () => {
  const table = {
    'saveImageToPhotosAlbum:fail auth deny': 'refused',
    'saveImageToPhotosAlbum:fail:auth denied': 'refused',
    'saveImageToPhotosAlbum:fail authorize no response': 'refused',
    'saveImageToPhotosAlbum:fail api scope is not declared in the privacy agreement': 'refused',
    'saveImageToPhotosAlbum:fail cancel': 'cancelled',
    'saveImageToPhotosAlbum:fail file not found': 'failed',
  }
  for (const [errMsg, wanted] of Object.entries(table)) assert.equal(meaning({ errMsg }), wanted, errMsg)
  assert.equal(meaning({ errMsg: 'saveImageToPhotosAlbum:fail', errno: 104 }), 'private')
  assert.equal(meaning({ errMsg: 'saveImageToPhotosAlbum:fail privacy permission is not authorized', errno: 104 }), 'private')
})

function reminders(answer: 'accept' | 'reject' | 'off', told: () => Promise<object>): { reminders: Reminders; at: { now: number } } {
  const at = { now: 1000 }
  giveWx({
    requestSubscribeMessage: ({ tmplIds, success, fail }: Calls & { tmplIds: string[] }) => {
      if (answer === 'off') fail({ errCode: 20004, errMsg: 'off' })
      else success(Object.fromEntries(tmplIds.map(id => [id, answer])))
    },
    getSetting: ({ success }: Calls) => {
      success({ subscriptionsSetting: { mainSwitch: true, itemSettings: { t1: 'accept', t2: 'reject' } } })
    },
  })
  return { reminders: new Reminders({ ask: told } as unknown as Api, () => at.now), at }
}

test('an accept counts on the platform, and then nothing is offered for this album', async () => {
  const { reminders: remind } = reminders('accept', () => Promise.resolve({ left: 2 }))
  assert.ok(remind.mayOffer('a', ['t1']))
  assert.deepEqual(await remind.ask('a', ['t1']), { kind: 'on', left: 2 })
  assert.equal(remind.left('a'), 2)
  assert.ok(!remind.mayOffer('a', ['t1']))
  assert.ok(remind.mayOffer('b', ['t1']))
  assert.ok(!remind.mayOffer('b', []))
})

test('an accept that the platform did not hear of is told later, once', async () => {
  let online = false
  let told = 0
  const { reminders: remind } = reminders('accept', () => {
    if (!online) return Promise.reject(new NoAnswer('offline'))
    told++
    return Promise.resolve({ left: 1 })
  })
  assert.deepEqual(await remind.ask('a', ['t1']), { kind: 'owed' })
  assert.equal((storage.get('reminders.owed') as object[]).length, 1)
  online = true
  await Promise.all([remind.refresh(), remind.refresh()])
  assert.equal(told, 1)
  assert.equal(remind.left('a'), 1)
  assert.deepEqual(storage.get('reminders.owed'), [])
})

test('a no is a no until tomorrow', async () => {
  const { reminders: remind, at } = reminders('reject', () => Promise.reject(new Error('nobody is told')))
  assert.deepEqual(await remind.ask('a', ['t1']), { kind: 'no' })
  assert.ok(!remind.mayOffer('a', ['t1']))
  at.now += 21 * 3_600_000
  assert.ok(remind.mayOffer('a', ['t1']))
  const { reminders: off } = reminders('off', () => Promise.reject(new Error('nobody is told')))
  assert.deepEqual(await off.ask('a', ['t1']), { kind: 'off' })
})

test('a quiet question is asked only where no dialog would show, and rarely', async () => {
  let told = 0
  const { reminders: remind, at } = reminders('accept', () => Promise.resolve({ left: ++told }))
  remind.askQuietly('a', ['t1', 't2'])
  assert.equal(remind.left('a'), 0)
  await remind.refresh()
  at.now += 3_600_000
  remind.askQuietly('a', ['t1', 't2'])
  remind.askQuietly('a', ['t1', 't2'])
  await new Promise(setImmediate)
  assert.equal(told, 1)
  remind.askQuietly('a', ['t2'])
  await new Promise(setImmediate)
  assert.equal(told, 1)
})

test('what was liked stays over a restart, newest first, without addresses', () => {
  giveWx()
  const mine = new Mine()
  assert.ok(mine.toggle(card(1)))
  assert.ok(mine.toggle(card(2)))
  assert.ok(!mine.toggle(card(1)))
  mine.add('recent', card(5))
  const again = new Mine()
  assert.deepEqual(again.all('liked').map(({ id }) => id), ['p2'])
  assert.ok(!JSON.stringify(storage.get('mine.liked')).includes('https'))
  again.clear()
  assert.deepEqual(new Mine().all('recent'), [])
  storage.set('mine.liked', 'what an older version left')
  assert.deepEqual(new Mine().all('liked'), [])
})

test('who saved a photo hears once that a hand made it better', () => {
  const mine = new Mine()
  const before = { ...card(1), stage: 'original' as const, retouched_at: null }
  const after = { ...before, stage: 'retouched' as const, retouched_at: 5_000 }
  assert.ok(!mine.outdated(after), 'not saved')
  mine.add('saved', before)
  assert.ok(!mine.outdated(before))
  assert.ok(mine.outdated(after))
  assert.ok(!new Mine().outdated(after), 'once, over a restart too')
  assert.ok(mine.outdated({ ...after, retouched_at: 6_000 }), 'another version')
  mine.add('saved', { ...after, retouched_at: 7_000 })
  assert.ok(!mine.outdated({ ...after, retouched_at: 7_000 }), 'saved since')
})

test('«mine» offers the albums and hours there are, and keeps what was chosen', () => {
  giveWx()
  const at = new Date(2026, 10, 23, 14, 20).getTime()
  const hour = 3_600_000
  const visits = new Visits()
  const event = { id: 'e', title: '年会', place: '', starts_at: at - 2 * hour, ends_at: at + hour, state: 'open' as const, share_code: 'code', cover_url: null, schedule: [] }
  const album = { event_id: 'e', access: 'public', photos: 1, revision: 1, locked: false, downloads: true,
    contributions: 'off' as const, comments: false, templates: [], live: { carrier: 'stream' as const, stream: '', wait_s: 25, files: null } }
  visits.remember({ event, albums: [{ ...album, id: 'a', title: '签到' }, { ...album, id: 'b', title: '晚宴' }], album_id: null }, at)
  const memories = [card(1, { album_id: 'a', shot_at: at }), card(2, { album_id: 'b', shot_at: at - hour })]
  const list = filtersOf({ tab: 'liked', albumId: 'b', hour: '' }, memories, visits.all, zh.mine, at)
  assert.deepEqual(list.albums.map(({ label }) => label), [zh.mine.allAlbums, '签到', '晚宴'])
  assert.deepEqual(list.hours.map(({ label }) => label), [zh.mine.allTimes, '14:00–15:00', '13:00–14:00'])
  assert.equal(list.albumId, 'b')
  assert.equal(filtersOf({ tab: 'liked', albumId: 'x', hour: '5' }, memories, visits.all, zh.mine, at).albumId, '')
  const find = filtersOf({ tab: 'find', albumId: '', hour: '' }, [], visits.all, zh.mine, at)
  assert.equal(find.albumId, 'a')
  assert.deepEqual(find.hours.map(({ label }) => label.slice(0, 5)), ['14:00', '13:00', '12:00'])
  assert.equal(find.hour, find.hours[0]?.id)
  assert.equal(visits.of('b')?.title, '年会')
  assert.deepEqual([dayOf(at), hourMinute(at)], ['2026.11.23', '14:20'])
})

test('a schedule says what is under way, and days only where there are several', () => {
  const noon = new Date(2026, 10, 22, 12, 0).getTime()
  const hour = 3_600_000
  const line = (starts_at: number, ends_at: number | null, title: string): ScheduleLine => ({ starts_at, ends_at, title, place: '' })
  const lines = [line(noon, noon + hour, '签到'), line(noon + 2 * hour, null, '开幕'), line(noon + 3 * hour, null, '晚宴')]
  const phases = (now: number): string[] => slotsOf(lines, now).map(slot => slot.phase)
  assert.deepEqual(phases(noon - 1), ['soon', 'soon', 'soon'])
  assert.deepEqual(phases(noon), ['now', 'soon', 'soon'])
  assert.deepEqual(phases(noon + hour), ['over', 'soon', 'soon'])
  assert.deepEqual(phases(noon + 3 * hour - 1), ['over', 'now', 'soon']) // without an end: until the next one begins
  assert.deepEqual(phases(noon + 5 * hour), ['over', 'over', 'over'])
  assert.deepEqual(slotsOf(lines, noon).map(slot => [slot.day, slot.time]), [['', '12:00–13:00'], ['', '14:00'], ['', '15:00']])
  const next = slotsOf([...lines, line(noon + 24 * hour, null, '返程')], noon)
  assert.deepEqual(next.map(slot => slot.day), ['2026.11.22', '', '', '2026.11.23'])
})

test('a photo of a private album never stands on a shared card', () => {
  assert.equal(cardPicture('https://k/blobs/r/a/1-view.jpg?e=1').imageUrl, 'https://k/blobs/r/a/1-view.jpg?e=1')
  for (const url of [undefined, '', 'https://k/mp/v1/pictures/r/a/1-view.jpg?g=me']) {
    assert.equal(cardPicture(url).imageUrl, '/images/share.png')
  }
})

test('a card of an event shows the photo that went live last, from whichever album', () => {
  const url = (view: string): Partial<PhotoCard> => ({ urls: { thumb: view, view } })
  const early = card(9, { live_at: 1_000, ...url('https://k/blobs/early') })
  const late = card(2, { live_at: 2_000, ...url('https://k/blobs/late') })
  const secret = card(3, { live_at: 3_000, ...url('https://k/mp/v1/pictures/secret') })
  assert.equal(freshest([early, late, secret])?.id, late.id)
  assert.equal(freshest([secret]), undefined)
})
