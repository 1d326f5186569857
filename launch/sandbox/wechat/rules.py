"""What the real WeChat refuses in requests: scenes, pages, message fields. Written from its documentation alone, not
from our own sanitiser, so that each can be tested against the other.
"""

from __future__ import annotations

import re
from typing import Final

SCENE: Final = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@._~-]+")
LINK_QUERY: Final = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@._~%-]*")

_HOUR = r"([01]?[0-9]|2[0-3])"
_CLOCK = rf"{_HOUR}:[0-5][0-9](:[0-5][0-9])?"
_DATE = r"[0-9]{4}(年[0-9]{1,2}月[0-9]{1,2}日|([-/.])[0-9]{1,2}\SEP[0-9]{1,2})"


def _moment(numbered: int, *, clock: str) -> str:
    """A date with an optional or required clock; back references need a group number of their own each time."""
    name = f"s{numbered}"
    date = _DATE.replace("([-/.])", f"(?P<{name}>[-/.])").replace(r"\SEP", f"(?P={name})")
    return date + clock


_TIME = re.compile(
    rf"({_moment(1, clock=' ')})?{_CLOCK}(~({_moment(2, clock=' ')})?{_CLOCK})?",
)
_DAY = re.compile(
    rf"{_moment(1, clock=f'( {_CLOCK})?')}(~{_moment(2, clock=f'( {_CLOCK})?')})?",
)
_SHAPES: Final[dict[str, re.Pattern[str]]] = {
    "thing": re.compile(r".{1,20}"),
    "character_string": re.compile(r"[\x20-\x7e]{1,32}"),
    "number": re.compile(r"-?[0-9]{1,32}(\.[0-9]{1,31})?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[!-/:-@\[-`{-~]{1,5}"),
    "phrase": re.compile(r"[\u3400-\u9fff]{1,5}"),
    "name": re.compile(r"[\x20-\x7e]{1,20}|.{1,10}"),
    "time": _TIME,
    "date": _DAY,
    "amount": re.compile(r"[¥￥$€£]?(?=[0-9.]{1,11}元?$)[0-9]{1,10}(\.[0-9]{1,9})?元?"),
    "phone_number": re.compile(r"[0-9+() -]{1,17}"),
    "car_number": re.compile(r".{1,8}"),
}
_BROKEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\U0001f000-\U0001faff]")


def field_fault(kind: str, value: str) -> str | None:
    """Why a field of this type refuses the value, in the words of errmsg; None when it takes it."""
    if not value.strip():
        return "is empty"
    if kind not in _SHAPES or _BROKEN.search(value) or not _SHAPES[kind].fullmatch(value):
        return "invalid"
    return None


def data_fault(keywords: list[str], data: object, enums: dict[str, list[str]]) -> str | None:
    """The first thing wrong with the `data` of a message: exactly the template's keywords, each with a good value."""
    if not isinstance(data, dict):
        return "data format error"
    for keyword in keywords:
        given = data.get(keyword)
        value = given.get("value") if isinstance(given, dict) else None
        if not isinstance(value, str):
            return f"data.{keyword}.value is empty"
        kind = keyword.rstrip("0123456789")
        fault = field_fault(kind, value) if kind != "enum" else None if value in enums.get(keyword, []) else "invalid"
        if fault:
            return f"data.{keyword}.value {fault}"
    extra = sorted(set(data) - set(keywords))
    return f"data.{extra[0]}.value invalid" if extra else None


def scene_fault(scene: object) -> int:
    """The errcode for a `scene`, 0 when it is fine."""
    if not isinstance(scene, str) or not scene or not SCENE.fullmatch(scene):
        return 40129
    return 40169 if len(scene) > 32 else 0


def page_path(page: str) -> str | None:
    """The path without its query; None when it is not written like a page."""
    return None if page.startswith("/") or not page else page.partition("?")[0]
