/** Lies over something and tells once (`seen`) that half of it was on screen for a second: a viewable impression. */

import { defineComponent } from '../../lib/define'

export type Props = object
export type Data = object

export interface Methods {
  watch(): void
  rest(): void
  look(share: number): void
}

interface Own {
  observer: WechatMiniprogram.IntersectionObserver | null
  timer: number
  told: boolean
}

const HALF = 0.5
const LONG_ENOUGH_MS = 1000

const own = new WeakMap<object, Own>()

function ownOf(self: object): Own {
  const found = own.get(self) ?? { observer: null, timer: 0, told: false }
  own.set(self, found)
  return found
}

defineComponent<Props, Data, Methods>({
  properties: {},
  data: {},

  lifetimes: {
    attached() {
      this.watch()
    },
    detached() {
      this.rest()
    },
  },

  /** A page that is covered is measured no more; what is in sight when it is back begins anew. */
  pageLifetimes: {
    show() {
      this.watch()
    },
    hide() {
      this.rest()
    },
  },

  methods: {
    watch() {
      this.rest()
      const self = ownOf(this)
      if (self.told) return
      self.observer = this.createIntersectionObserver({ thresholds: [HALF] })
      self.observer.relativeToViewport().observe('.area', said => {
        this.look(said.intersectionRatio)
      })
    },

    rest() {
      const self = ownOf(this)
      clearTimeout(self.timer)
      self.timer = 0
      self.observer?.disconnect()
      self.observer = null
    },

    look(share) {
      const self = ownOf(this)
      if (share < HALF) {
        clearTimeout(self.timer)
        self.timer = 0
      } else if (self.timer === 0 && self.observer !== null) {
        self.timer = setTimeout(() => {
          self.told = true
          this.rest()
          this.triggerEvent('seen')
        }, LONG_ENOUGH_MS)
      }
    },
  },
})
