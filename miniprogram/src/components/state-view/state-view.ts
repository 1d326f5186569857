/** What a page shows in place of photos: nothing yet, not found, no network. Always says what to do. */

import { defineComponent } from '../../lib/define'

export interface Props {
  icon: string
  title: string
  hint: string
  /** Empty: no button. */
  action: string
}

export type Data = object

export interface Methods {
  act(): void
}

defineComponent<Props, Data, Methods>({
  properties: {
    icon: { type: String, value: '' },
    title: { type: String, value: '' },
    hint: { type: String, value: '' },
    action: { type: String, value: '' },
  },
  data: {},

  methods: {
    act() {
      this.triggerEvent('act')
    },
  },
})
