"""Words of prints: none leaves its place, none is lost, and lines break where a reader would."""

from __future__ import annotations

import io
import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from tests.drawing_prints import (
    H5,
    LONG,
    TITLES,
    compositions,
    content,
    decoded,
    logo_file,
    mini,  # noqa: F401 - fixture
    pages,
    text_of,
)
from web import drawing
from web.drawing_fonts import SANS, SERIF, UNIX_EPOCH, face, small_font
from web.drawing_layout import POSTER
from web.drawing_pdf import Art
from web.drawing_shapes import WHITE, Block, Words
from web.drawing_text import Box, fit
from web.drawing_words import printable, spoken_span

# ruff: noqa: F811 - the fixture is used by the name it is imported under


def box(words: Words) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of what is drawn, near enough."""
    width = face(words.face).width(words.text) * words.size
    left = words.x - {"left": 0.0, "centre": width / 2, "right": width}[words.align]
    return left, words.y - words.size * 0.78, left + width, words.y + words.size * 0.1


@pytest.mark.parametrize(
    ("language", "with_mini", "with_logo"), [("zh", True, True), ("en", True, False), ("en", False, True)]
)
@pytest.mark.parametrize("title", TITLES)
def test_no_words_leave_their_place(mini: bytes, title: str, language: str, with_mini: bool, with_logo: bool) -> None:
    said = content(
        mini if with_mini else None,
        title=TITLES[title],
        language=language,
        place="北京市朝阳区国家会议中心二期四层大宴会厅 A、B 区（由天辰东路 3 号门进入，电梯至四层后右转）" * 2,
        organization=LONG[:80],
        logo=drawing.logo(logo_file()) if with_logo else None,
    )
    for art in compositions(said):
        field = next(s for s in art.shapes if isinstance(s, Block))
        cards = [s for s in art.shapes if isinstance(s, Block) and s.ink == WHITE]
        words = [s for s in art.shapes if isinstance(s, Words)]
        for one in words:
            left, top, right, bottom = box(one)
            assert left >= art.width * 0.03, one
            assert right <= art.width * 0.97, one
            assert top >= 0, one
            assert bottom <= art.height * 0.99, one
            if one.face == SERIF:
                assert right <= field.x + field.width
                assert bottom <= field.y + field.height
                assert not any(bottom > c.y and right > c.x and left < c.x + c.width for c in cards)
        for one, other in itertools.combinations([box(w) for w in words], 2):
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart, (one, other)


@pytest.mark.parametrize("title", TITLES)
def test_the_whole_title_is_in_the_drawing(mini: bytes, title: str) -> None:
    """Eighty characters are never cut short, on no print."""
    for art in compositions(content(mini, title=TITLES[title])):
        drawn = "".join(s.text for s in art.shapes if isinstance(s, Words) and s.face == SERIF)
        assert "".join(drawn.split()) == "".join(TITLES[title].split())


@pytest.mark.parametrize("title", TITLES)
def test_words_of_the_pdf_can_be_searched(mini: bytes, title: str) -> None:
    said = content(mini, title=TITLES[title])
    for document in (drawing.poster_pdf(said, "a4"), drawing.cards_pdf(said, 1, 4), drawing.cards_pdf(said, 1, 8)):
        text = text_of(document)
        assert "".join(TITLES[title].split()) in text
        assert "西岸艺术中心" in text
        assert "微信扫一扫" in text
    assert b"FontFile2" in drawing.poster_pdf(said, "a4")  # embedded, not assumed to be there


def test_what_is_missing_leaves_no_hole() -> None:
    """With neither time nor place the title stands where they stood."""
    for full, bare in zip(
        compositions(content()), compositions(content(when="", place="", organization="")), strict=True
    ):
        lowest = max(w.y for w in full.shapes if isinstance(w, Words) and w.x == _margin(full))
        ground = max(
            s.y + s.height for s in bare.shapes if isinstance(s, Block) and s.x == _margin(bare) and s.height == 4
        )
        title = max(w.y for w in bare.shapes if isinstance(w, Words) and w.face == SERIF)
        assert title < ground
        assert ground == pytest.approx(lowest, abs=POSTER.meta * 1.2)
        assert not any(w.text == "" for w in bare.shapes if isinstance(w, Words))


def _margin(art: Art) -> float:
    return next(w.x for w in art.shapes if isinstance(w, Words) and w.face == SERIF)


@pytest.mark.parametrize("title", ["", "  ", "🎉🎉", "\u202e\u200b\x00"])
def test_a_title_of_nothing_that_can_be_drawn_still_gives_a_poster(title: str) -> None:
    assert decoded(pages(drawing.poster_pdf(content(title=title), "a4"))[0]) == [H5]


def test_the_same_content_gives_the_same_bytes_and_another_title_others(mini: bytes) -> None:
    first = drawing.poster_pdf(content(mini), "a4")
    other = drawing.poster_pdf(content(mini, title="别的标题"), "a4")
    assert drawing.poster_pdf(content(mini), "a4") == first
    assert "别的标题" in text_of(other)  # glyphs of an earlier print do not stay behind
    assert other != first


def test_threads_do_not_mix_their_words() -> None:
    titles = [f"{name}之夜 {n}" for n, name in enumerate("春夏秋冬梅兰竹菊东南西北")]
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda title: drawing.poster_pdf(content(title=title), "a4"), titles))
    for title, document in zip(titles, made, strict=True):
        assert "".join(title.split()) in text_of(document)


def test_the_small_font_carries_no_clock() -> None:
    head = TTFont(io.BytesIO(small_font(face(SANS), set("年会 2026"))))["head"]
    assert (head.created, head.modified) == (UNIX_EPOCH, UNIX_EPOCH)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("  a\n b\t c ", "a b c"),
        ("年\u202e会\u200b\x00\x1b", "年会"),
        ("e\u0301", "é"),
        ("\ud800x", "x"),
        ("", ""),
    ],
)
def test_only_what_has_a_shape_is_printed(said: str, wanted: str) -> None:
    assert printable(said) == wanted


def fitted(text: str, width: float, lines: int = 9, smallest: float = 10) -> tuple[str, ...]:
    return fit(text, face(SANS), Box(width, 400, lines, 20, smallest)).lines


def test_lines_break_where_a_reader_would() -> None:
    assert fitted("2026 年度盛典", 100) == ("2026", "年度盛典")
    assert fitted("春夏秋冬，东南西北。", 120) == ("春夏秋冬，", "东南西北。")
    assert fitted("Annual Gala Dinner Tonight", 150) == ("Annual Gala", "Dinner Tonight")
    assert fitted("毕业典礼", 70) == ("毕业典礼",)  # rather a little smaller than broken
    assert fitted("毕业典礼", 50) == ("毕业", "典礼")  # but not much smaller
    assert fitted("晚宴（上半场）", 200) == ("晚宴（上半场）",)
    for width in range(45, 300, 23):
        for line in fitted(LONG, width, lines=60):
            assert line[0] not in "，。、）：·”"
            assert line[-1] not in "（“"


def test_a_text_that_cannot_fit_ends_with_an_ellipsis() -> None:
    (only,) = fitted("很长" * 40, 100, lines=1)
    assert only.endswith("…")
    assert face(SANS).width(only) * 10 <= 100


def at(year: int, month: int, day: int, hour: int, minute: int = 0) -> int:
    """In Shanghai, ms UTC."""
    days = np.datetime64(f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}") - np.timedelta64(8, "h")
    return int(days.astype("datetime64[ms]").astype(int))


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "zh", "en"),
    [
        (None, None, "", ""),
        (None, at(2026, 11, 22, 14), "", ""),
        (at(2026, 11, 22, 14), None, "2026年11月22日 周日 14:00", "Sunday, 22 November 2026, 14:00"),
        (
            at(2026, 11, 22, 14),
            at(2026, 11, 22, 18, 30),
            "2026年11月22日 周日 14:00 – 18:30",
            "Sunday, 22 November 2026, 14:00 – 18:30",
        ),
        (
            at(2026, 11, 22, 20),
            at(2026, 11, 23, 2),
            "2026年11月22日 周日 20:00 – 次日 02:00",
            "Sunday, 22 November 2026, 20:00 – 02:00",
        ),
        (at(2026, 11, 22, 9), at(2026, 11, 24, 18), "2026年11月22日 – 24日", "22 – 24 November 2026"),
        (at(2026, 11, 30, 9), at(2026, 12, 2, 18), "2026年11月30日 – 12月2日", "30 November – 2 December 2026"),
        (
            at(2026, 12, 31, 9),
            at(2027, 1, 2, 18),
            "2026年12月31日 – 2027年1月2日",
            "31 December 2026 – 2 January 2027",
        ),
        (at(2026, 11, 22, 14), at(2026, 11, 22, 13), "2026年11月22日 周日 14:00", "Sunday, 22 November 2026, 14:00"),
    ],
)
def test_a_time_is_said_as_people_say_it(starts_at: int | None, ends_at: int | None, zh: str, en: str) -> None:
    assert spoken_span(starts_at, ends_at, "Asia/Shanghai", "zh") == zh
    assert spoken_span(starts_at, ends_at, "Asia/Shanghai", "en") == en
