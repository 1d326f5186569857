"""The benchmarks measure what they say: faults are planted right, figures have their shape, the look helps."""

from __future__ import annotations

import numpy as np
import pytest

from launch.bench import naive, render, retouch, synthetic
from tests import imaging_pictures as pictures
from workers import imaging
from workers.imaging.difference import delta_e


@pytest.fixture(scope="module")
def photos() -> list[tuple[str, np.ndarray]]:
    return [(str(seed), synthetic.scene(240, 160, seed=seed, things=60)) for seed in range(5)]


def test_faults_are_planted_in_linear_light():
    grey = np.full((4, 4, 3), 188, np.uint8)  # half of the light
    assert np.abs(retouch.FAULTS["ev_-1.0"].plant(grey).astype(int) - 137).max() <= 1
    assert np.abs(retouch.FAULTS["ev_+1.0"].plant(grey).astype(int) - 255).max() <= 1
    red, green, blue = retouch.FAULTS["tungsten"].plant(grey)[0, 0]
    assert red > green > blue
    mixed = retouch.FAULTS["mixed_light"].plant(np.full((4, 64, 3), 120, np.uint8))
    assert mixed[0, 0, 0] > mixed[0, 0, 2]
    assert mixed[0, -1, 0] < mixed[0, -1, 2]


def test_retouch_figures(photos):
    figures = retouch.measure(photos, ("none", "ours", "grey_world", "clahe"))
    assert set(figures["faults"]) == {"none", "ours", "grey_world", "clahe"}
    assert figures["faults"]["ours"] < figures["faults"]["none"]
    assert figures["noop_others"]["none"] == 0
    assert set(figures["recovered"]) >= {"wb", "over"}
    assert figures["noop"]["mean"] < figures["faults"]["none"]


def test_a_score_knows_no_change_from_repair(photos):
    good = photos[0][1]
    faulty = retouch.FAULTS["ev_-1.0"].plant(good)
    idle = retouch.score(good, faulty, retouch.METHODS["none"])
    assert idle.before == idle.after > 5
    assert retouch.score(good, faulty, lambda _: good).after == 0


def test_a_set_is_split_the_same_way_for_ever_and_persons_stay_together(tmp_path):
    names = [tmp_path / f"{n}.jpg" for n in range(200)]
    assert 60 < sum(retouch.half(name) == "tune" for name in names) < 140
    assert retouch.half(tmp_path / "7.jpg") == retouch.half(tmp_path / "elsewhere" / "7.jpg")
    assert len({retouch.half(tmp_path / "persons" / "anna" / f"{n}.jpg") for n in range(20)}) == 1


def test_photos_of_a_folder_are_upright_colours_only(tmp_path):
    (tmp_path / "a.jpg").write_bytes(pictures.jpeg(pictures.scene(300, 200), exif=pictures.exif(6)))
    (tmp_path / "b.png").write_bytes(pictures.saved(pictures.Image.new("L", (80, 80), 90), "PNG"))
    (tmp_path / "c.jpg").write_bytes(b"no picture")
    found = list(retouch.photos_in([tmp_path], "all"))
    assert [name for name, _ in found] == ["a.jpg"]
    assert found[0][1].shape[0] > found[0][1].shape[1]


def test_camera_files_are_as_heavy_as_a_cameras(monkeypatch):
    monkeypatch.setitem(synthetic.SHAPES, 1, (1200, 800))
    source = synthetic.camera_file(1, orientation=6)
    assert 2.5 < len(source) * 8 / (1200 * 800) < 5
    assert imaging.open_source(source).facts.width == 800


def test_the_naive_way_does_the_same_job():
    frame, logo = pictures.png_frame(), pictures.png_logo(width=60, height=20)
    full, view, thumb = naive.render(pictures.jpeg(pictures.scene(600, 400)), frame, logo)
    assert pictures.pixels(full).shape == (400, 600, 3)
    assert pictures.pixels(thumb).shape[1] == 480
    assert delta_e(pictures.pixels(view)[5:10, 100:110], np.full((5, 10, 3), (200, 0, 0), np.uint8)).mean() < 12


@pytest.mark.slow
def test_render_figures():
    figures = render.measure(pictures.jpeg(pictures.scene(1600, 1200)), rounds=1)
    assert figures["to_limit"] == pytest.approx(figures["cpu_s"] / figures["limit_cpu_s"], rel=0.02)
    assert figures["cpu_s"] > figures["limit_cpu_s"] > 0
    assert figures["naive_cpu_s"] > 0
    assert 30 < figures["rss_mb"] < 500
    assert figures["preview_ms"] > 0
