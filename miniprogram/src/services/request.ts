/** One HTTP request through WeChat. Every HTTP status is an answer; only a request without an answer is an error. */

export const ANSWER_WITHIN_MS = 12_000
const FILE_WITHIN_MS = 120_000

/** No answer came: no network, too slow, or WeChat stopped the request because the mini-program went to sleep. */
export class NoAnswer extends Error {
  constructor(readonly why: 'offline' | 'timeout' | 'interrupted' | 'aborted') {
    super(why)
    this.name = 'NoAnswer'
  }
}

export interface Ask {
  readonly url: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly header: Record<string, string>
  readonly body?: object
  readonly timeout_ms?: number
}

export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly retryAfter_s: number
}

/** Raises NoAnswer. `stop` may be filled with a function that gives up. */
export function send(ask: Ask, stop?: { now: () => void }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const task = wx.request({
      url: ask.url,
      method: ask.method,
      header: { ...ask.header, ...(ask.body ? { 'Content-Type': 'application/json' } : {}) },
      ...(ask.body ? { data: ask.body } : {}),
      timeout: ask.timeout_ms ?? ANSWER_WITHIN_MS,
      success: said => {
        resolve({ status: said.statusCode, body: said.data, retryAfter_s: retryAfter(said.header) })
      },
      fail: said => {
        reject(new NoAnswer(why(said.errMsg)))
      },
    })
    if (stop) {
      stop.now = () => {
        task.abort()
      }
    }
  })
}

export interface Sending {
  readonly url: string
  readonly header: Record<string, string>
  readonly file: string
}

/** One file as a form, under the name `file`. Raises NoAnswer. */
export function sendFile(sending: Sending): Promise<Answer> {
  return new Promise((resolve, reject) => {
    wx.uploadFile({
      url: sending.url,
      header: sending.header,
      filePath: sending.file,
      name: 'file',
      timeout: FILE_WITHIN_MS,
      success: said => {
        resolve({ status: said.statusCode, body: parsed(said.data), retryAfter_s: 0 })
      },
      fail: said => {
        reject(new NoAnswer(why(said.errMsg)))
      },
    })
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export function why(errMsg: string): NoAnswer['why'] {
  if (/abort/i.test(errMsg)) return 'aborted'
  if (/interrupted/i.test(errMsg)) return 'interrupted'
  return /timeout|timed out/i.test(errMsg) ? 'timeout' : 'offline'
}

function retryAfter(header: object): number {
  const found = Object.entries(header).find(([name]) => name.toLowerCase() === 'retry-after')
  const seconds = Number(found?.[1])
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 60) : 0
}
