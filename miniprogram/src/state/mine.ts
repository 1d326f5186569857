/** What this guest liked, saved and looked at. Kept on this phone only; URLs expire, so they are not kept. */

import { News } from '../lib/news'
import type { PhotoCard } from '../services/wire'
import { Kept } from './kept'

export const LISTS = ['liked', 'saved', 'recent'] as const
export type List = (typeof LISTS)[number]

/** Enough to find the photo again and to draw its stand-in meanwhile. */
export type Memory = Pick<
  PhotoCard,
  'id' | 'album_id' | 'position' | 'width' | 'height' | 'placeholder' | 'shot_at' | 'live_at' | 'retouched_at'
>

const MOST = 300

export class Mine {
  readonly news = new News<List>()
  private readonly lists: Record<List, Kept<Memory[]>>

  constructor() {
    const list = (name: List): Kept<Memory[]> => new Kept<Memory[]>(`mine.${name}`, [], Array.isArray)
    this.lists = { liked: list('liked'), saved: list('saved'), recent: list('recent') }
  }

  /** Latest first. */
  all(list: List): readonly Memory[] {
    return this.lists[list].get()
  }

  has(list: List, photoId: string): boolean {
    return this.all(list).some(memory => memory.id === photoId)
  }

  add(list: List, photo: Memory): void {
    const others = this.all(list).filter(memory => memory.id !== photo.id)
    this.put(list, [memoryOf(photo), ...others].slice(0, MOST))
  }

  remove(list: List, photoId: string): void {
    this.put(
      list,
      this.all(list).filter(memory => memory.id !== photoId),
    )
  }

  /** A hand made it better since it was saved; said once. */
  outdated({ id, stage, retouched_at }: Pick<PhotoCard, 'id' | 'stage' | 'retouched_at'>): boolean {
    const had = this.all('saved').find(memory => memory.id === id)
    if (had === undefined || stage !== 'retouched' || (had.retouched_at ?? 0) >= (retouched_at ?? 0)) return false
    this.put(
      'saved',
      this.all('saved').map(memory => (memory === had ? { ...had, retouched_at } : memory)),
    )
    return true
  }

  /** Returns whether it is liked now. */
  toggle(photo: Memory): boolean {
    const liked = this.has('liked', photo.id)
    if (liked) this.remove('liked', photo.id)
    else this.add('liked', photo)
    return !liked
  }

  clear(): void {
    for (const list of LISTS) {
      this.lists[list].clear()
      this.news.tell(list)
    }
  }

  private put(list: List, memories: Memory[]): void {
    this.lists[list].set(memories)
    this.news.tell(list)
  }
}

function memoryOf(photo: Memory): Memory {
  const { id, album_id, position, width, height, placeholder, shot_at, live_at, retouched_at } = photo
  return { id, album_id, position, width, height, placeholder, shot_at, live_at, retouched_at }
}
