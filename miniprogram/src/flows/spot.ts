/** Where a page shows a sponsor's picture: whose it is while the page is open, that it was seen, and a tap on it. */

import type { Moment, Front, Placed } from '../services/wire'
import { offersIn, type Dealt } from '../state/hands'
import type { Stage } from '../state/stage'
import { followSponsor } from './sponsor'

export interface Shown {
  readonly id: string
  readonly src: string
  readonly line: string
  readonly spoken: string
  readonly link: string
}

export interface Where {
  readonly eventId: string
  /** Whose guest tells of it. */
  readonly albumId: string
}

export class Spot {
  private dealt: Dealt | null = null
  private offered = ''

  /** `draw` hears of a change: one, or none. */
  constructor(
    private readonly slot: Placed['slot'],
    private readonly where: Where,
    private readonly draw: (shown: Shown[]) => void,
  ) {}

  /** As the front has it at this moment. Whom the guest looks at already stays for as long as they are offered. */
  turn(hands: Stage['hands'], front: Front, now: Moment): void {
    const offers = offersIn(this.slot, front.placements, now)
    const offered = JSON.stringify(offers)
    if (offered === this.offered) return
    this.offered = offered
    const same = offers.find(one => one.id === this.dealt?.one.id)
    if (same !== undefined && this.dealt !== null) this.dealt = { ...this.dealt, one: same }
    else this.dealt = hands.next(this.where.eventId, this.slot, front.placements, now)
    this.draw(this.dealt === null ? [] : [shownOf(this.dealt.one)])
  }

  /** Half of it, for a second; a page may draw it again. */
  seen({ hands, traces }: Stage, now: Moment): void {
    if (this.dealt === null || !hands.showed(this.where.eventId, this.slot, this.dealt, now)) return
    traces.note('viewable', this.where.albumId, undefined, this.dealt.one.id)
  }

  follow(stage: Stage): void {
    if (this.dealt === null) return
    const { id, link } = this.dealt.one
    followSponsor(stage, this.where.albumId, link, undefined, id)
  }
}

export function shownOf({ id, url, name, words, link }: Placed): Shown {
  return { id, src: url, line: words === '' ? name : words, spoken: [name, words].filter(Boolean).join(' · '), link }
}
