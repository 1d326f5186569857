/**
 * The wall's layout: photos in columns, where a photo that has its place keeps it.
 *
 * New photos go on top of the shorter column, older ones below the shorter column; nothing that is already there
 * changes its column or the distance to its neighbours. Only `reset` lays out anew, and only when the guest asked to go
 * to the top. A photo that was hidden leaves its box empty, and a better version is shown in the box of the first.
 */

export interface Shape {
  readonly id: string
  readonly width: number
  readonly height: number
}

/** px from the wall's left top corner. */
export interface Box {
  readonly id: string
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** The room above the shorter column, when photos that came one by one left some. */
export interface Hole {
  readonly left: number
  readonly width: number
  readonly height: number
}

interface Placed {
  readonly id: string
  readonly y: number // from the line the wall was begun at; negative above
  readonly height: number
}

const FLATTEST = 2.4
const TALLEST = 0.5

export class Waterfall {
  private columns: Placed[][] = [] // each from top to bottom
  private readonly ids = new Set<string>()

  constructor(
    private readonly count: number,
    private readonly columnWidth: number,
    private readonly gap: number,
  ) {
    this.reset([])
  }

  /** Forget everything and lay out `photos`, newest first, from an even top edge. */
  reset(photos: readonly Shape[]): void {
    this.columns = Array.from({ length: this.count }, () => [])
    this.ids.clear()
    this.append(photos)
  }

  /** Older photos, newest first. */
  append(photos: readonly Shape[]): void {
    for (const photo of this.fresh(photos)) {
      const column = this.pick((a, b) => bottom(a, this.gap) < bottom(b, this.gap))
      column.push({ id: photo.id, y: bottom(column, this.gap), height: this.heightOf(photo) })
    }
  }

  /** Photos that just came, newest first. */
  prepend(photos: readonly Shape[]): void {
    for (const photo of this.fresh(photos).reverse()) {
      const column = this.pick((a, b) => top(a) > top(b))
      const height = this.heightOf(photo)
      column.unshift({ id: photo.id, y: top(column) - this.gap - height, height })
    }
  }

  /** Ids of boxes that begin further down than `y`, px from the wall's top. */
  below(y: number): Set<string> {
    const from = y + this.top
    const ids = new Set<string>()
    for (const column of this.columns) for (const placed of column) if (placed.y > from) ids.add(placed.id)
    return ids
  }

  /** Take out what `below` named. Nothing else moves; what is appended next comes there. */
  cut(ids: ReadonlySet<string>): void {
    this.columns = this.columns.map(column => column.filter(({ id }) => !ids.has(id)))
    for (const id of ids) this.ids.delete(id)
  }

  has(id: string): boolean {
    return this.ids.has(id)
  }

  get height(): number {
    const lowest = Math.max(...this.columns.map(column => bottom(column, this.gap)))
    return Math.max(0, lowest - this.gap - this.top)
  }

  get hole(): Hole | null {
    const lowest = this.columns.map(top)
    const at = lowest.indexOf(Math.max(...lowest))
    const height = (lowest[at] ?? 0) - this.top - this.gap
    return height > 0 && this.ids.size > 0 ? { left: this.leftOf(at), width: this.columnWidth, height } : null
  }

  /** Every box that touches the stripe from `from` to `to`, px from the wall's top. */
  between(from: number, to: number): Box[] {
    const offset = this.top
    const boxes: Box[] = []
    this.columns.forEach((column, n) => {
      for (let i = firstEndingAfter(column, from + offset); i < column.length; i++) {
        const placed = column[i]
        if (placed === undefined || placed.y >= to + offset) break
        const { id, height } = placed
        boxes.push({ id, left: this.leftOf(n), top: placed.y - offset, width: this.columnWidth, height })
      }
    })
    return boxes
  }

  private get top(): number {
    return Math.min(...this.columns.map(top))
  }

  private leftOf(column: number): number {
    return column * (this.columnWidth + this.gap)
  }

  private fresh(photos: readonly Shape[]): Shape[] {
    return photos.filter(photo => {
      const known = this.ids.has(photo.id)
      this.ids.add(photo.id)
      return !known
    })
  }

  /** The first column that no other beats. */
  private pick(beats: (a: readonly Placed[], b: readonly Placed[]) => boolean): Placed[] {
    return this.columns.reduce((best, column) => (beats(column, best) ? column : best))
  }

  private heightOf(photo: Shape): number {
    const ratio = photo.width > 0 && photo.height > 0 ? photo.width / photo.height : 1.5
    return Math.round(this.columnWidth / Math.min(FLATTEST, Math.max(TALLEST, ratio)))
  }
}

function top(column: readonly Placed[]): number {
  return column[0]?.y ?? 0
}

/** Where the next photo below would begin. */
function bottom(column: readonly Placed[], gap: number): number {
  const last = column[column.length - 1]
  return last ? last.y + last.height + gap : 0
}

function firstEndingAfter(column: readonly Placed[], y: number): number {
  let low = 0
  let high = column.length
  while (low < high) {
    const middle = (low + high) >> 1
    const placed = column[middle]
    if (placed !== undefined && placed.y + placed.height <= y) low = middle + 1
    else high = middle
  }
  return low
}
