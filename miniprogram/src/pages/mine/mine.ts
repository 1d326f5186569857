/** What this guest liked, saved and saw, and a way to find oneself by the hour instead of by one's face. */

import type { Chip } from '../../components/chip-row/chip-row'
import type { Cap } from '../../components/photo-wall/photo-wall'
import { go, viewerPath } from '../../flows/routes'
import { definePage, type Heard } from '../../lib/define'
import * as screen from '../../lib/screen'
import { findTaken, takenWithin } from '../../services/find'
import { findAgain } from '../../services/recall'
import type { PhotoCard } from '../../services/wire'
import { filtersOf, type Tab } from '../../state/filters'
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
}

export interface Methods {
  leaves: (() => void)[]
  photos: PhotoCard[]
  wall: Wall | null
  scrolled: number
  drawnAt: number
  round: number
  speak(words: Words): void
  filters(): void
  memories(): readonly Memory[]
  refresh(): Promise<void>
  collect(round: number): Promise<void>
  show(searching: boolean): void
  draw(): void
  chooseTab(said: Heard<{ id: Tab }>): void
  chooseAlbum(said: Heard<{ id: string }>): void
  chooseHour(said: Heard<{ id: string }>): void
  pick(said: Heard<{ id: string }>): void
}

const SIDE_PX = 8
const SIGNS: Record<Tab, string> = { liked: 'heart', saved: 'save', recent: 'eye', find: 'clock' }
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
  },
  leaves: [],
  photos: [],
  wall: null,
  scrolled: 0,
  drawnAt: 0,
  round: 0,

  onLoad(query) {
    const { language, network } = stage()
    const wanted = LISTS.find(list => list === query['list'])
    const tab: Tab = query['list'] === 'find' ? 'find' : (wanted ?? 'liked')
    this.setData({ tab, albumId: tab === 'find' ? (query['album'] ?? '') : '' })
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
    for (const leave of this.leaves) leave()
  },

  onPageScroll({ scrollTop }) {
    this.scrolled = scrollTop
    if (Math.abs(scrollTop - this.drawnAt) > screen.height() / 2) this.draw()
  },

  speak(words) {
    const { liked, saved, recent, find } = words.mine
    this.setData({
      t: words.mine,
      any: words.any,
      photoWord: words.viewer.shareTitle,
      tabs: [
        { id: 'liked', label: liked },
        { id: 'saved', label: saved },
        { id: 'recent', label: recent },
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
    return this.data.tab === 'find' ? [] : stage().mine.all(this.data.tab)
  },

  async refresh() {
    const round = ++this.round
    this.photos = []
    this.wall = null
    this.scrolled = 0
    this.show(true)
    try {
      await this.collect(round)
      if (this.round === round) this.show(false)
    } catch (error) {
      if (this.round === round) this.setData({ empty: trouble(error, this.data.any), line: '' })
    }
  },

  async collect(round) {
    const { api } = stage()
    const { tab, albumId, hour } = this.data
    const span = spanOf(hour)
    if (tab === 'find' && (albumId === '' || span === null)) return
    const fits = (photo: Memory): boolean =>
      (albumId === '' || photo.album_id === albumId) && (span === null || takenWithin(photo, span))
    const wanted = this.memories().filter(fits)
    const pages = tab === 'find' && span !== null ? findTaken(api, albumId, span) : findAgain(api, wanted)
    for await (const photos of pages) {
      if (this.round !== round) return
      this.photos.push(...photos)
      if (tab !== 'find') {
        const order = new Map(wanted.map((memory, n) => [memory.id, n]))
        this.photos.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0))
      }
      this.show(true)
    }
  },

  show(searching) {
    const { t, tab } = this.data
    const photos = this.photos
    const source: Source = { photos, photo: id => photos.find(photo => photo.id === id) ?? null }
    this.wall ??= new Wall(source, screen.width() - SIDE_PX * 2)
    this.wall.reset(source)
    const nothing = photos.length === 0 && !searching
    const words = { liked: t.likedEmpty, saved: t.savedEmpty, recent: t.recentEmpty, find: t.findEmpty }
    const filtered = this.memories().length > 0 ? t.noMatch : words[tab]
    this.setData({
      emptySign: SIGNS[tab],
      empty: !nothing ? '' : tab === 'find' && this.data.albums.length === 0 ? t.findNone : filtered,
      line: searching && tab === 'find' ? fill(t.searching, { n: photos.length }) : tab === 'find' ? t.findHint : t.kept,
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

  pick(said) {
    const photo = this.photos.find(({ id }) => id === said.detail.id)
    if (!photo) return
    stage().tray = Array.from(this.photos)
    go(viewerPath(photo, true))
  },
})
