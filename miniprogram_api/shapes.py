"""The guests' JSON as types: requests are checked with them, OpenAPI and the contract tests are made of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from backend.models import CommentState, Contributions, Reason

Moment = int | None  # ms UTC


class Shape(BaseModel):
    """A request: a field of the wrong type is an error, an unknown one is from a newer client."""

    model_config = ConfigDict(extra="ignore")


class SessionRequest(Shape):
    code: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    appid: Annotated[str, Field(min_length=1, max_length=32)] | None = None
    device: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{16,64}$")] | None = None


class ScanQuery(Shape):
    scene: Annotated[str, Field(max_length=200)]


class MineQuery(Shape):
    before: Annotated[int, Field(ge=0)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class HistoryQuery(MineQuery):
    order: Literal["new", "hot", "time"] = "new"
    since: Annotated[int | None, Field(alias="from", ge=0)] = None
    until: Annotated[int | None, Field(alias="to", ge=0)] = None


class SlateRequest(Shape):
    album_id: Annotated[str, Field(max_length=32)]


class ChangesQuery(Shape):
    after: Annotated[int, Field(ge=0)] = 0
    wait: Annotated[float, Field(ge=0, le=25)] = 0
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    front: Annotated[int, Field(ge=0)] | None = None  # the front the guest has: do not wait past a newer


class StreamQuery(Shape):
    after: Annotated[int, Field(ge=0)] | None = None
    front: Annotated[int, Field(ge=0)] | None = None
    ghosts: bool = False  # hints of photos on their way, too


class SubscriptionRequest(Shape):
    album_id: Annotated[str, Field(max_length=32)]
    template_id: Annotated[str, Field(max_length=64)] | None = None
    results: dict[str, Any] | None = None
    tap: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,40}$")] | None = None


class TicketRequest(Shape):
    ticket: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{20,100}$")]


class SeenRequest(Shape):
    shown_at: Annotated[int, Field(ge=0, lt=10**14)]


class ReportRequest(Shape):
    reason: Reason
    words: Annotated[str, Field(max_length=300)] = ""


class EntryRequest(Shape):
    """`code`: the album's code or password, or the guest's own from the list; `phone_code`: of WeChat's button."""

    code: Annotated[str, Field(max_length=100)] = ""
    phone_code: Annotated[str, Field(max_length=200)] = ""


class ContributionQuery(Shape):
    name: Annotated[str, Field(max_length=100)] = ""  # under which the guest gives it
    words: Annotated[str, Field(max_length=200)] = ""  # a message with it; cut to 60 characters, nothing invisible


class ExportRequest(Shape):
    """Without `photo_ids`: all photos of the album."""

    photo_ids: Annotated[list[Annotated[str, Field(max_length=32)]], Field(min_length=1, max_length=1000)] | None = None


class Session(BaseModel):
    token: str
    guest_id: str
    expires_in: int


class TieOffer(BaseModel):
    url: str
    expires_in: int


class TieShape(BaseModel):
    tied: bool


class TieNow(TieShape):
    templates: list[str]


class ScheduleLine(BaseModel):
    starts_at: int
    ends_at: Moment
    title: str
    place: str


class EventShape(BaseModel):
    id: str
    title: str
    place: str
    starts_at: Moment
    ends_at: Moment
    state: str
    share_code: str
    cover_url: str | None
    schedule: list[ScheduleLine]


class Files(BaseModel):
    head: str
    poll_ms: int


class Live(BaseModel):
    carrier: Literal["stream", "files"]
    stream: str
    wait_s: int
    files: Files | None


class AlbumShape(BaseModel):
    id: str
    event_id: str
    title: str
    access: str
    locked: bool
    downloads: bool
    contributions: Contributions
    comments: bool
    photos: int
    revision: int
    templates: list[str]
    live: Live


class Scanned(BaseModel):
    event: EventShape
    albums: list[AlbumShape]
    album_id: str | None  # the album whose own code was scanned


class Urls(BaseModel):
    thumb: str
    phone: str  # ≤ 200 KB, long edge 1280 px; of photos older than it the view's
    view: str


class PhotoShape(BaseModel):
    id: str
    album_id: str
    position: int
    revision: int
    width: int
    height: int
    placeholder: str  # ThumbHash, base64
    dominant: str  # #rrggbb, or empty
    urls: Urls
    shot_at: Moment
    live_at: Moment
    retouched_at: Moment
    likes: int
    by: str  # the guest who gave it, or empty
    words: str  # that guest's message with it, or empty
    stage: Literal["preview", "original", "retouched"]


class Tombstone(BaseModel):
    id: str
    album_id: str
    position: int
    revision: int
    hidden: Literal[True]


class History(BaseModel):
    photos: list[PhotoShape]
    next: int | None


class Changes(BaseModel):
    changes: list[PhotoShape | Tombstone]
    cursor: int
    more: bool
    front: int  # newest revision of the event's front; when it is newer than the guest's: GET …/front


class FrontAlbum(BaseModel):
    id: str
    title: str
    downloads: bool
    contributions: Contributions
    comments: bool


class PlacementShape(BaseModel):
    """A sponsor's picture in a slot; who of several is shown the phone decides, from the shares."""

    id: str
    slot: Literal["start", "tile", "download"]
    name: str
    words: str
    link: str  # empty: nowhere
    url: str
    width: int
    height: int
    share: int
    cap: int  # showings for one guest in a day; 0: no limit
    from_at: Moment
    until_at: Moment


class FrontShape(BaseModel):
    revision: int
    title: str
    place: str
    starts_at: Moment
    ends_at: Moment
    state: str
    cover_url: str | None
    welcome: str
    start_page: bool
    start_button: str
    countdown: bool
    banner: str
    banner_link: str
    banner_from: Moment
    banner_until: Moment
    share_title: str
    share_words: str
    share_cover: bool
    language: Literal["", "zh", "en"]
    layout: Literal["rows", "waterfall", "grid"]
    order: Literal["new", "times", "hot"]
    likes: bool
    tile_every: int  # photos between two tiles of sponsors
    placements: list[PlacementShape]
    sponsors: bool  # a photo may have a sponsor's link: GET /photos/<id>/sponsor
    albums: list[FrontAlbum]


class Left(BaseModel):
    left: int


class Download(BaseModel):
    url: str
    width: int
    height: int
    size: int
    expires_at: int


class Reported(BaseModel):
    hidden: bool


class SponsorShape(BaseModel):
    name: str
    link: str


class SponsorOn(BaseModel):
    sponsor: SponsorShape | None


class Entered(BaseModel):
    album_token: str
    expires_in: int
    name: str


class Liked(BaseModel):
    liked: bool
    likes: int


class Likes(BaseModel):
    photo_ids: list[str]


class ExportPart(BaseModel):
    number: int
    size: int
    sha256: str
    photos: int
    url: str


class ExportShape(BaseModel):
    id: str
    state: Literal["planned", "making", "ready", "failed", "withdrawn"]
    done: int
    photos: int
    bytes: int
    parts: list[ExportPart]
    manifest_url: str | None
    expires_at: Moment


class SlateShape(BaseModel):
    text: str
    rows: list[str]
    templates: list[str]  # to ask for, so that this guest hears of the photos that follow


class ContributionShape(BaseModel):
    id: str
    state: Literal["waiting", "live", "off"]
    by: str
    words: str
    width: int
    height: int
    placeholder: str  # empty until it was rendered
    position: int | None
    given_at: int


class ContributionsShape(BaseModel):
    rule: Contributions
    left: int  # today
    photos: list[ContributionShape]


class CommentsQuery(Shape):
    limit: Annotated[int, Field(ge=0, le=200)] = 200


class CommentRequest(Shape):
    text: Annotated[str, Field(min_length=1, max_length=200)]
    name: Annotated[str, Field(max_length=200)] = ""  # cut to 20 characters, nothing invisible


class CommentShape(BaseModel):
    id: str
    by: str
    text: str
    state: CommentState  # other than shown: the asker's own
    own: bool
    reported: bool  # by the asker
    created_at: int


class CommentsShape(BaseModel):
    comments: list[CommentShape]
    count: int  # of what everybody sees


class Waiting(BaseModel):
    retry_after: int


class Asking(BaseModel):
    """A browser that wants to sign in as a member, or to bind this WeChat account to one."""

    binds: bool
    name: str
    organization: str
    asked_from: str
    number: str
