/** The guest's own code, full screen and bright: the photographer shoots it, and the frames that follow are theirs. */

import { go, minePath } from '../../flows/routes'
import { toBase64 } from '../../lib/bytes'
import { definePage } from '../../lib/define'
import { blackAndWhite } from '../../lib/png'
import { brighten } from '../../services/light'
import { readSlate } from '../../services/slate'
import { stage } from '../../state/stage'
import { trouble } from '../../words/trouble'
import { zh, type Words } from '../../words/zh'

export interface Data {
  t: Words['slate']
  any: Words['any']
  face: 'loading' | 'slate' | 'failed'
  problem: string
  picture: string
}

export interface Methods {
  albumId: string
  dim: (() => void) | null
  leave: (() => void) | null
  load(): Promise<void>
  again(): void
  openMine(): void
}

const SCALE = 16
const QUIET = 4

definePage<Data, Methods>({
  data: { t: zh.slate, any: zh.any, face: 'loading', problem: '', picture: '' },
  albumId: '',
  dim: null,
  leave: null,

  onLoad(query) {
    this.albumId = query['album'] ?? ''
    const { language } = stage()
    const speak = (words: Words): void => {
      this.setData({ t: words.slate, any: words.any })
    }
    speak(language.words)
    this.leave = language.news.listen(speak)
    void this.load()
  },

  onShow() {
    this.dim ??= brighten()
  },

  onHide() {
    this.dim?.()
    this.dim = null
  },

  onUnload() {
    this.dim?.()
    this.leave?.()
  },

  async load() {
    try {
      const { rows } = await readSlate(stage().api, this.albumId)
      const picture = `data:image/png;base64,${toBase64(blackAndWhite(rows, SCALE, QUIET))}`
      this.setData({ face: 'slate', picture })
    } catch (error) {
      this.setData({ face: 'failed', problem: trouble(error, this.data.any) })
    }
  },

  again() {
    this.setData({ face: 'loading' })
    void this.load()
  },

  openMine() {
    go(minePath(this.albumId, 'slate'))
  },
})
