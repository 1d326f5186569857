/** Save one photo to the phone, with what it says on screen. */

import { savePhoto, type Saved } from '../services/save'
import type { PhotoCard } from '../services/wire'
import type { Stage } from '../state/stage'
import type { Words } from '../words/zh'
import { confirmed, toast } from './ask'

/** Returns whether the phone has the photo now. */
export async function keepPhoto(stage: Stage, photo: PhotoCard): Promise<boolean> {
  const { viewer, any } = stage.language.words
  const saved = await savePhoto(stage.api, photo.id, {
    progress: step => {
      void wx.showLoading({ title: step === 'preparing' ? viewer.preparing : viewer.saving, mask: false })
    },
    settings: () => {
      void wx.hideLoading()
      const { needAlbum, needAlbumHint, toSettings } = viewer
      return confirmed({ title: needAlbum, content: needAlbumHint, yes: toSettings, no: any.cancel })
    },
  })
  void wx.hideLoading()
  const words = said(saved, viewer)
  if (words !== '') toast(words)
  if (saved !== 'saved') return false
  stage.mine.add('saved', photo)
  stage.traces.note('download', photo.album_id, photo.id)
  return true
}

/** Who saved it before a hand made it better is told, once. */
export function offerAgain({ mine, language }: Stage, photo: PhotoCard): void {
  if (mine.outdated(photo)) toast(language.words.viewer.finer)
}

function said(saved: Saved, words: Words['viewer']): string {
  const table: Record<Saved, string> = {
    saved: words.saved,
    cancelled: '',
    shown: words.longPress,
    private: words.privacy,
    closed: words.noDownloads,
    failed: words.saveFailed,
  }
  return table[saved]
}
