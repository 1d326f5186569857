/** The events this guest opened, latest first, so that home and «mine» know where to lead without a code. */

import type { Scanned } from '../services/wire'
import { Kept } from './kept'

export interface Visit {
  readonly eventId: string
  readonly title: string
  readonly place: string
  readonly starts_at: number | null
  readonly ends_at: number | null
  readonly shareCode: string
  readonly albums: readonly { readonly id: string; readonly title: string }[]
  readonly at: number
}

const MOST = 12

export class Visits {
  private readonly kept = new Kept<Visit[]>('visits', [], Array.isArray)

  get all(): readonly Visit[] {
    return this.kept.get()
  }

  remember({ event, albums }: Scanned, at: number): void {
    const visit: Visit = {
      eventId: event.id,
      title: event.title,
      place: event.place,
      starts_at: event.starts_at,
      ends_at: event.ends_at,
      shareCode: event.share_code,
      albums: albums.map(({ id, title }) => ({ id, title })),
      at,
    }
    this.kept.set([visit, ...this.all.filter(known => known.eventId !== event.id)].slice(0, MOST))
  }

  /** The visited event this album belongs to, or null. */
  of(albumId: string): Visit | null {
    return this.all.find(visit => visit.albums.some(album => album.id === albumId)) ?? null
  }

  clear(): void {
    this.kept.clear()
  }
}
