/** How a test sets up the phone, and what it may look at afterwards: `window.phone`. */

export interface PhoneSettings {
  /** Who holds it; `wx.login` gives codes the WeChat sandbox accepts for this name. */
  guest: string
  /** The WeChat sandbox, so that what a guest allows is known there. Empty: nobody is told. */
  sandbox: string
  /** How the mini-program is opened: a page's path with its query. */
  open: string
  /** WeChat's scene of the launch; 1154 is the timeline, where nobody can log in. */
  scene: number
  language: string
  /** False: a WeChat too old for chunked answers. */
  chunked: boolean
  /** What the guest answers. */
  subscribe: 'accept' | 'reject' | 'off'
  always: boolean
  album: 'allow' | 'deny' | 'cancel' | 'private'
  modal: boolean
  /** Words in the line that is chosen from a list; '': none is. */
  choice: string
  /** The phone number the guest shows when asked; empty: they say no. */
  number: string
  /** Pictures on the phone, as data URLs: what the guest chooses, first ones first. None: they think better of it. */
  roll: string[]
  /** What the switch in the settings is set to when they are opened. */
  settings: boolean
}

export interface Phone extends PhoneSettings {
  /** Every call of `wx`, oldest first. */
  readonly calls: { readonly name: string; readonly options: unknown }[]
  readonly toasts: string[]
  readonly saved: { readonly bytes: number; readonly type: string }[]
  readonly shared: unknown[]
  brightness: number
  clipboard: string
  /** Requests that are open, and the most there ever were. */
  requests: number
  mostRequests: number
  /** To the background and back, as when the guest looks at a message. */
  hide(): void
  show(): void
  /** The page on top. */
  page(): { readonly route: string; readonly data: Record<string, unknown> }
  back(): void
  /** «Share» of WeChat's menu: what the page gives stands in `shared`. */
  share: () => void
  /** «Share to the timeline» of WeChat's menu: what the page puts there. */
  timeline(): unknown
}

declare global {
  interface Window {
    /** Before the mini-program starts a test may leave settings here; afterwards it is the phone. */
    phone: Phone
  }
}

export const USUAL: PhoneSettings = {
  guest: 'guest',
  sandbox: '',
  open: 'pages/home/home',
  scene: 1047,
  language: 'zh_CN',
  chunked: true,
  subscribe: 'accept',
  always: false,
  album: 'allow',
  modal: true,
  choice: '',
  number: '',
  roll: [],
  settings: true,
}
