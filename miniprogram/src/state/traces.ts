/**
 * 足迹: what this guest does, told in batches. The numbers of organizers and sponsors are counted from it.
 *
 * The guest is a random number of this phone and nobody's name, so that looking still needs no login. What could not be
 * told is kept, over a restart too, under the same name. A member's phone tells nothing.
 */

import { cameBy } from '../lib/scene'
import type { Api } from '../services/api'
import { handOver } from '../services/track'
import type { TraceStep, TrackRequest } from '../services/wire'
import { Kept } from './kept'

const EVERY_MS = 10_000
const MOST = 100 // traces in a batch
const BATCHES = 10 // kept at most; the oldest are given up
const ONCE: ReadonlySet<TraceStep['kind']> = new Set(['visit', 'viewable']) // of each album, of each photo, in one launch; placements: each showing

interface Held {
  readonly device: string
  readonly member: boolean
  readonly untold: readonly TrackRequest[]
}

export class Traces {
  private readonly kept = new Kept<Held>('traces', { device: '', member: false, untold: [] }, found => 'untold' in found)
  private readonly fresh = new Map<string, TraceStep[]>() // by album
  private readonly known = new Set<string>()
  private source = ''
  private timer: ReturnType<typeof setTimeout> | null = null
  private asleep = false
  private telling: Promise<void> | null = null

  constructor(private readonly api: Api) {}

  /** Of a page's query: where the guest came from. Our own pages hand share codes on, so «by a link» is only a first word. */
  came(query: Readonly<Record<string, string | undefined>>): void {
    const came = cameBy(query)
    if (came !== '' && (this.source === '' || came !== 'l')) this.source = came
  }

  note(kind: TraceStep['kind'], albumId: string, photoId?: string, placementId?: string): void {
    if (this.kept.get().member) return
    if (ONCE.has(kind) && placementId === undefined && this.again(`${kind} ${photoId ?? albumId}`)) return
    const steps = this.fresh.get(albumId) ?? []
    this.fresh.set(albumId, steps)
    const of = { ...(photoId === undefined ? {} : { photo_id: photoId }), ...(placementId === undefined ? {} : { placement_id: placementId }) }
    steps.push({ kind, ...of, done_at: Date.now() })
    if (steps.length >= MOST) void this.tell()
    else this.tellSoon()
  }

  /** The guest turned out to be one of the organizer's own. */
  member(): void {
    this.clear()
    this.kept.set({ device: '', member: true, untold: [] })
  }

  /** Now, not in a while: the guest leaves. Never fails. */
  tell(): Promise<void> {
    this.rest()
    this.pack()
    this.telling ??= this.tellAll().finally(() => {
      this.telling = null
    })
    return this.telling
  }

  sleep(): void {
    this.asleep = true
    void this.tell()
  }

  wake(): void {
    this.asleep = false
    if (this.kept.get().untold.length > 0 || this.fresh.size > 0) this.tellSoon()
  }

  /** From now on another guest. */
  clear(): void {
    this.rest()
    this.fresh.clear()
    this.known.clear()
    this.kept.clear()
  }

  private again(name: string): boolean {
    const before = this.known.has(name)
    this.known.add(name)
    return before
  }

  private tellSoon(): void {
    if (this.asleep || this.timer !== null) return
    this.timer = setTimeout(() => void this.tell(), EVERY_MS)
  }

  private rest(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
  }

  /** What is fresh gets its name and goes to what is kept. */
  private pack(): void {
    if (this.fresh.size === 0) return
    const { untold, ...held } = this.kept.get()
    const device = held.device || randomName()
    const batches = Array.from(this.fresh, ([album_id, traces]) => ({
      batch: randomName(),
      album_id,
      device,
      source: this.source,
      traces,
    }))
    this.fresh.clear()
    this.kept.set({ ...held, device, untold: [...untold, ...batches].slice(-BATCHES) })
  }

  private async tellAll(): Promise<void> {
    for (let next = this.kept.get().untold[0]; next !== undefined; next = this.kept.get().untold[0]) {
      const { batch } = next
      if (!(await handOver(this.api, next))) return
      const held = this.kept.get()
      this.kept.set({ ...held, untold: held.untold.filter(one => one.batch !== batch) })
    }
  }
}

function randomName(): string {
  return Array.from({ length: 24 }, () => Math.floor(Math.random() * 36).toString(36)).join('')
}
