/** Photos of the guest's own for this album: choose, give under a name, see what became of each, take one back. */

import { confirmed, toast } from '../../flows/ask'
import { definePage, type Heard, type Tapped } from '../../lib/define'
import { hourMinute } from '../../lib/moments'
import { standIn } from '../../lib/thumbhash'
import { choosePictures, givePicture, readGiven, takeBack } from '../../services/give'
import { tolerate } from '../../services/refused'
import type { GivenPhoto } from '../../services/wire'
import { giver } from '../../state/giver'
import { stage } from '../../state/stage'
import { fill } from '../../words/fill'
import { trouble } from '../../words/trouble'
import { zh, type Words } from '../../words/zh'

type Fate = GivenPhoto['state'] | 'sending' | 'failed'

interface Row {
  readonly id: string
  readonly state: Fate
  readonly word: string
  readonly line: string
  readonly src: string
  readonly standIn: string
  readonly act: string
}

/** On its way: not the platform's yet. */
interface Sending {
  readonly id: string
  readonly file: string
  readonly words: string
  readonly at: number
  problem: string
  failed: boolean
}

export interface Data {
  t: Words['give']
  any: Words['any']
  face: 'loading' | 'give' | 'off' | 'failed'
  lead: string
  name: string
  words: string
  rows: Row[]
  left: number
  leftWord: string
  problem: string
  banner: string
}

export interface Methods {
  albumId: string
  rule: 'off' | 'review' | 'open'
  given: readonly GivenPhoto[]
  sending: Sending[]
  /** Pictures of this phone, by the id the platform gave them: nothing else shows a photo that waits. */
  files: Map<string, string> | null
  busy: boolean
  timer: number
  leaves: (() => void)[]
  refresh(): Promise<void>
  paint(): void
  type(said: Heard<{ value: string }>): void
  say(said: Heard<{ value: string }>): void
  choose(): Promise<void>
  sendAll(): Promise<void>
  sendOne(one: Sending): Promise<void>
  act(said: Tapped<{ id: string }>): void
  takeBack(id: string): Promise<void>
  again(): void
}

const WAITING_MS = 5_000

definePage<Data, Methods>({
  data: {
    t: zh.give,
    any: zh.any,
    face: 'loading',
    lead: '',
    name: '',
    words: '',
    rows: [],
    left: 0,
    leftWord: '',
    problem: '',
    banner: '',
  },
  albumId: '',
  rule: 'off',
  given: [],
  sending: [],
  files: null,
  busy: false,
  timer: 0,
  leaves: [],

  onLoad(query) {
    const { language, network, rooms } = stage()
    this.albumId = query['album'] ?? ''
    this.files = new Map()
    this.sending = []
    this.setData({ name: giver.get().name })
    const repaint = (): void => {
      this.paint()
    }
    const room = rooms.room(this.albumId)
    const leave = room.enter(said => {
      if (said.kind === 'changed') this.refresh().catch(tolerate) // one of them may be shown, or taken down, now
    })
    room.open().catch(tolerate) // the list itself says what is wrong
    this.leaves = [language.news.listen(repaint), network.news.listen(repaint), leave]
    this.paint()
  },

  /** A photo that nobody else saw changes nothing in the album when it is declined: while one waits, ask. */
  onShow() {
    this.again()
    this.timer = setInterval(() => {
      if (this.given.some(({ state }) => state === 'waiting')) this.refresh().catch(tolerate)
    }, WAITING_MS)
  },

  onHide() {
    clearInterval(this.timer)
  },

  onUnload() {
    clearInterval(this.timer)
    for (const leave of this.leaves) leave()
  },

  async refresh() {
    const said = await readGiven(stage().api, this.albumId)
    this.rule = said.rule
    this.given = said.photos
    const face = said.rule === 'off' && said.photos.length === 0 ? 'off' : 'give'
    this.setData({ face, left: said.rule === 'off' ? 0 : said.left })
    this.paint()
  },

  paint() {
    const { language, network, rooms } = stage()
    const { give: t, any } = language.words
    const title = rooms.known(this.albumId)?.album?.title ?? ''
    const rules = { off: t.off, review: t.review, open: t.open }
    const sending = this.sending.map((one): Row => {
      const word = one.failed ? t.failed : t.sending
      const line = one.failed ? one.problem : hourMinute(one.at)
      return { id: one.id, state: one.failed ? 'failed' : 'sending', word, line, src: one.file, standIn: '', act: one.failed ? t.retry : '' }
    })
    const there = this.given.map((photo): Row => {
      const word = { waiting: t.waiting, live: t.live, off: t.shown }[photo.state]
      const line = [hourMinute(photo.given_at), photo.by, photo.words].filter(part => part !== '').join('  ')
      const still = photo.placeholder === '' ? '' : standIn(photo.placeholder, photo.width, photo.height)
      const act = photo.state === 'off' ? '' : t.back
      return { id: photo.id, state: photo.state, word, line, src: this.files?.get(photo.id) ?? '', standIn: still, act }
    })
    this.setData({
      t,
      any,
      lead: [title === '' ? '' : fill(t.lead, { title }), rules[this.rule]].filter(part => part !== '').join(''),
      rows: [...sending, ...there],
      leftWord: this.rule === 'off' ? '' : this.data.left > 0 ? fill(t.left, { n: this.data.left }) : t.none,
      banner: network.weather === 'offline' ? any.offline : '',
    })
  },

  type(said) {
    this.setData({ name: said.detail.value })
    giver.set({ name: said.detail.value })
  },

  say(said) {
    this.setData({ words: said.detail.value })
  },

  async choose() {
    if (this.data.left < 1) {
      toast(this.data.leftWord)
      return
    }
    const chosen = await choosePictures(this.data.left)
    if (chosen === 'private') {
      toast(this.data.t.privacy)
      return
    }
    const at = Date.now()
    const words = this.data.words.trim()
    this.sending.unshift(...chosen.map((file, n) => ({ id: `sending-${at}-${n}`, file, words, at, problem: '', failed: false })))
    if (chosen.length > 0) this.setData({ words: '' }) // it went with these
    this.paint()
    await this.sendAll()
  },

  /** One after the other: the phone's line is narrow, and the live album shares it. */
  async sendAll() {
    if (this.busy) return
    this.busy = true
    try {
      for (let one = this.sending.find(({ failed }) => !failed); one; one = this.sending.find(({ failed }) => !failed)) {
        await this.sendOne(one)
      }
    } finally {
      this.busy = false
    }
  },

  async sendOne(one) {
    try {
      const photo = await givePicture(stage().api, this.albumId, one.file, this.data.name.trim(), one.words)
      this.files?.set(photo.id, one.file)
      this.sending = this.sending.filter(other => other !== one)
      this.given = [photo, ...this.given.filter(({ id }) => id !== photo.id)]
      await this.refresh().catch(tolerate)
    } catch (error) {
      one.failed = true
      one.problem = trouble(error, this.data.any)
    }
    this.paint()
  },

  act(said) {
    const { id } = said.currentTarget.dataset
    const failed = this.sending.find(one => one.id === id)
    if (failed === undefined) {
      void this.takeBack(id)
      return
    }
    failed.failed = false
    this.paint()
    void this.sendAll()
  },

  async takeBack(id) {
    const { t, any } = this.data
    if (!(await confirmed({ title: t.backAsk, content: t.backHint, yes: t.back, no: any.cancel }))) return
    try {
      await takeBack(stage().api, id)
      await this.refresh()
      toast(t.backDone)
    } catch (error) {
      toast(trouble(error, any))
    }
  },

  again() {
    this.refresh().catch((error: unknown) => {
      this.setData({ face: 'failed', problem: trouble(error, this.data.any) })
    })
  },
})
