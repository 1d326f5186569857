/**
 * `Page` and `Component` with stricter types than WeChat's: `setData` takes known fields only, and a component's
 * properties, data and methods are declared once and shared with the check of its WXML.
 */

export interface Tapped<D extends object = Record<string, string>> {
  readonly currentTarget: { readonly dataset: D }
}

export interface Heard<D> {
  readonly detail: D
}

interface Self<D extends object> {
  readonly data: Readonly<D>
  setData(change: Partial<D>, done?: () => void): void
}

interface ComponentSelf<P extends object, D extends object> extends Self<P & D> {
  readonly properties: Readonly<P>
  triggerEvent(name: string, detail?: object): void
  createIntersectionObserver(
    options: WechatMiniprogram.CreateIntersectionObserverOption,
  ): WechatMiniprogram.IntersectionObserver
}

export type SharedCard = WechatMiniprogram.Page.ICustomShareContent

/** What WeChat calls of a page. */
interface PageCalls {
  onLoad?(query: Record<string, string | undefined>): void | Promise<void>
  onShow?(): void
  onHide?(): void
  onUnload?(): void
  onReachBottom?(): void
  onPullDownRefresh?(): void | Promise<void>
  onPageScroll?(said: { readonly scrollTop: number }): void
  onResize?(): void
  /** With `promise` WeChat waits for it, three seconds at most, and shares what stands beside it otherwise. */
  onShareAppMessage?(from: object): SharedCard & { promise?: Promise<SharedCard> }
  onShareTimeline?(): WechatMiniprogram.Page.ICustomTimelineContent
}

/** `M`: handlers the WXML names, and what the page keeps for itself. */
export function definePage<D extends object, M extends object>(
  options: { data: D } & M & PageCalls & ThisType<Self<D> & M>,
): void {
  Page(options as unknown as WechatMiniprogram.Page.Options<WechatMiniprogram.IAnyObject, WechatMiniprogram.IAnyObject>)
}

interface Property<T> {
  type: PropertyType<T>
  value: T
}
type PropertyType<T> = T extends string
  ? StringConstructor
  : T extends number
    ? NumberConstructor
    : T extends boolean
      ? BooleanConstructor
      : T extends readonly unknown[]
        ? ArrayConstructor
        : ObjectConstructor

interface ComponentOptions<P extends object, D extends object, M extends object> {
  properties: { [K in keyof P]: Property<P[K]> }
  data: D
  methods: M
  observers?: Record<string, (this: ComponentSelf<P, D> & M) => void>
  lifetimes?: { attached?: () => void; detached?: () => void }
  pageLifetimes?: { show?: () => void; hide?: () => void; resize?: () => void }
  options?: WechatMiniprogram.Component.ComponentOptions
}

export function defineComponent<P extends object, D extends object, M extends object>(
  options: ComponentOptions<P, D, M> & ThisType<ComponentSelf<P, D> & M>,
): void {
  Component(options as unknown as WechatMiniprogram.Component.TrivialOption)
}
