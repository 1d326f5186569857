/** What «mine» may be filtered by. What was chosen stays chosen for as long as it is among the choices. */

import { takenAt } from '../services/find'
import type { Words } from '../words/zh'
import { HOUR_MS, hoursBetween, hoursOf, type Hour } from './hours'
import type { List, Memory } from './mine'
import type { Visit } from './visits'

/** Lists of this phone; then what the platform is asked for, of one album. */
export type Tab = List | Asked
export type Asked = 'slate' | 'hot' | 'find'

export function isAsked(tab: Tab): tab is Asked {
  return tab === 'slate' || tab === 'hot' || tab === 'find'
}

export interface Chosen {
  readonly tab: Tab
  readonly albumId: string // '' all
  readonly hour: string // '' any
}

export interface Filters {
  albums: Hour[]
  albumId: string
  hours: Hour[]
  hour: string
}

/** `memories`: those of the chosen list. */
export function filtersOf(
  chosen: Chosen,
  memories: readonly Memory[],
  visits: readonly Visit[],
  words: Words['mine'],
  now: number,
): Filters {
  return isAsked(chosen.tab) ? forFinding(chosen, visits, now) : forList(chosen, memories, visits, words)
}

/** Of a list: everything, unless something was chosen; one album or hour is no choice. */
function forList(chosen: Chosen, memories: readonly Memory[], visits: readonly Visit[], words: Words['mine']): Filters {
  const ids = Array.from(new Set(memories.map(memory => memory.album_id)))
  const albums = ids.map(id => ({ id, label: titleOf(id, visits) }))
  const hours = hoursOf(memories.map(takenAt))
  return {
    albums: albums.length > 1 ? [{ id: '', label: words.allAlbums }, ...albums] : [],
    albumId: kept(chosen.albumId, albums, ''),
    hours: hours.length > 1 ? [{ id: '', label: words.allTimes }, ...hours] : [],
    hour: kept(chosen.hour, hours, ''),
  }
}

/** For asking one album is always chosen, and for finding one hour: the latest ones. */
function forFinding(chosen: Chosen, visits: readonly Visit[], now: number): Filters {
  const albums: Hour[] = []
  for (const visit of visits) albums.push(...visit.albums.map(({ id, title }) => ({ id, label: title })))
  const albumId = kept(chosen.albumId, albums, albums[0]?.id ?? '')
  const visit = visits.find(known => known.albums.some(album => album.id === albumId))
  const hours = visit && chosen.tab === 'find' ? hoursOfVisit(visit, now) : []
  return { albums, albumId, hours, hour: kept(chosen.hour, hours, hours[0]?.id ?? '') }
}

function kept(id: string, among: readonly Hour[], otherwise: string): string {
  return among.some(choice => choice.id === id) ? id : otherwise
}

function titleOf(albumId: string, visits: readonly Visit[]): string {
  for (const visit of visits) {
    const found = visit.albums.find(album => album.id === albumId)
    if (found) return found.title
  }
  return ''
}

/** From the event's beginning (or a day ago, when it has none) until now or its end. */
function hoursOfVisit(visit: Visit, now: number): Hour[] {
  const to = Math.min(now, visit.ends_at ?? Infinity)
  return hoursBetween(Math.min(to, visit.starts_at ?? to - 24 * HOUR_MS), to)
}
