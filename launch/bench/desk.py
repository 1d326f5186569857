"""What people at the desk and in the bin wait for, until a guest's album has it: copied settings, versions, the bin.

The platform of this data directory runs whole. Photos come in by FTP at ten a minute, as at an event with one
photographer; how soon each carries the version made from its original is read from their rows afterwards.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import typer
from sqlalchemy import select

from backend.context import Stage
from backend.models import Photo, Rendition, RenditionKind, Source, SourceKind
from launch.bench import append_result
from launch.bench.lag import unlike
from launch.bench.rebrand import Rig, await_quiet, plant, rigged

COPIED: Final = 50
EVERY_S: Final = 6.0  # ten photos a minute
FINISHED_MS: Final = 60_000
PATIENCE_S: Final = 120.0
LOOK: Final = {"preset": "portrait", "strength": 0.8}


def run(
    *,
    photos: Annotated[Path, typer.Option(help="A folder of photos.")],
    shots: Annotated[int, typer.Option(help="Photos sent, ten a minute.")] = 20,
    rounds: Annotated[int, typer.Option(help="How often a version goes and comes back.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Only the figures, as the last line.")] = False,
) -> None:
    """Shoot, copy settings, bring a version, take it back, remove and restore; how long until guests see each."""
    with rigged(photos) as (rig, stage):
        figures = measure(rig, stage, shots, rounds)
    append_result("desk", figures)
    if not as_json:
        print(f"version {figures['version_ms']} ms, back {figures['back_ms']} ms", file=sys.stderr)
    print(json.dumps(figures))


def measure(rig: Rig, stage: Stage, shots: int, rounds: int) -> dict[str, Any]:
    """Figures in ms, the worst of their rounds. Raises TimeoutError when something does not come out."""
    finished = shoot(rig, stage, shots)
    ids = list(plant(stage, rig.where["album_id"], COPIED))
    one, said = ids[0], {"photo_ids": ids, "look": LOOK}
    copied_ms = _until(rig, f"/events/{rig.where['event_id']}/adjusted", said, _all_changed(rig, ids))
    await_quiet(rig)
    went: dict[str, list[float]] = {"version": [], "back": [], "restored": []}
    for number in range(rounds):
        before = rig.versions(one)
        edited = unlike(next(data for data in rig.files if data.startswith(b"\xff\xd8")))
        went["version"].append(_until(rig, f"/photos/{one}/retouched", edited, _all_changed(rig, [one])))
        back = {"source_id": before[number % len(before)]}
        went["back"].append(_until(rig, f"/photos/{one}/version", back, _all_changed(rig, [one])))
        _until(rig, f"/photos/{one}/remove", {}, lambda: one not in _shown(rig))
        went["restored"].append(_until(rig, f"/photos/{one}/restore", {}, lambda: one in _shown(rig)))
    return {
        "shots": shots,
        "auto_finished_ms": sorted(finished)[len(finished) // 2],
        "auto_finished_worst_ms": max(finished),
        "auto_finished_share": round(sum(ms <= FINISHED_MS for ms in finished) / shots, 3),
        "copied": COPIED,
        "copied_ms": round(copied_ms),
    } | {f"{name}_ms": round(max(values)) for name, values in went.items()}


def shoot(rig: Rig, stage: Stage, shots: int) -> list[int]:
    """For each photo: ms from its arrival until its view was made from the original, with the album's look."""
    known = set(rig.seen.at)
    for number in range(shots):
        began = time.monotonic()
        rig.shoot(number)
        time.sleep(max(0.0, EVERY_S - (time.monotonic() - began)))
    await_quiet(rig)
    made = select(Photo.announced_at, Rendition.made_at).join(Rendition, Rendition.photo_id == Photo.id)
    made = made.join(Source, Source.id == Rendition.source_id).where(Rendition.kind == RenditionKind.VIEW)
    new = made.where(Source.kind == SourceKind.ORIGINAL, Photo.id.in_(set(rig.seen.at) - known))
    with stage.db.reading() as tx:
        return [at - announced_at for announced_at, at in tx.execute(new)]


def _until(rig: Rig, path: str, said: dict[str, Any] | bytes, done: Callable[[], bool]) -> float:
    """Ask for it; ms until `done`."""
    body: dict[str, Any] = {"content": said} if isinstance(said, bytes) else {"json": said}
    began = time.monotonic()
    rig.http.post(f"/api/v1{path}", headers=rig.token, **body).raise_for_status()
    while not done():
        if time.monotonic() - began > PATIENCE_S:
            raise TimeoutError(f"{path} is not seen")
        time.sleep(0.03)
    return (time.monotonic() - began) * 1000


def _all_changed(rig: Rig, ids: list[str]) -> Callable[[], bool]:
    """Whether a guest gets other pictures of all of these than now."""
    before = _shown(rig)

    def changed() -> bool:
        now = _shown(rig)
        return all(now.get(photo, before[photo]) != before[photo] for photo in ids)

    return changed


def _shown(rig: Rig) -> dict[str, str]:
    """The newest hundred of a guest's album: the address of each picture, without its signature."""
    page = rig.http.get(f"/mp/v1/albums/{rig.where['album_id']}/photos", params={"limit": 100}).json()
    return {one["id"]: urlsplit(one["urls"]["view"]).path for one in page["photos"] if "urls" in one}  # else: gone
