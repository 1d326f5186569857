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
  readonly comments: boolean
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
  readonly front?: number
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
  /** What the guest who gave it says with it; empty for all others. */
  readonly words: string
  readonly stage: Stage
}

export interface Urls {
  readonly thumb: string
  /** ≤ 200 KB; feed files written before there was one name none. */
  readonly phone?: string
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

/** Of what stands around an event's photos, the part this client shows. The organizer changes it while guests look. */
export interface Front {
  readonly revision: number
  readonly banner: string
  readonly banner_link: string
  readonly banner_from: Moment | null
  readonly banner_until: Moment | null
  /** A photo may have a sponsor's link. */
  readonly sponsors: boolean
  /** Photos between two tiles of sponsors. */
  readonly tile_every: number
  /** All that are not over, also those to come. */
  readonly placements: readonly Placed[]
  readonly albums: readonly FrontAlbum[]
}

/** A sponsor's picture in a slot. */
export interface Placed {
  readonly id: string
  readonly slot: 'start' | 'tile' | 'download'
  readonly name: string
  readonly words: string
  readonly link: string
  readonly url: string
  readonly width: number
  readonly height: number
  /** Relative to the others of the same slot and moment. */
  readonly share: number
  /** Showings for one guest in a day; 0: no limit. */
  readonly cap: number
  readonly from_at: Moment | null
  readonly until_at: Moment | null
}

export interface FrontAlbum {
  readonly id: string
  readonly downloads: boolean
  readonly contributions: 'off' | 'review' | 'open'
  readonly comments: boolean
}

export interface Changes {
  readonly changes: readonly Change[]
  /** The newest revision of the front. */
  readonly front?: number
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

/** Whether a browser's guest is tied to somebody in WeChat, and what to ask for in the tap that ties. */
export interface Tie {
  readonly tied: boolean
  readonly templates: readonly string[]
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
  readonly words: string
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

/** A few words of a guest under a photo. `state` other than shown: the asker's own. */
export interface Comment {
  readonly id: string
  readonly by: string
  readonly text: string
  readonly state: 'shown' | 'waiting' | 'hidden'
  readonly own: boolean
  /** By the asker. */
  readonly reported: boolean
  readonly created_at: Moment
}

export interface Comments {
  /** Newest first. */
  readonly comments: readonly Comment[]
  /** Of what everybody sees. */
  readonly count: number
}

export interface Liked {
  readonly liked: boolean
  readonly likes: number
}

/** What a guest did. `viewable`: half of a tile, or of a placement, on screen for a second. */
export interface TraceStep {
  readonly kind: 'visit' | 'viewable' | 'view' | 'click' | 'download' | 'share'
  readonly photo_id?: string
  readonly placement_id?: string
  readonly done_at: Moment
}

export interface TrackRequest {
  /** A random name, the same when it is sent again. */
  readonly batch: string
  readonly album_id: string
  readonly device: string
  readonly source: string
  readonly traces: readonly TraceStep[]
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

/** A browser that wants to sign in as a member, or to bind this WeChat account to one. */
export interface Asking {
  binds: boolean
  name: string
  organization: string
  asked_from: string
  number: string
}
