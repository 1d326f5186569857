/** A bare `wx` for unit tests: storage in memory, and whatever a test puts on it. */

type Fake = Record<string, unknown>

export const storage = new Map<string, unknown>()

/** Puts `own` in place of WeChat. Storage starts empty; what is not given throws with its name. */
export function giveWx(own: Fake = {}): void {
  storage.clear()
  const known: Fake = {
    getStorageSync: (key: string) => storage.get(key) ?? '',
    setStorageSync: (key: string, value: unknown) => storage.set(key, structuredClone(value)),
    removeStorageSync: (key: string) => storage.delete(key),
    canIUse: () => true,
    getAccountInfoSync: () => ({ miniProgram: { appId: 'wxtest' } }),
    ...own,
  }
  const wx = new Proxy(known, {
    get: (target, name: string) => {
      if (!(name in target)) throw new Error(`wx.${name} was not expected`)
      return target[name]
    },
  })
  Object.assign(globalThis, { wx })
}

/** What WeChat calls back. */
export interface Calls {
  readonly success: (said: object) => void
  readonly fail: (said: object) => void
}

export interface Asked extends Calls {
  readonly url: string
  readonly method: string
  readonly header: Record<string, string>
  readonly data?: object
  readonly enableChunked?: boolean
  readonly timeout?: number
}

/** `wx.request` that keeps what was asked; a test answers when it likes. */
export class Requests {
  readonly open: (Asked & { hear?: (said: { data: ArrayBuffer }) => void; aborted?: boolean })[] = []

  constructor(private readonly chunks = true) {}

  readonly request = (asked: Asked): object => {
    const kept: Requests['open'][number] = { ...asked }
    this.open.push(kept)
    const abort = (): void => {
      kept.aborted = true
      asked.fail({ errMsg: 'request:fail abort' })
    }
    if (!this.chunks) return { abort }
    return { abort, onChunkReceived: (listener: NonNullable<typeof kept.hear>) => (kept.hear = listener) }
  }

  get last(): Requests['open'][number] {
    const last = this.open[this.open.length - 1]
    if (!last) throw new Error('nothing was asked')
    return last
  }
}

/** Answers every request at once. */
export function answering(answer: (asked: Asked) => { status: number; body?: unknown } | 'fail'): { request: (asked: Asked) => object; asked: Asked[] } {
  const asked: Asked[] = []
  const request = (one: Asked): object => {
    asked.push(one)
    const said = answer(one)
    queueMicrotask(() => {
      if (said === 'fail') one.fail({ errMsg: 'request:fail' })
      else one.success({ statusCode: said.status, data: said.body ?? {}, header: {} })
    })
    return { abort: () => undefined }
  }
  return { request, asked }
}
