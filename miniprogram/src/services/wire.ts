/** The JSON of docs/wire.md §2. A test compares these shapes with the platform's own OpenAPI. */

/** Milliseconds since the epoch, UTC. */
export type Moment = number

export interface EventCard {
  readonly id: string
  readonly title: string
  readonly place: string
  readonly starts_at: Moment | null
  readonly ends_at: Moment | null
  readonly state: 'draft' | 'open' | 'closed' | 'archived'
  readonly share_code: string
  readonly cover_url: string | null
  readonly schedule: readonly ScheduleLine[]
}

export interface ScheduleLine {
  readonly starts_at: Moment
  readonly ends_at: Moment | null
  readonly title: string
  readonly place: string
}

export interface AlbumCard {
  readonly id: string
  readonly event_id: string
  readonly title: string
  readonly access: string
  readonly locked: boolean
  readonly downloads: boolean
  readonly contributions: 'off' | 'review' | 'open'
  readonly photos: number
  readonly revision: number
  readonly templates: readonly string[]
  readonly live: Live
}

export interface Live {
  /** What to begin with; `files` when the platform is crowded. */
  readonly carrier: 'stream' | 'files'
  readonly stream: string
  readonly wait_s: number
  readonly files: Files | null
}

export interface Files {
  readonly head: string
  readonly poll_ms: number
}

/** The newest changes, oldest first. Every visible change after `since` is among them. */
export interface Head {
  readonly revision: number
  readonly since: number
  readonly changes: readonly Change[]
  readonly index: string
  readonly poll_ms: number
}

/** Newest first; positions. */
export interface Index {
  readonly segments: readonly { readonly url: string; readonly first: number; readonly last: number }[]
}

export interface Segment {
  readonly photos: readonly PhotoCard[]
}

/** Which source the picture was made from, worst first. */
export type Stage = 'preview' | 'original' | 'retouched'

export interface PhotoCard {
  readonly id: string
  readonly album_id: string
  readonly position: number
  readonly revision: number
  readonly width: number
  readonly height: number
  readonly placeholder: string
  readonly urls: Urls
  readonly shot_at: Moment | null
  readonly live_at: Moment | null
  readonly retouched_at: Moment | null
  readonly likes: number
  /** The guest who gave it; '' for a photographer's. */
  readonly by: string
  readonly stage: Stage
}

export interface Urls {
  readonly thumb: string
  readonly view: string
}

export interface Tombstone {
  readonly id: string
  readonly album_id: string
  readonly position: number
  readonly revision: number
  readonly hidden: true
}

export type Change = PhotoCard | Tombstone

export interface Session {
  readonly token: string
  readonly guest_id: string
  readonly expires_in: number
}

export interface Scanned {
  readonly event: EventCard
  readonly albums: readonly AlbumCard[]
  /** The album whose own code was scanned. */
  readonly album_id: string | null
}

export interface History {
  readonly photos: readonly PhotoCard[]
  readonly next: number | null
}

export interface Changes {
  readonly changes: readonly Change[]
  readonly cursor: number
  readonly more: boolean
}

export interface Left {
  readonly left: number
}

export interface Download {
  readonly url: string
  readonly width: number
  readonly height: number
  readonly size: number
  readonly expires_at: Moment
}

export interface Waiting {
  readonly retry_after: number
}

/** What the take-down endpoint answers: whether the photo is off every screen already. */
export interface Reported {
  readonly hidden: boolean
}

export interface Entered {
  readonly album_token: string
  readonly expires_in: number
}

/** What a guest holds up to the photographer: `1` is black. */
export interface SlateCode {
  readonly text: string
  readonly rows: readonly string[]
  /** To ask for in a tap, so that this guest hears of the photos that follow. */
  readonly templates: readonly string[]
}

/** Many photos as ZIP files. `withdrawn`: a photo in it was recalled. */
export interface Pack {
  readonly id: string
  readonly state: 'planned' | 'making' | 'ready' | 'failed' | 'withdrawn'
  readonly done: number
  readonly photos: number
  readonly bytes: number
  readonly parts: readonly PackPart[]
  readonly manifest_url: string | null
  readonly expires_at: Moment | null
}

export interface PackPart {
  readonly number: number
  readonly size: number
  readonly photos: number
  readonly url: string
}

/** A guest's own photo, as its giver sees it. `off`: refused, withdrawn, taken down, or no picture. */
export interface GivenPhoto {
  readonly id: string
  readonly state: 'waiting' | 'live' | 'off'
  readonly by: string
  readonly width: number
  readonly height: number
  readonly placeholder: string
  readonly position: number | null
  readonly given_at: Moment
}

export interface Given {
  readonly rule: 'off' | 'review' | 'open'
  /** How many more today. */
  readonly left: number
  readonly photos: readonly GivenPhoto[]
}

export interface Liked {
  readonly liked: boolean
  readonly likes: number
}

export interface Problem {
  readonly code: string
  readonly message: string
}

export function isTombstone(change: Change): change is Tombstone {
  return 'hidden' in change
}

export interface PlacedFace {
  readonly face_id: number
  /** Parts (0–1) of the photo. */
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface FacesOfPhoto {
  readonly faces: readonly PlacedFace[]
  /** More photos of a person may be asked for here. */
  readonly tap: boolean
  readonly veil: boolean
  readonly notice: FaceNotice | null
}

export interface FaceNotice {
  readonly version: string
  readonly zh: readonly string[]
  readonly en: readonly string[]
}

export interface Agreed {
  readonly id: string
  readonly expires_at: Moment
}

export interface Found {
  readonly sure: readonly PhotoCard[]
  readonly maybe: readonly PhotoCard[]
}

export interface VeilCard {
  readonly id: string
  readonly state: 'open' | 'approved' | 'declined' | 'ended'
}
