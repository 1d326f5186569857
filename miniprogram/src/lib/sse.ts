/**
 * Server-sent events out of raw chunks. WeChat cuts a stream anywhere, also inside a letter of three bytes, and may
 * hand over two events at once; so bytes are kept until a line is whole and only then become text.
 */

import { fromUtf8 } from './bytes'

const NEWLINE = 10

export interface SseEvent {
  readonly event: string
  readonly data: string
}

export class SseReader {
  private kept = new Uint8Array(0)
  private event = ''
  private data: string[] = []

  /** The events that this chunk completes. Comments (heartbeats) give none. */
  push(chunk: ArrayBuffer): SseEvent[] {
    const bytes = joined(this.kept, new Uint8Array(chunk))
    const found: SseEvent[] = []
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      const event = this.line(fromUtf8(bytes.subarray(from, end)).replace(/\r$/, ''))
      if (event !== null) found.push(event)
      from = end + 1
    }
    this.kept = bytes.slice(from)
    return found
  }

  private line(line: string): SseEvent | null {
    if (line === '') return this.complete()
    const colon = line.indexOf(':')
    if (colon === 0) return null
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') this.event = value
    if (field === 'data') this.data.push(value)
    return null
  }

  private complete(): SseEvent | null {
    const event = this.data.length > 0 ? { event: this.event || 'message', data: this.data.join('\n') } : null
    this.event = ''
    this.data = []
    return event
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}
