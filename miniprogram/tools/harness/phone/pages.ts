/** The stack of pages, as WeChat keeps it: one on screen, the others hidden with their scroll position. */

import type { AssociatedBackend, CodeSpace } from 'glass-easel-miniprogram-adapter'

interface Calls {
  onLoad?(query: Record<string, string>): void
  onShow?(): void
  onReady?(): void
  onHide?(): void
  onUnload?(): void
  onPageScroll?(said: { scrollTop: number }): void
  onReachBottom?(): void
  onResize?(): void
  onShareAppMessage?(from: object): unknown
  onShareTimeline?(): unknown
}

export interface Page extends Calls {
  route: string
  readonly data: Record<string, unknown>
}

interface Open {
  readonly page: Page
  readonly holder: HTMLElement
  readonly bottom: number
  readonly release: () => void
  /** Tells the components on the page, too. */
  readonly tell: (what: 'show' | 'hide') => void
  scrollTop: number
  nearBottom: boolean
}

const MOST = 10

export class Pages {
  private stack: Open[] = []

  constructor(
    private readonly backend: AssociatedBackend,
    private readonly space: CodeSpace,
    private readonly bottomOf: (unit: string) => number,
  ) {
    addEventListener('scroll', () => {
      this.scrolled()
    })
    addEventListener('resize', () => this.top?.page.onResize?.())
  }

  get all(): Page[] {
    return this.stack.map(({ page }) => page)
  }

  get top(): Open | undefined {
    return this.stack[this.stack.length - 1]
  }

  push(url: string): void {
    if (this.stack.length >= MOST) throw new Error('navigateTo:fail webview count limit exceed')
    this.cover()
    this.open(url)
  }

  replace(url: string): void {
    this.close()
    this.open(url)
  }

  relaunch(url: string): void {
    while (this.stack.length > 0) this.close()
    this.open(url)
  }

  pop(delta: number): void {
    for (let n = 0; n < delta && this.stack.length > 1; n++) this.close()
    const top = this.top
    if (!top) return
    top.holder.style.display = ''
    scrollTo(0, top.scrollTop)
    top.tell('show')
  }

  /** The whole mini-program goes to the background, or comes back. */
  hide(): void {
    this.top?.tell('hide')
  }

  show(): void {
    this.top?.tell('show')
  }

  private open(url: string): void {
    const [unit = '', query = ''] = url.replace(/^\//, '').split('?')
    const holder = document.createElement('div')
    const place = document.createElement('span')
    holder.append(place)
    document.body.append(holder)
    const root = this.backend.createRoot('wx-page', this.space, unit)
    const page = root.get() as unknown as Page
    page.route = unit
    const release = (): void => {
      root.release()
    }
    const tell = (what: 'show' | 'hide'): void => {
      if (what === 'show') page.onShow?.()
      else page.onHide?.()
      root.getComponent().triggerPageLifetime(what, [])
    }
    this.stack.push({ page, holder, bottom: this.bottomOf(unit), release, tell, scrollTop: 0, nearBottom: false })
    root.attach(holder as never, place as never)
    scrollTo(0, 0)
    page.onLoad?.(raw(query))
    if (this.top?.page !== page) return
    tell('show')
    page.onReady?.()
  }

  private cover(): void {
    const top = this.top
    if (!top) return
    top.scrollTop = scrollY
    top.tell('hide')
    top.holder.style.display = 'none'
  }

  private close(): void {
    const top = this.stack.pop()
    if (!top) return
    top.page.onUnload?.()
    top.release()
    top.holder.remove()
  }

  private scrolled(): void {
    const top = this.top
    if (!top) return
    top.page.onPageScroll?.({ scrollTop: scrollY })
    const near = document.documentElement.scrollHeight - scrollY - innerHeight < top.bottom
    if (near && !top.nearBottom) top.page.onReachBottom?.()
    top.nearBottom = near
  }
}

/** WeChat hands a page's query over as it was written: still percent-encoded. */
function raw(query: string): Record<string, string> {
  const pairs = query.split('&').filter(pair => pair !== '')
  return Object.fromEntries(pairs.map(pair => [pair.split('=')[0] ?? '', pair.split('=').slice(1).join('=')]))
}
