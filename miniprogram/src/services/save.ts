/**
 * Take a photo home: the full size from the platform, into the phone's album, past every permission WeChat may want.
 *
 *   asked for the full size ─ 403 ─► `closed`        the organizer offers no downloads
 *          │ 202: being made, wait
 *          ▼
 *   downloaded ─ fails three times ─► `failed`
 *          ▼
 *   written to the album ─ guest cancels the dialog ─► `cancelled`
 *          │ permission was refused once ─► settings ─ still refused ─► `shown`: the picture itself, press and hold to save
 *          │ privacy guidelines not accepted (104), not declared (112) ─► `private`, `shown`
 *          ▼
 *        `saved`
 */

import { sleep } from '../lib/backoff'
import type { Api } from './api'
import { fetchFile } from './fetch'
import { Refused, tolerate } from './refused'
import type { Download, Waiting } from './wire'

const SCOPE = 'scope.writePhotosAlbum'
const PATIENCE_MS = 20_000
const PRIVACY_REFUSED = 104

export type Saved = 'saved' | 'cancelled' | 'shown' | 'private' | 'closed' | 'failed'

/** What the page shows and asks on the way. */
export interface SaveFace {
  progress(step: 'preparing' | 'saving'): void
  /** May we lead to the settings? */
  settings(): Promise<boolean>
}

export async function savePhoto(api: Api, photoId: string, face: SaveFace): Promise<Saved> {
  let path: string
  try {
    face.progress('preparing')
    const full = await fullSize(api, photoId)
    face.progress('saving')
    path = await fetchFile(full.url)
  } catch (error) {
    tolerate(error)
    return error instanceof Refused && error.status === 403 ? 'closed' : 'failed'
  }
  return keep(path, face)
}

async function fullSize(api: Api, photoId: string): Promise<Download> {
  const until = Date.now() + PATIENCE_MS
  for (;;) {
    const said = await api.answer({ path: `/mp/v1/photos/${photoId}/download` })
    if (said.status !== 202) return said.body as Download
    if (Date.now() > until) throw new Refused({ ...said, status: 503 })
    await sleep(Math.max(300, (said.body as Waiting).retry_after * 1000))
  }
}

async function keep(path: string, face: SaveFace): Promise<Saved> {
  const first = await write(path)
  if (first !== 'refused') return first === 'private' ? shown(path, 'private') : first
  if (!(await face.settings()) || !(await opened())) return shown(path, 'shown')
  const second = await write(path)
  return second === 'refused' ? shown(path, 'shown') : second
}

type Written = 'saved' | 'cancelled' | 'refused' | 'private' | 'failed'

function write(filePath: string): Promise<Written> {
  return new Promise(resolve => {
    wx.saveImageToPhotosAlbum({
      filePath,
      success: () => {
        resolve('saved')
      },
      fail: said => {
        resolve(meaning(said))
      },
    })
  })
}

/** Exported for its table of tests: WeChat says these things in words only. */
export function meaning(said: { errMsg: string; errno?: number }): Written {
  if (said.errno === PRIVACY_REFUSED || /privacy permission is not authorized/i.test(said.errMsg)) return 'private'
  if (/cancel/i.test(said.errMsg)) return 'cancelled'
  // «not declared» is our own omission in the console; the guest still gets the picture to press and hold
  if (/auth|deny|denied|permission|not declared/i.test(said.errMsg)) return 'refused'
  return 'failed'
}

/** The settings; true when the permission is there afterwards. */
function opened(): Promise<boolean> {
  return new Promise(resolve => {
    wx.openSetting({
      success: said => {
        resolve(said.authSetting[SCOPE] === true)
      },
      fail: () => {
        resolve(false)
      },
    })
  })
}

/** The way without any permission: WeChat's own viewer, where press and hold saves. */
function shown(path: string, outcome: 'shown' | 'private'): Saved {
  void wx.previewImage({ urls: [path], showmenu: true })
  return outcome
}
