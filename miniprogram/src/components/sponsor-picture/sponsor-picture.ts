/**
 * A sponsor's picture, whole and on white as logos are drawn for, with what it is written on it. `seen`: half of it was on
 * screen for a second, once the picture itself was there; with a link a tap says `follow`.
 */

import { defineComponent } from '../../lib/define'

export interface Props {
  src: string
  /** «Sponsored». */
  label: string
  line: string
  spoken: string
  link: string
  /** `wide`: below its words. `low`: beside them, in one line. `tile`: as high as it is told, between photos. */
  look: 'wide' | 'low' | 'tile'
}

export interface Data {
  there: boolean
}

export interface Methods {
  shown(): void
  seen(): void
  tapped(): void
}

defineComponent<Props, Data, Methods>({
  properties: {
    src: { type: String, value: '' },
    label: { type: String, value: '' },
    line: { type: String, value: '' },
    spoken: { type: String, value: '' },
    link: { type: String, value: '' },
    look: { type: String, value: 'wide' },
  },
  data: { there: false },
  methods: {
    shown() {
      this.setData({ there: true })
    },

    seen() {
      this.triggerEvent('seen')
    },

    tapped() {
      if (this.properties.link !== '') this.triggerEvent('follow')
    },
  },
})
