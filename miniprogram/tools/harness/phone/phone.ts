/** The phone: loads the bundled mini-program into glass-easel and opens its first page. */

import * as adapter from 'glass-easel-miniprogram-adapter'
import type { UnitConfig } from '../../tree'
import { builtIns } from './built-in'
import { interrupt } from './network'
import { Pages } from './pages'
import { sightOf } from './sight'
import { USUAL, type Phone } from './settings'
import { gesture, wxOf } from './wx'

interface Bundle {
  pages: string[]
  configs: Record<string, UnitConfig>
  scopes: Record<string, string>
  sheets: Record<string, string>
  appSheet: string
  templates: Record<string, unknown>
  app: () => unknown
  units: Record<string, () => unknown>
}

interface App {
  onLaunch?(options: object): void
  onShow?(options: object): void
  onHide?(): void
}

const DEFAULT_BOTTOM_PX = 50
const SHARE_WAIT_MS = 3_000
const INTERRUPTED_AFTER_MS = 200 // WeChat: 5 s; tests need not wait for it

export function start(bundle: Bundle): void {
  const ge = adapter.glassEasel
  const env = new adapter.MiniProgramEnv()
  const space = env.createCodeSpace('', true)
  const context = new ge.CurrentWindowBackendContext()
  sightOf(context)
  context.onEvent((element, name, detail, options) => {
    if (name !== 'tap') {
      ge.Event.triggerEvent(element, name, detail, options)
      return
    }
    gesture.tapping = true
    gesture.asked = false
    ge.Event.triggerEvent(element, name, detail, options)
    gesture.tapping = false
  })
  const backend = env.associateBackend(context)
  const pages = new Pages(backend, space, unit => bundle.configs[unit]?.onReachBottomDistance ?? DEFAULT_BOTTOM_PX)
  const phone = phoneOf(pages)
  window.phone = phone
  let app: App = {}
  Object.assign(window, {
    wx: wxOf(phone, pages),
    App: (options: App) => (app = options),
    getApp: () => app,
    getCurrentPages: () => pages.all,
  })
  drawSheets(bundle, space, backend)
  bundle.app()
  phone.share = () => {
    void passOn(pages.top?.page.onShareAppMessage?.({ from: 'button' })).then(card => phone.shared.push(card))
  }
  define(bundle, builtIns(space, bundle.templates, phone.share, () => phone.number), space)
  const [path] = phone.open.split('?')
  if (!bundle.pages.includes(path ?? '')) throw new Error(`${phone.open}: no such page`)
  drawPhone()
  phone.hide = () => {
    app.onHide?.()
    pages.hide()
    setTimeout(interrupt, INTERRUPTED_AFTER_MS)
  }
  phone.show = () => {
    app.onShow?.({})
    pages.show()
  }
  app.onLaunch?.({ scene: phone.scene })
  app.onShow?.({ scene: phone.scene })
  pages.push(phone.open)
}

function phoneOf(pages: Pages): Phone {
  const chosen: Partial<Phone> = (window as Partial<Pick<Window, 'phone'>>).phone ?? {}
  return {
    ...USUAL,
    ...chosen,
    calls: [],
    toasts: [],
    saved: [],
    shared: [],
    brightness: 0.4,
    clipboard: '',
    requests: 0,
    mostRequests: 0,
    hide: () => undefined,
    show: () => undefined,
    page: () => {
      const page = pages.top?.page
      return { route: page?.route ?? '', data: page?.data ?? {} }
    },
    back: () => {
      pages.pop(1)
    },
    share: () => undefined,
    timeline: () => pages.top?.page.onShareTimeline?.(),
  }
}

/** As WeChat does: what the page promised, when it is there in time; else what the page gave at once. */
async function passOn(said: unknown): Promise<unknown> {
  if (typeof said !== 'object' || said === null || !('promise' in said)) return said
  const { promise, ...atOnce } = said
  return Promise.race([promise, new Promise(resolve => setTimeout(resolve, SHARE_WAIT_MS, atOnce))])
}

function drawSheets(bundle: Bundle, space: adapter.CodeSpace, backend: adapter.AssociatedBackend): void {
  space.addStyleSheet('app', 'app')
  backend.registerStyleSheetContent('app', bundle.appSheet)
  for (const [unit, sheet] of Object.entries(bundle.sheets)) {
    backend.registerStyleSheetContent(unit, sheet)
    space.addStyleSheet(unit, unit, bundle.scopes[unit])
  }
}

function define(bundle: Bundle, own: Record<string, string>, space: adapter.CodeSpace): void {
  for (const [unit, config] of Object.entries(bundle.configs)) {
    const usingComponents = { ...own, ...config.usingComponents }
    space.addComponentStaticConfig(unit, { component: config.component === true, usingComponents })
    space.addCompiledTemplate(unit, { groupList: bundle.templates, content: bundle.templates[unit] } as never)
  }
  for (const [unit, load] of Object.entries(bundle.units)) space.globalComponentEnv(window, unit, load)
}

/** WeChat's capsule and the system's clock lie over every page; a page must leave them room. */
function drawPhone(): void {
  const status = document.createElement('div')
  status.className = 'phone-status'
  status.style.height = '47px'
  status.innerHTML = '<span>9:41</span><span>5G</span>'
  const capsule = document.createElement('div')
  capsule.className = 'phone-capsule'
  capsule.style.cssText = 'top:53px;right:7px;width:87px;height:32px'
  capsule.innerHTML = '<i></i><i></i>'
  document.body.append(status, capsule)
}
