/** Sponsors' tiles between an album's photos: behind which ones they hang, whose they are, that they were seen, and a tap. */

import type { Placed } from '../services/wire'
import { anchors } from '../state/dealing'
import { offersIn, type Dealt } from '../state/hands'
import type { Room } from '../state/room'
import type { Stage } from '../state/stage'
import type { Hanging, Weaver, Woven } from '../state/wall'
import { followSponsor } from './sponsor'
import { shownOf } from './spot'

/** A tile is never taller than wide, nor a banner: whatever shape the picture has, it is shown whole. */
const WIDEST = 1.6

interface Hung extends Dealt {
  readonly key: string
  seen: boolean
}

export class Between implements Weaver {
  private readonly hung = new Map<string, Hung>() // by the photo they hang behind
  private woven = ''

  constructor(
    private readonly stage: Stage,
    private readonly room: Pick<Room, 'album' | 'albumId' | 'front'>,
  ) {}

  /** The front or the clock says another thing than when it was woven. */
  get due(): boolean {
    return this.woven !== this.offered()
  }

  /** Whom a guest looks at already stays for as long as they are offered; then it is the next one's place. */
  weave({ ids, kept, fresh, far }: Hanging): ReadonlyMap<string, Woven> {
    this.woven = this.offered()
    const offers = this.offers()
    const places = offers.length > 0 ? anchors(ids, kept, fresh, this.room.front?.tile_every ?? Infinity) : []
    this.stay(offers, new Set(places.filter(photo => kept.has(photo))))
    for (const [n, photo] of places.entries()) {
      if (this.hung.has(photo)) continue
      const dealt = this.next(offers) ?? this.takeBack(places.slice(n + 1), far)
      if (dealt === null) break
      this.hung.set(photo, { ...dealt, key: `${photo}.${dealt.card}`, seen: false })
    }
    return new Map(Array.from(this.hung, ([photo, hung]) => [photo, wovenOf(hung)]))
  }

  /** Half of it, for a second; it may be drawn again. */
  seen(key: string): void {
    const hung = this.of(key)
    if (hung === undefined) return
    hung.seen = true
    const { hands, traces } = this.stage
    if (hands.showed(this.eventId, 'tile', hung, Date.now())) traces.note('viewable', this.room.albumId, undefined, hung.one.id)
  }

  follow(key: string): void {
    const hung = this.of(key)
    if (hung !== undefined) followSponsor(this.stage, this.room.albumId, hung.one.link, undefined, hung.one.id)
  }

  private get eventId(): string {
    return this.room.album?.event_id ?? ''
  }

  private offers(): Placed[] {
    return offersIn('tile', this.room.front?.placements ?? [], Date.now())
  }

  private offered(): string {
    return JSON.stringify([this.room.front?.tile_every, this.offers()])
  }

  private of(key: string): Hung | undefined {
    return Array.from(this.hung.values()).find(hung => hung.key === key)
  }

  private next(offers: readonly Placed[]): Dealt | null {
    const laid = Array.from(this.hung.values()).filter(({ seen }) => !seen)
    return this.stage.hands.next(this.eventId, 'tile', offers, Date.now(), laid)
  }

  /** Those whose place and sponsor are there still, with what the sponsor shows now. */
  private stay(offers: readonly Placed[], places: ReadonlySet<string>): void {
    for (const [photo, hung] of this.hung) {
      const one = offers.find(({ id }) => id === hung.one.id)
      if (one === undefined || !places.has(photo)) this.hung.delete(photo)
      else this.hung.set(photo, { ...hung, one })
    }
  }

  /** No card is left: that of the last tile further down nobody has seen. */
  private takeBack(behind: readonly string[], far: ReadonlySet<string>): Dealt | null {
    const last = behind.filter(photo => far.has(photo) && this.hung.get(photo)?.seen === false).pop()
    const dealt = last === undefined ? undefined : this.hung.get(last)
    if (last !== undefined) this.hung.delete(last)
    return dealt ?? null
  }
}

function wovenOf({ key, one }: Hung): Woven {
  return { key, width: Math.min(Math.max(one.width / one.height, 1), WIDEST), height: 1, shown: shownOf(one) }
}
