/** What guests say under a photo: read, written under a name, one's own deleted, others' reported. */

import { confirmed, toast } from '../../flows/ask'
import { definePage, type Heard, type Tapped } from '../../lib/define'
import { dayOf, hourMinute } from '../../lib/moments'
import { Refused, tolerate } from '../../services/refused'
import { deleteComment, readComments, reportComment, writeComment } from '../../services/talk'
import type { Comment } from '../../services/wire'
import { giver } from '../../state/giver'
import { stage } from '../../state/stage'
import { fill } from '../../words/fill'
import { trouble } from '../../words/trouble'
import { zh, type Words } from '../../words/zh'

interface Row {
  readonly id: string
  readonly who: string
  readonly time: string
  readonly text: string
  /** What became of the guest's own; '' while everybody sees it. */
  readonly fate: string
  readonly act: string
  readonly own: boolean
}

export interface Data {
  t: Words['talk']
  any: Words['any']
  face: 'loading' | 'talk' | 'off' | 'failed'
  title: string
  rows: Row[]
  name: string
  text: string
  sending: boolean
  problem: string
  banner: string
}

export interface Methods {
  photoId: string
  comments: readonly Comment[]
  count: number
  timer: number
  leaves: (() => void)[]
  look(): Promise<void>
  paint(): void
  row(comment: Comment): Row
  typeName(said: Heard<{ value: string }>): void
  type(said: Heard<{ value: string }>): void
  send(): Promise<void>
  act(said: Tapped<{ id: string }>): Promise<void>
  again(): void
}

const AGAIN_MS = 10_000

definePage<Data, Methods>({
  data: {
    t: zh.talk,
    any: zh.any,
    face: 'loading',
    title: '',
    rows: [],
    name: '',
    text: '',
    sending: false,
    problem: '',
    banner: '',
  },
  photoId: '',
  comments: [],
  count: 0,
  timer: 0,
  leaves: [],

  onLoad(query) {
    const { language, network, rooms } = stage()
    this.photoId = query['id'] ?? ''
    this.setData({ name: giver.get().name })
    const repaint = (): void => {
      this.paint()
    }
    const leave = rooms.room(query['album'] ?? '').enter(said => {
      if (said.kind === 'changed' && said.taken.hidden.includes(this.photoId)) this.again() // its comments are off with it
    })
    this.leaves = [language.news.listen(repaint), network.news.listen(repaint), leave]
    this.paint()
  },

  onShow() {
    this.again()
    this.timer = setInterval(() => {
      this.look().catch(tolerate)
    }, AGAIN_MS)
  },

  onHide() {
    clearInterval(this.timer)
  },

  onUnload() {
    clearInterval(this.timer)
    for (const leave of this.leaves) leave()
  },

  /** Raises NoAnswer, and what Refused is no answer about this photo. */
  async look() {
    try {
      const { comments, count } = await readComments(stage().api, this.photoId)
      this.comments = comments
      this.count = count
      this.setData({ face: 'talk' })
      this.paint()
    } catch (error) {
      if (!(error instanceof Refused) || ![403, 404].includes(error.status)) throw error
      const gone = error.status === 404 // else switched off, or the album is locked now
      this.setData({ face: 'off', problem: gone ? this.data.t.gone : trouble(error, this.data.any) })
    }
  },

  paint() {
    const { language, network } = stage()
    const { talk: t, any } = language.words
    this.setData({
      t,
      any,
      title: this.count > 0 ? fill(t.titleOf, { n: this.count }) : t.title,
      banner: network.weather === 'offline' ? any.offline : '',
    })
    this.setData({ rows: this.comments.map(comment => this.row(comment)) })
  },

  row({ id, by, text, state, own, reported, created_at }) {
    const { t } = this.data
    const today = dayOf(created_at) === dayOf(Date.now())
    return {
      id,
      who: by || t.guest,
      time: today ? hourMinute(created_at) : `${dayOf(created_at)} ${hourMinute(created_at)}`,
      text,
      fate: { shown: '', waiting: t.waiting, hidden: t.hidden }[state],
      act: own ? t.delete : reported ? t.reported : t.report,
      own,
    }
  },

  typeName(said) {
    this.setData({ name: said.detail.value })
    giver.set({ name: said.detail.value })
  },

  type(said) {
    this.setData({ text: said.detail.value, problem: '' })
  },

  /** Once: what is sent twice stands there twice. */
  async send() {
    const { text, name, sending, any } = this.data
    if (sending || text.trim() === '') return
    this.setData({ sending: true, problem: '' })
    try {
      await writeComment(stage().api, this.photoId, text.trim(), name.trim())
      this.setData({ text: '' })
      await this.look().catch(tolerate)
    } catch (error) {
      this.setData({ problem: trouble(error, any) })
    } finally {
      this.setData({ sending: false })
    }
  },

  async act(said) {
    const comment = this.comments.find(({ id }) => id === said.currentTarget.dataset.id)
    if (comment === undefined || comment.reported) return
    const { t, any } = this.data
    const asked = comment.own ? { title: t.deleteAsk, content: '', yes: t.delete } : { title: t.reportAsk, content: t.reportHint, yes: t.report }
    if (!(await confirmed({ ...asked, no: any.cancel }))) return
    try {
      await (comment.own ? deleteComment : reportComment)(stage().api, comment.id)
      await this.look()
    } catch (error) {
      toast(trouble(error, any))
    }
  },

  again() {
    this.look().catch((error: unknown) => {
      const problem = trouble(error, this.data.any)
      if (this.data.face === 'loading' || this.data.face === 'failed') this.setData({ face: 'failed', problem })
    })
  },
})
