/** One row of choices that scrolls sideways; exactly one is chosen. */

import { defineComponent, type Tapped } from '../../lib/define'

export interface Chip {
  readonly id: string
  readonly label: string
}

export interface Props {
  chips: readonly Chip[]
  chosen: string
  /** `tabs`: the large row of albums. `chips`: the small row of filters. */
  look: string
}

export type Data = object

export interface Methods {
  choose(said: Tapped<{ id: string }>): void
}

defineComponent<Props, Data, Methods>({
  properties: {
    chips: { type: Array, value: [] },
    chosen: { type: String, value: '' },
    look: { type: String, value: 'chips' },
  },
  data: {},

  methods: {
    choose(said) {
      const { id } = said.currentTarget.dataset
      if (id !== this.data.chosen) this.triggerEvent('choose', { id })
    },
  },
})
