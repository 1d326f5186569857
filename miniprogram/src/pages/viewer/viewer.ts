/** One photo, large: swipe, zoom, like, save, share, ask to take it down; a better version comes in place. */

import { shareCodeOf } from '../../flows/arrive'
import { toast } from '../../flows/ask'
import { keepPhoto, offerAgain } from '../../flows/keep'
import { Linger } from '../../flows/linger'
import { drawPoster } from '../../flows/poster'
import { remind } from '../../flows/remind'
import { cardPicture } from '../../flows/share'
import { followSponsor } from '../../flows/sponsor'
import { albumPath, go, query as asQuery, reportPath, talkPath, viewerPath } from '../../flows/routes'
import { definePage, type Heard } from '../../lib/define'
import { tellLike } from '../../services/likes'
import * as screen from '../../lib/screen'
import type { PhotoCard } from '../../services/wire'
import { freshnessOf, NOTHING, type Freshness } from '../../state/freshness'
import type { Taken } from '../../state/feed'
import type { Room, Said } from '../../state/room'
import { Slides, type Slide } from '../../state/slides'
import { NO_SPONSOR, type Sponsor } from '../../state/sponsor'
import { stage } from '../../state/stage'
import { trouble } from '../../words/trouble'
import { zh, type Words } from '../../words/zh'

export interface Data {
  t: Words['viewer']
  any: Words['any']
  remindWord: string
  face: 'loading' | 'photo' | 'failed'
  problem: string
  slides: Slide[]
  current: number
  duration: number
  scale: number
  zoomed: boolean
  bare: boolean
  gone: boolean
  liked: boolean
  likes: string
  saved: boolean
  busy: boolean
  mayTalk: boolean
  comments: string
  sponsor: Sponsor
  freshness: Freshness
  offer: boolean
  banner: string
}

export interface Methods {
  room: Room | null
  slides: Slides | null
  albumId: string
  shareCode: string
  counted: Map<string, number> | null
  linger: Linger | null
  viewed: string
  leaves: (() => void)[]
  tappedAt: number
  tapTimer: number
  load(query: Record<string, string | undefined>): Promise<void>
  begin(photos: readonly PhotoCard[], id: string): void
  heard(said: Said): void
  take(slides: Slides, taken: Taken): void
  paint(): void
  remember(): void
  swiped(said: Heard<{ current: number; source: string }>): void
  settled(): void
  tapped(): void
  scaled(said: Heard<{ scale: number }>): void
  hold(): void
  stuck(): void
  stay(): void
  openSponsor(): void
  like(): void
  count(photo: PhotoCard, liked: boolean): Promise<void>
  save(): void
  poster(): void
  talk(): void
  report(): void
  remindMe(): void
  dismiss(): void
  offerAfter(): void
  openAlbum(): void
}

const DOUBLE_TAP_MS = 260
const ZOOM = 2.5
const SWIPE_MS = 260

definePage<Data, Methods>({
  data: {
    t: zh.viewer,
    any: zh.any,
    remindWord: '',
    face: 'loading',
    problem: '',
    slides: [],
    current: 0,
    duration: SWIPE_MS,
    scale: 1,
    zoomed: false,
    bare: false,
    gone: false,
    liked: false,
    likes: '',
    saved: false,
    busy: false,
    mayTalk: false,
    comments: '',
    sponsor: NO_SPONSOR,
    freshness: NOTHING,
    offer: false,
    banner: '',
  },
  room: null,
  slides: null,
  albumId: '',
  shareCode: '',
  counted: null,
  linger: null,
  viewed: '',
  leaves: [],
  tappedAt: 0,
  tapTimer: 0,

  onLoad(query) {
    const { language, network, mine } = stage()
    const speak = (words: Words): void => {
      this.setData({ t: words.viewer, any: words.any, remindWord: words.album.remind })
      this.paint()
    }
    speak(language.words)
    const repaint = (): void => this.paint()
    this.leaves = [language.news.listen(speak), network.news.listen(repaint), mine.news.listen(repaint)]
    this.load(query).catch((error: unknown) => {
      this.setData({ face: 'failed', problem: trouble(error, this.data.any) })
    })
  },

  onShow() {
    this.stay()
  },

  onUnload() {
    this.linger?.stop()
    clearTimeout(this.tapTimer)
    for (const leave of this.leaves) leave()
  },

  async load(query) {
    const { rooms, tray, traces } = stage()
    traces.came(query)
    const id = query['id'] ?? ''
    this.albumId = query['album'] ?? ''
    this.shareCode = shareCodeOf(stage(), query, this.albumId)
    if (query['tray'] !== undefined && tray.length > 0) {
      this.begin(tray, id)
      return
    }
    const room = rooms.room(this.albumId)
    this.room = room
    const hear = (said: Said): void => this.heard(said)
    this.leaves.push(room.enter(hear))
    await room.open()
    traces.note('visit', room.albumId)
    if (room.feed.photo(id) !== null) {
      this.begin(room.feed.photos, id)
      return
    }
    const alone = await room.renew({ id, position: Number(query['at']) })
    if (alone?.id === id) this.begin([alone], id)
    else this.setData({ face: 'failed', problem: '' })
  },

  begin(photos, id) {
    this.slides = new Slides(photos, id, screen.area())
    this.setData({ face: 'photo', mayTalk: stage().rooms.known(this.albumId)?.album?.comments === true })
    this.remember()
    this.paint()
  },

  heard(said) {
    const { slides } = this
    if (slides === null) return
    if (said.kind === 'older') slides.extend(said.photos)
    if (said.kind === 'renewed') slides.better(said.photo)
    if (said.kind === 'front') this.setData({ mayTalk: this.room?.album?.comments === true })
    if (said.kind === 'changed') this.take(slides, said.taken)
    this.paint()
  },

  take(slides, { bettered, added, hidden }) {
    for (const photo of bettered) slides.better(photo)
    for (const photo of added) slides.better(photo) // one that was hidden may come back
    for (const id of hidden) slides.hide(id)
  },

  paint() {
    const { slides } = this
    if (slides === null) return
    const { mine, network, language } = stage()
    const { photo } = slides
    const likes = photo === null ? 0 : (this.counted?.get(photo.id) ?? photo.likes)
    this.setData({
      likes: likes > 0 ? String(likes) : '',
      slides: slides.slides(),
      current: slides.current,
      gone: slides.isGone,
      liked: photo !== null && mine.has('liked', photo.id),
      saved: photo !== null && mine.has('saved', photo.id),
      freshness: photo === null ? NOTHING : freshnessOf(photo, language.words.viewer),
      banner: network.weather === 'offline' ? language.words.any.offline : '',
    })
  },

  remember() {
    const photo = this.slides?.photo
    if (!photo || this.slides?.isGone !== false) return
    const { mine, traces } = stage()
    mine.add('recent', photo)
    if (photo.id === this.viewed) return
    traces.note('view', photo.album_id, photo.id)
    this.viewed = photo.id
    if (this.room?.album?.downloads === true) offerAgain(stage(), photo)
    this.setData({ comments: '', sponsor: NO_SPONSOR })
    this.stay()
  },

  swiped(said) {
    if (said.detail.source !== 'touch' || this.slides === null) return
    const still = this.slides.go(said.detail.current) ? { duration: 0 } : {}
    this.setData({ scale: 1, zoomed: false, ...still })
    if (this.slides.atEnd) this.room?.older().catch((error: unknown) => trouble(error, this.data.any))
  },

  /** The slide has come to rest: now the neighbours may change without a jerk. */
  settled() {
    this.remember()
    this.paint()
    if (this.data.duration === 0) this.setData({ duration: SWIPE_MS })
  },

  /** One tap hides everything but the photo; two zoom. */
  tapped() {
    const now = Date.now()
    clearTimeout(this.tapTimer)
    if (now - this.tappedAt < DOUBLE_TAP_MS) {
      this.tappedAt = 0
      const scale = this.data.zoomed ? 1 : ZOOM
      this.setData({ scale, zoomed: scale > 1 })
      if (this.slides?.zoom(scale) === true) this.paint()
      return
    }
    this.tappedAt = now
    this.tapTimer = setTimeout(() => {
      this.setData({ bare: !this.data.bare })
    }, DOUBLE_TAP_MS)
  },

  scaled(said) {
    const { scale } = said.detail
    if (scale > 1.02 !== this.data.zoomed) this.setData({ zoomed: scale > 1.02 })
    if (this.slides?.zoom(scale) === true) this.paint()
  },

  /** While zoomed, fingers move the photo and not the row of photos. */
  hold() {
    return
  },

  stuck() {
    const photo = this.slides?.photo
    if (!photo || this.room === null) return
    this.room
      .renew(photo)
      .then(found => {
        if (found === null) this.slides?.hide(photo.id)
        this.paint()
      })
      .catch((error: unknown) => trouble(error, this.data.any))
  },

  stay() {
    const photo = this.slides?.photo
    this.linger ??= new Linger()
    if (photo) this.linger.over(stage(), photo, said => this.setData(said))
  },

  openSponsor() {
    const photo = this.slides?.photo
    if (photo) followSponsor(stage(), photo.album_id, this.data.sponsor.link, photo.id)
  },

  like() {
    const { mine, reminders } = stage()
    const album = this.room?.album
    if (album) reminders.askQuietly(album.id, album.templates) // first: WeChat asks only inside a tap
    const photo = this.slides?.photo
    if (!photo) return
    const liked = mine.toggle(photo)
    if (liked) {
      void wx.vibrateShort({ type: 'light' })
      this.offerAfter()
    }
    void this.count(photo, liked)
  },

  /** The heart is on at once; when the platform does not hear of it, it goes off again. */
  async count(photo, liked) {
    const { api, mine } = stage()
    this.counted ??= new Map()
    const before = this.counted.get(photo.id) ?? photo.likes
    this.counted.set(photo.id, Math.max(0, before + (liked ? 1 : -1)))
    this.paint()
    try {
      this.counted.set(photo.id, await tellLike(api, photo.id, liked))
    } catch (error) {
      this.counted.set(photo.id, before)
      if (mine.has('liked', photo.id) === liked) mine.toggle(photo)
      toast(trouble(error, this.data.any))
    }
    this.paint()
  },

  save() {
    const album = this.room?.album
    if (album) stage().reminders.askQuietly(album.id, album.templates)
    const photo = this.slides?.photo
    if (!photo || this.data.busy) return
    this.setData({ busy: true })
    void keepPhoto(stage(), photo)
      .then(kept => {
        if (kept) this.offerAfter()
      })
      .finally(() => this.setData({ busy: false }))
  },

  poster() {
    const photo = this.slides?.photo
    if (!photo || this.data.busy) return
    this.setData({ busy: true })
    void drawPoster(stage(), photo).finally(() => {
      this.setData({ busy: false })
    })
  },

  talk() {
    const photo = this.slides?.photo
    if (photo) go(talkPath(photo))
  },

  report() {
    const photo = this.slides?.photo
    if (photo) go(reportPath(photo))
  },

  offerAfter() {
    const album = this.room?.album
    if (album && stage().reminders.mayOffer(album.id, album.templates)) this.setData({ offer: true })
  },

  remindMe() {
    const album = this.room?.album
    if (!album) return
    void remind(stage(), album.id, album.templates).then(() => {
      this.setData({ offer: false })
    })
  },

  dismiss() {
    const album = this.room?.album
    if (album) stage().reminders.offered(album.id)
    this.setData({ offer: false })
  },

  openAlbum() {
    void wx.redirectTo({ url: albumPath(this.albumId, this.shareCode) })
  },

  onShareAppMessage() {
    const photo = this.slides?.photo
    const title = stage().visits.of(this.albumId)?.title ?? this.data.t.shareTitle
    if (!photo || this.slides?.isGone !== false) {
      return { title, path: albumPath(this.albumId, this.shareCode), ...cardPicture(undefined) }
    }
    stage().traces.note('share', photo.album_id, photo.id)
    return { title, path: viewerPath(photo, false, this.shareCode), ...cardPicture(photo.urls.view) }
  },

  onShareTimeline() {
    const photo = this.slides?.photo
    const title = stage().visits.of(this.albumId)?.title ?? this.data.t.shareTitle
    if (!photo) return { title, ...cardPicture(undefined) }
    stage().traces.note('share', photo.album_id, photo.id)
    const query = asQuery({ album: photo.album_id, id: photo.id, at: photo.position, e: this.shareCode })
    return { title, query, ...cardPicture(photo.urls.thumb) }
  },
})
