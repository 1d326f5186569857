/**
 * The wall as the guest sees it: which tiles are near the screen, and which photos wait for the guest to look up.
 *
 * What is being looked at never moves. New photos go in at once only for somebody who is at the top; for everybody else
 * they wait, and the pill says how many. What hangs between photos comes and goes with photos, or below the screen.
 */

import type { Shown } from '../flows/spot'
import { standIn } from '../lib/thumbhash'
import { Waterfall, type Hole, type Shape } from '../lib/waterfall'
import type { PhotoCard } from '../services/wire'

export interface Tile {
  readonly id: string
  readonly style: string
  readonly thumb: string
  readonly standIn: string
  readonly gone: boolean
  readonly fresh: boolean
  /** This hangs between photos: one, or none any more in a place that stays. */
  readonly placed?: readonly Shown[]
}

/** Where photos come from: a feed, or a list. */
export interface Source {
  readonly photos: readonly PhotoCard[] // newest first
  photo(id: string): PhotoCard | null
}

/** The photos on the wall, newest first, and what is true of some of them. */
export interface Hanging {
  readonly ids: readonly string[]
  /** Behind them something has its place. */
  readonly kept: ReadonlySet<string>
  /** They come now or are below the screen: something may come behind them. */
  readonly fresh: ReadonlySet<string>
  /** What is behind them is below the screen. */
  readonly far: ReadonlySet<string>
}

/** Something that is no photo and hangs behind one, for as long as that hangs. */
export interface Woven {
  readonly key: string
  readonly width: number
  readonly height: number
  readonly shown: Shown
}

/** Says what hangs behind which photos. */
export interface Weaver {
  weave(now: Hanging): ReadonlyMap<string, Woven>
}

const GAP_PX = 4
const FRESH_MS = 2500
const BEHIND = 'behind:' // begins the id of a box behind a photo

export class Wall {
  private readonly layout: Waterfall
  private readonly arrived = new Map<string, number>()
  private newest = -1 // position of the newest photo that has its place
  private woven: ReadonlyMap<string, Woven> = new Map() // by the photo it is behind

  /** `edge`: px from the wall's top, out of sight from there on. */
  constructor(
    private source: Source,
    width: number,
    private readonly weaver: Weaver | null = null,
    private readonly edge: () => number = () => Infinity,
  ) {
    const columns = columnsFor(width)
    this.layout = new Waterfall(columns, (width - GAP_PX * (columns - 1)) / columns, GAP_PX)
    this.reset(source)
  }

  /** Lay out anew, from an even edge. */
  reset(source = this.source): void {
    this.source = source
    this.newest = source.photos[0]?.position ?? -1
    this.layout.reset([])
    this.older(source.photos)
  }

  get waiting(): readonly PhotoCard[] {
    const first = this.source.photos.findIndex(photo => photo.position <= this.newest)
    return first < 0 ? this.source.photos : this.source.photos.slice(0, first)
  }

  /** Put what waits on top, moving nothing against its neighbours. */
  letIn(): void {
    const waiting = this.waiting
    this.weave(waiting)
    this.layout.prepend(this.mixed(waiting))
    for (const photo of waiting) this.arrived.set(photo.id, Date.now())
    this.newest = waiting[0]?.position ?? this.newest
  }

  older(photos: readonly PhotoCard[]): void {
    this.weave(photos)
    this.layout.append(this.mixed(photos))
  }

  /**
   * Ask what hangs between the photos now, `coming` among them. Below the screen the wall is laid out anew where that, or
   * a photo that is back, changes it; what left further up leaves its place empty.
   */
  weave(coming: readonly PhotoCard[] = []): void {
    if (this.weaver === null) return
    const below = this.layout.below(this.edge())
    const first = this.source.photos.find(({ id }) => below.has(id))?.position ?? -1
    const come = new Set(coming.map(({ id }) => id))
    const hanging = this.source.photos.filter(({ id, position }) => come.has(id) || this.layout.has(id) || position < first)
    const laid = hanging.filter(({ id }) => !come.has(id))
    const ids = hanging.map(({ id }) => id)
    this.woven = this.weaver.weave({
      ids,
      kept: new Set(ids.filter(id => this.layout.has(BEHIND + id))),
      fresh: new Set(ids.filter(id => below.has(id) || !this.layout.has(id))),
      far: new Set(ids.filter(id => below.has(BEHIND + id))),
    })
    const came = laid.some(({ id }) => !this.layout.has(id) || (this.woven.has(id) && !this.layout.has(BEHIND + id)))
    const left = Array.from(below).some(id => id.startsWith(BEHIND) && !this.woven.has(id.slice(BEHIND.length)))
    if (!came && !left) return
    this.layout.cut(below)
    this.layout.append(this.mixed(laid))
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
        fresh: Date.now() - (this.arrived.get(box.id) ?? -FRESH_MS) < FRESH_MS,
        ...this.between(box.id),
      }
    })
  }

  private between(boxId: string): Partial<Tile> {
    if (!boxId.startsWith(BEHIND)) return {}
    const woven = this.woven.get(boxId.slice(BEHIND.length))
    return woven === undefined ? { placed: [] } : { id: woven.key, placed: [woven.shown] }
  }

  /** Photos, and what hangs behind them. */
  private mixed(photos: readonly PhotoCard[]): Shape[] {
    const items: Shape[] = []
    for (const photo of photos) {
      const woven = this.woven.get(photo.id)
      items.push(photo)
      if (woven !== undefined) items.push({ ...woven, id: BEHIND + photo.id })
    }
    return items
  }
}

function columnsFor(width: number): number {
  if (width < 600) return 2
  return width < 960 ? 3 : 4
}
