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
  /** Beside its words, not above them. */
  low: boolean
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
    low: { type: Boolean, value: false },
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
