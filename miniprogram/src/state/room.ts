/**
 * One open album: its header, the photos this phone has, what comes live, what is older.
 *
 * The order that loses nothing (docs/wire.md §2): the header's revision is the cursor, then the newest photos, then
 * every change after the cursor. Pages and viewer share a room; it follows only while somebody listens and the
 * mini-program is on screen.
 */

import { News } from '../lib/news'
import { readAlbum, readHistory, readPhotoAt } from '../services/albums'
import type { Api } from '../services/api'
import { Follower, type Link } from '../services/follow'
import { tolerate } from '../services/refused'
import type { AlbumCard, Change, Front, PhotoCard } from '../services/wire'
import { Feed, type Taken } from './feed'

/** Behind by more than this, reading anew is cheaper than catching up. */
const TOO_FAR = 300

export type Said =
  | { readonly kind: 'changed'; readonly taken: Taken }
  | { readonly kind: 'older'; readonly photos: readonly PhotoCard[] }
  | { readonly kind: 'renewed'; readonly photo: PhotoCard }
  | { readonly kind: 'reset' }
  | { readonly kind: 'link'; readonly link: Link }
  | { readonly kind: 'front' }

export class Room {
  album: AlbumCard | null = null
  feed = new Feed()
  /** What stands around the photos; null until somebody says so, which may be never. */
  front: Front | null = null
  link: Link = 'connecting'
  /** What opens the album, also while its door is closed. */
  access = ''
  readonly news = new News<Said>()
  private follower: Follower | null = null
  private opening: Promise<void> | null = null
  private reading: Promise<boolean> | null = null
  private next: number | null = null
  private cursor = 0
  private asleep = false

  constructor(
    private readonly api: Api,
    readonly albumId: string,
  ) {}

  /**
   * The header and the newest photos, once however often it is asked. A header that a scan just brought saves a
   * request; one that is a little old is as good: following begins at its revision. Raises Refused, NoAnswer.
   */
  open(known: AlbumCard | null = null): Promise<void> {
    this.opening ??= this.read(known).catch((error: unknown) => {
      this.opening = null
      throw error
    })
    return this.opening
  }

  /** After the door opened: everything is read anew. Raises Refused, NoAnswer. */
  reopen(): Promise<void> {
    this.opening = null
    return this.open()
  }

  /** Hear what happens from now on. Returns the way out. */
  enter(listener: (said: Said) => void): () => void {
    const leave = this.news.listen(listener)
    this.listen()
    return () => {
      leave()
      if (!this.news.heard) this.follower?.stop()
    }
  }

  get complete(): boolean {
    return this.album !== null && this.next === null
  }

  /** How many photos a guest can see, as far as this phone knows. */
  get count(): number {
    return this.complete ? this.feed.photos.length : Math.max(this.album?.photos ?? 0, this.feed.photos.length)
  }

  /** One page more. False: there was none. Raises Refused, NoAnswer. */
  older(): Promise<boolean> {
    if (this.next === null) return Promise.resolve(false)
    this.reading ??= this.readOlder(this.next).finally(() => {
      this.reading = null
    })
    return this.reading
  }

  /** URLs are signed for some hours; this gets a photo's new ones. Null: nobody may see it any more. */
  async renew(photo: Pick<PhotoCard, 'id' | 'position'>): Promise<PhotoCard | null> {
    const found = await readPhotoAt(this.api, this.albumId, photo.position)
    if (found === null) return null
    if (this.feed.renew(found)) this.news.tell({ kind: 'renewed', photo: found })
    else this.heard([found])
    return found
  }

  sleep(): void {
    this.asleep = true
    this.follower?.stop()
  }

  /** Back on screen: go on from the cursor, or begin anew when too much happened. Never fails: following says so. */
  async wake(): Promise<void> {
    this.asleep = false
    if (this.follower === null || !this.news.heard) return
    try {
      const album = await readAlbum(this.api, this.albumId)
      if (album.revision - this.cursor > TOO_FAR) await this.begin(album)
      else this.album = album
    } catch (error) {
      tolerate(error) // the follower finds out and shows it
    }
    this.listen()
  }

  hurry(): void {
    this.follower?.hurry()
  }

  private async read(known: AlbumCard | null): Promise<void> {
    await this.begin(known ?? (await readAlbum(this.api, this.albumId)))
    this.listen()
  }

  /** Follows while somebody listens and the screen is on. */
  private listen(): void {
    if (!this.asleep && this.news.heard) this.follower?.start()
  }

  private async begin(album: AlbumCard): Promise<void> {
    this.access = album.access
    const page = await readHistory(this.api, this.albumId, null)
    this.follower?.stop()
    this.album = album
    this.cursor = album.revision
    this.feed = new Feed(page.next ?? 0)
    this.feed.take(page.photos)
    this.next = page.next
    this.follower = new Follower(this.api, this.albumId, album.live, album.revision, {
      changes: (changes, cursor) => {
        this.cursor = cursor
        this.heard(changes)
      },
      stretch: (stretch, revision) => {
        this.heard([...stretch.photos, ...this.feed.missing(stretch, revision)])
      },
      link: link => {
        this.link = link
        this.news.tell({ kind: 'link', link })
      },
      front: front => {
        this.turned(front)
      },
    })
    this.news.tell({ kind: 'reset' })
  }

  private heard(changes: readonly Change[]): void {
    const taken = this.feed.take(changes)
    if (this.album !== null) {
      const photos = Math.max(0, this.album.photos + taken.added.length - taken.hidden.length)
      this.album = { ...this.album, photos }
    }
    this.news.tell({ kind: 'changed', taken })
  }

  /** What guests may do here may be another thing now. */
  private turned(front: Front): void {
    this.front = front
    const mine = front.albums.find(({ id }) => id === this.albumId)
    if (this.album !== null && mine !== undefined) {
      const { downloads, contributions, comments } = mine
      this.album = { ...this.album, downloads, contributions, comments }
    }
    this.news.tell({ kind: 'front' })
  }

  private async readOlder(before: number): Promise<boolean> {
    const page = await readHistory(this.api, this.albumId, before)
    if (this.next !== before) return false
    this.next = page.next
    const taken = this.feed.take(page.photos, page.next ?? 0)
    if (taken.added.length > 0) this.news.tell({ kind: 'older', photos: taken.added })
    return taken.added.length > 0
  }
}
