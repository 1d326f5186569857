/** The title row at the top of every page: the way back, a title, and room for WeChat's capsule. */

import { defineComponent } from '../../lib/define'
import { bar } from '../../lib/screen'

export interface Props {
  title: string
  /** `paper`: a quiet bar with its own room. `over`: only white signs, over a photo. `bar`: as paper, without room. */
  look: string
  backWord: string
  /** Nothing to go back to from here. */
  root: boolean
}

export interface Data {
  status: number
  height: number
  capsule: number
  deep: boolean
}

export interface Methods {
  goBack(): void
}

defineComponent<Props, Data, Methods>({
  properties: {
    title: { type: String, value: '' },
    look: { type: String, value: 'paper' },
    backWord: { type: String, value: '' },
    root: { type: Boolean, value: false },
  },
  data: { status: 20, height: 44, capsule: 96, deep: false },

  lifetimes: {
    attached() {
      this.setData({ ...bar(), deep: getCurrentPages().length > 1 })
    },
  },

  methods: {
    /** A guest who came in by a shared card has no page to go back to; home is always there. */
    goBack() {
      if (this.data.deep) void wx.navigateBack()
      else void wx.reLaunch({ url: '/pages/home/home' })
    },
  },
})
