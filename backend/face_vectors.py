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
_FACES: Final = (3.0, 4.0, 5.0)  # log10 of faces indexed
BEST: Final = 3
SHIFT: Final = 0.08  # a guest's corrections move their threshold by so much at most
ROUNDS: Final = 12
_BLOCK: Final = 1024


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike is alike. These are SFace's; recall 0.92 at precision 0.986 were measured with them on 2,194 faces."""

    direct: float = 0.50  # a face alone
    cluster: float = 0.52  # the mean of a person's three best
    maybe: float = 0.08  # so much less: «is this you?»
    join: float = 0.46  # a new face joins the person whose three best are this alike
    group: float = 0.50  # faces that speak for each other when all are grouped anew
    limits: tuple[float, ...] = (0.42, 0.48, 0.55)  # at 1, 10, 100 thousand faces: one stranger in two searches

    def limit(self, faces: int) -> float:
        """How alike a face must be, alone, among so many: strangers grow with the event."""
        return float(np.interp(np.log10(max(faces, 1)), _FACES, self.limits))


SFACE: Final = Likeness()


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
    likeness: Likeness

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
    likeness: Likeness = SFACE

    def __len__(self) -> int:
        return len(self.photos)

    def add(self, ids: Sequence[int], persons: Sequence[int], photos: Sequence[str], vectors: Numbers) -> None:
        count, more = len(self), len(self) + len(ids)
        if more > len(self.rows):
            room = max(1024, 2 * more)
            length = vectors.shape[1]  # of another engine perhaps more than 128
            self.rows = np.concatenate(
                [self.rows[:count].reshape(count, length), np.zeros((room - count, length), np.float32)]
            )
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

    def search(self, vector: Numbers, shift: float = 0.0) -> list[Hit]:
        """Photos of that person, most alike first, each once: whole clusters that fit, and faces that fit alone.

        `shift`: how much stricter, by this guest's corrections.
        """
        if not len(self):
            return []
        alike = self.alike(vector)
        direct, cluster = (one + shift for one in self.thresholds())
        maybe = self.likeness.maybe + shift  # the second group begins where it always does
        fits = self._clusters(alike, cluster - maybe)
        own = self.persons[: len(self)]
        by_cluster = np.zeros(len(self), np.float32)
        for person, best_mean in fits.items():
            by_cluster[own == person] = best_mean
        sure = (alike >= direct) | (by_cluster >= cluster)
        shown = sure | (alike >= direct - maybe) | (by_cluster >= cluster - maybe)
        best: dict[str, Hit] = {}
        order = np.flatnonzero(shown)
        for at in order[np.lexsort((-alike[order], ~sure[order]))]:
            hit = Hit(self.photos[at], int(self.ids[at]), float(alike[at]), bool(sure[at]))
            best.setdefault(hit.photo_id, hit)
        return list(best.values())

    def thresholds(self) -> tuple[float, float]:
        """For a face alone, for a person."""
        grown = self.likeness.limit(len(self))
        return max(self.likeness.direct, grown), max(self.likeness.cluster, grown)

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
        fits = {p: mean for p, mean in self._clusters(alike, self.likeness.join).items() if p not in there}
        return max(fits, key=fits.__getitem__, default=None)


def mean(vectors: Sequence[Numbers]) -> Numbers:
    """One vector for several faces of one person."""
    total = np.sum(vectors, axis=0, dtype=np.float32)
    return np.asarray(total / max(float(np.linalg.norm(total)), 1e-6), np.float32)


def taught(index: Matrix, own: Numbers, shift: float, yes: Sequence[int], no: Sequence[str]) -> float:
    """A guest's threshold after «that is me» on these faces, «that is not me» on these photos; theirs alone."""
    direct, _ = index.thresholds()
    alike = index.alike(own) if len(index) else np.zeros(0, np.float32)
    wrong, right = set(no), set(yes)
    for at, photo in enumerate(index.photos):
        if photo in wrong and alike[at] >= direct + shift:
            shift = max(shift, float(alike[at]) - direct + 0.01)
        elif int(index.ids[at]) in right and direct - index.likeness.maybe <= alike[at] < direct + shift:
            shift = min(shift, float(alike[at]) - direct)
    return min(SHIFT, max(-SHIFT, shift))


def grouped(index: Matrix, seed: int = 1) -> Ids:
    """Persons of all faces anew, by Chinese whispers; nobody is twice in one photo. Of 20,000 faces it takes seconds.

    Whoever was known keeps their number: the group that shares most faces with a person has it from now on.
    """
    many = len(index)
    near = _neighbours(index.rows[:many], index.likeness.group)
    told = np.arange(many)
    there = [{photo} for photo in index.photos]  # photos each group is in
    dice = np.random.default_rng(seed)
    for _ in range(ROUNDS):
        moved = sum(_listen(int(at), near, told, there, index.photos) for at in dice.permutation(many))
        if not moved:
            break
    return _renamed(told, index.persons[:many], index.ids[:many])


def _neighbours(rows: Numbers, least: float) -> list[tuple[Ids, Numbers]]:
    near: list[tuple[Ids, Numbers]] = []
    for start in range(0, len(rows), _BLOCK):
        alike = rows[start : start + _BLOCK] @ rows.T
        for at, row in enumerate(alike, start):
            row[at] = 0
            found = np.flatnonzero(row >= least)
            near.append((found, row[found].copy()))
    return near


def _listen(at: int, near: list[tuple[Ids, Numbers]], told: Ids, there: list[set[str]], photos: list[str]) -> bool:
    """Join the group that neighbours speak of most, unless the same photo is in it already. True: moved."""
    found, weights = near[at]
    if not len(found):
        return False
    names, place = np.unique(told[found], return_inverse=True)
    sums = np.bincount(place, weights)
    for one in names[np.argsort(-sums)]:
        if one == told[at]:
            return False
        if photos[at] not in there[one]:
            there[told[at]].discard(photos[at])
            there[one].add(photos[at])
            told[at] = one
            return True
    return False


def _renamed(told: Ids, before: Ids, ids: Ids) -> Ids:
    pairs, counts = np.unique(np.stack([told, before]), axis=1, return_counts=True)
    names: dict[int, int] = {}
    taken: set[int] = set()
    for group, person in pairs.T[np.argsort(-counts, kind="stable")].tolist():
        if group not in names and person not in taken:
            names[group] = person
            taken.add(person)
    for group in np.unique(told).tolist():
        if group not in names:
            free = [one for one in ids[told == group].tolist() if one not in taken]
            names[group] = free[0] if free else -int(ids[told == group][0])
            taken.add(names[group])
    return np.array([names[group] for group in told.tolist()], np.int64)
