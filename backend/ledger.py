"""The ledger: what each bridge tells of every file, held against what the platform has; and the certificate of both.

A bridge's story is a hash chain (docs/wire.md §1): line n's hash covers the hash before it. We keep every line as it
was told, so that nobody with access to only one of the two copies can take a word back unseen.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import insert, select

from backend.clock import now_ms
from backend.db import Tx
from backend.models import (
    Asset,
    Audit,
    Bridge,
    Certificate,
    Event,
    Member,
    Photo,
    PhotoState,
    Source,
    SourceKind,
    Story,
    StoryLine,
)

GENESIS: Final = "0" * 64
MOST_NAMES: Final = 1000  # in each list of a certificate
MOST_FAULTS: Final = 50
SLOW_MS: Final = 60_000  # a heartbeat that is older than what was told meanwhile
WHOLE: Final = {"spooled", "aside"}  # states in which a file begins that arrived whole and is no duplicate
NEXT: Final = {"safe": "safe", "released": "spooled", "owed_again": "spooled", "aside": "aside"}
HIDING: Final = ("hide", "remove", "review", "risky")  # audited actions that take a photo off the screens


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a story, as told."""

    n: int
    at: int
    kind: str
    asset_id: str
    body: str
    chain: str

    def follows(self, chain: str) -> bool:
        """Does this line's hash come out of the hash before it and its own words?"""
        return self.chain == hashed(chain, self)


@dataclass(slots=True)
class File:
    """What a story says of one whole file in the end."""

    sha256: str
    name: str
    ended: str  # spooled, safe, aside, refused


@dataclass(slots=True)
class Tale:
    """All files of a bridge's stories, and what is wrong with the stories themselves."""

    files: dict[str, File] = field(default_factory=dict)  # by asset id
    half: dict[tuple[str, str], str] = field(default_factory=dict)  # (camera, name) of files that never came whole
    faults: list[str] = field(default_factory=list)
    n: int = 0
    chain: str = GENESIS


def hashed(chain: str, line: Line | StoryLine) -> str:
    text = f"{chain}\n{line.n}\n{line.at}\n{line.kind}\n{line.asset_id}\n{line.body}"
    return hashlib.sha256(text.encode()).hexdigest()


def story(tx: Tx, bridge_id: str, story_id: str) -> Story:
    """As far as we have it; made when it is new."""
    found = tx.get(Story, (bridge_id, story_id), with_for_update=True)
    if found is None:
        found = Story(bridge_id=bridge_id, id=story_id, n=0, chain=GENESIS, faults={})
        tx.add(found)
        tx.flush()
    return found


def so_far(tx: Tx, bridge_id: str, story_id: str) -> dict[str, Any]:
    found = tx.get(Story, (bridge_id, story_id))
    return {"n": found.n, "chain": found.chain} if found else {"n": 0, "chain": GENESIS}


def listen(tx: Tx, bridge_id: str, story_id: str, lines: list[Line]) -> bool:
    """Keep what follows from what we have. False: a line does not, or was told otherwise before; none is kept then."""
    heard = story(tx, bridge_id, story_id)
    known = _chains(tx, heard, [line.n for line in lines if line.n <= heard.n])
    n, chain, fresh = heard.n, heard.chain, []
    for line in lines:
        if line.n <= heard.n:
            if known.get(line.n) != line.chain or not line.follows(known.get(line.n - 1, GENESIS)):
                _fault(heard, "told_otherwise", line.n)
                return False
        elif line.n == n + 1 and line.follows(chain):
            n, chain = line.n, line.chain
            fresh.append(_row(heard, line))
        else:
            _fault(heard, "does_not_follow", line.n)
            return False
    if fresh:
        tx.execute(insert(StoryLine), fresh)
        heard.n, heard.chain, heard.told_at = n, chain, now_ms()
    return True


def compare(tx: Tx, bridge_id: str, said: object) -> dict[str, Any] | None:
    """A heartbeat's word of the story's end, held against ours. None: it said nothing that can be compared."""
    if not isinstance(said, dict):
        return None
    story_id, n, chain = said.get("id"), said.get("n"), said.get("chain")
    if not (isinstance(story_id, str) and isinstance(n, int) and isinstance(chain, str) and 0 < len(story_id) <= 64):
        return None
    heard = tx.get(Story, (bridge_id, story_id))
    if heard is None:
        return {"n": 0, "chain": GENESIS}
    if n <= heard.n:
        ours = _chains(tx, heard, [n]).get(n, GENESIS)
        if ours != chain:
            _fault(heard, "altered", n)
        elif n < heard.n and heard.told_at < now_ms() - SLOW_MS:
            _fault(heard, "cut_off", n + 1)
    return {"n": heard.n, "chain": heard.chain}


def tale(tx: Tx, bridge_id: str) -> Tale:
    """Read every line again, recompute every hash, and see what became of each file."""
    told = Tale()
    for one in tx.scalars(select(Story).filter_by(bridge_id=bridge_id).order_by(Story.told_at)).all():
        told.faults += [f"{one.id} {name}" for name in one.faults]
        n, chain = 0, GENESIS
        for line in _lines(tx, one):
            if line.n != n + 1:
                told.faults.append(f"{one.id} removed_here {n + 1}")
            if hashed(chain, line) != line.chain:
                told.faults.append(f"{one.id} altered_here {line.n}")
            n, chain = line.n, line.chain
            _retell(told, line)
        if (n, chain) != (one.n, one.chain):
            told.faults.append(f"{one.id} removed_here {one.n}")
        told.n, told.chain = one.n, one.chain
    return told


def account(tx: Tx, event: Event, by: dict[str, dict[str, Any]] | None = None) -> dict[str, Any]:
    """Everything a certificate says of an event. `by`: a bridge's own account, by its id, when it asked for this.

    Whole files of all bridges are sorted into one place each: a photo (several files of one press are one), still on a
    bridge, aside, refused. A file that a bridge calls safe and whose bytes are not here as an original has no place: it
    is named, and nothing adds up. Guests' own photos were on no bridge and are not counted.
    """
    accounts = by or {}
    photos = tx.scalars(select(Photo).filter_by(event_id=event.id, guest_id=None)).all()
    here = set(tx.scalars(select(Asset.digest).filter_by(event_id=event.id)))
    purged = select(Asset.digest).join(Photo, Photo.id == Asset.photo_id).where(Photo.event_id == event.id)
    removed = set(tx.scalars(purged.where(Photo.state == PhotoState.PURGED)))
    stored = select(Source.digest).join(Photo, Photo.id == Source.photo_id)
    safe = set(tx.scalars(stored.where(Photo.event_id == event.id, Source.kind == SourceKind.ORIGINAL)))
    counts = dict.fromkeys(("on_bridges", "aside", "refused", "files"), 0)
    lost: list[str] = []
    half: list[str] = []
    missing: dict[str, list[str]] = {}
    rows, seen = [], set[str]()
    for bridge in tx.scalars(select(Bridge).filter_by(event_id=event.id).order_by(Bridge.created_at, Bridge.id)):
        told = tale(tx, bridge.id)
        for one in told.files.values():
            if one.sha256 in seen:
                continue  # the same bytes came to two bridges
            seen.add(one.sha256)
            counts["files"] += 1
            if one.ended == "safe" and one.sha256 not in safe and one.sha256 not in removed:
                lost.append(one.name)
            elif one.sha256 not in here:
                counts[{"spooled": "on_bridges"}.get(one.ended, one.ended)] += 1
        half += sorted(told.half.values())
        for camera, spans in _gaps(bridge, accounts.get(bridge.id)).items():
            missing.setdefault(camera, []).extend(spans)
        rows.append(_bridge(bridge, told, accounts.get(bridge.id)))
    states = _states(photos)
    received = sum(states.values()) + counts["on_bridges"] + counts["aside"] + counts["refused"]
    gone = sum(span_length(span) for spans in missing.values() for span in spans) + len(half)
    whole = all(row["n"] >= row["said_n"] and not row["faults"] for row in rows)
    return {
        "event": {k: getattr(event, k) for k in ("id", "title", "place", "starts_at", "ends_at")},
        "drawn_at": now_ms(),
        "counts": {"shot": received + gone, "received": received, **states, **counts, "missing": gone}
        | {"safe": sum(p.original_at is not None for p in photos)},
        "adds_up": whole and not lost,
        "missing": {camera: spans[:MOST_NAMES] for camera, spans in sorted(missing.items())},
        "half": half[:MOST_NAMES],
        "unaccounted": sorted(lost)[:MOST_NAMES],
        "not_safe": sorted(p.name for p in photos if p.original_at is None and p.state is not PhotoState.PURGED)[
            :MOST_NAMES
        ],
        "hidden": _hidden(tx, [p for p in photos if p.state is PhotoState.HIDDEN]),
        "failed": sorted(
            ({"name": p.name, "why": p.refusal or ""} for p in photos if p.state is PhotoState.REJECTED),
            key=lambda one: one["name"],
        )[:MOST_NAMES],
        "bridges": rows,
    }


def sign(tx: Tx, event: Event, said: dict[str, Any], key: Ed25519PrivateKey) -> Certificate:
    """The account, made into a certificate that anybody can check without us."""
    text = canonical(said)
    public = key.public_key()
    made = Certificate(
        organization_id=event.organization_id,
        event_id=event.id,
        document=text,
        signature=base64.b64encode(key.sign(text.encode())).decode(),
        key_id=key_id(public),
        public_key=pem(public),
        drawn_at=said["drawn_at"],
    )
    tx.add(made)
    tx.flush()
    return made


def signed(made: Certificate) -> dict[str, Any]:
    """`{certificate, signature, key_id}`."""
    return {"certificate": json.loads(made.document), "signature": made.signature, "key_id": made.key_id}


def checks(document: dict[str, Any], signature: str, public: Ed25519PublicKey) -> bool:
    """Is this exactly what was signed?"""
    try:
        public.verify(base64.b64decode(signature, validate=True), canonical(document).encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def canonical(document: dict[str, Any]) -> str:
    """JSON with sorted keys and no spaces: the text that is signed."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def pem(public: Ed25519PublicKey) -> str:
    shape = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return public.public_bytes(*shape).decode()


def key_id(public: Ed25519PublicKey) -> str:
    return hashlib.sha256(pem(public).encode()).hexdigest()[:16]


def span_length(span: str) -> int:
    """«DSC_0413-0415» → 3."""
    first, _, last = span.rpartition("_")[2].rpartition("-")
    return int(last) - int(first) + 1 if first.isdigit() and last.isdigit() else 1


def _row(heard: Story, line: Line) -> dict[str, Any]:
    row = {name: getattr(line, name) for name in ("n", "at", "kind", "asset_id", "body", "chain")}
    return row | {"bridge_id": heard.bridge_id, "story_id": heard.id}


def _chains(tx: Tx, heard: Story, numbers: list[int]) -> dict[int, str]:
    """Hashes of these lines, and of the ones before them."""
    wanted = {n for number in numbers for n in (number - 1, number)}
    query = select(StoryLine.n, StoryLine.chain).filter_by(bridge_id=heard.bridge_id, story_id=heard.id)
    return {row.n: row.chain for row in tx.execute(query.where(StoryLine.n.in_(wanted)))} if wanted else {}


def _fault(heard: Story, kind: str, n: int) -> None:
    name = f"{kind} {n}"
    if name not in heard.faults and len(heard.faults) < MOST_FAULTS:
        heard.faults = heard.faults | {name: now_ms()}


def _lines(tx: Tx, one: Story) -> Iterator[StoryLine]:
    query = select(StoryLine).filter_by(bridge_id=one.bridge_id, story_id=one.id).order_by(StoryLine.n)
    yield from tx.scalars(query.execution_options(yield_per=2000))


def _retell(told: Tale, line: StoryLine) -> None:
    said = _body(line.body)
    if line.kind == "received":
        name, camera = str(said.get("name", "")), str(said.get("camera", ""))
        if said.get("state") in WHOLE:
            told.files[line.asset_id] = File(str(said.get("sha256", "")), name, str(said["state"]))
            told.half.pop((camera, name), None)
        elif said.get("state") == "partial":
            told.half[camera, name] = name
        else:
            told.half.pop((camera, name), None)  # the same bytes are here already
        return
    known = told.files.get(line.asset_id)
    if known is None:
        return
    if line.kind == "refused" and said.get("artifact") == "original":
        known.ended = "refused"
    known.ended = NEXT.get(line.kind, known.ended)


def _body(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _bridge(bridge: Bridge, told: Tale, its: dict[str, Any] | None) -> dict[str, Any]:
    """`said_n`: how long the story is on the bridge, as far as we were told."""
    word = (its or {}).get("ledger") or bridge.said.get("ledger") or {}
    n = word.get("n", 0) if isinstance(word, dict) else 0
    faults = list(told.faults)
    found = word.get("faults") if isinstance(word, dict) else None
    faults += [str(fault) for fault in found[:MOST_FAULTS]] if isinstance(found, list) else []
    return {
        "id": bridge.id,
        "name": bridge.name,
        "n": told.n,
        "chain": told.chain,
        "said_n": n if isinstance(n, int) else 0,
        "faults": faults,
        "account": its,
    }


def _gaps(bridge: Bridge, its: dict[str, Any] | None) -> dict[str, list[str]]:
    """Spans of file numbers that never came, by camera; as its own account says, else its last heartbeat."""
    said = (its or {}).get("missing")
    if not isinstance(said, dict):
        cameras = bridge.said.get("cameras")
        rows = [one for one in cameras if isinstance(one, dict)] if isinstance(cameras, list) else []
        said = {str(one.get("user", "")): one.get("gaps") for one in rows}
    found = {str(name): [str(s) for s in spans] for name, spans in said.items() if isinstance(spans, list) and spans}
    return {f"{bridge.name} · {name}": spans for name, spans in found.items()}


def _states(photos: Iterable[Photo]) -> dict[str, int]:
    places = {PhotoState.LIVE: "live", PhotoState.HIDDEN: "hidden", PhotoState.REJECTED: "failed"}
    places[PhotoState.PURGED] = "purged"
    counts = dict.fromkeys(("live", "waiting", "hidden", "failed", "purged"), 0)
    for photo in photos:
        counts[places.get(photo.state, "waiting")] += 1
    return counts


def _hidden(tx: Tx, photos: list[Photo]) -> list[dict[str, Any]]:
    """Who took each photo off the screens, in words for people; guests are not named."""
    named = {f"photo:{p.id}": p.name for p in photos}
    query = select(Audit).where(Audit.subject.in_(named), Audit.action.in_(HIDING)).order_by(Audit.done_at)
    last = {row.subject: (_actor(tx, row.actor), row.done_at) for row in tx.scalars(query)}
    rows = [(name, *last.get(subject, ("", None))) for subject, name in named.items()]
    return [{"name": name, "by": by, "at": at} for name, by, at in sorted(rows, key=lambda row: row[0])[:MOST_NAMES]]


def _actor(tx: Tx, actor: str) -> str:
    kind, _, own = actor.partition(":")
    if kind == "member":
        member = tx.get(Member, own)
        return member.name if member else kind
    if kind == "bridge":
        bridge = tx.get(Bridge, own)
        return bridge.name if bridge else kind
    return kind
