/** To a sponsor's page. WeChat opens no address of somebody else's: it is copied, for a browser. */

import type { Stage } from '../state/stage'
import { toast } from './ask'

/** The banner's, of the frame on a photo, or of a placement. */
export function followSponsor({ language, traces }: Stage, albumId: string, link: string, photoId?: string, placementId?: string): void {
  const { album, pack } = language.words
  traces.note('click', albumId, photoId, placementId)
  wx.setClipboardData({
    data: link,
    success: () => {
      toast(album.linkCopied)
    },
    fail: () => {
      toast(pack.copyFailed)
    },
  })
}
