/** What WeChat's own components do, as far as the mini-program uses them. Each works on its own DOM element. */

import type { CodeSpace } from 'glass-easel-miniprogram-adapter'

type Define = (options: object) => void

interface Own {
  data: Record<string, unknown>
  triggerEvent(name: string, detail: object, options?: object): void
  readonly _$: { readonly $$: HTMLElement }
}

const UP = { bubbles: false }
const SPOKEN = { ariaLabel: String, ariaRole: String, ariaLive: String }

/** Registers every built-in component; `share` is called by a button that shares. */
export function builtIns(space: CodeSpace, groups: Record<string, unknown>, share: () => void, number: () => string): Record<string, string> {
  const define = (tag: string, make: (component: Define) => void): void => {
    const unit = `built-in/${tag}`
    space.addComponentStaticConfig(unit, { component: true })
    space.addCompiledTemplate(unit, { groupList: groups, content: groups[unit] } as never)
    space.componentEnv(unit, ({ Component }) => {
      make(Component)
    })
  }
  define('wx-image', image)
  define('wx-button', component => {
    button(component, share, number)
  })
  for (const tag of ['wx-scroll-view', 'wx-swiper-item', 'wx-movable-area']) {
    define(tag, component => {
      component({ properties: { ...SPOKEN, scrollX: Boolean, enhanced: Boolean, showScrollbar: Boolean, scaleArea: Boolean } })
    })
  }
  define('wx-swiper', swiper)
  define('wx-movable-view', movable)
  define('wx-input', field)
  define('wx-textarea', field)
  const tags = ['wx-image', 'wx-button', 'wx-scroll-view', 'wx-swiper', 'wx-swiper-item', 'wx-movable-area', 'wx-movable-view']
  return Object.fromEntries([...tags, 'wx-input', 'wx-textarea'].map(tag => [tag, `/built-in/${tag}`]))
}

function image(component: Define): void {
  component({
    properties: { ...SPOKEN, src: String, mode: String, lazyLoad: Boolean },
    data: { fit: 'cover' },
    observers: {
      mode(this: Own & { setData(change: object): void }) {
        const fit = { aspectFit: 'contain', aspectFill: 'cover', scaleToFill: 'fill' }[this.data['mode'] as string]
        this.setData({ fit: fit ?? 'fill' })
      },
    },
    methods: {
      loaded(this: Own) {
        const drawn = this._$.$$.querySelector('img')
        this.triggerEvent('load', { width: drawn?.naturalWidth ?? 0, height: drawn?.naturalHeight ?? 0 }, UP)
      },
      failed(this: Own) {
        if (this.data['src'] !== '') this.triggerEvent('error', { errMsg: 'GET failed' }, UP)
      },
    },
  })
}

function button(component: Define, share: () => void, number: () => string): void {
  component({
    properties: { ...SPOKEN, openType: String, disabled: Boolean, hoverClass: String },
    lifetimes: {
      attached(this: Own) {
        const element = this._$.$$
        element.setAttribute('role', 'button')
        if (this.data['ariaLabel'] !== '') element.setAttribute('aria-label', String(this.data['ariaLabel']))
        element.addEventListener('click', () => {
          if (this.data['openType'] === 'share') share()
          if (this.data['openType'] === 'getPhoneNumber') {
            const said = number()
            const denied = { errMsg: 'getPhoneNumber:fail user deny' }
            this.triggerEvent('getphonenumber', said === '' ? denied : { errMsg: 'getPhoneNumber:ok', code: `phone:${said}` }, UP)
          }
        })
      },
    },
  })
}

function field(component: Define): void {
  const inner = (own: Own): HTMLInputElement | null => own._$.$$.querySelector<HTMLInputElement>(':scope > input, :scope > textarea')
  component({
    properties: {
      ...SPOKEN,
      value: String,
      placeholder: String,
      placeholderClass: String,
      maxlength: Number,
      confirmType: String,
      autoHeight: Boolean,
      cursorSpacing: Number,
      fixed: Boolean,
      showConfirmBar: Boolean,
    },
    observers: {
      'value, placeholder'(this: Own) {
        const element = inner(this)
        if (element === null) return
        element.placeholder = String(this.data['placeholder'])
        if (element.value !== this.data['value']) element.value = String(this.data['value'])
      },
    },
    lifetimes: {
      attached(this: Own) {
        const element = inner(this)
        if (element === null) return
        element.placeholder = String(this.data['placeholder'])
        element.value = String(this.data['value'])
        element.setAttribute('aria-label', String(this.data['placeholder']))
        const limit = Number(this.data['maxlength'])
        if (limit > 0) element.maxLength = limit
        element.addEventListener('input', event => {
          event.stopPropagation() // the browser's own event carries no value
          this.triggerEvent('input', { value: element.value }, UP)
        })
        element.addEventListener('keydown', event => {
          if (event.key === 'Enter') this.triggerEvent('confirm', { value: element.value }, UP)
        })
      },
    },
  })
}

/** Follows the finger; a third of the width, or a quick flick, turns the page. */
function swiper(component: Define): void {
  interface Swiper extends Own {
    place(current: number, duration: number): void
  }
  component({
    properties: { current: Number, duration: Number, easingFunction: String },
    observers: {
      current(this: Swiper) {
        this.place(Number(this.data['current']), Number(this.data['duration']))
      },
    },
    lifetimes: {
      attached(this: Swiper) {
        this.place(Number(this.data['current']), 0)
        const element = this._$.$$
        let from = { x: 0, y: 0, at: 0 }
        let moving = false
        const current = (): number => Number(element.dataset['current'] ?? 0)
        element.addEventListener('touchstart', event => {
          const finger = event.touches[0]
          moving = finger !== undefined && event.touches.length === 1 && element.querySelector('[data-zoomed]') === null
          if (finger) from = { x: finger.clientX, y: finger.clientY, at: event.timeStamp }
        })
        element.addEventListener('touchmove', event => {
          const finger = event.touches[0]
          const track = element.querySelector<HTMLElement>(':scope > div')
          if (!moving || !finger || !track || event.touches.length > 1) return
          track.style.transition = 'none'
          track.style.transform = `translateX(${finger.clientX - from.x - current() * element.clientWidth}px)`
        })
        element.addEventListener('touchend', event => {
          const finger = event.changedTouches[0]
          if (!moving || !finger) return
          moving = false
          const moved = finger.clientX - from.x
          const quick = event.timeStamp - from.at < 300 && Math.abs(moved) > 40
          const step = quick || Math.abs(moved) > element.clientWidth / 3 ? -Math.sign(moved) : 0
          const last = element.querySelectorAll('wx-swiper-item').length - 1
          const next = Math.min(last, Math.max(0, current() + step))
          const turned = next !== current()
          this.place(next, 260)
          if (turned) this.triggerEvent('change', { current: next, source: 'touch' }, UP)
          if (turned) setTimeout(() => this.triggerEvent('animationfinish', { current: next, source: 'touch' }, UP), 280)
        })
      },
    },
    methods: {
      place(this: Swiper, current: number, duration: number) {
        const element = this._$.$$
        const track = element.querySelector<HTMLElement>(':scope > div')
        if (track === null) return
        element.dataset['current'] = String(current)
        track.style.transition = duration > 0 ? '' : 'none'
        track.style.transform = `translateX(${-current * 100}%)`
      },
    },
  })
}

/** Scale by two fingers or by `scale-value`; when larger than the screen, one finger moves it. */
function movable(component: Define): void {
  interface Movable extends Own {
    draw(): void
    scale: number
    x: number
    y: number
  }
  component({
    properties: { direction: String, scale: Boolean, scaleMin: Number, scaleMax: Number, scaleValue: Number },
    observers: {
      scaleValue(this: Movable) {
        this.scale = Number(this.data['scaleValue']) || 1
        this.x = 0
        this.y = 0
        this.draw()
      },
    },
    lifetimes: {
      attached(this: Movable) {
        const element = this._$.$$
        let before: TouchList | null = null
        element.addEventListener('touchstart', event => (before = event.touches))
        element.addEventListener('touchmove', event => {
          if (before !== null && before.length === event.touches.length) {
            const [was, is] = [spread(before), spread(event.touches)]
            if (event.touches.length === 2) this.scale = Math.min(4, Math.max(1, (this.scale * is.size) / (was.size || 1)))
            if (this.scale > 1) {
              this.x += is.x - was.x
              this.y += is.y - was.y
            }
            if (event.touches.length === 2) this.triggerEvent('scale', { x: this.x, y: this.y, scale: this.scale }, UP)
            this.draw()
          }
          before = event.touches
        })
      },
    },
    methods: {
      draw(this: Movable) {
        const element = this._$.$$
        const zoomed = this.scale > 1.02
        if (zoomed) element.dataset['zoomed'] = ''
        else delete element.dataset['zoomed']
        element.style.transform = zoomed ? `translate(${this.x}px,${this.y}px) scale(${this.scale})` : ''
      },
    },
  })
}

function spread(touches: TouchList): { x: number; y: number; size: number } {
  const [a, b = a] = Array.from(touches)
  if (!a || !b) return { x: 0, y: 0, size: 1 }
  return {
    x: (a.clientX + b.clientX) / 2,
    y: (a.clientY + b.clientY) / 2,
    size: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY),
  }
}
