/**
 * When to offer «提醒我», and what the guest answered.
 *
 * A question at the wrong moment is answered «no» for ever, so we offer only where it is natural: before an event
 * begins, and after a guest liked or saved a photo; once per album and day, and not while messages are left.
 * What WeChat accepted is worth a message: it is kept until the platform has it.
 */

import type { Api } from '../services/api'
import { tolerate } from '../services/refused'
import { accepted, allowMessages, alwaysAllowed, askInWeChat, type Reply } from '../services/subscribe'
import { Kept } from './kept'

const QUIET_MS = 20 * 3600 * 1000
const EXTRA_EVERY_MS = 10 * 60 * 1000

interface Standing {
  readonly left: number
  readonly offeredAt: number
}

interface Owed {
  readonly albumId: string
  readonly results: Readonly<Record<string, string>>
  readonly tap: string
}

export type Outcome = { readonly kind: 'on'; readonly left: number } | { readonly kind: 'no' | Reply['kind'] | 'owed' }

export class Reminders {
  private readonly kept = new Kept<Record<string, Standing>>('reminders', {})
  private readonly owed = new Kept<Owed[]>('reminders.owed', [], Array.isArray)
  private always: readonly string[] = []
  private extraAt = 0
  private settling: Promise<number | null> = Promise.resolve(null)

  constructor(
    private readonly api: Api,
    private readonly now: () => number = Date.now,
  ) {}

  left(albumId: string): number {
    return this.kept.get()[albumId]?.left ?? 0
  }

  /** Whether this is a moment to offer. The offer itself is told by `offered`. */
  mayOffer(albumId: string, templates: readonly string[]): boolean {
    const known = this.kept.get()[albumId]
    if (templates.length === 0 || this.left(albumId) > 0) return false
    return known === undefined || this.now() - known.offeredAt > QUIET_MS
  }

  offered(albumId: string): void {
    this.note(albumId, { left: this.left(albumId), offeredAt: this.now() })
  }

  /** First call of a tap's handler, always. */
  async ask(albumId: string, templates: readonly string[]): Promise<Outcome> {
    const reply = await askInWeChat(templates)
    if (reply.kind !== 'answered') return { kind: reply.kind }
    this.offered(albumId)
    if (!accepted(reply)) return { kind: 'no' }
    this.owed.set([...this.owed.get(), { albumId, results: reply.results, tap: tapName(this.now()) }])
    const left = await this.settle()
    return left === null ? { kind: 'owed' } : { kind: 'on', left }
  }

  /** On a tap that is about something else: one message more without a dialog, where the guest chose «always». */
  askQuietly(albumId: string, templates: readonly string[]): void {
    const quiet = templates.filter(id => this.always.includes(id))
    if (quiet.length === 0 || this.now() - this.extraAt < EXTRA_EVERY_MS) return
    this.extraAt = this.now()
    void this.ask(albumId, quiet)
  }

  /** On every start: what «always» covers, and what the platform was not told yet. */
  async refresh(): Promise<void> {
    this.always = await alwaysAllowed()
    await this.settle()
  }

  /** Tell the platform everything it was not told, one at a time. */
  private settle(): Promise<number | null> {
    this.settling = this.settling.then(() => this.tellOwed())
    return this.settling
  }

  /** Null: not now; it stays owed. Otherwise what is left of the last. */
  private async tellOwed(): Promise<number | null> {
    let left: number | null = null
    for (const debt of this.owed.get()) {
      try {
        left = await allowMessages(this.api, debt.albumId, debt.results, debt.tap)
      } catch (error) {
        tolerate(error)
        return null
      }
      this.owed.set(this.owed.get().filter(other => other !== debt))
      this.note(debt.albumId, { left, offeredAt: this.kept.get()[debt.albumId]?.offeredAt ?? this.now() })
    }
    return left
  }

  clear(): void {
    this.kept.clear()
  }

  private note(albumId: string, record: Standing): void {
    this.kept.set({ ...this.kept.get(), [albumId]: record })
  }
}

/** A name no other tap of this guest has. */
function tapName(now: number): string {
  return `${now.toString(36)}-${Math.random().toString(36).slice(2, 10)}`
}
