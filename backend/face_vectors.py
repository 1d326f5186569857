"""Faces as vectors: how they are sealed, grouped and searched. Arithmetic only: no tables, no pictures.

A vector is 128 numbers of length 1; how much two are alike is their product. One event is one matrix, searched exactly.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Numbers = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]
NONCE: Final = 12
_FACES, _LIMITS = (3.0, 4.0, 5.0), (0.42, 0.48, 0.55)  # log10 of faces indexed → one stranger in two searches
DIRECT, CLUSTER = 0.50, 0.52  # recall 0.92 at precision 0.986 were measured with these on 2,194 faces
MAYBE: Final = 0.08  # below that: «is this you?»
JOIN: Final = 0.46  # a new face joins the person whose three best are this alike
BEST: Final = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """A face. Box and eyes are parts (0–1) of the upright picture; `size_px` in the picture that was looked at."""

    x: float
    y: float
    width: float
    height: float
    score: float
    size_px: float
    eyes: tuple[tuple[float, float], tuple[float, float]]
    vector: Numbers


@dataclass(frozen=True, slots=True)
class Looked:
    """Faces of a picture, largest first; `light` is how bright the largest is (0–1), or all of it without one."""

    faces: list[Seen]
    light: float


class FaceEngine(Protocol):
    """Tells faces apart. `name` stands with every vector: those of different engines are never compared."""

    name: str

    def look(self, data: bytes, *, selfie: bool = False) -> Looked:
        """Raises BadInput for what is no picture, or too large."""


class Box:
    """Seals vectors of one event. A copy of the database without our secret tells nobody's face."""

    def __init__(self, key: str, event_id: str) -> None:
        self._key = AESGCM(bytes.fromhex(key))
        self._event = event_id.encode()

    @staticmethod
    def new_key() -> str:
        return secrets.token_hex(32)

    def seal(self, vector: Numbers) -> bytes:
        """284 bytes: half floats, which err by less than 0.0001."""
        return self.seal_bytes(vector.astype(np.float16).tobytes())

    def unseal(self, sealed: bytes) -> Numbers:
        return np.frombuffer(self.unseal_bytes(sealed), np.float16).astype(np.float32)

    def seal_bytes(self, plain: bytes) -> bytes:
        nonce = secrets.token_bytes(NONCE)
        return nonce + self._key.encrypt(nonce, plain, self._event)

    def unseal_bytes(self, sealed: bytes) -> bytes:
        """Raises ValueError for what this box did not seal."""
        try:
            return self._key.decrypt(sealed[:NONCE], sealed[NONCE:], self._event)
        except InvalidTag:
            raise ValueError("not sealed by this event") from None


@dataclass(frozen=True, slots=True)
class Hit:
    """A photo with somebody like the one looked for. `sure` False: ask."""

    photo_id: str
    face_id: int
    alike: float
    sure: bool


@dataclass(slots=True)
class Matrix:
    """All faces of one event, one row each."""

    ids: Ids = field(default_factory=lambda: np.zeros(0, np.int64))
    persons: Ids = field(default_factory=lambda: np.zeros(0, np.int64))
    photos: list[str] = field(default_factory=list)
    rows: Numbers = field(default_factory=lambda: np.zeros((0, 128), np.float32))

    def __len__(self) -> int:
        return len(self.photos)

    def add(self, ids: Sequence[int], persons: Sequence[int], photos: Sequence[str], vectors: Numbers) -> None:
        count, more = len(self), len(self) + len(ids)
        if more > len(self.rows):
            room = max(1024, 2 * more)
            self.rows = np.concatenate([self.rows[:count], np.zeros((room - count, 128), np.float32)])
            self.ids, self.persons = (
                np.concatenate([of[:count], np.zeros(room - count, np.int64)]) for of in (self.ids, self.persons)
            )
        self.rows[count:more], self.ids[count:more], self.persons[count:more] = vectors, ids, persons
        self.photos.extend(photos)

    def alike(self, vector: Numbers) -> Numbers:
        """With every face."""
        return np.asarray(self.rows[: len(self)] @ vector, np.float32)

    def vector_of(self, face_id: int) -> Numbers | None:
        found = np.flatnonzero(self.ids[: len(self)] == face_id)
        return self.rows[found[0]] if len(found) else None

    def search(self, vector: Numbers) -> list[Hit]:
        """Photos of that person, most alike first, each once: whole clusters that fit, and faces that fit alone."""
        if not len(self):
            return []
        alike = self.alike(vector)
        grown = limit(len(self))
        direct, cluster = max(DIRECT, grown), max(CLUSTER, grown)
        fits = self._clusters(alike, cluster - MAYBE)
        own = self.persons[: len(self)]
        by_cluster = np.zeros(len(self), np.float32)
        for person, best_mean in fits.items():
            by_cluster[own == person] = best_mean
        sure = (alike >= direct) | (by_cluster >= cluster)
        shown = sure | (alike >= direct - MAYBE) | (by_cluster >= cluster - MAYBE)
        best: dict[str, Hit] = {}
        order = np.flatnonzero(shown)
        for at in order[np.lexsort((-alike[order], ~sure[order]))]:
            hit = Hit(self.photos[at], int(self.ids[at]), float(alike[at]), bool(sure[at]))
            best.setdefault(hit.photo_id, hit)
        return list(best.values())

    def _clusters(self, alike: Numbers, least: float) -> dict[int, float]:
        """How alike the three best of each person are, for those it matters for."""
        own = self.persons[: len(self)]
        candidates = np.unique(own[alike >= least])
        best = {}
        for person in candidates:
            top = np.sort(alike[own == person])[-BEST:]
            best[int(person)] = float(top.mean())
        return {person: mean for person, mean in best.items() if mean >= least}

    def person(self, vector: Numbers, not_in: str) -> int | None:
        """Whose face this is by now: the person whose three best are alike enough, but nobody of the same photo."""
        if not len(self):
            return None
        alike = self.alike(vector)
        own = self.persons[: len(self)]
        there = {int(own[at]) for at, photo in enumerate(self.photos) if photo == not_in}
        fits = {p: mean for p, mean in self._clusters(alike, JOIN).items() if p not in there}
        return max(fits, key=fits.__getitem__, default=None)


def limit(faces: int) -> float:
    """How alike a face must be, alone, among so many: strangers grow with the event."""
    return float(np.interp(np.log10(max(faces, 1)), _FACES, _LIMITS))


def mean(vectors: Sequence[Numbers]) -> Numbers:
    """One vector for several faces of one person."""
    total = np.sum(vectors, axis=0, dtype=np.float32)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-6), np.float32)
