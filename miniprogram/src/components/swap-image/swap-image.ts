/**
 * A picture that is never grey and never jumps: a blurred stand-in at once, the photo over it when it is there, a
 * better version over that. On a bad network it tries again for as long as it is on screen.
 */

import { waitFor, type Pace } from '../../lib/backoff'
import { defineComponent } from '../../lib/define'

export interface Props {
  src: string
  standIn: string
  mode: string
  words: string
}

interface Layer {
  readonly src: string
  readonly ready: boolean
}

export interface Data {
  layers: Layer[]
}

export interface Methods {
  begin(): void
  loaded(said: { currentTarget: { dataset: { src: string } } }): void
  failed(said: { currentTarget: { dataset: { src: string } } }): void
  again(src: string): void
}

interface Own {
  src: string
  tries: number
  timer: number
  gone: boolean
}

const PACE: Pace = { first_ms: 700, most_ms: 20_000 }
const STUCK_AFTER = 3
const FADE_MS = 350

const own = new WeakMap<object, Own>()

function ownOf(self: object): Own {
  const found = own.get(self) ?? { src: '', tries: 0, timer: 0, gone: false }
  own.set(self, found)
  return found
}

defineComponent<Props, Data, Methods>({
  properties: {
    src: { type: String, value: '' },
    standIn: { type: String, value: '' },
    mode: { type: String, value: 'aspectFill' },
    words: { type: String, value: '' },
  },
  data: { layers: [] },

  observers: {
    src() {
      this.begin()
    },
  },

  lifetimes: {
    detached() {
      const self = ownOf(this)
      self.gone = true
      clearTimeout(self.timer)
    },
  },

  methods: {
    /** WeChat calls observers for the same value too; the attempts that run must not be cut short by that. */
    begin() {
      const self = ownOf(this)
      const src = this.data.src
      if (src === self.src) return
      self.src = src
      clearTimeout(self.timer)
      self.tries = 0
      const ready = this.data.layers.filter(layer => layer.ready && layer.src !== src).slice(-1)
      const same = this.data.layers.find(layer => layer.src === src)
      this.setData({ layers: src === '' ? [] : [...ready, same ?? { src, ready: false }] })
    },

    loaded(said) {
      const { src } = said.currentTarget.dataset
      if (src !== this.data.src) return
      const self = ownOf(this)
      self.tries = 0
      this.setData({ layers: this.data.layers.map(layer => (layer.src === src ? { src, ready: true } : layer)) })
      this.triggerEvent('shown', { src })
      if (this.data.layers.length < 2) return
      self.timer = setTimeout(() => {
        if (!self.gone) this.setData({ layers: this.data.layers.filter(layer => layer.src === this.data.src) })
      }, FADE_MS)
    },

    failed(said) {
      const { src } = said.currentTarget.dataset
      const self = ownOf(this)
      if (src !== this.data.src || self.gone) return
      self.tries++
      // its address may have expired; whoever knows the photo gets a new one
      if (self.tries === STUCK_AFTER) this.triggerEvent('stuck', { src })
      clearTimeout(self.timer)
      self.timer = setTimeout(() => {
        this.again(src)
      }, waitFor(self.tries, PACE))
    },

    /** WeChat asks for an address again only when the picture was taken away in between. */
    again(src) {
      const self = ownOf(this)
      if (self.gone || src !== this.data.src) return
      const others = this.data.layers.filter(layer => layer.src !== src)
      this.setData({ layers: others }, () => {
        if (!self.gone && src === this.data.src) this.setData({ layers: [...others, { src, ready: false }] })
      })
    },
  },
})
