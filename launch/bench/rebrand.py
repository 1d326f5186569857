"""Changing the watermark of an album of 500 photos while the event goes on: how soon guests see it, how new shots fare.

Everything runs: the platform of this data directory, its workers, its bridge on FTP, a guest on the album's stream. The
album is filled with photos that share the files of those a folder brings, each with a rendition of its own to be made.
"""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from sqlalchemy import func, select, update

from backend.clock import now_ms
from backend.context import Stage
from backend.db import Tx
from backend.models import Album, Photo, PhotoState, Rendition, Source, SourceKind
from launch import here
from launch.bench import append_result
from launch.bench.lag import SUFFIXES, Seen, await_live, following, percentiles, push, sign_in, unlike
from launch.stage import open_stage
from launch.status import status

SHOTS: Final = 6
EVERY_S: Final = 2.0
MARK: Final = {"place": "nw", "size": 4.0}


@dataclass(frozen=True, slots=True)
class Rig:
    """The running platform as this program reaches it."""

    http: httpx.Client
    token: dict[str, str]
    where: dict[str, Any]
    seen: Seen
    files: list[bytes]

    def shoot(self, number: int) -> float:
        """Send one photo; ms from its last byte until it is live."""
        name = f"REB{number:04d}-{now_ms() % 10**9}.jpg"
        sent = push(self.where["ftp"], name, unlike(self.files[number % len(self.files)]))
        photo = await_live(self.http, self.token, self.where, name, self.seen)
        return float(photo["live_at"] - sent)

    def stale(self) -> int:
        said = self.http.get(f"/api/v1/events/{self.where['event_id']}", headers=self.token).json()
        return sum(album["stale"] for album in said["albums"])

    def versions(self, photo_id: str) -> list[str]:
        """Ids, newest first."""
        said = self.http.get(f"/api/v1/photos/{photo_id}/versions", headers=self.token).json()
        return [one["source_id"] for one in said["versions"]]


@contextmanager
def rigged(photos: Path) -> Iterator[tuple[Rig, Stage]]:
    """The platform of this data directory, a guest on its album's stream, and a folder's photos to be shot."""
    settings = here.joined()
    where = status(settings, here.home_of(settings))
    files = [path.read_bytes() for path in sorted(photos.iterdir()) if path.suffix.lower() in SUFFIXES]
    with httpx.Client(base_url=where["url"], timeout=60) as http, following(where) as seen:
        yield Rig(http, sign_in(http, where), where, seen, files), open_stage(settings)


def run(
    *,
    photos: Annotated[Path, typer.Option(help="A folder of photos.")],
    size: Annotated[int, typer.Option(help="Photos in the album.")] = 500,
    patience: Annotated[int, typer.Option(help="Seconds to follow the change.")] = 300,
    as_json: Annotated[bool, typer.Option("--json", help="Only the figures, as the last line.")] = False,
) -> None:
    """Fill the running platform's album, change its watermark, keep shooting."""
    with rigged(photos) as (rig, stage):
        figures = measure(rig, stage, size, patience)
    append_result("rebrand", figures)
    if not as_json:
        print(f"first visible after {figures['first_ms']} ms, {figures['photos_s']} photos/s", file=sys.stderr)
    print(json.dumps(figures))


def measure(rig: Rig, stage: Stage, size: int, patience: int) -> dict[str, Any]:
    """Figures in ms. Raises TimeoutError when a photo does not come out."""
    await_quiet(rig)
    idle = []
    for number in range(SHOTS):
        idle.append(rig.shoot(number))
        await_quiet(rig)
    planted = plant(stage, rig.where["album_id"], size)
    brand = rig.http.get("/api/v1/brands", headers=rig.token).json()["brands"][0]
    kept = set(rig.seen.at)
    began, began_at = time.monotonic(), now_ms()
    said = {"layers": [MARK | {"text": f"快门 {secrets.token_hex(2)}"}]}
    rig.http.post(f"/api/v1/brands/{brand['id']}", json=said, headers=rig.token).raise_for_status()
    busy: list[float] = []
    while (left := rig.stale()) and time.monotonic() - began < patience:
        busy.append(rig.shoot(SHOTS + len(busy)))
        time.sleep(EVERY_S)
    took = time.monotonic() - began
    first = min((at for photo, at in rig.seen.at.items() if photo not in kept and photo in planted), default=None)
    rig.http.post(f"/api/v1/brands/{brand['id']}", json={"layers": brand["layers"]}, headers=rig.token)
    ratio = percentiles(busy)["p50"] / max(1.0, percentiles(idle)["p50"])
    return {
        "photos": size,
        "left": left,
        "first_ms": None if first is None else first - began_at,
        "photos_s": round((size - left) / took, 2),
        "idle_live_ms": percentiles(idle),
        "busy_live_ms": percentiles(busy),
        "busy_shots": len(busy),
        "busy_to_idle": round(ratio, 2),
    }


def await_quiet(rig: Rig) -> None:
    until = time.monotonic() + 120
    while rig.stale():
        if time.monotonic() > until:
            raise TimeoutError("the platform does not settle")
        time.sleep(0.2)


def plant(stage: Stage, album_id: str, size: int) -> set[str]:
    """Live photos made with the album's recipe, from the files that are there. Returns their ids."""
    with stage.db.writing() as tx:
        like = _models(tx, album_id)
        album = tx.get_one(Album, album_id)
        last = tx.scalar(select(func.max(Photo.position)).where(Photo.album_id == album_id)) or 0
        ids = {_copy(tx, *like[n % len(like)], last + 1 + n, album.revision + 1 + n) for n in range(size)}
        done = {"revision": album.revision + size}
        tx.execute(update(Album).where(Album.id == album_id).values(**done))
    return ids


def _models(tx: Tx, album_id: str) -> list[tuple[Photo, Source, list[Rendition]]]:
    found = []
    for photo in tx.scalars(select(Photo).filter_by(album_id=album_id, state=PhotoState.LIVE).limit(40)):
        source = tx.get_one(Source, photo.source_id)
        if source.kind is SourceKind.ORIGINAL:
            made = tx.scalars(select(Rendition).filter_by(photo_id=photo.id)).all()
            found.append((photo, source, list(made)))
    if not found:
        raise LookupError("no photo with an original is live yet")
    return found


def _copy(tx: Tx, like: Photo, source: Source, made: list[Rendition], position: int, revision: int) -> str:
    named = ("organization_id", "event_id", "album_id", "width", "height", "placeholder", "made_recipe_id", "state")
    photo = Photo(
        **{name: getattr(like, name) for name in named},
        digest=secrets.token_hex(32),
        size=like.size,
        name=f"PLANTED{position:05d}.JPG",
        aids=like.aids,
        position=position,
        revision=revision,
        live_at=now_ms(),
        stored_at=now_ms(),
    )
    tx.add(photo)
    tx.flush()
    bytes_of = {"key": source.key, "digest": secrets.token_hex(32), "size": source.size}
    theirs = Source(photo_id=photo.id, kind=SourceKind.ORIGINAL, **bytes_of)
    tx.add(theirs)
    tx.flush()
    photo.source_id = photo.made_source_id = theirs.id
    for one in made:
        sizes = {name: getattr(one, name) for name in ("kind", "key", "recipe_id", "width", "height", "size")}
        tx.add(Rendition(photo_id=photo.id, source_id=theirs.id, **sizes))
    return photo.id
