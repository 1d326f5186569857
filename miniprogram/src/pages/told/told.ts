/** Opened by a link in the guest's browser: one tap allows a message and joins both, so that WeChat tells of «mine». */

import { remind } from '../../flows/remind'
import { albumPath, go, minePath } from '../../flows/routes'
import { definePage } from '../../lib/define'
import { sceneIn } from '../../lib/scene'
import { Refused } from '../../services/refused'
import { scan } from '../../services/scan'
import { joinBrowser, tieTemplates } from '../../services/tie'
import { stage } from '../../state/stage'
import { fill } from '../../words/fill'
import { trouble } from '../../words/trouble'
import { zh, type Words } from '../../words/zh'

export interface Data {
  t: Words['told']
  any: Words['any']
  face: 'loading' | 'ask' | 'locked' | 'done' | 'failed'
  lead: string
  problem: string
  over: boolean
  busy: boolean
}

export interface Methods {
  albumId: string
  ticket: string
  scene: string
  title: string
  templates: readonly string[]
  leave: (() => void) | null
  load(): Promise<void>
  speak(words: Words): void
  failed(error: unknown): void
  join(): Promise<void>
  tellMe(): void
  again(): void
  enter(): void
  openMine(): void
}

definePage<Data, Methods>({
  data: { t: zh.told, any: zh.any, face: 'loading', lead: '', problem: '', over: false, busy: false },
  albumId: '',
  ticket: '',
  scene: '',
  title: '',
  templates: [],
  leave: null,

  onLoad(query) {
    this.albumId = query['album'] ?? ''
    this.ticket = query['t'] ?? ''
    this.scene = sceneIn(query)
    const { language } = stage()
    const speak = (words: Words): void => {
      this.speak(words)
    }
    speak(language.words)
    this.leave = language.news.listen(speak)
  },

  /** Also after the album's door. */
  onShow() {
    if (this.data.face === 'loading' || this.data.face === 'locked') void this.load()
  },

  onUnload() {
    this.leave?.()
  },

  speak(words) {
    this.setData({ t: words.told, any: words.any, lead: fill(words.told.lead, { title: this.title }) })
  },

  /** What there is to allow is known before the tap: WeChat asks only at once inside it. */
  async load() {
    const { api, visits, language } = stage()
    try {
      const scanned = await scan(api, this.scene)
      visits.remember(scanned, Date.now())
      this.title = scanned.event.title
      this.speak(language.words)
      this.templates = await tieTemplates(api, this.albumId)
      this.setData({ face: 'ask' })
    } catch (error) {
      if (error instanceof Refused && error.code === 'locked') this.setData({ face: 'locked' })
      else this.failed(error)
    }
  },

  failed(error) {
    const over = error instanceof Refused && error.status === 410 // only the browser can help: no «try again»
    this.setData({ face: 'failed', problem: trouble(error, this.data.any), over })
  },

  /** The question comes first; nothing is joined for who says no. */
  tellMe() {
    if (this.data.busy) return
    void remind(stage(), this.albumId, this.templates).then(reminded => (reminded ? this.join() : undefined))
  },

  async join() {
    this.setData({ busy: true })
    try {
      await joinBrowser(stage().api, this.albumId, this.ticket)
      this.setData({ face: 'done' })
    } catch (error) {
      this.failed(error)
    } finally {
      this.setData({ busy: false })
    }
  },

  again() {
    this.setData({ face: 'loading' })
    void this.load()
  },

  enter() {
    go(albumPath(this.albumId))
  },

  openMine() {
    void wx.redirectTo({ url: minePath(this.albumId, 'slate') })
  },
})
