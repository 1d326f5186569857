/** «Me in this photo»: tap a face, see more photos of the person where the organizer lets us, or ask to be covered. */

import { chosen, confirmed, toast } from '../../flows/ask'
import { go, viewerPath } from '../../flows/routes'
import { definePage, type Tapped } from '../../lib/define'
import { readPhotoAt } from '../../services/albums'
import { askToCover, findLike, readFaces, type Consenter } from '../../services/person'
import type { FaceNotice, PhotoCard, PlacedFace } from '../../services/wire'
import { stage } from '../../state/stage'
import { fill } from '../../words/fill'
import { trouble } from '../../words/trouble'
import { zh, type Words } from '../../words/zh'

interface Ring {
  readonly id: number
  readonly style: string
  readonly label: string
}

export interface Data {
  t: Words['person']
  any: Words['any']
  view: string
  width: number
  height: number
  rings: Ring[]
  face: number
  tap: boolean
  looking: boolean
  found: { id: string; thumb: string }[]
  foundWord: string
  problem: string
}

export interface Methods {
  photoId: string
  albumId: string
  notice: FaceNotice | null
  photos: readonly PhotoCard[]
  leave: (() => void) | null
  load(position: number): Promise<void>
  choose(said: Tapped<{ id: number }>): void
  more(): Promise<void>
  cover(): Promise<void>
  open(said: Tapped<{ at: number }>): void
}

definePage<Data, Methods>({
  data: {
    t: zh.person,
    any: zh.any,
    view: '',
    width: 1,
    height: 1,
    rings: [],
    face: 0,
    tap: false,
    looking: false,
    found: [],
    foundWord: '',
    problem: '',
  },
  photoId: '',
  albumId: '',
  notice: null,
  photos: [],
  leave: null,

  onLoad(query) {
    const { language } = stage()
    const speak = (words: Words): void => {
      this.setData({ t: words.person, any: words.any })
    }
    speak(language.words)
    this.leave = language.news.listen(speak)
    this.photoId = query['id'] ?? ''
    this.albumId = query['album'] ?? ''
    this.load(Number(query['at'])).catch((error: unknown) => {
      toast(trouble(error, this.data.any))
    })
  },

  onUnload() {
    this.leave?.()
  },

  async load(position) {
    const { rooms, api } = stage()
    const known = rooms.known(this.albumId)?.feed.photo(this.photoId) ?? null
    const photo = known ?? (await readPhotoAt(api, this.albumId, position))
    if (photo?.id !== this.photoId) return
    this.setData({ view: photo.urls.view, width: photo.width, height: photo.height })
    const { faces, tap, notice } = await readFaces(api, this.photoId)
    this.notice = notice
    this.setData({ tap, rings: faces.map((face, at) => ring(face, fill(this.data.t.face, { n: at + 1 }))) })
  },

  choose(said) {
    this.setData({ face: said.currentTarget.dataset.id, problem: '' })
  },

  /** The consent is asked each time, with the whole notice: it is for this one search. Under 14 a guardian gives it. */
  async more() {
    const { t, any, face, looking } = this.data
    const { language, api } = stage()
    const { notice } = this
    if (looking || notice === null) return
    const text = [t.agreeHint, ...notice[language.tongue]].join('\n')
    if (!(await confirmed({ title: t.agree, content: text, yes: t.yes, no: any.cancel }))) return
    const by = await chosen<Consenter>([['adult', t.adult], ['guardian', t.guardian]])
    if (by === undefined) return
    this.setData({ looking: true, problem: '' })
    try {
      this.photos = await findLike(api, this.albumId, face, { notice: notice.version, by })
      const found = this.photos.map(photo => ({ id: photo.id, thumb: photo.urls.thumb }))
      this.setData({ found, foundWord: fill(t.found, { n: found.length }) })
    } catch (error) {
      this.setData({ problem: trouble(error, any) })
    } finally {
      this.setData({ looking: false })
    }
  },

  async cover() {
    const { t, any, face } = this.data
    if (!(await confirmed({ title: t.coverAsk, content: t.coverHint, yes: any.ok, no: any.cancel }))) return
    try {
      await askToCover(stage().api, this.photoId, face)
      toast(t.sent)
    } catch (error) {
      this.setData({ problem: trouble(error, any) })
    }
  },

  open(said) {
    const photo = this.photos[said.currentTarget.dataset.at]
    if (photo) go(viewerPath(photo))
  },
})

function ring(face: PlacedFace, label: string): Ring {
  const part = (share: number): string => `${(share * 100).toFixed(2)}%`
  const style = `left: ${part(face.x)}; top: ${part(face.y)}; width: ${part(face.width)}; height: ${part(face.height)}`
  return { id: face.face_id, style, label }
}
