/**
 * The photos one swipes through: a stretch of the album around the one that is looked at.
 *
 * The order is fixed when the viewer opens, so that nothing jumps under the finger; only older photos are added at its
 * end. Of a long album only REACH photos to each side become slides; near the edge the stretch moves on (`shifted`).
 * Pictures are drawn for the current slide and two to each side: the next one is there before it is swiped to. Zoomed in, a
 * photo wants more pixels, and keeps them.
 */

import type { Area } from '../lib/screen'
import { standIn } from '../lib/thumbhash'
import { copyFor } from '../services/copies'
import type { PhotoCard } from '../services/wire'

export interface Slide {
  readonly id: string
  readonly near: boolean
  readonly gone: boolean
  readonly src: string
  readonly standIn: string
  readonly style: string
}

const REACH = 40
const NEAR = 2
const EDGE = 3

export class Slides {
  private list: PhotoCard[]
  private readonly gone = new Set<string>()
  private readonly scales = new Map<string, number>()
  private first = 0
  private at: number

  constructor(
    photos: readonly PhotoCard[],
    id: string,
    private readonly area: Area,
  ) {
    this.list = Array.from(photos)
    this.at = Math.max(
      0,
      this.list.findIndex(photo => photo.id === id),
    )
    this.centre()
  }

  get photo(): PhotoCard | null {
    return this.list[this.at] ?? null
  }

  get isGone(): boolean {
    return this.photo === null || this.gone.has(this.photo.id)
  }

  /** Index of the current slide within `slides()`. */
  get current(): number {
    return this.at - this.first
  }

  get atEnd(): boolean {
    return this.at >= this.list.length - EDGE
  }

  /** The guest swiped to a slide. True: the stretch moved, so that `current` is another number now. */
  go(current: number): boolean {
    this.at = Math.min(this.list.length - 1, Math.max(0, this.first + current))
    const first = this.first
    const tight = this.current < EDGE && this.first > 0
    if (tight || this.current > 2 * REACH - EDGE) this.centre()
    return this.first !== first
  }

  /** The guest zoomed the current photo. True: it wants another copy now. */
  zoom(scale: number): boolean {
    const { photo } = this
    if (photo === null || scale <= this.scaleOf(photo)) return false
    const before = this.copy(photo)
    this.scales.set(photo.id, scale)
    return this.copy(photo) !== before
  }

  /** Older photos, at the end. */
  extend(photos: readonly PhotoCard[]): void {
    const known = new Set(this.list.map(photo => photo.id))
    this.list.push(...photos.filter(photo => !known.has(photo.id)))
  }

  /** A better version, in place. */
  better(photo: PhotoCard): void {
    this.gone.delete(photo.id)
    this.list = this.list.map(known => (known.id === photo.id ? photo : known))
  }

  hide(id: string): void {
    this.gone.add(id)
  }

  slides(): Slide[] {
    return this.list.slice(this.first, this.first + 2 * REACH + 1).map((photo, n) => this.slide(photo, n + this.first))
  }

  private slide(photo: PhotoCard, at: number): Slide {
    const near = Math.abs(at - this.at) <= NEAR
    const gone = this.gone.has(photo.id)
    const drawn = near && !gone
    return {
      id: photo.id,
      near,
      gone,
      src: drawn ? this.copy(photo) : '',
      standIn: drawn ? standIn(photo.placeholder, photo.width, photo.height) : '',
      style: near ? this.style(photo) : '',
    }
  }

  private copy(photo: PhotoCard): string {
    const { width, height } = this.fitted(photo)
    return copyFor(photo, Math.max(width, height) * this.scaleOf(photo), this.area.density)
  }

  private scaleOf(photo: PhotoCard): number {
    return this.scales.get(photo.id) ?? 1
  }

  private style(photo: PhotoCard): string {
    const { width, height } = this.fitted(photo)
    return `width:${width}px;height:${height}px`
  }

  /** As large as the screen allows, whole. */
  private fitted({ width, height }: PhotoCard): { width: number; height: number } {
    if (width <= 0 || height <= 0) return this.area
    const scale = Math.min(this.area.width / width, this.area.height / height)
    return { width: Math.round(width * scale), height: Math.round(height * scale) }
  }

  private centre(): void {
    this.first = Math.max(0, this.at - REACH)
  }
}
