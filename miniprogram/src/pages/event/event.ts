/**
 * An event: its cover, when and where, how long until it begins, its albums.
 *
 * Somebody who scanned a code wants photos. When the event is under way and has one album with photos in it, the scan
 * leads straight there; this page is then one tap on the album's title away.
 */

import { remind } from '../../flows/remind'
import { cardPicture } from '../../flows/share'
import { ABOUT, albumPath, eventPath, go, HOME, minePath, query as asQuery } from '../../flows/routes'
import { definePage, type Tapped } from '../../lib/define'
import type { Remaining } from '../../lib/moments'
import { codeIn, sceneIn, sceneOf } from '../../lib/scene'
import * as screen from '../../lib/screen'
import { standIn } from '../../lib/thumbhash'
import { readHistory } from '../../services/albums'
import { tolerate } from '../../services/refused'
import { scan } from '../../services/scan'
import type { AlbumCard, PhotoCard, Scanned } from '../../services/wire'
import { sightOf, type Phase } from '../../state/occasion'
import { slotsOf, type Slot } from '../../state/schedule'
import { stage } from '../../state/stage'
import { fill } from '../../words/fill'
import { trouble } from '../../words/trouble'
import { zh, type Words } from '../../words/zh'

interface Strip {
  readonly id: string
  readonly thumb: string
  readonly standIn: string
}

interface Row {
  readonly id: string
  readonly title: string
  readonly line: string
  readonly strip: readonly Strip[]
}

export interface Data {
  t: Words['event']
  any: Words['any']
  face: 'loading' | 'event' | 'failed'
  problem: string
  title: string
  place: string
  when: string
  phase: Phase
  countdown: Remaining | null
  cover: string
  coverStandIn: string
  rows: Row[]
  slots: Slot[]
  mayRemind: boolean
  banner: string
  look: 'over' | 'bar'
}

export interface Methods {
  scene: string
  scanned: Scanned | null
  firsts: Record<string, readonly PhotoCard[]>
  leaves: (() => void)[]
  timer: number
  load(straight: boolean): Promise<void>
  show(): void
  tick(): void
  readFirsts(albums: readonly AlbumCard[]): Promise<void>
  again(): void
  enter(): void
  openAlbum(said: Tapped<{ id: string }>): void
  remindMe(): void
  openMine(): void
  openAbout(): void
  openHome(): void
}

const STRIP = 4
const ALBUMS_SHOWN = 8

definePage<Data, Methods>({
  data: {
    t: zh.event,
    any: zh.any,
    face: 'loading',
    problem: '',
    title: '',
    place: '',
    when: '',
    phase: 'live',
    countdown: null,
    cover: '',
    coverStandIn: '',
    rows: [],
    slots: [],
    mayRemind: false,
    banner: '',
    look: 'over',
  },
  scene: '',
  scanned: null,
  firsts: {},
  leaves: [],
  timer: 0,

  onLoad(query) {
    this.scene = sceneIn(query)
    if (this.scene === '') {
      void wx.reLaunch({ url: HOME })
      return
    }
    const { language, network } = stage()
    const speak = (words: Words): void => {
      const banner = network.weather === 'offline' ? words.any.offline : ''
      this.setData({ t: words.event, any: words.any, banner })
      this.show()
    }
    speak(language.words)
    this.leaves = [
      language.news.listen(speak),
      network.news.listen(weather => {
        this.setData({ banner: weather === 'offline' ? language.words.any.offline : '' })
        if (weather !== 'offline' && this.data.face === 'failed') void this.load(false)
      }),
    ]
    void this.load(query['stay'] === undefined)
  },

  onShow() {
    this.tick()
    this.timer = setInterval(() => {
      this.tick()
    }, 1000)
  },

  onHide() {
    clearInterval(this.timer)
  },

  onUnload() {
    clearInterval(this.timer)
    for (const leave of this.leaves) leave()
  },

  onPageScroll({ scrollTop }) {
    const look = scrollTop > screen.width() * 0.6 ? 'bar' : 'over'
    if (look === this.data.look) return
    this.setData({ look })
    screen.inkOver(look === 'over')
  },

  /** `straight`: an album's own code, or a single album under way, is what the guest came for. */
  async load(straight) {
    const { api, rooms, visits, language } = stage()
    try {
      const scanned = await scan(api, this.scene)
      this.scanned = scanned
      visits.remember(scanned, Date.now())
      const meant = albumMeant(scanned)
      const live = sightOf(scanned.event, Date.now()).phase !== 'soon'
      if (straight && live && meant !== undefined && meant.photos > 0) {
        rooms.room(meant.id).open(meant).catch(tolerate) // the album asks again and says what is wrong
        void wx.redirectTo({ url: albumPath(meant.id, scanned.event.share_code) })
        return
      }
      this.setData({ face: 'event' })
      this.show()
      await this.readFirsts(scanned.albums)
    } catch (error) {
      const problem = trouble(error, language.words.any)
      if (this.scanned === null) this.setData({ face: 'failed', problem })
    }
  },

  show() {
    if (this.scanned === null) return
    const { event, albums } = this.scanned
    const { t } = this.data
    const cover = Object.values(this.firsts)
      .map(photos => photos[0])
      .find(photo => photo !== undefined)
    this.setData({
      title: event.title,
      place: event.place,
      cover: event.cover_url ?? cover?.urls.view ?? '',
      coverStandIn: cover ? standIn(cover.placeholder, cover.width, cover.height) : '',
      slots: slotsOf(event.schedule, Date.now()),
      mayRemind: albums.some(album => album.templates.length > 0),
      rows: albums.slice(0, ALBUMS_SHOWN).map(album => ({
        id: album.id,
        title: album.title,
        line: album.photos > 0 ? fill(t.photos, { n: album.photos }) : t.noPhotos,
        strip: (this.firsts[album.id] ?? []).map(photo => ({
          id: photo.id,
          thumb: photo.urls.thumb,
          standIn: standIn(photo.placeholder, photo.width, photo.height),
        })),
      })),
    })
    this.tick()
  },

  tick() {
    if (this.scanned === null) return
    const slots = slotsOf(this.scanned.event.schedule, Date.now())
    if (slots.some((slot, n) => slot.phase !== this.data.slots[n]?.phase)) this.setData({ slots })
    const { phase, when, countdown } = sightOf(this.scanned.event, Date.now())
    if (countdown !== null || phase !== this.data.phase || when !== this.data.when) this.setData({ phase, when, countdown })
  },

  async readFirsts(albums) {
    for (const album of albums.slice(0, ALBUMS_SHOWN)) {
      if (album.photos === 0) continue
      this.firsts[album.id] = (await readHistory(stage().api, album.id, null, STRIP)).photos
      this.show()
    }
  },

  again() {
    this.setData({ face: 'loading' })
    void this.load(false)
  },

  enter() {
    const first = this.scanned?.albums[0]
    if (first) go(albumPath(first.id, this.scanned?.event.share_code))
  },

  openAlbum(said) {
    go(albumPath(said.currentTarget.dataset.id, this.scanned?.event.share_code))
  },

  remindMe() {
    const first = this.scanned?.albums[0]
    if (first) void remind(stage(), first.id, first.templates)
  },

  openMine() {
    go(minePath())
  },

  openAbout() {
    go(ABOUT)
  },

  openHome() {
    void wx.reLaunch({ url: HOME })
  },

  onShareAppMessage() {
    const { title, cover, t } = this.data
    return { title: fill(t.share, { title }), path: eventPath(sceneFor(this.scene)), ...cardPicture(cover) }
  },

  onShareTimeline() {
    const { title, cover, t } = this.data
    const query = asQuery({ scene: sceneFor(this.scene) })
    return { title: fill(t.share, { title }), query, ...cardPicture(cover) }
  },
})

/** Whoever opens a shared card came by a link, not by the poster the sender scanned. */
function sceneFor(scene: string): string {
  return sceneOf(codeIn(scene), 'l')
}

/** The album whose own code was scanned, or the only one. */
function albumMeant({ albums, album_id }: Scanned): AlbumCard | undefined {
  if (album_id !== null) return albums.find(album => album.id === album_id)
  return albums.length === 1 ? albums[0] : undefined
}
