"""Values of subscription messages fit their fields, and a wrong mapping says what to do."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.errors import BadInput
from backend.wechat.fields import check_mapping, clean, fit, parse_mapping
from launch.sandbox.wechat.rules import field_fault

CONTENT = "相册名称:{{thing1.DATA}}\n新照片数量:{{number2.DATA}}\n更新时间:{{time3.DATA}}\n温馨提示:{{thing4.DATA}}\n"
MAPPING = {"album": "thing1", "count": "number2", "time": "time3", "tip": "thing4"}


@pytest.mark.parametrize(
    ("kind", "value", "fits"),
    [
        ("thing", "  年会\n  2026 ", "年会 2026"),
        ("thing", "", "未命名"),
        ("thing", "🎉🎉", "未命名"),
        ("thing", "👨‍👩‍👧 全家福 ❤️", "全家福"),
        ("thing", "一二三四五六七八九十一二三四五六七八九十", "一二三四五六七八九十一二三四五六七八九十"),
        ("thing", "一二三四五六七八九十一二三四五六七八九十末", "一二三四五六七八九十一二三四五六七八九…"),
        ("thing", "a\x00b\x1fc\u200bd\ufeff", "ab cd"),
        ("character_string", "AB-1 号 ❤", "AB-1"),
        ("number", 42, "42"),
        ("number", "1,234.5", "1234.5"),
        ("letter", "abc 123", "abc"),
        ("symbol", "!!??##++", "!!??#"),
        ("phrase", "精修已完成啦 ok", "精修已完成"),
        ("name", "张三", "张三"),
        ("name", "一二三四五六七八九十多", "一二三四五六七八九…"),
        ("name", "Alexander the Great Bear", "Alexander the Great"),
        ("time", "15:01", "15:01"),
        ("time", "2026年11月22日 15:01~16:30", "2026年11月22日 15:01~16:30"),
        ("time", 1_795_330_860_000, "2026年11月22日 15:01"),
        ("date", "2026.11.22", "2026.11.22"),
        ("date", 1_795_330_860_000, "2026年11月22日 15:01"),
        ("amount", "¥100", "¥100"),
        ("amount", "99.50元", "99.50元"),
        ("phone_number", "+86 138-0013-8000", "+86 138-0013-8000"),
        ("car_number", "粤A12345", "粤A12345"),
    ],
)
def test_a_value_is_bent_into_its_field(kind, value, fits):
    assert clean(kind, value) == fits
    assert field_fault(kind, fits) is None  # the sandbox has rules of its own and agrees


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("number", "many"),
        ("number", ""),
        ("number", "１２"),
        ("time", "soon"),
        ("time", "25:00"),
        ("date", "22/11"),
        ("amount", "¥12345678901"),
        ("amount", "free"),
        ("enum", "other"),
        ("picture", "x"),
    ],
)
def test_a_value_of_the_wrong_kind_is_an_error(kind, value):
    with pytest.raises(BadInput):
        clean(kind, value)


def test_an_enum_takes_only_listed_values():
    assert clean("enum", "已完成", ["进行中", "已完成"]) == "已完成"


@pytest.mark.parametrize("kind", ["thing", "character_string", "letter", "symbol", "phrase", "name", "phone_number"])
@given(text=st.text(max_size=60))
@example(text="\u3164 \u2800")
@example(text="a" * 19 + " b c")
def test_whatever_is_typed_is_never_refused(kind, text):
    assert field_fault(kind, clean(kind, text)) is None


@given(ms=st.integers(0, 4_000_000_000_000))
def test_every_moment_is_a_time_and_a_date(ms):
    assert field_fault("time", clean("time", ms)) is None
    assert field_fault("date", clean("date", ms)) is None


def test_a_message_has_exactly_the_mapped_keywords():
    values = {"album": "年会", "count": 12, "time": "15:01", "tip": "点击查看", "unused": "x"}
    assert fit(MAPPING, values) == {"thing1": "年会", "number2": "12", "time3": "15:01", "thing4": "点击查看"}


def test_a_message_without_a_mapped_word_is_an_error():
    with pytest.raises(BadInput, match="no value for tip"):
        fit(MAPPING, {"album": "年会", "count": 12, "time": "15:01"})


def test_the_default_mapping_parses():
    assert parse_mapping("album=thing1, count=number2,time=time3,tip=thing4,") == MAPPING


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("album", "'album' is not <word>=<keyword>"),
        ("title=thing1", "a word of album, count, time, tip"),
        ("album=thing", "'thing' is no keyword like thing1"),
        ("album=photo1", "'photo1' is no keyword"),
        ("album=thing1,tip=thing1", "'tip=thing1' repeats"),
    ],
)
def test_a_wrong_mapping_says_which_piece(text, says):
    with pytest.raises(BadInput, match="KUAIMEN_WECHAT_TEMPLATE_FIELDS") as caught:
        parse_mapping(text)
    assert says in caught.value.detail


def test_a_mapping_that_fits_its_template_is_fine():
    assert check_mapping(MAPPING, CONTENT) == []


def test_a_mapping_that_does_not_fit_says_what_to_fix():
    said = check_mapping({"tip": "thing1", "time": "date5"}, CONTENT)
    assert said[0][0].startswith("time=date5：模板没有 date5")
    wrong = [english for _, english in said]
    assert wrong[0].startswith("time=date5: the template has no date5; it has thing1, number2, time3, thing4.")
    assert [line.split(",")[0] for line in wrong[1:4]] == [
        "the template needs number2",
        "the template needs time3",
        "the template needs thing4",
    ]
    assert wrong[4].startswith("album is not mapped")
    [(chinese, english)] = check_mapping(MAPPING, "")
    assert chinese == "模板里没有 {{thing1.DATA}} 这样的关键词：请换一个模板"
    assert english == "the template has no keywords like {{thing1.DATA}}: choose another template."
