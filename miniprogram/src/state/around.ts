/** Everything around an album's wall: its titles and tabs, how alive it is, what waits, what stands at the foot. */

import type { Cap } from '../components/photo-wall/photo-wall'
import { clockTime } from '../lib/moments'
import type { AlbumCard } from '../services/wire'
import { fill } from '../words/fill'
import type { Words } from '../words/zh'
import { countWords, pulseOf } from './aliveness'
import type { Weather } from './network'
import { phaseOf } from './occasion'
import type { Room } from './room'
import { NO_SPONSOR, sponsorOf, type Sponsor } from './sponsor'
import type { Visit } from './visits'
import type { Wall } from './wall'

export interface Around {
  eventTitle: string
  title: string
  tabs: { id: string; label: string }[]
  count: string
  pulse: string
  beating: boolean
  banner: string
  pill: string
  foot: string
  empty: boolean
  sponsor: Sponsor
  mayRemind: boolean
  mayPack: boolean
  mayGive: boolean
}

/** Before there is an album. */
export const NOTHING_AROUND: Around = {
  eventTitle: '',
  title: '',
  tabs: [],
  count: '',
  pulse: '',
  beating: false,
  banner: '',
  pill: '',
  foot: '',
  empty: false,
  sponsor: NO_SPONSOR,
  mayRemind: false,
  mayPack: false,
  mayGive: false,
}

export interface Scene {
  readonly room: Room
  readonly wall: Wall
  readonly visit: Visit | null
  readonly weather: Weather
  readonly words: Words
  readonly now: number
}

export function around({ room, wall, visit, weather, words, now }: Scene): Around {
  const phase = visit === null ? 'live' : phaseOf({ state: 'open', ...visit }, now)
  const pulse = pulseOf(room.link, weather, phase, words)
  const waiting = wall.waiting.length
  return {
    eventTitle: visit?.title ?? '',
    title: room.album?.title ?? '',
    tabs: tabsOf(visit),
    count: countWords(room.count, words.album),
    pulse: pulse.word,
    beating: pulse.beating,
    banner: pulse.banner,
    pill: waiting > 0 ? fill(words.album.fresh, { n: waiting }) : '',
    foot: room.complete ? words.album.end : words.album.more,
    empty: room.feed.photos.length === 0,
    sponsor: sponsorOf(room.front, now),
    ...mayOf(room.album),
  }
}

function mayOf(album: AlbumCard | null): Pick<Around, 'mayRemind' | 'mayPack' | 'mayGive'> {
  if (album === null) return { mayRemind: false, mayPack: false, mayGive: false }
  return { mayRemind: album.templates.length > 0, mayPack: album.downloads, mayGive: album.contributions !== 'off' }
}

export const NO_CAP: Cap = { style: '', title: '', hint: '' }
const CAP_AT_LEAST_PX = 72

/** Photos that came one by one leave room above the shorter column; it says when the newest came. */
export function capOf({ room, wall, words }: Scene): Cap {
  const { hole } = wall
  const newest = room.feed.photos[0]?.live_at ?? null
  if (hole === null || newest === null || hole.height < CAP_AT_LEAST_PX) return NO_CAP
  return {
    style: `left:${hole.left}px;top:0;width:${hole.width}px;height:${hole.height}px`,
    title: clockTime(newest),
    hint: `${words.album.latest} · ${countWords(room.count, words.album)}`,
  }
}

/** One album needs no tabs. */
function tabsOf(visit: Visit | null): Around['tabs'] {
  const albums = visit?.albums ?? []
  return albums.length > 1 ? albums.map(({ id, title }) => ({ id, label: title })) : []
}
