/** An album's wall, live: new photos come by themselves and never move what the guest is looking at. */

import { arrive } from '../../flows/arrive'
import { Between } from '../../flows/between'
import { remind } from '../../flows/remind'
import { cardPicture } from '../../flows/share'
import { followSponsor } from '../../flows/sponsor'
import { albumPath, eventPath, givePath, go, HOME, minePath, packPath, query as asQuery, viewerPath } from '../../flows/routes'
import type { Cap } from '../../components/photo-wall/photo-wall'
import { definePage, type Heard, type Tapped } from '../../lib/define'
import { sceneOf } from '../../lib/scene'
import * as screen from '../../lib/screen'
import { enterAlbum, type Knock } from '../../services/passes'
import { Refused } from '../../services/refused'
import { tellSeen } from '../../services/seen'
import { around, capOf, NO_CAP, NOTHING_AROUND, type Around, type Scene } from '../../state/around'
import type { Taken } from '../../state/feed'
import type { Room, Said } from '../../state/room'
import { stage } from '../../state/stage'
import type { Visit } from '../../state/visits'
import { Wall, type Tile } from '../../state/wall'
import { fill } from '../../words/fill'
import { trouble } from '../../words/trouble'
import { zh, type Words } from '../../words/zh'

export interface Data extends Around {
  t: Words['album']
  any: Words['any']
  hiddenWord: string
  face: 'loading' | 'wall' | 'locked' | 'failed'
  code: string
  entering: boolean
  byPhone: boolean
  problem: string
  albumId: string
  tiles: Tile[]
  height: number
  cap: Cap
  pillTop: number
  reminded: boolean
}

export interface Methods {
  room: Room | null
  wall: Wall | null
  between: Between | null
  timer: number
  visit: Visit | null
  leaves: (() => void)[]
  leaveRoom: (() => void) | null
  scrolled: number
  drawnAt: number
  live: Set<string> | null
  load(albumId: string): Promise<void>
  build(room: Room): void
  turn(): void
  heard(said: Said): void
  take(taken: Taken): void
  scene(): Scene | null
  paint(): void
  draw(): void
  failed(error: unknown): void
  again(): void
  lost(room: Room): void
  type(said: Heard<{ value: string }>): void
  enter(): void
  enterByPhone(said: Heard<{ code?: string; errMsg: string }>): void
  knock(said: Knock): void
  openHome(): void
  lookUp(): void
  pick(said: Heard<{ id: string }>): void
  shown(said: Heard<{ id: string }>): void
  stuck(said: Heard<{ id: string }>): void
  seen(said: Heard<{ id: string }>): void
  change(said: Heard<{ id: string }>): void
  remindMe(): void
  openPage(said: Tapped<{ to: keyof typeof PAGES }>): void
  openEvent(): void
  openSponsor(): void
  sawPlaced(said: Heard<{ id: string }>): void
  openPlaced(said: Heard<{ id: string }>): void
}

const SIDE_PX = 8
const PAGES = { mine: minePath, pack: packPath, give: givePath }
const AT_TOP_PX = 80

definePage<Data, Methods>({
  data: {
    ...NOTHING_AROUND,
    t: zh.album,
    any: zh.any,
    hiddenWord: '',
    face: 'loading',
    problem: '',
    albumId: '',
    tiles: [],
    height: 0,
    cap: NO_CAP,
    pillTop: 96,
    reminded: false,
    code: '',
    entering: false,
    byPhone: false,
  },
  room: null,
  wall: null,
  between: null,
  timer: 0,
  visit: null,
  leaves: [],
  leaveRoom: null,
  scrolled: 0,
  drawnAt: 0,
  live: null,

  onLoad(query) {
    const { language, network } = stage()
    const speak = (words: Words): void => {
      this.setData({ t: words.album, any: words.any, hiddenWord: words.viewer.hidden })
      this.paint()
    }
    speak(language.words)
    const { status, height } = screen.bar()
    this.setData({ pillTop: status + height + 8 })
    this.leaves = [
      language.news.listen(speak),
      network.news.listen(() => {
        this.paint()
      }),
    ]
    const learnt = (): void => {
      this.visit = stage().visits.of(this.data.albumId)
      this.paint()
    }
    arrive(stage(), query, learnt)
      .then(albumId => this.load(albumId))
      .catch((error: unknown) => this.failed(error))
  },

  onShow() {
    if (this.room !== null) this.setData({ reminded: stage().reminders.left(this.room.albumId) > 0 })
    this.timer = setInterval(() => this.turn(), 1000)
  },

  onHide() {
    clearInterval(this.timer)
  },

  onUnload() {
    clearInterval(this.timer)
    this.leaveRoom?.()
    for (const leave of this.leaves) leave()
    void stage().traces.tell()
  },

  onPageScroll({ scrollTop }) {
    this.scrolled = scrollTop
    if (scrollTop <= 2 && this.wall !== null && this.wall.waiting.length > 0) {
      this.wall.letIn()
      this.paint()
    } else if (Math.abs(scrollTop - this.drawnAt) > screen.height() / 2) this.draw()
  },

  /** Without an answer the banner says it, and the next scroll tries again. */
  onReachBottom() {
    this.room?.older().catch((error: unknown) => trouble(error, this.data.any))
  },

  onPullDownRefresh() {
    void this.room?.wake().then(() => {
      this.wall?.reset()
      this.paint()
      void wx.stopPullDownRefresh()
    })
  },

  onResize() {
    if (this.room === null) return
    this.build(this.room)
    this.paint()
  },

  async load(albumId) {
    const { rooms, visits, reminders, traces } = stage()
    const room = rooms.room(albumId)
    this.leaveRoom?.()
    this.room = room
    this.live = new Set()
    this.visit = visits.of(albumId)
    this.setData({ albumId, reminded: reminders.left(albumId) > 0 })
    this.leaveRoom = room.enter(said => {
      if (this.room === room) this.heard(said)
    })
    await room.open()
    if (this.room !== room) return
    traces.note('visit', albumId)
    this.between = new Between(stage(), room)
    this.build(room)
    this.setData({ face: 'wall' })
    this.paint()
  },

  build(room) {
    this.wall = new Wall(room.feed, screen.width() - SIDE_PX * 2, this.between, () => this.scrolled + screen.height())
  },

  /** Sponsors come and go by the clock, and as the organizer says. */
  turn() {
    if (this.between?.due !== true) return
    this.wall?.weave()
    this.draw()
  },

  heard(said) {
    const { room, wall } = this
    if (room === null || wall === null) return
    if (said.kind === 'reset') wall.reset(room.feed)
    if (said.kind === 'older') wall.older(said.photos)
    if (said.kind === 'changed') this.take(said.taken)
    if (said.kind === 'link' && said.link === 'gone') this.lost(room)
    this.paint()
  },

  /** The album is closed, or its rule changed while we looked: then its door is shown. */
  lost(room) {
    this.setData({ face: 'failed', problem: this.data.t.goneHint })
    room.reopen().catch((error: unknown) => {
      if (this.room === room) this.failed(error)
    })
  },

  take(taken) {
    for (const photo of taken.added) this.live?.add(photo.id)
    if (this.scrolled < AT_TOP_PX) this.wall?.letIn()
    else if (taken.added.length + taken.hidden.length > 0) this.wall?.weave()
  },

  /** What the pieces of the page are drawn from, once there is an album. */
  scene() {
    const { room, wall, visit } = this
    if (room === null || wall === null) return null
    const { language, network } = stage()
    return { room, wall, visit, weather: network.weather, words: language.words, now: Date.now() }
  },

  /** Everything around the wall, and the wall. */
  paint() {
    const scene = this.scene()
    if (scene === null) return
    this.setData(around(scene))
    this.draw()
  },

  draw() {
    const scene = this.scene()
    if (scene === null) return
    const { wall } = scene
    const screenful = screen.height()
    this.drawnAt = this.scrolled
    this.setData({
      height: wall.height,
      tiles: wall.tiles(this.scrolled - screenful * 1.5, this.scrolled + screenful * 2.5),
      cap: capOf(scene),
    })
  },

  failed(error) {
    if (error instanceof Refused && error.code === 'locked') {
      this.setData({ face: 'locked', problem: '', code: '', byPhone: this.room?.access === 'list' })
      return
    }
    this.setData({ face: 'failed', problem: trouble(error, this.data.any) })
  },

  type(said) {
    this.setData({ code: said.detail.value, problem: '' })
  },

  /** The code, the password or the invitation that was typed. */
  enter() {
    const code = this.data.code.trim()
    if (code !== '') this.knock({ code })
  },

  /** WeChat asked the guest and vouches for the number; who says no types their code instead. */
  enterByPhone(said) {
    if (said.detail.code !== undefined) this.knock({ phone_code: said.detail.code })
  },

  knock(said) {
    const { room } = this
    if (room === null || this.data.entering) return
    this.setData({ entering: true, problem: '' })
    const { api, passes } = stage()
    enterAlbum(api, passes, room.albumId, said)
      .then(() => room.reopen())
      .then(() => this.load(room.albumId))
      .catch((error: unknown) => {
        this.setData({ problem: trouble(error, this.data.any) })
      })
      .finally(() => {
        this.setData({ entering: false })
      })
  },

  again() {
    if (this.room === null) {
      this.openHome()
      return
    }
    this.setData({ face: 'loading' })
    this.load(this.room.albumId).catch((error: unknown) => this.failed(error))
  },

  openHome() {
    void wx.reLaunch({ url: HOME })
  },

  /** The pill: up to the top, where everything that waited is laid out. */
  lookUp() {
    this.wall?.reset()
    this.scrolled = 0
    this.paint()
    void wx.pageScrollTo({ scrollTop: 0, duration: 0 })
  },

  pick(said) {
    const photo = this.room?.feed.photo(said.detail.id)
    if (photo) go(viewerPath(photo, false, this.visit?.shareCode))
  },

  /** The first guests' clocks make the lag report; only photos that came while we watched count. */
  shown(said) {
    const { id } = said.detail
    if (this.live?.delete(id)) void tellSeen(stage().api, id, Date.now())
  },

  stuck(said) {
    const photo = this.room?.feed.photo(said.detail.id)
    if (photo) this.room?.renew(photo).catch((error: unknown) => trouble(error, this.data.any))
  },

  /** Half of the tile for a second. */
  seen(said) {
    stage().traces.note('viewable', this.data.albumId, said.detail.id)
  },

  change(said) {
    void wx.pageScrollTo({ scrollTop: 0, duration: 0 })
    this.scrolled = 0
    this.wall = null
    this.setData({ face: 'loading', tiles: [], height: 0, pill: '', empty: false, cap: NO_CAP })
    this.load(said.detail.id).catch((error: unknown) => this.failed(error))
  },

  remindMe() {
    const album = this.room?.album
    if (!album) return
    void remind(stage(), album.id, album.templates).then(reminded => {
      if (reminded) this.setData({ reminded })
    })
  },

  openPage(said) {
    go(PAGES[said.currentTarget.dataset.to](this.data.albumId))
  },

  openEvent() {
    if (this.visit !== null) go(`${eventPath(sceneOf(this.visit.shareCode, 'l'))}&stay=1`)
  },

  openSponsor() {
    followSponsor(stage(), this.data.albumId, this.data.sponsor.link)
  },

  sawPlaced(said) {
    this.between?.seen(said.detail.id)
  },

  openPlaced(said) {
    this.between?.follow(said.detail.id)
  },

  onShareAppMessage() {
    stage().traces.note('share', this.data.albumId)
    const newest = this.room?.feed.photos[0]
    const title = fill(this.data.t.shareTitle, { title: this.data.eventTitle || this.data.title })
    const path = albumPath(this.data.albumId, this.visit?.shareCode)
    return { title, path, ...cardPicture(newest?.urls.view) }
  },

  onShareTimeline() {
    stage().traces.note('share', this.data.albumId)
    const newest = this.room?.feed.photos[0]
    const title = fill(this.data.t.shareTitle, { title: this.data.eventTitle || this.data.title })
    const query = asQuery({ id: this.data.albumId, e: this.visit?.shareCode })
    return { title, query, ...cardPicture(newest?.urls.thumb) }
  },
})
