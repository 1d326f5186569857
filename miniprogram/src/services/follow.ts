/**
 * Follow an album from a cursor on: by stream where it works, by long poll where it does not, for as long as it takes.
 *
 * Both carry «changes after the cursor», so changing the carrier, sleeping and losing the network lose nothing. After a
 * stream that failed twice in a row or stayed silent the follower polls, and tries the stream again after REST_MS.
 */

import { sleep, waitFor, type Pace } from '../lib/backoff'
import type { Api } from './api'
import { readChanges } from './albums'
import { Refused, tolerate } from './refused'
import { openStream, type Ending, type Stream } from './stream'
import type { Change, Live } from './wire'

const PACE: Pace = { first_ms: 800, most_ms: 15_000 }
const REST_MS = 120_000
/** An answer without news before this was no waiting: something on the way answers in the platform's place. */
const TOO_SOON_MS = 500

/** `polling` is live too, a little later. `gone`: nobody may follow this album (any more). */
export type Link = 'connecting' | 'streaming' | 'polling' | 'offline' | 'gone'

export interface Ears {
  changes(changes: readonly Change[], cursor: number): void
  link(link: Link): void
}

export class Follower {
  private running = false
  private round = 0 // a run that was stopped notices that it is not the current one
  private stream: Stream | null = null
  private readonly poll = { now: (): void => undefined }
  private failed = 0
  private streamFailed = 0
  private streamAgainAt = 0
  private nudge: () => void = () => undefined

  constructor(
    private readonly api: Api,
    private readonly albumId: string,
    private readonly live: Live,
    private cursor: number,
    private readonly ears: Ears,
  ) {}

  start(): void {
    if (this.running) return
    this.running = true
    this.ears.link('connecting')
    void this.run(++this.round)
  }

  /** The cursor stays; `start` goes on from there. */
  stop(): void {
    this.running = false
    this.round++
    this.stream?.stop()
    this.poll.now()
    this.nudge()
  }

  /** The network is back: do not wait any longer. */
  hurry(): void {
    this.failed = 0
    this.nudge()
  }

  private async run(round: number): Promise<void> {
    while (this.round === round) {
      const streaming = Date.now() >= this.streamAgainAt
      const fine = streaming ? await this.listen(round) : await this.pollOnce(round)
      if (this.round !== round) return
      if (fine) this.failed = 0
      else await this.rest(waitFor(++this.failed, PACE))
    }
  }

  /** One stream from beginning to end. False: wait before the next attempt. */
  private async listen(round: number): Promise<boolean> {
    this.stream = openStream(
      this.api,
      this.live.stream,
      this.cursor,
      changes => {
        if (this.round === round) this.heard(changes)
      },
      () => {
        if (this.round === round) this.fine('streaming')
      },
    )
    const opened = Date.now()
    const ending = await this.stream.ended
    this.stream = null
    if (this.round !== round) return true
    return ending === 'over' ? Date.now() - opened > TOO_SOON_MS : this.after(ending)
  }

  private async after(ending: Exclude<Ending, 'over'>): Promise<boolean> {
    if (ending === 'stopped') return true
    if (typeof ending === 'object') return this.refused(ending.status)
    const useless = ending === 'unsupported' || ending === 'silent'
    this.streamFailed++
    if (useless || this.streamFailed >= 2) this.streamAgainAt = ending === 'unsupported' ? Infinity : Date.now() + REST_MS
    if (!useless) this.ears.link('offline')
    return useless
  }

  private async pollOnce(round: number): Promise<boolean> {
    try {
      const asked = Date.now()
      const found = await readChanges(this.api, this.albumId, this.cursor, Math.min(25, this.live.wait_s), this.poll)
      if (this.round !== round) return true
      this.fine('polling')
      this.heard(found.changes)
      return found.changes.length > 0 || Date.now() - asked > TOO_SOON_MS
    } catch (error) {
      if (this.round !== round) return true
      if (error instanceof Refused) return this.refused(error.status)
      tolerate(error)
      this.ears.link('offline')
      return false
    }
  }

  /** 401: a new login may help. 403 and 404: nothing will. Everything else passes. */
  private async refused(status: number): Promise<boolean> {
    if (status === 403 || status === 404) {
      this.stop()
      this.ears.link('gone')
      return true
    }
    if (status === 401) {
      try {
        await this.api.renew()
        return this.failed < 2
      } catch (error) {
        tolerate(error)
      }
    }
    this.ears.link('offline')
    return false
  }

  private heard(changes: readonly Change[]): void {
    for (const change of changes) this.cursor = Math.max(this.cursor, change.revision)
    if (changes.length > 0) this.ears.changes(changes, this.cursor)
  }

  private fine(link: 'streaming' | 'polling'): void {
    this.failed = 0
    if (link === 'streaming') this.streamFailed = 0
    this.ears.link(link)
  }

  private rest(ms: number): Promise<void> {
    return Promise.race([
      sleep(ms),
      new Promise<void>(done => {
        this.nudge = done
      }),
    ])
  }
}
