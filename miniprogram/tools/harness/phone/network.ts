/** `wx.request` and `wx.downloadFile` by real HTTP, with WeChat's rules: statuses are answers, chunks are raw bytes. */

import type { Phone } from './settings'

type Callback = ((said: object) => void) | undefined

interface RequestOptions {
  url: string
  method?: string
  data?: object
  header?: Record<string, string>
  timeout?: number
  enableChunked?: boolean
  success?: Callback
  fail?: Callback
}

const open = new Set<AbortController>()

/** WeChat stops what is unfinished some seconds after the mini-program went to the background. */
export function interrupt(): void {
  for (const controller of open) controller.abort('interrupted')
}

export function request(phone: Phone, options: RequestOptions): object {
  if (options.header && Object.keys(options.header).some(name => name.toLowerCase() === 'referer')) {
    throw new Error('wx.request: Referer cannot be set')
  }
  const controller = new AbortController()
  const timer = setTimeout(() => {
    controller.abort('timeout')
  }, options.timeout ?? 60_000)
  let hear: (said: { data: ArrayBuffer }) => void = () => undefined
  open.add(controller)
  phone.requests++
  phone.mostRequests = Math.max(phone.mostRequests, phone.requests)
  const done = (): void => {
    clearTimeout(timer)
    open.delete(controller)
    phone.requests--
  }
  answer(options, controller.signal, data => {
    hear({ data })
  })
    .then(said => {
      done()
      options.success?.(said)
    })
    .catch(() => {
      done()
      const reason: unknown = controller.signal.aborted ? controller.signal.reason : ''
      options.fail?.({ errMsg: `request:fail ${typeof reason === 'string' ? reason : 'abort'}`, errno: 600001 })
    })
  const task = {
    abort: () => {
      controller.abort('abort')
    },
  }
  if (!phone.chunked) return task
  return { ...task, onChunkReceived: (listener: typeof hear) => (hear = listener) }
}

async function answer(options: RequestOptions, signal: AbortSignal, hear: (data: ArrayBuffer) => void): Promise<object> {
  const response = await fetch(options.url, {
    method: options.method ?? 'GET',
    headers: options.header ?? {},
    signal,
    cache: 'no-store',
    ...(options.data ? { body: JSON.stringify(options.data) } : {}),
  })
  const said = { statusCode: response.status, header: Object.fromEntries(response.headers), errMsg: 'request:ok' }
  if (!options.enableChunked || response.body === null) return { ...said, data: parsed(await response.text()) }
  const reader = response.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return { ...said, data: new ArrayBuffer(0) }
    hear(value.slice().buffer)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const files = new Map<string, Blob>()

export function fileAt(path: string): Blob | undefined {
  return files.get(path)
}

export function keepFile(blob: Blob): string {
  const path = URL.createObjectURL(blob)
  files.set(path, blob)
  return path
}

interface UploadOptions {
  url: string
  filePath: string
  name: string
  header?: Record<string, string>
  success?: Callback
  fail?: Callback
}

/** A form with one file in it; the answer comes as text. */
export function uploadFile(options: UploadOptions): void {
  const file = files.get(options.filePath)
  const form = new FormData()
  if (file) form.append(options.name, file, 'tmp.jpg')
  fetch(options.url, { method: 'POST', headers: options.header ?? {}, body: form })
    .then(async response => options.success?.({ statusCode: response.status, data: await response.text(), errMsg: 'uploadFile:ok' }))
    .catch(() => options.fail?.({ errMsg: 'uploadFile:fail' }))
}

export function downloadFile(options: { url: string; header?: Record<string, string>; success?: Callback; fail?: Callback }): void {
  fetch(options.url, { cache: 'no-store', headers: options.header ?? {} })
    .then(async response => {
      const blob = await response.blob()
      const tempFilePath = URL.createObjectURL(blob)
      files.set(tempFilePath, blob)
      options.success?.({ tempFilePath, statusCode: response.status, errMsg: 'downloadFile:ok' })
    })
    .catch(() => options.fail?.({ errMsg: 'downloadFile:fail' }))
}
