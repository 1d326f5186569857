/** Draws the tiles it is given where they belong. What is near the screen, and where, is decided by `state/wall`. */

import { defineComponent, type Tapped } from '../../lib/define'
import type { Tile } from '../../state/wall'

/** The room above the shorter column: says how alive the album is. */
export interface Cap {
  readonly style: string
  readonly title: string
  readonly hint: string
}

export interface Props {
  tiles: readonly Tile[]
  height: number
  cap: Cap
  hiddenWord: string
  photoWord: string
  sponsoredWord: string
  /** Photos are chosen by a tap; `marks` says which ones are. */
  picking: boolean
  marks: Readonly<Record<string, boolean>>
  /** `seen` is wanted of every photo that was looked at for a second. */
  watched: boolean
}

export type Data = object

export interface Methods {
  pick(said: Tapped<{ id: string }>): void
  shown(said: Tapped<{ id: string }>): void
  stuck(said: Tapped<{ id: string }>): void
  seen(said: Tapped<{ id: string }>): void
  sawPlaced(said: Tapped<{ id: string }>): void
  follow(said: Tapped<{ id: string }>): void
}

defineComponent<Props, Data, Methods>({
  properties: {
    tiles: { type: Array, value: [] },
    height: { type: Number, value: 0 },
    cap: { type: Object, value: { style: '', title: '', hint: '' } },
    hiddenWord: { type: String, value: '' },
    photoWord: { type: String, value: '' },
    sponsoredWord: { type: String, value: '' },
    picking: { type: Boolean, value: false },
    marks: { type: Object, value: {} },
    watched: { type: Boolean, value: false },
  },
  data: {},

  methods: {
    pick(said) {
      this.triggerEvent('pick', { id: said.currentTarget.dataset.id })
    },
    shown(said) {
      this.triggerEvent('shown', { id: said.currentTarget.dataset.id })
    },
    stuck(said) {
      this.triggerEvent('stuck', { id: said.currentTarget.dataset.id })
    },
    seen(said) {
      this.triggerEvent('seen', { id: said.currentTarget.dataset.id })
    },
    sawPlaced(said) {
      this.triggerEvent('sawplaced', { id: said.currentTarget.dataset.id })
    },
    follow(said) {
      this.triggerEvent('follow', { id: said.currentTarget.dataset.id })
    },
  },
})
