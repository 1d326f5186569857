/** The photo as a card with a code that leads back to it: the platform draws it, WeChat sends or saves it. */

import type { Api } from './api'
import { fetchFile } from './fetch'

/** Raises Refused, NoAnswer. */
export async function openPoster(api: Api, photoId: string): Promise<void> {
  const { url, header } = api.opening(`/mp/v1/photos/${photoId}/card.jpg`, {})
  const path = await fetchFile(url, header)
  if (!wx.canIUse('showShareImageMenu')) void wx.previewImage({ urls: [path], showmenu: true })
  else wx.showShareImageMenu({ path, fail: () => undefined }) // closed again: nothing to say
}
