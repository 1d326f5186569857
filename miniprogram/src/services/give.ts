/** Photos of the guest's own for an album: choose, give, see what became of them, take one back. Raises Refused, NoAnswer. */

import type { Api } from './api'
import type { Given, GivenPhoto } from './wire'

export const MOST_AT_ONCE = 9
const PRIVACY_REFUSED = 104

/** Paths of the chosen pictures; none when the guest thinks better of it; `private`: the guidelines are not accepted. */
export function choosePictures(count: number): Promise<string[] | 'private'> {
  return new Promise(resolve => {
    wx.chooseMedia({
      count: Math.min(MOST_AT_ONCE, count),
      mediaType: ['image'],
      sizeType: ['original', 'compressed'],
      success: said => {
        resolve(said.tempFiles.map(file => file.tempFilePath))
      },
      fail: said => {
        const { errno } = said as { errno?: number }
        resolve(errno === PRIVACY_REFUSED || /privacy|not authorized/i.test(said.errMsg) ? 'private' : [])
      },
    })
  })
}

/** The same picture given twice is one. */
export function givePicture(api: Api, albumId: string, file: string, name: string, words: string): Promise<GivenPhoto> {
  return api.upload<GivenPhoto>({ path: `/mp/v1/albums/${albumId}/contributions`, query: { name, words }, file })
}

export function readGiven(api: Api, albumId: string): Promise<Given> {
  return api.ask<Given>({ path: `/mp/v1/albums/${albumId}/contributions`, named: true })
}

export async function takeBack(api: Api, photoId: string): Promise<void> {
  await api.ask<unknown>({ path: `/mp/v1/contributions/${photoId}`, method: 'DELETE', named: true })
}
