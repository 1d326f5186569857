/**
 * An event: its cover, when and where, how long until it begins, its albums.
 *
 * Somebody who scanned a code wants photos. When the event is under way and has one album with photos in it, the scan
 * leads straight there; this page is then one tap on the album's title away.
 */

import { remind } from '../../flows/remind'
import { cardPicture, freshest } from '../../flows/share'
import { followSponsor } from '../../flows/sponsor'
import { Spot, type Shown } from '../../flows/spot'
import { ABOUT, albumPath, eventPath, go, HOME, minePath, query as asQuery } from '../../flows/routes'
import { definePage, type SharedCard, type Tapped } from '../../lib/define'
import type { Remaining } from '../../lib/moments'
import { codeIn, sceneIn, sceneOf } from '../../lib/scene'
import * as screen from '../../lib/screen'
import { standIn } from '../../lib/thumbhash'
import { readFront, readHistory } from '../../services/albums'
import { tolerate } from '../../services/refused'
import { scan } from '../../services/scan'
import type { AlbumCard, Front, PhotoCard, Scanned } from '../../services/wire'
import { sightOf, type Phase } from '../../state/occasion'
import { slotsOf, type Slot } from '../../state/schedule'
import { NO_SPONSOR, sponsorOf, type Sponsor } from '../../state/sponsor'
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
  sponsor: Sponsor
  placed: Shown[]
  banner: string
  look: 'over' | 'bar'
}

export interface Methods {
  scene: string
  scanned: Scanned | null
  firsts: Record<string, readonly PhotoCard[]>
  readAt: number
  front: Front | null
  frontAt: number
  spot: Spot | null
  leaves: (() => void)[]
  timer: number
  load(straight: boolean): Promise<void>
  show(): void
  tick(): void
  readFront(): Promise<void>
  turn(): void
  openSponsor(): void
  sawPlaced(): void
  openPlaced(): void
  readFirsts(albums: readonly AlbumCard[]): Promise<void>
  renew(): Promise<void>
  cardCover(): string
  card(): SharedCard
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
const STALE_MS = 60_000
const FRONT_STALE_MS = 30_000

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
    sponsor: NO_SPONSOR,
    placed: [],
    banner: '',
    look: 'over',
  },
  scene: '',
  scanned: null,
  firsts: {},
  readAt: 0,
  front: null,
  frontAt: 0,
  spot: null,
  leaves: [],
  timer: 0,

  onLoad(query) {
    this.scene = sceneIn(query)
    if (this.scene === '') {
      void wx.reLaunch({ url: HOME })
      return
    }
    const { language, network, traces } = stage()
    traces.came(query)
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

  /** Also after an album, whose photos went on meanwhile. */
  onShow() {
    this.tick()
    if (this.readAt > 0 && Date.now() - this.readAt > STALE_MS) void this.renew()
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
      this.readFront().catch(tolerate)
      await this.readFirsts(scanned.albums.filter(album => album.photos > 0))
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
    if (this.frontAt > 0 && Date.now() - this.frontAt > FRONT_STALE_MS) this.readFront().catch(tolerate)
    this.turn()
  },

  /** What stands around the photos; the organizer changes it while guests look. */
  async readFront() {
    const first = this.scanned?.albums[0]
    if (!first) return
    this.frontAt = Date.now()
    const found = await readFront(stage().api, first.id)
    if (found.revision <= (this.front?.revision ?? -1)) return // the same, with pictures signed anew
    this.front = found
    this.spot ??= new Spot('start', { eventId: first.event_id, albumId: first.id }, placed => {
      this.setData({ placed })
    })
    this.turn()
  },

  /** Sponsors come and go by the clock, too. */
  turn() {
    if (this.front === null) return
    const sponsor = sponsorOf(this.front, Date.now())
    if (sponsor.words !== this.data.sponsor.words || sponsor.link !== this.data.sponsor.link) this.setData({ sponsor })
    this.spot?.turn(stage().hands, this.front, Date.now())
  },

  openSponsor() {
    const first = this.scanned?.albums[0]
    if (first) followSponsor(stage(), first.id, this.data.sponsor.link)
  },

  sawPlaced() {
    this.spot?.seen(stage(), Date.now())
  },

  openPlaced() {
    this.spot?.follow(stage())
  },

  async readFirsts(albums) {
    for (const album of albums.slice(0, ALBUMS_SHOWN)) {
      this.firsts[album.id] = (await readHistory(stage().api, album.id, null, STRIP)).photos
      this.show()
    }
    this.readAt = Date.now()
  },

  /** The newest photos of every album that shows any. Never fails: what is known stays. */
  async renew() {
    const open = (this.scanned?.albums ?? []).filter(album => !album.locked)
    await this.readFirsts(open).catch(tolerate)
  },

  /** While the event goes on the newest photo of all its albums, so that a card in a chat shows what happens now. */
  cardCover() {
    const { cover, phase } = this.data
    const newest = phase === 'live' ? freshest(([] as PhotoCard[]).concat(...Object.values(this.firsts))) : undefined
    return newest?.urls.view ?? cover
  },

  card() {
    const { title, t } = this.data
    return { title: fill(t.share, { title }), path: eventPath(sceneFor(this.scene)), ...cardPicture(this.cardCover()) }
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
    return { ...this.card(), promise: this.renew().then(() => this.card()) }
  },

  onShareTimeline() {
    const { title, t } = this.data
    const query = asQuery({ scene: sceneFor(this.scene) })
    return { title: fill(t.share, { title }), query, ...cardPicture(this.cardCover()) }
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
