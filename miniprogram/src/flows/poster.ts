/** A photo as a card with a code, in WeChat's own menu for pictures; or what went wrong, in words. */

import { openPoster } from '../services/poster'
import type { PhotoCard } from '../services/wire'
import type { Stage } from '../state/stage'
import { trouble } from '../words/trouble'
import { toast } from './ask'

export async function drawPoster({ api, language, traces }: Stage, photo: PhotoCard): Promise<void> {
  void wx.showLoading({ title: language.words.viewer.drawing, mask: false })
  try {
    await openPoster(api, photo.id)
    void wx.hideLoading()
    traces.note('share', photo.album_id, photo.id)
  } catch (error) {
    void wx.hideLoading()
    toast(trouble(error, language.words.any))
  }
}
