/** Addresses of the pages, made in one place: what one page writes, another one reads. */

import type { PhotoCard } from '../services/wire'

type Query = Readonly<Record<string, string | number | undefined>>

export const HOME = '/pages/home/home'
export const ABOUT = '/pages/about/about'

export function eventPath(scene: string): string {
  return `/pages/event/event?${query({ scene })}`
}

export function albumPath(albumId: string, shareCode?: string): string {
  return `/pages/album/album?${query({ id: albumId, e: shareCode })}`
}

/** `tray`: swipe through the photos on the tray instead of the album. */
export function viewerPath(photo: Pick<PhotoCard, 'id' | 'album_id' | 'position'>, tray = false, shareCode?: string): string {
  const said = { album: photo.album_id, id: photo.id, at: photo.position, tray: tray ? 1 : undefined, e: shareCode }
  return `/pages/viewer/viewer?${query(said)}`
}

export function minePath(albumId?: string, list?: string): string {
  return `/pages/mine/mine?${query({ album: albumId, list })}`
}

export function slatePath(albumId: string): string {
  return `/pages/slate/slate?${query({ album: albumId })}`
}

export function packPath(albumId: string): string {
  return `/pages/pack/pack?${query({ album: albumId })}`
}

export function givePath(albumId: string): string {
  return `/pages/give/give?${query({ album: albumId })}`
}

export function talkPath(photo: Pick<PhotoCard, 'id' | 'album_id'>): string {
  return `/pages/talk/talk?${query({ album: photo.album_id, id: photo.id })}`
}

export function reportPath(photo: Pick<PhotoCard, 'id' | 'album_id' | 'position'>): string {
  return `/pages/report/report?${query({ album: photo.album_id, id: photo.id, at: photo.position })}`
}

export function personPath(photo: Pick<PhotoCard, 'id' | 'album_id' | 'position'>): string {
  return `/pages/person/person?${query({ album: photo.album_id, id: photo.id, at: photo.position })}`
}

/** The part after «?», for WeChat's timeline, which wants it alone. */
export function query(said: Query): string {
  const pairs = Object.entries(said).filter(([, value]) => value !== undefined && value !== '')
  return pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')
}

/** Open a page; when ten are open already (WeChat's limit), in place of this one. */
export function go(url: string): void {
  if (getCurrentPages().length >= 10) void wx.redirectTo({ url })
  else void wx.navigateTo({ url })
}
