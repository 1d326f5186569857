/**
 * The wall as the guest sees it: which tiles are near the screen, and which photos wait for the guest to look up.
 *
 * What is being looked at never moves. New photos go in at once only for somebody who is at the top; for everybody else
 * they wait, and the pill says how many.
 */

import { standIn } from '../lib/thumbhash'
import { Waterfall, type Hole } from '../lib/waterfall'
import type { PhotoCard } from '../services/wire'

export interface Tile {
  readonly id: string
  readonly style: string
  readonly thumb: string
  readonly standIn: string
  readonly gone: boolean
  readonly fresh: boolean
}

/** Where photos come from: a feed, or a list. */
export interface Source {
  readonly photos: readonly PhotoCard[] // newest first
  photo(id: string): PhotoCard | null
}

const GAP_PX = 4
const FRESH_MS = 2500

export class Wall {
  private readonly layout: Waterfall
  private readonly arrived = new Map<string, number>()
  private newest = -1 // position of the newest photo that has its place

  constructor(
    private source: Source,
    width: number,
    private readonly now: () => number = Date.now,
  ) {
    const columns = columnsFor(width)
    this.layout = new Waterfall(columns, (width - GAP_PX * (columns - 1)) / columns, GAP_PX)
    this.reset(source)
  }

  /** Lay out anew, from an even edge. */
  reset(source = this.source): void {
    this.source = source
    this.layout.reset(source.photos)
    this.newest = source.photos[0]?.position ?? -1
  }

  get waiting(): readonly PhotoCard[] {
    const first = this.source.photos.findIndex(photo => photo.position <= this.newest)
    return first < 0 ? this.source.photos : this.source.photos.slice(0, first)
  }

  /** Put what waits on top, moving nothing against its neighbours. */
  letIn(): void {
    const waiting = this.waiting
    this.layout.prepend(waiting)
    for (const photo of waiting) this.arrived.set(photo.id, this.now())
    this.newest = waiting[0]?.position ?? this.newest
  }

  older(photos: readonly PhotoCard[]): void {
    this.layout.append(photos)
  }

  get height(): number {
    return this.layout.height
  }

  get hole(): Hole | null {
    return this.layout.hole
  }

  tiles(from: number, to: number): Tile[] {
    const near = this.layout.between(from, to).sort((a, b) => a.top - b.top || a.left - b.left)
    return near.map(box => {
      const photo = this.source.photo(box.id)
      return {
        id: box.id,
        style: `transform:translate3d(${box.left}px,${box.top}px,0);width:${box.width}px;height:${box.height}px`,
        thumb: photo?.urls.thumb ?? '',
        standIn: photo === null ? '' : standIn(photo.placeholder, photo.width, photo.height),
        gone: photo === null,
        fresh: this.now() - (this.arrived.get(box.id) ?? -FRESH_MS) < FRESH_MS,
      }
    })
  }
}

function columnsFor(width: number): number {
  if (width < 600) return 2
  return width < 960 ? 3 : 4
}
