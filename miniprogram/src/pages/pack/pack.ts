/**
 * Many photos at once, as ZIP files: all of the album, the liked ones, or chosen ones.
 *
 * The platform packs in the background; who leaves finds the pack again here. A mini-program can neither unpack a ZIP nor
 * keep a file of this size, so the guest gets its address, for the phone's browser or a computer.
 */

import { toast } from '../../flows/ask'
import { Spot, type Shown } from '../../flows/spot'
import type { Chip } from '../../components/chip-row/chip-row'
import { sleep } from '../../lib/backoff'
import { definePage, type Heard, type Tapped } from '../../lib/define'
import * as screen from '../../lib/screen'
import { readFront } from '../../services/albums'
import { askPack, MOST, readPack } from '../../services/pack'
import { Refused, tolerate } from '../../services/refused'
import type { Pack } from '../../services/wire'
import type { Room, Said } from '../../state/room'
import { stage } from '../../state/stage'
import { Wall, type Tile } from '../../state/wall'
import { fill } from '../../words/fill'
import { trouble } from '../../words/trouble'
import { zh, type Words } from '../../words/zh'

type Which = 'all' | 'liked' | 'chosen'

interface Part {
  readonly number: number
  readonly title: string
  readonly line: string
  readonly url: string
}

export interface Data {
  t: Words['pack']
  any: Words['any']
  face: 'loading' | 'choose' | 'making' | 'ready' | 'failed'
  banner: string
  chips: Chip[]
  which: Which
  tiles: Tile[]
  height: number
  shown: Record<string, boolean>
  may: boolean
  actWord: string
  percent: number
  progress: string
  parts: Part[]
  manifest: string
  problem: string
  placed: Shown[]
}

export interface Methods {
  marks: Record<string, boolean>
  room: Room | null
  wall: Wall | null
  leaves: (() => void)[]
  scrolled: number
  drawnAt: number
  round: number
  asking: boolean
  found: Pack | null
  spot: Spot | null
  load(albumId: string): Promise<void>
  place(room: Room): Promise<void>
  sawPlaced(): void
  openPlaced(): void
  heard(said: Said): void
  wanted(): readonly string[]
  paint(): void
  draw(): void
  choose(said: Heard<{ id: Which }>): void
  pick(said: Heard<{ id: string }>): void
  pack(): Promise<void>
  watch(packId: string): Promise<void>
  show(pack: Pack): void
  refused(error: unknown): void
  anew(): void
  copy(said: Tapped<{ url: string }>): void
}

const SIDE_PX = 8
const LOOK_MS = 1500

definePage<Data, Methods>({
  data: {
    t: zh.pack,
    any: zh.any,
    face: 'loading',
    banner: '',
    chips: [],
    which: 'all',
    tiles: [],
    height: 0,
    shown: {},
    may: false,
    actWord: '',
    percent: 0,
    progress: '',
    parts: [],
    manifest: '',
    problem: '',
    placed: [],
  },
  marks: {},
  room: null,
  wall: null,
  leaves: [],
  scrolled: 0,
  drawnAt: 0,
  round: 0,
  asking: false,
  found: null,
  spot: null,

  onLoad(query) {
    const { language, network } = stage()
    const speak = (): void => {
      const { words } = language
      this.setData({ t: words.pack, any: words.any, banner: network.weather === 'offline' ? words.any.offline : '' })
      this.paint()
      if (this.found !== null) this.show(this.found)
    }
    speak()
    this.leaves = [language.news.listen(speak), network.news.listen(speak)]
    this.load(query['album'] ?? '').catch((error: unknown) => {
      this.refused(error)
    })
  },

  /** Links end, and a pack may have been withdrawn meanwhile. */
  onShow() {
    if (this.found !== null) void this.watch(this.found.id)
  },

  onHide() {
    this.round++
  },

  onUnload() {
    this.round++
    for (const leave of this.leaves) leave()
  },

  onPageScroll({ scrollTop }) {
    this.scrolled = scrollTop
    if (Math.abs(scrollTop - this.drawnAt) > screen.height() / 2) this.draw()
  },

  onReachBottom() {
    this.room?.older().catch((error: unknown) => trouble(error, this.data.any))
  },

  async load(albumId) {
    const { rooms, packs } = stage()
    const room = rooms.room(albumId)
    this.room = room
    this.leaves.push(
      room.enter(said => {
        this.heard(said)
      }),
    )
    await room.open()
    this.wall = new Wall(room.feed, screen.width() - SIDE_PX * 2)
    const before = packs.of(albumId)
    if (before !== null) void this.watch(before)
    else this.setData({ face: 'choose' })
    this.paint()
    this.place(room).catch(tolerate)
  },

  /** A sponsor's picture above the button. */
  async place(room) {
    const { api, hands } = stage()
    const front = room.front ?? (await readFront(api, room.albumId))
    this.spot ??= new Spot('download', { eventId: room.album?.event_id ?? '', albumId: room.albumId }, placed => {
      this.setData({ placed })
    })
    this.spot.turn(hands, front, Date.now())
  },

  sawPlaced() {
    this.spot?.seen(stage(), Date.now())
  },

  openPlaced() {
    this.spot?.follow(stage())
  },

  heard(said) {
    const { room, wall } = this
    if (room === null || wall === null) return
    if (said.kind === 'reset') wall.reset(room.feed)
    if (said.kind === 'older') wall.older(said.photos)
    if (said.kind === 'changed' && this.scrolled < 80) wall.letIn()
    this.paint()
  },

  /** Ids of what is chosen; not asked for «all». */
  wanted() {
    if (this.data.which === 'chosen') return Object.keys(this.marks).filter(id => this.marks[id] === true)
    const albumId = this.room?.albumId
    const liked = stage().mine.all('liked').filter(memory => memory.album_id === albumId)
    return liked.map(memory => memory.id)
  },

  paint() {
    const { room } = this
    if (room === null) return
    const { t, which } = this.data
    const liked = stage().mine.all('liked').filter(memory => memory.album_id === room.albumId).length
    const wanted = which === 'all' ? [] : this.wanted()
    const n = which === 'all' ? room.count : wanted.length
    const shown: Record<string, boolean> = {}
    for (const id of wanted) shown[id] = true
    this.setData({
      shown,
      chips: [
        { id: 'all', label: fill(t.all, { n: room.count }) },
        { id: 'liked', label: fill(t.liked, { n: liked }) },
        { id: 'chosen', label: t.chosen },
      ],
      may: n > 0,
      actWord: n > 0 ? fill(t.act, { n }) : which === 'liked' ? t.noneLiked : t.pickSome,
    })
    this.draw()
  },

  draw() {
    if (this.wall === null) return
    const screenful = screen.height()
    this.drawnAt = this.scrolled
    this.setData({
      height: this.wall.height,
      tiles: this.wall.tiles(this.scrolled - screenful * 1.5, this.scrolled + screenful * 2.5),
    })
  },

  choose(said) {
    this.setData({ which: said.detail.id, problem: '' })
    this.paint()
  },

  /** Also the beginning of choosing: from all with this one, from the liked ones with or without it. */
  pick(said) {
    const { id } = said.detail
    const before: Record<string, boolean> = this.data.which === 'chosen' ? this.marks : this.data.shown
    const marks = { ...before, [id]: before[id] !== true }
    if (Object.values(marks).filter(Boolean).length > MOST) {
      toast(fill(this.data.t.most, { n: MOST }))
      return
    }
    this.marks = marks
    this.setData({ which: 'chosen', problem: '' })
    this.paint()
  },

  async pack() {
    const { room } = this
    if (room === null || !this.data.may || this.asking) return
    this.asking = true
    this.setData({ problem: '' })
    try {
      const { api, packs } = stage()
      const pack = await askPack(api, room.albumId, this.data.which === 'all' ? null : this.wanted())
      packs.keep(room.albumId, pack.id)
      await this.watch(pack.id)
    } catch (error) {
      this.setData({ problem: trouble(error, this.data.any) })
    } finally {
      this.asking = false
    }
  },

  /** Looks until it is done. A network that is away for a while ends nothing. */
  async watch(packId) {
    const round = ++this.round
    while (this.round === round) {
      try {
        const pack = await readPack(stage().api, packId)
        if (this.round !== round) return
        this.show(pack)
        if (pack.state !== 'planned' && pack.state !== 'making') return
      } catch (error) {
        if (this.round !== round) return
        if (error instanceof Refused && !error.passing) {
          this.refused(error)
          return
        }
        tolerate(error)
      }
      await sleep(LOOK_MS)
    }
  },

  show(pack) {
    this.found = pack
    const { t } = this.data
    if (pack.state === 'failed' || pack.state === 'withdrawn') {
      this.setData({ face: 'failed', problem: pack.state === 'withdrawn' ? t.withdrawn : t.failedHint })
      return
    }
    this.setData({
      face: pack.state === 'ready' ? 'ready' : 'making',
      percent: pack.photos > 0 ? Math.round((pack.done * 100) / pack.photos) : 0,
      progress: fill(t.progress, { n: pack.done, of: pack.photos }),
      manifest: pack.manifest_url ?? '',
      parts: pack.parts.map(({ number, size, photos, url }) => ({
        number,
        url,
        title: pack.parts.length > 1 ? fill(t.part, { n: number }) : t.whole,
        line: fill(t.partLine, { n: photos, size: sizeOf(size) }),
      })),
    })
  },

  refused(error) {
    this.setData({ face: 'failed', problem: trouble(error, this.data.any) })
  },

  anew() {
    this.round++
    this.found = null
    if (this.room === null) return
    stage().packs.forget(this.room.albumId)
    if (this.wall === null) {
      this.load(this.room.albumId).catch((reason: unknown) => {
        this.refused(reason)
      })
      return
    }
    this.setData({ face: 'choose', problem: '' })
    this.paint()
  },

  copy(said) {
    const { t } = this.data
    wx.setClipboardData({
      data: said.currentTarget.dataset.url,
      success: () => {
        toast(t.copied)
      },
      fail: () => {
        toast(t.copyFailed)
      },
    })
  },
})

function sizeOf(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} KB`
}
