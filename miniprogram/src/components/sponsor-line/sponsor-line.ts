/** A sponsor's line; with a link a tap on it says `follow`. */

import { defineComponent } from '../../lib/define'

export interface Props {
  words: string
  link: string
}

export type Data = object
export interface Methods {
  tapped(): void
}

defineComponent<Props, Data, Methods>({
  properties: { words: { type: String, value: '' }, link: { type: String, value: '' } },
  data: {},
  methods: {
    tapped() {
      if (this.properties.link !== '') this.triggerEvent('follow')
    },
  },
})
