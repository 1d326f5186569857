/** A member of a team says on their phone that a browser may sign in as them, or binds this WeChat account. */

import { definePage } from '../../lib/define'
import { confirmAsking, readAsking } from '../../services/confirm'
import type { Asking } from '../../services/wire'
import { stage } from '../../state/stage'
import { trouble } from '../../words/trouble'
import { zh, type Words } from '../../words/zh'

export interface Data {
  t: Words['confirm']
  any: Words['any']
  face: 'loading' | 'asking' | 'done' | 'failed'
  problem: string
  sending: boolean
  asking: Asking | null
}

export interface Methods {
  ticket: string
  leave: (() => void) | null
  load(): Promise<void>
  again(): void
  confirm(): Promise<void>
  goHome(): void
}

definePage<Data, Methods>({
  data: { t: zh.confirm, any: zh.any, face: 'loading', problem: '', sending: false, asking: null },
  ticket: '',
  leave: null,

  onLoad(query) {
    this.ticket = /(?:^|&)k=([\w-]+)/.exec(decodeURIComponent(query['scene'] ?? ''))?.[1] ?? ''
    const { language } = stage()
    const speak = (words: Words): void => {
      this.setData({ t: words.confirm, any: words.any })
    }
    speak(language.words)
    this.leave = language.news.listen(speak)
    void this.load()
  },

  onUnload() {
    this.leave?.()
  },

  async load() {
    try {
      this.setData({ asking: await readAsking(stage().api, this.ticket), face: 'asking' })
    } catch (error) {
      this.setData({ face: 'failed', problem: trouble(error, this.data.any) })
    }
  },

  again() {
    this.setData({ face: 'loading' })
    void this.load()
  },

  async confirm() {
    if (this.data.sending) return
    this.setData({ sending: true })
    try {
      await confirmAsking(stage().api, this.ticket)
      stage().traces.member()
      this.setData({ face: 'done' })
    } catch (error) {
      this.setData({ face: 'failed', problem: trouble(error, this.data.any) })
    } finally {
      this.setData({ sending: false })
    }
  },

  goHome() {
    void wx.reLaunch({ url: '/pages/home/home' })
  },
})
