/** Where somebody without a code begins: scan, type, go back to a recent event, or look at an example. */

import { DEMO_SCENE } from '../../config'
import { toast } from '../../flows/ask'
import { ABOUT, eventPath, go, minePath } from '../../flows/routes'
import { definePage, type Heard, type Tapped } from '../../lib/define'
import { dayOf } from '../../lib/moments'
import { sceneIn, sceneInText, sceneOf } from '../../lib/scene'
import { stage } from '../../state/stage'
import type { Words } from '../../words/zh'
import { zh } from '../../words/zh'

interface Row {
  readonly id: string
  readonly title: string
  readonly line: string
  readonly scene: string
}

export interface Data {
  t: Words['home']
  name: string
  rows: Row[]
  demo: boolean
  code: string
}

export interface Methods {
  leave: (() => void) | null
  scan(): void
  type(said: Heard<{ value: string }>): void
  open(): void
  openRow(said: Tapped<{ scene: string }>): void
  openDemo(): void
  openMine(): void
  openAbout(): void
}

definePage<Data, Methods>({
  data: { t: zh.home, name: zh.name, rows: [], demo: DEMO_SCENE !== '', code: '' },
  leave: null,

  onLoad(query) {
    const scene = sceneIn(query)
    if (scene !== '') void wx.redirectTo({ url: eventPath(scene) })
    const { language } = stage()
    this.setData({ t: language.words.home, name: language.words.name })
    this.leave = language.news.listen(words => {
      this.setData({ t: words.home, name: words.name })
    })
  },

  onShow() {
    const rows = stage().visits.all.map(visit => ({
      id: visit.eventId,
      title: visit.title,
      line: [dayOf(visit.starts_at ?? visit.at), visit.place].filter(Boolean).join('  ·  '),
      scene: sceneOf(visit.shareCode, 'l'),
    }))
    this.setData({ rows })
  },

  onUnload() {
    this.leave?.()
  },

  /** Mini-program codes come back as a page's path, plain codes as an address. */
  scan() {
    wx.scanCode({
      scanType: ['qrCode', 'wxCode'],
      success: said => {
        const scene = sceneInText(said.path || '') || sceneInText(said.result)
        if (scene === '') toast(this.data.t.wrongCode)
        else go(eventPath(scene))
      },
    })
  },

  type(said) {
    this.setData({ code: said.detail.value })
  },

  open() {
    const scene = sceneInText(this.data.code)
    if (scene === '') toast(this.data.t.wrongCode)
    else go(eventPath(scene))
  },

  openRow(said) {
    go(eventPath(said.currentTarget.dataset.scene))
  },

  openDemo() {
    go(eventPath(DEMO_SCENE))
  },

  openMine() {
    go(minePath())
  },

  openAbout() {
    go(ABOUT)
  },

  onShareAppMessage() {
    return { title: this.data.name, path: '/pages/home/home' }
  },
})
