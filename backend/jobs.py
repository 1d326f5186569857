"""Jobs: what may be asked of the workers. The database holds the obligation; the queue is a doorbell."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import ClassVar, Final, Protocol

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

ENTRY: Final = "workers.runner.run"  # the only name of worker code that this package knows
WAKE_CHANNEL: Final = "kuaimen:wake"
GHOST_CHANNEL: Final = "kuaimen:ghosts"  # photos on their way, see backend/ghosts.py


@dataclass(frozen=True, slots=True)
class RenderPhoto:
    """Bring one photo's renditions in line with its album's recipe, now: a guest may be waiting."""

    queue: ClassVar[str] = "live"
    photo_id: str


@dataclass(frozen=True, slots=True)
class RefreshPhoto:
    """The same for a photo that is live already and only gets better; new shots overtake it."""

    queue: ClassVar[str] = "bulk"
    photo_id: str


@dataclass(frozen=True, slots=True)
class RenderAlbum:
    """Ring for every stale photo of the album, newest first."""

    queue: ClassVar[str] = "bulk"
    album_id: str


@dataclass(frozen=True, slots=True)
class RecallPhoto:
    """Delete the renditions of a hidden photo, so that old URLs refuse."""

    queue: ClassVar[str] = "live"
    photo_id: str


@dataclass(frozen=True, slots=True)
class MakeFull:
    """Make a photo's full size before anybody asks for it; nothing else is to be done now."""

    queue: ClassVar[str] = "bulk"
    photo_id: str


@dataclass(frozen=True, slots=True)
class CheckArt:
    """Look into an uploaded piece of art: can it be used?"""

    queue: ClassVar[str] = "live"
    art_id: str


@dataclass(frozen=True, slots=True)
class MakeCover:
    """Make an event's cover of what was uploaded; somebody waits for it."""

    queue: ClassVar[str] = "live"
    event_id: str


@dataclass(frozen=True, slots=True)
class MakeSample:
    """Show a recipe on four shapes; somebody waits for it."""

    queue: ClassVar[str] = "live"
    sample_id: str


@dataclass(frozen=True, slots=True)
class WriteFeed:
    """Write what changed of a public album's feed into its files; at most twice a second."""

    queue: ClassVar[str] = "live"
    album_id: str


@dataclass(frozen=True, slots=True)
class MakeExport:
    """The next step of an export: wait for full sizes, make one part, finish, or take it away."""

    queue: ClassVar[str] = "export"
    export_id: str


@dataclass(frozen=True, slots=True)
class NotifyAlbum:
    """Tell subscribed guests of the album's milestones they were not told of yet."""

    queue: ClassVar[str] = "notify"
    album_id: str


@dataclass(frozen=True, slots=True)
class CheckPhoto:
    """Ask a moderator about a photo whose album wants that."""

    queue: ClassVar[str] = "notify"
    photo_id: str


@dataclass(frozen=True, slots=True)
class CheckWords:
    """Ask a moderator about what a guest typed in a report. Best effort: only members read it."""

    queue: ClassVar[str] = "notify"
    report_id: str


@dataclass(frozen=True, slots=True)
class ApplyPushes:
    """Apply whatever WeChat pushed. At the front of the queue of new photos: a verdict may have to hide one, now."""

    queue: ClassVar[str] = "live"
    rung_key: ClassVar[str] = "kuaimen:rung:pushes"  # set while one waits that will do what the next would do


@dataclass(frozen=True, slots=True)
class IndexFaces:
    """Look for faces in a photo that guests see, if its event wants that; live photos never wait for it."""

    queue: ClassVar[str] = "faces"
    photo_id: str


@dataclass(frozen=True, slots=True)
class GroupFaces:
    """An event has many new faces: find anew who is whom."""

    queue: ClassVar[str] = "faces"
    event_id: str


@dataclass(frozen=True, slots=True)
class ScrubFaces:
    """Something of a face was deleted: let no copy of it stay behind in the database's own files."""

    queue: ClassVar[str] = "faces"
    event_id: str


@dataclass(frozen=True, slots=True)
class PurgeFaces:
    """The time of an event's faces is over: delete all of it."""

    queue: ClassVar[str] = "faces"
    event_id: str


@dataclass(frozen=True, slots=True)
class PurgePhoto:
    """A photo's days in the bin are over: delete its bytes, originals too, and what we know of it."""

    queue: ClassVar[str] = "chores"
    photo_id: str


@dataclass(frozen=True, slots=True)
class PurgeEvent:
    """The same for a whole event."""

    queue: ClassVar[str] = "chores"
    event_id: str


@dataclass(frozen=True, slots=True)
class Inspect:
    """Compare database and store."""

    queue: ClassVar[str] = "chores"
    inspection_id: str


@dataclass(frozen=True, slots=True)
class CallHook:
    """Tell a webhook what it is owed."""

    queue: ClassVar[str] = "chores"
    webhook_id: str


Job = (
    RenderPhoto
    | RefreshPhoto
    | RenderAlbum
    | RecallPhoto
    | MakeFull
    | CheckArt
    | MakeCover
    | MakeSample
    | NotifyAlbum
    | CheckPhoto
    | CheckWords
    | ApplyPushes
    | WriteFeed
    | MakeExport
    | IndexFaces
    | GroupFaces
    | ScrubFaces
    | PurgeFaces
    | PurgePhoto
    | PurgeEvent
    | Inspect
    | CallHook
)
_KINDS: Final = (
    RenderPhoto,
    RefreshPhoto,
    RenderAlbum,
    RecallPhoto,
    MakeFull,
    CheckArt,
    MakeCover,
    MakeSample,
    NotifyAlbum,
    WriteFeed,
    MakeExport,
    CheckPhoto,
    CheckWords,
    ApplyPushes,
    IndexFaces,
    GroupFaces,
    ScrubFaces,
    PurgeFaces,
    PurgePhoto,
    PurgeEvent,
    Inspect,
    CallHook,
)
KINDS: Final[dict[str, type[Job]]] = {kind.__name__: kind for kind in _KINDS}
QUEUES: Final = tuple(dict.fromkeys(k.queue for k in KINDS.values()))


RUNG_MS: Final = 3_000  # should the one that waits be lost, the sweep rings
LONG: Final[dict[type[Job], int]] = {MakeExport: 900, Inspect: 900}  # seconds; much has to be read and written


class Bell(Protocol):
    """Where a commit is heard. Both raise RedisError when nobody hears; the caller need not care."""

    def ring(self, job: Job) -> None: ...

    def wake(self, album_id: str, revision: int) -> None: ...

    def waiting(self, queue: str) -> int:
        """Jobs rung for and not begun."""


class RqBell:
    """Rings through RQ, wakes through Redis PUBLISH.

    No job ids, no uniqueness: RQ's `unique` blocks repairs until `failure_ttl`, a repeated id queues twice.
    A handler with nothing to do returns at once, so ringing twice is harmless.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._queues = {name: Queue(name, connection=redis, serializer=JSONSerializer) for name in QUEUES}

    def ring(self, job: Job) -> None:
        if isinstance(job, ApplyPushes) and not self._redis.set(job.rung_key, 1, nx=True, px=RUNG_MS):
            return
        self._queues[job.queue].enqueue(
            ENTRY,
            type(job).__name__,
            asdict(job),
            result_ttl=0,
            failure_ttl=3600,
            job_timeout=LONG.get(type(job), 120),
            at_front=isinstance(job, ApplyPushes),
        )

    def wake(self, album_id: str, revision: int) -> None:
        self._redis.publish(WAKE_CHANNEL, json.dumps([album_id, revision]))

    def waiting(self, queue: str) -> int:
        return self._queues[queue].count
