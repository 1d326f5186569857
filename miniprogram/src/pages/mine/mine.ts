/** What this guest liked, saved and saw, and a way to find oneself by the hour instead of by one's face. */

import type { Chip } from '../../components/chip-row/chip-row'
import type { Cap } from '../../components/photo-wall/photo-wall'
import { remind } from '../../flows/remind'
import { go, slatePath, viewerPath } from '../../flows/routes'
import { definePage, type Heard } from '../../lib/define'
import * as screen from '../../lib/screen'
import { findHot, findTaken, takenWithin } from '../../services/find'
import { findAgain } from '../../services/recall'
import { tolerate } from '../../services/refused'
import { findTheirs, readSlate } from '../../services/slate'
import type { PhotoCard } from '../../services/wire'
import { filtersOf, isAsked, type Tab } from '../../state/filters'
import { spanOf } from '../../state/hours'
import { LISTS, type Memory } from '../../state/mine'
import { stage } from '../../state/stage'
import { Wall, type Source, type Tile } from '../../state/wall'
import { fill } from '../../words/fill'
import { trouble } from '../../words/trouble'
import { zh, type Words } from '../../words/zh'

export interface Data {
  t: Words['mine']
  any: Words['any']
  photoWord: string
  tab: Tab
  tabs: Chip[]
  albums: Chip[]
  albumId: string
  hours: Chip[]
  hour: string
  tiles: Tile[]
  height: number
  cap: Cap
  line: string
  empty: string
  emptySign: string
  banner: string
  mayRemind: boolean
}

export interface Methods {
  leaves: (() => void)[]
  leaveRoom: (() => void) | null
  photos: PhotoCard[]
  templates: readonly string[]
  wall: Wall | null
  scrolled: number
  drawnAt: number
  round: number
  speak(words: Words): void
  filters(): void
  memories(): readonly Memory[]
  refresh(): Promise<void>
  collect(round: number): Promise<void>
  ask(): AsyncGenerator<readonly PhotoCard[]> | null
  follow(): void
  renew(): Promise<void>
  offer(albumId: string): Promise<void>
  openSlate(): void
  tellMe(): void
  show(searching: boolean): void
  draw(): void
  chooseTab(said: Heard<{ id: Tab }>): void
  chooseAlbum(said: Heard<{ id: string }>): void
  chooseHour(said: Heard<{ id: string }>): void
  pick(said: Heard<{ id: string }>): void
}

const SIDE_PX = 8
const SIGNS: Record<Tab, string> = { liked: 'heart', saved: 'save', recent: 'eye', slate: 'person', hot: 'up', find: 'clock' }
const NO_CAP: Cap = { style: '', title: '', hint: '' }

definePage<Data, Methods>({
  data: {
    t: zh.mine,
    any: zh.any,
    photoWord: '',
    tab: 'liked',
    tabs: [],
    albums: [],
    albumId: '',
    hours: [],
    hour: '',
    tiles: [],
    height: 0,
    cap: NO_CAP,
    line: '',
    empty: '',
    emptySign: '',
    banner: '',
    mayRemind: false,
  },
  leaves: [],
  leaveRoom: null,
  photos: [],
  templates: [],
  wall: null,
  scrolled: 0,
  drawnAt: 0,
  round: 0,

  onLoad(query) {
    const { language, network } = stage()
    const wanted = LISTS.find(list => list === query['list'])
    const asked = (['slate', 'hot', 'find'] as const).find(list => list === query['list'])
    this.setData({ tab: asked ?? wanted ?? 'liked', albumId: asked ? (query['album'] ?? '') : '' })
    this.speak(language.words)
    this.leaves = [
      language.news.listen(words => {
        this.speak(words)
        this.filters()
      }),
      network.news.listen(() => {
        this.speak(language.words)
      }),
    ]
  },

  /** Also after the viewer: there a photo may have been liked or unliked. */
  onShow() {
    this.filters()
    void this.refresh()
  },

  onUnload() {
    this.round++
    this.leaveRoom?.()
    for (const leave of this.leaves) leave()
  },

  onPageScroll({ scrollTop }) {
    this.scrolled = scrollTop
    if (Math.abs(scrollTop - this.drawnAt) > screen.height() / 2) this.draw()
  },

  speak(words) {
    const { liked, saved, recent, slate, hot, find } = words.mine
    this.setData({
      t: words.mine,
      any: words.any,
      photoWord: words.viewer.shareTitle,
      tabs: [
        { id: 'liked', label: liked },
        { id: 'saved', label: saved },
        { id: 'recent', label: recent },
        { id: 'slate', label: slate },
        { id: 'hot', label: hot },
        { id: 'find', label: find },
      ],
      banner: stage().network.weather === 'offline' ? words.any.offline : '',
    })
  },

  filters() {
    const { tab, albumId, hour, t } = this.data
    this.setData(filtersOf({ tab, albumId, hour }, this.memories(), stage().visits.all, t, Date.now()))
  },

  memories() {
    const { tab } = this.data
    return isAsked(tab) ? [] : stage().mine.all(tab)
  },

  async refresh() {
    const round = ++this.round
    this.photos = []
    this.wall = null
    this.scrolled = 0
    this.show(true)
    this.follow()
    try {
      await this.collect(round)
      if (this.round === round) this.show(false)
    } catch (error) {
      if (this.round === round) this.setData({ empty: trouble(error, this.data.any), line: '' })
    }
  },

  async collect(round) {
    const asked = this.ask()
    const { albumId, hour, tab } = this.data
    if (isAsked(tab) && asked === null) return
    const span = spanOf(hour)
    const fits = (photo: Memory): boolean =>
      (albumId === '' || photo.album_id === albumId) && (span === null || takenWithin(photo, span))
    const wanted = this.memories().filter(fits)
    for await (const photos of asked ?? findAgain(stage().api, wanted)) {
      if (this.round !== round) return
      this.photos.push(...photos)
      if (asked === null) {
        const order = new Map(wanted.map((memory, n) => [memory.id, n]))
        this.photos.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0))
      }
      this.show(true)
    }
  },

  /** What the platform finds; null where there is nothing to ask for. */
  ask() {
    const { api } = stage()
    const { tab, albumId, hour } = this.data
    if (!isAsked(tab) || albumId === '') return null
    if (tab === 'slate') return findTheirs(api, albumId)
    if (tab === 'hot') return findHot(api, albumId)
    const span = spanOf(hour)
    return span === null ? null : findTaken(api, albumId, span)
  },

  /** Photos for this guest come by themselves while they look. */
  follow() {
    this.leaveRoom?.()
    this.leaveRoom = null
    this.setData({ mayRemind: false })
    const { tab, albumId } = this.data
    if (tab !== 'slate' || albumId === '') return
    void this.offer(albumId)
    const room = stage().rooms.room(albumId)
    this.leaveRoom = room.enter(said => {
      if (said.kind === 'changed') void this.renew()
    })
    room.open().catch(tolerate) // the list itself says what is wrong
  },

  /** The list anew, without an empty wall in between. */
  async renew() {
    const round = ++this.round
    const found: PhotoCard[] = []
    try {
      for await (const photos of this.ask() ?? []) found.push(...photos)
    } catch (error) {
      tolerate(error) // what is shown stays
      return
    }
    if (this.round !== round) return
    this.photos = found
    this.show(false)
  },

  show(searching) {
    const { t, tab } = this.data
    const photos = this.photos
    const source: Source = { photos, photo: id => photos.find(photo => photo.id === id) ?? null }
    this.wall ??= new Wall(source, screen.width() - SIDE_PX * 2)
    this.wall.reset(source)
    const nothing = photos.length === 0 && !searching
    const empty: Record<Tab, string> = {
      liked: t.likedEmpty,
      saved: t.savedEmpty,
      recent: t.recentEmpty,
      slate: t.slateEmpty,
      hot: t.hotEmpty,
      find: t.findEmpty,
    }
    const nowhere = isAsked(tab) && this.data.albums.length === 0
    const filtered = this.memories().length > 0 ? t.noMatch : empty[tab]
    const lines: Partial<Record<Tab, string>> = {
      slate: t.slateHint,
      hot: t.hotHint,
      find: searching ? fill(t.searching, { n: photos.length }) : t.findHint,
    }
    this.setData({
      emptySign: SIGNS[tab],
      empty: !nothing ? '' : nowhere ? t.findNone : filtered,
      line: lines[tab] ?? t.kept,
    })
    this.draw()
  },

  draw() {
    if (this.wall === null) return
    const screenful = screen.height()
    this.drawnAt = this.scrolled
    const tiles = this.wall.tiles(this.scrolled - screenful * 1.5, this.scrolled + screenful * 2.5)
    this.setData({ tiles, height: this.wall.height })
  },

  chooseTab(said) {
    this.setData({ tab: said.detail.id, hour: '', albumId: '' })
    this.filters()
    void this.refresh()
  },

  chooseAlbum(said) {
    this.setData({ albumId: said.detail.id, hour: '' })
    this.filters()
    void this.refresh()
  },

  chooseHour(said) {
    this.setData({ hour: said.detail.id })
    void this.refresh()
  },

  /** To be told of photos of their own; asked before the tap, because WeChat asks only at once inside it. */
  async offer(albumId) {
    try {
      this.templates = (await readSlate(stage().api, albumId)).templates
    } catch (error) {
      tolerate(error) // the list itself says what is wrong
      return
    }
    const here = this.data.tab === 'slate' && this.data.albumId === albumId
    this.setData({ mayRemind: here && this.templates.length > 0 && stage().reminders.left(albumId) === 0 })
  },

  tellMe() {
    void remind(stage(), this.data.albumId, this.templates).then(reminded => {
      if (reminded) this.setData({ mayRemind: false })
    })
  },

  openSlate() {
    if (this.data.albumId !== '') go(slatePath(this.data.albumId))
  },

  pick(said) {
    const photo = this.photos.find(({ id }) => id === said.detail.id)
    if (!photo) return
    stage().tray = Array.from(this.photos)
    go(viewerPath(photo, true))
  },
})
