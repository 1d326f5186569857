/** What this is, how it treats people's privacy, the language, and clearing what the phone keeps. */

import type { Chip } from '../../components/chip-row/chip-row'
import { VERSION } from '../../config'
import { confirmed, toast } from '../../flows/ask'
import { definePage, type Heard } from '../../lib/define'
import type { Tongue } from '../../state/language'
import { giver } from '../../state/giver'
import { stage } from '../../state/stage'
import { fill } from '../../words/fill'
import { zh, type Words } from '../../words/zh'

export interface Data {
  t: Words['about']
  any: Words['any']
  tongue: Tongue
  tongues: Chip[]
  version: string
}

export interface Methods {
  leave: (() => void) | null
  speak(words: Words): void
  choose(said: Heard<{ id: Tongue }>): void
  openContract(): void
  clear(): Promise<void>
}

definePage<Data, Methods>({
  data: { t: zh.about, any: zh.any, tongue: 'zh', tongues: [], version: '' },
  leave: null,

  onLoad() {
    const { language } = stage()
    this.speak(language.words)
    this.leave = language.news.listen(words => {
      this.speak(words)
    })
  },

  onUnload() {
    this.leave?.()
  },

  speak(words) {
    this.setData({
      t: words.about,
      any: words.any,
      tongue: stage().language.tongue,
      tongues: [
        { id: 'zh', label: words.about.chinese },
        { id: 'en', label: words.about.english },
      ],
      version: fill(words.about.version, { n: VERSION }),
    })
  },

  choose(said) {
    stage().language.choose(said.detail.id)
  },

  openContract() {
    wx.openPrivacyContract({
      fail: () => {
        toast(this.data.t.contractFailed)
      },
    })
  },

  async clear() {
    const { t, any } = this.data
    if (!(await confirmed({ title: t.clear, content: t.clearHint, yes: any.ok, no: any.cancel }))) return
    const { mine, packs, visits, reminders, traces, hands } = stage()
    mine.clear()
    packs.clear()
    visits.clear()
    reminders.clear()
    traces.clear()
    hands.clear()
    giver.clear()
    toast(t.cleared)
  },
})
