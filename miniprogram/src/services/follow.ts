/**
 * Follow an album from a cursor on: by stream where it works, by long poll where it does not, by the album's files when
 * the platform is crowded (429) or answers no more, for as long as it takes.
 *
 * All carry «changes after the cursor», so changing the carrier, sleeping and losing the network lose nothing. After a
 * stream that failed twice in a row or stayed silent the follower polls, and tries the stream again after REST_MS; after
 * two polls in a row without an answer it reads the files, and the stream again after CROWD_MS.
 */

import { sleep, waitFor, type Pace } from '../lib/backoff'
import type { Api } from './api'
import { readAlbum, readChanges, readFront } from './albums'
import { readHead, readStretches, type Stretch } from './files'
import { Refused, tolerate } from './refused'
import { openStream, type Ending, type Stream } from './stream'
import type { Change, Front, Head, Live } from './wire'

const PACE: Pace = { first_ms: 800, most_ms: 15_000 }
const REST_MS = 120_000
const CROWD_MS = 90_000
/** An answer without news before this was no waiting: something on the way answers in the platform's place. */
const TOO_SOON_MS = 500

/** `polling` is live too, a little later. `gone`: nobody may follow this album (any more). */
export type Link = 'connecting' | 'streaming' | 'polling' | 'offline' | 'gone'

export interface Ears {
  changes(changes: readonly Change[], cursor: number): void
  /** All that is visible of a stretch as of a revision: what is known there and is not among it is hidden. */
  stretch(stretch: Stretch, revision: number): void
  link(link: Link): void
  front(front: Front): void
}

export class Follower {
  private running = false
  private round = 0 // a run that was stopped notices that it is not the current one
  private stream: Stream | null = null
  private readonly poll = { now: (): void => undefined }
  private failed = 0
  private streamFailed = 0
  private streamAgainAt = 0
  private pollFailed = 0
  private filesUntil = 0
  private front = 0 // its newest revision we heard of
  private nudge: () => void = () => undefined

  constructor(
    private readonly api: Api,
    private readonly albumId: string,
    private live: Live,
    private cursor: number,
    private readonly ears: Ears,
  ) {
    if (live.carrier === 'files') this.filesUntil = Date.now() + CROWD_MS
  }

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
      const fine = await this.turn(round)
      if (this.round !== round) return
      if (fine) this.failed = 0
      else await this.rest(waitFor(++this.failed, PACE))
    }
  }

  private turn(round: number): Promise<boolean> {
    if (this.live.files !== null && Date.now() < this.filesUntil) return this.readOnce(this.live.files.head, round)
    return Date.now() >= this.streamAgainAt ? this.listen(round) : this.pollOnce(round)
  }

  /** One stream from beginning to end. False: wait before the next attempt. */
  private async listen(round: number): Promise<boolean> {
    this.stream = openStream(
      this.api,
      this.live.stream,
      { after: this.cursor, front: this.front },
      {
        changes: changes => {
          if (this.round === round) this.heard(changes)
        },
        front: front => {
          if (this.round === round) this.faced(front)
        },
        hello: () => {
          if (this.round === round) this.fine('streaming')
        },
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
      this.pollFailed = 0
      this.fine('polling')
      this.heard(found.changes)
      this.lookAt(found.front)
      return found.changes.length > 0 || Date.now() - asked > TOO_SOON_MS
    } catch (error) {
      if (this.round !== round) return true
      if (error instanceof Refused && !error.passing) return this.refused(error.status)
      tolerate(error)
      if (++this.pollFailed >= 2 && this.live.files !== null) this.filesUntil = Date.now() + CROWD_MS
      this.ears.link('offline')
      return false
    }
  }

  /** The head once, and the pause until the next time. False: the files are gone or cannot be reached; ask the platform. */
  private async readOnce(url: string, round: number): Promise<boolean> {
    try {
      const head = await readHead(url)
      if (this.round === round && this.cursor < head.since) await this.catchUp(head, round)
      if (this.round !== round) return true
      this.fine('polling')
      this.heard(head.changes.filter(change => change.revision > this.cursor))
      this.lookAt(head.front)
      if (this.cursor >= head.since) this.cursor = Math.max(this.cursor, head.revision)
      await this.rest(head.poll_ms * (0.8 + Math.random() * 0.4)) // a crowd must not ask in step
      return true
    } catch (error) {
      if (this.round !== round) return true
      tolerate(error)
      this.filesUntil = this.pollFailed = this.streamAgainAt = 0
      if (!(error instanceof Refused)) this.ears.link('offline')
      return false
    }
  }

  /** Too far behind for the head: by the platform, which knows best, else by what the files say. */
  private async catchUp(head: Head, round: number): Promise<void> {
    try {
      const found = await readChanges(this.api, this.albumId, this.cursor, 0)
      if (this.round === round) this.heard(found.changes)
    } catch (error) {
      tolerate(error)
      const stretches = await readStretches(head)
      if (this.round !== round) return
      for (const stretch of stretches) this.ears.stretch(stretch, head.revision)
      this.cursor = head.since
    }
  }

  /** 429: read the files instead, or poll where there are none. The header may know of files that were not there before. */
  private async crowded(): Promise<boolean> {
    try {
      this.live = (await readAlbum(this.api, this.albumId)).live
    } catch (error) {
      tolerate(error) // the header we have will do
    }
    if (this.live.files !== null) this.filesUntil = Date.now() + CROWD_MS
    else this.streamAgainAt = Date.now() + REST_MS
    return true
  }

  /** 401: a new login may help. 403 and 404: nothing will. Everything else passes. */
  private async refused(status: number): Promise<boolean> {
    if (status === 429) return this.crowded()
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

  private faced(front: Front): void {
    this.front = front.revision
    this.ears.front(front)
  }

  /** There is a newer front: read it. What fails is tried again when a poll names it the next time. */
  private lookAt(revision = 0): void {
    if (revision <= this.front) return
    readFront(this.api, this.albumId)
      .then(front => {
        this.faced(front)
      })
      .catch(tolerate)
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
