/** Anybody may ask to take a photo down, with a reason and, if they like, some words. */

import { toast } from '../../flows/ask'
import { go, personPath } from '../../flows/routes'
import { definePage, type Heard, type Tapped } from '../../lib/define'
import { standIn } from '../../lib/thumbhash'
import { readPhotoAt } from '../../services/albums'
import { Refused } from '../../services/refused'
import { askTakeDown, REASONS, type Reason } from '../../services/report'
import type { PhotoCard } from '../../services/wire'
import { stage } from '../../state/stage'
import { trouble } from '../../words/trouble'
import { zh, type Words } from '../../words/zh'

interface Row {
  readonly id: Reason
  readonly label: string
}

export interface Data {
  t: Words['report']
  any: Words['any']
  rows: Row[]
  reason: Reason | ''
  words: string
  sending: boolean
  done: '' | 'hidden' | 'waiting'
  problem: string
  thumb: string
  thumbStandIn: string
}

export interface Methods {
  photoId: string
  albumId: string
  position: number
  leave: (() => void) | null
  load(albumId: string, position: number): Promise<void>
  show(photo: PhotoCard | null): void
  choose(said: Tapped<{ id: Reason }>): void
  type(said: Heard<{ value: string }>): void
  send(): Promise<void>
  openPerson(): void
  goBack(): void
}

definePage<Data, Methods>({
  data: {
    t: zh.report,
    any: zh.any,
    rows: [],
    reason: '',
    words: '',
    sending: false,
    done: '',
    problem: '',
    thumb: '',
    thumbStandIn: '',
  },
  photoId: '',
  albumId: '',
  position: 0,
  leave: null,

  onLoad(query) {
    const { language } = stage()
    const speak = (words: Words): void => {
      const rows = REASONS.map(id => ({ id, label: words.report.reasons[id] }))
      this.setData({ t: words.report, any: words.any, rows })
    }
    speak(language.words)
    this.leave = language.news.listen(speak)
    this.photoId = query['id'] ?? ''
    this.albumId = query['album'] ?? ''
    this.position = Number(query['at'])
    this.load(this.albumId, this.position).catch((error: unknown) => trouble(error, this.data.any))
  },

  onUnload() {
    this.leave?.()
  },

  /** The picture only reminds which photo is meant; asking works without it. */
  async load(albumId, position) {
    const { rooms, api } = stage()
    const known = rooms.known(albumId)?.feed.photo(this.photoId) ?? null
    this.show(known ?? (await readPhotoAt(api, albumId, position)))
  },

  show(photo) {
    if (photo?.id !== this.photoId) return
    const thumbStandIn = standIn(photo.placeholder, photo.width, photo.height)
    this.setData({ thumb: photo.urls.thumb, thumbStandIn })
  },

  choose(said) {
    this.setData({ reason: said.currentTarget.dataset.id, problem: '' })
  },

  type(said) {
    this.setData({ words: said.detail.value })
  },

  async send() {
    const { reason, words, sending, t, any } = this.data
    if (sending) return
    if (reason === '') {
      toast(t.choose)
      return
    }
    this.setData({ sending: true, problem: '' })
    try {
      const { hidden } = await askTakeDown(stage().api, this.photoId, reason, words)
      this.setData({ done: hidden ? 'hidden' : 'waiting' })
    } catch (error) {
      // 404: gone already, or a platform that does not take requests yet; either way people can help
      const unknown = error instanceof Refused && error.status === 404
      this.setData({ problem: unknown ? t.unavailable : trouble(error, any) })
    } finally {
      this.setData({ sending: false })
    }
  },

  openPerson() {
    go(personPath({ id: this.photoId, album_id: this.albumId, position: this.position }))
  },

  goBack() {
    void wx.navigateBack({ delta: 2 })
  },
})
