"""`kuaimen bench faces`: how well and how fast people are found, on a set of your own.

DIR/<person>/*.jpg are photos of one person each (the largest face counts), DIR/_group/ holds photos of many. CPU time
of one thread. An event is simulated: each person's first photo is the selfie, all others and the groups are its photos.

`--beside` measures another stack on the same photos in the same run: a program that is given one path per line, and
answers each with a line of JSON: `{"faces": [[numbers], …], "selfie": [numbers]}`, the largest face first.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from rich.console import Console

from backend.errors import BadInput
from backend.face_vectors import Matrix, Numbers
from launch.bench import append_result
from launch.trouble import Trouble
from workers.imaging import recognition

GROUP: Final = "_group"
PICTURES: Final = frozenset({".jpg", ".jpeg", ".png", ".heic"})
MANY: Final = 100_000


@dataclass(slots=True)
class Shelf:
    """What was seen: of each photo its person (empty: of many) and its faces, largest first."""

    photos: list[tuple[str, Path, list[Numbers]]] = field(default_factory=list)
    faces: int = 0
    look_ms: float = 0.0
    unreadable: int = 0
    selfies: dict[Path, Numbers] = field(default_factory=dict)  # the first photo of each person, as a selfie

    def of(self, person: str) -> list[Numbers]:
        return [vectors[0] for who, _, vectors in self.photos if who == person and vectors]

    @property
    def people(self) -> list[str]:
        return sorted({who for who, _, vectors in self.photos if who and vectors})


def run(
    faces: Annotated[Path, typer.Option("--set", help="DIR/<person>/*.jpg and DIR/_group/*.jpg.", file_okay=False)],
    *,
    beside: Annotated[str, typer.Option(help="Another stack: a command that answers paths with vectors.")] = "",
    json_only: Annotated[bool, typer.Option("--json", help="Only the figures, as the last line.")] = False,
) -> None:
    """Speed, true acceptance at one false in a thousand, rank 1, selfie → photos, search among 100,000."""
    engine = recognition.engine()
    if engine is None:
        raise Trouble("没有人脸引擎", f"There is no face engine: {recognition.absent()}", code=2)
    shelf = _look(engine, faces)
    if not shelf.photos:
        raise Trouble(f"{faces} 里没有照片", f"There are no photos in {faces}", code=2)
    figures: dict[str, Any] = {
        "photos": len(shelf.photos),
        "faces": shelf.faces,
        "people": len(shelf.people),
        "unreadable": shelf.unreadable,
        "ms_per_photo": round(shelf.look_ms / len(shelf.photos), 1),
        "ms_per_face": round(_describing_ms(engine), 1),
        **_told_apart(shelf),
        **_event(shelf),
        "search_ms_p95_100k": round(_search_ms(), 1),
    }
    if beside:
        other = _look_with(shlex.split(beside), shelf)
        figures["beside"] = {"faces": other.faces, **_told_apart(other), **_event(other)}
    append_result("faces", figures)
    if not json_only:
        for name, value in figures.items():
            Console().print(f"{name:24} {value}")
    print(json.dumps(figures))


def _look(engine: recognition.Engine, folder: Path) -> Shelf:
    shelf = Shelf()
    for path in sorted(one for one in folder.rglob("*") if one.suffix.lower() in PICTURES):
        began = time.process_time()
        try:
            seen = engine.look(path.read_bytes()).faces
        except BadInput:
            shelf.unreadable += 1
            continue
        shelf.look_ms += (time.process_time() - began) * 1000
        shelf.faces += len(seen)
        person = path.parent.name if path.parent.parent == folder and path.parent.name != GROUP else ""
        first = bool(person) and person not in {who for who, _, _ in shelf.photos}
        shelf.photos.append((person, path, [face.vector for face in seen]))
        selfie = engine.look(path.read_bytes(), selfie=True).faces if first else []
        if selfie:
            shelf.selfies[path] = selfie[0].vector
    return shelf


def _look_with(command: Sequence[str], ours: Shelf) -> Shelf:
    """The same photos by another program. Raises CalledProcessError, ValueError when it does not answer as it must."""
    paths = [path for _, path, _ in ours.photos]
    asked = "".join(f"{path.resolve()}\n" for path in paths)
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)  # noqa: S603 - the caller's
    shelf, first = Shelf(), set[str]()
    for (who, path, _), line in zip(ours.photos, done.stdout.splitlines(), strict=True):
        said = json.loads(line)
        shelf.photos.append((who, path, [np.asarray(one, np.float32) for one in said["faces"]]))
        shelf.faces += len(said["faces"])
        if who and who not in first and said["selfie"]:
            shelf.selfies[path] = np.asarray(said["selfie"], np.float32)
        first.add(who)
    return shelf


def _describing_ms(engine: recognition.Engine) -> float:
    face = np.full((recognition.CROP_PX, recognition.CROP_PX, 3), 128, np.uint8)
    engine.describe(face)
    began = time.process_time()
    for _ in range(10):
        engine.describe(face)
    return (time.process_time() - began) * 100


def _told_apart(shelf: Shelf) -> dict[str, float | int | None]:
    """TAR at FAR 1e-3 over all pairs, and rank 1 with one photo of each person to compare with."""
    rows = [(who, vector) for who in shelf.people for vector in shelf.of(who)]
    owners, vectors = np.array([who for who, _ in rows]), np.array([vector for _, vector in rows])
    if len(rows) < 2:
        return {"tar_at_far_1e3": None, "rank1": None}
    alike, same = vectors @ vectors.T, owners[:, None] == owners[None, :]
    pairs = np.triu(np.ones_like(same), 1)
    genuine, impostor = alike[same & pairs], alike[~same & pairs]
    if not len(genuine) or not len(impostor):
        return {"tar_at_far_1e3": None, "rank1": None}
    threshold = float(np.quantile(impostor, 0.999))
    first = np.array([int(np.flatnonzero(owners == who)[0]) for who in shelf.people])
    others = np.setdiff1d(np.arange(len(rows)), first)
    right = owners[first][np.argmax(alike[others][:, first], axis=1)] == owners[others]
    return {
        "tar_at_far_1e3": round(float((genuine > threshold).mean()), 4),
        "threshold": round(threshold, 3),
        "genuine_pairs": len(genuine),
        "impostor_pairs": len(impostor),
        "rank1": round(float(right.mean()), 4),
    }


def _event(shelf: Shelf) -> dict[str, float | int]:
    """Selfie → photos: of the photos a person is alone in, how many are surely found, and how many found are right."""
    index, selfies = Matrix(), {}
    for who, path, vectors in shelf.photos:
        if who and who not in selfies:
            selfies[who] = path
            continue
        for vector in vectors[:1] if who else vectors:
            number = len(index)
            person = index.person(vector, str(path))
            index.add([number], [number if person is None else person], [str(path)], vector[None])
    owner = {str(path): who for who, path, _ in shelf.photos}
    found = wanted = right = 0
    for who, selfie in selfies.items():
        asked = shelf.selfies.get(selfie)
        theirs = {str(path) for name, path, vectors in shelf.photos if name == who and path != selfie and vectors}
        if asked is None or not theirs:
            continue
        sure = [hit.photo_id for hit in index.search(asked) if hit.sure and owner[hit.photo_id]]
        found, right, wanted = found + len(sure), right + len(theirs.intersection(sure)), wanted + len(theirs)
    return {"recall": _part(right, wanted), "precision": _part(right, found), "indexed": len(index)}


def _part(some: int, of: int) -> float:
    return round(some / of, 4) if of else 0.0


def _search_ms() -> float:
    """95th percentile among 100,000 faces of 10,000 persons, CPU and waiting."""
    dice = np.random.default_rng(1)
    rows = dice.normal(size=(MANY, 128)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    index = Matrix()
    index.add(range(MANY), [number % 10_000 for number in range(MANY)], _names(), rows)
    took: list[float] = []
    for number in range(40):
        began = time.perf_counter()
        index.search(rows[number * 977])
        took.append((time.perf_counter() - began) * 1000)
    return float(np.percentile(took, 95))


def _names() -> Sequence[Any]:
    return [f"p{number // 6}" for number in range(MANY)]
