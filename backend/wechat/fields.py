"""Values of subscription messages: made to fit before WeChat refuses them (47003).

Every keyword of a template is named `<type><n>`, and each type has its own rules. `clean` bends a value into its type
where nothing is lost that matters (spaces, emoji, length) and raises BadInput where the value itself is wrong.
Which keyword carries which of our words differs per template, so it is configuration: `album=thing1,count=number2`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from backend.errors import BadInput

MEANINGS: Final = {  # what the planner knows to say; a template must have room for the first
    "album": "相册名称 / title of the album",
    "count": "照片数量 / number of new photos",
    "time": "时间 / when",
    "tip": "提示 / what to do next",
    "state": "状态 / how far it is, in a phrase",
}
REQUIRED: Final = ("album",)
SETTING: Final = "KUAIMEN_WECHAT_TEMPLATE_FIELDS / KUAIMEN_WECHAT_TEMPLATES"
NO_TEXT: Final = "未命名"
NO_TIP: Final = "-"
CHINA: Final = timedelta(hours=8)

_KEYWORD = re.compile(r"([a-z_]+?)(\d+)")
_IN_CONTENT = re.compile(r"\{\{\s*(\w+)\.DATA\s*\}\}")
_CHINESE = r"\u3400-\u4dbf\u4e00-\u9fff"
_CLOCK = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?"
_DAY = r"\d{4}(年\d{1,2}月\d{1,2}日|-\d{1,2}-\d{1,2}|/\d{1,2}/\d{1,2}|\.\d{1,2}\.\d{1,2})"
_TIME = re.compile(rf"({_DAY} )?{_CLOCK}(~({_DAY} )?{_CLOCK})?", re.ASCII)
_DATE = re.compile(rf"{_DAY}( {_CLOCK})?(~{_DAY}( {_CLOCK})?)?", re.ASCII)
_PICTURE = re.compile("[\u20d0-\u20ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\ufe00-\ufe0f\U0001f000-\U0001faff]")
_AMOUNT = re.compile(r"[¥￥$€£]?\d+(\.\d+)?元?", re.ASCII)


def clean(kind: str, value: str | int, allowed: Sequence[str] = ()) -> str:
    """`value` as a `kind` field takes it. Of `time` and `date` an int is a moment (ms UTC), shown in China's time.

    `allowed`: the values of an `enum`. Raises BadInput when the value cannot be what it should be.
    """
    if kind not in _KINDS:
        raise BadInput(f"keyword type {kind!r} is not one of {', '.join(_KINDS)}")
    if kind == "enum":
        return _enum(str(value), allowed)
    if isinstance(value, int) and kind in {"time", "date"}:
        return _moment(value)
    return _KINDS[kind](_plain(str(value)))


def fit(
    mapping: Mapping[str, str], values: Mapping[str, str | int], enums: Mapping[str, Sequence[str]] | None = None
) -> dict[str, str]:
    """The `data` of a message: keyword → clean value, for every word the mapping names. Raises BadInput."""
    missing = [word for word in mapping if word not in values]
    if missing:
        raise BadInput(f"no value for {', '.join(missing)}")
    allowed = enums or {}
    return {keyword: clean(_kind(keyword), values[word], allowed.get(keyword, ())) for word, keyword in mapping.items()}


def parse_mapping(text: str) -> dict[str, str]:
    """`album=thing1,count=number2` → {"album": "thing1", …}. Raises BadInput that says which piece is wrong."""
    mapping: dict[str, str] = {}
    for piece in filter(None, (p.strip() for p in text.split(","))):
        word, equals, keyword = (p.strip() for p in piece.partition("="))
        if not equals or word not in MEANINGS:
            known = ", ".join(MEANINGS)
            raise BadInput(f"KUAIMEN_WECHAT_TEMPLATE_FIELDS: {piece!r} is not <word>=<keyword> with a word of {known}")
        if not (found := _KEYWORD.fullmatch(keyword)) or found[1] not in _KINDS:
            raise BadInput(f"KUAIMEN_WECHAT_TEMPLATE_FIELDS: {keyword!r} is no keyword like thing1 or number2")
        if word in mapping or keyword in mapping.values():
            raise BadInput(f"KUAIMEN_WECHAT_TEMPLATE_FIELDS: {piece!r} repeats a word or keyword")
        mapping[word] = keyword
    return mapping


def check_mapping(mapping: Mapping[str, str], content: str) -> list[tuple[str, str]]:
    """What is wrong between the mapping and a template's `content`, each with what to do, Chinese and English; empty
    when they fit.
    """
    found = _IN_CONTENT.findall(content)
    if not found:
        return [
            (
                "模板里没有 {{thing1.DATA}} 这样的关键词：请换一个模板",
                "the template has no keywords like {{thing1.DATA}}: choose another template.",
            )
        ]
    used, there, words = set(mapping.values()), ", ".join(found), ", ".join(MEANINGS)
    wrong = [
        (
            f"{word}={keyword}：模板没有 {keyword}，它有 {there}。修改 {SETTING} 或换模板",
            f"{word}={keyword}: the template has no {keyword}; it has {there}. Change {SETTING} or the template.",
        )
        for word, keyword in mapping.items()
        if keyword not in found
    ]
    wrong += [
        (
            f"模板需要 {keyword}，还没有内容对应：在 {SETTING} 加上 <内容>={keyword}（内容可用 {words}）",
            f"the template needs {keyword}, mapped to no word: add <word>={keyword} to {SETTING} (words: {words}).",
        )
        for keyword in found
        if keyword not in used
    ]
    wrong += [
        (
            f"{word} 没有对应的关键词：在 {SETTING} 加上 {word}=<关键词>",
            f"{word} is not mapped: add {word}=<keyword> to {SETTING}.",
        )
        for word in REQUIRED
        if word not in mapping
    ]
    return wrong


def _kind(keyword: str) -> str:
    found = _KEYWORD.fullmatch(keyword)
    if not found:
        raise BadInput(f"{keyword!r} is no keyword like thing1 or number2")
    return found[1]


def _plain(text: str) -> str:
    """One line without control characters, emoji and their joiners; spaces collapsed."""
    return " ".join("".join(" " if c.isspace() else c for c in text if c.isspace() or not _odd(c)).split())


def _odd(character: str) -> bool:
    return unicodedata.category(character).startswith("C") or bool(_PICTURE.match(character))


def _cut(text: str, longest: int, empty: str) -> str:
    """At most `longest` UTF-16 units (a rare character counts as two: the stricter way to count)."""
    if _units(text) <= longest:
        return text or empty
    while _units(text) > longest - 1:
        text = text[:-1]
    return text.rstrip() + "…"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _keep(pattern: str, longest: int, empty: str) -> Callable[[str], str]:
    """Only the characters of `pattern`, the first `longest` of them."""
    others = re.compile(f"[^{pattern}]")
    return lambda text: others.sub("", text).strip()[:longest].strip() or empty


def _number(text: str) -> str:
    digits = text.replace(",", "")
    if not re.fullmatch(r"-?\d{1,24}(\.\d{1,7})?", digits, re.ASCII):
        raise BadInput(f"{text!r} is not a number: digits, at most one decimal point")
    return digits


def _name(text: str) -> str:
    """20 letters, or 10 characters as soon as one of them is none (an ellipsis would be one)."""
    return text[:20].rstrip() or NO_TEXT if text.isascii() else _cut(text, 10, NO_TEXT)


def _form(pattern: re.Pattern[str], example: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise BadInput(f"{text!r} is not like {example}")
        return text

    return check


def _amount(text: str) -> str:
    if not _AMOUNT.fullmatch(text) or len(re.sub(r"\D", "", text)) > 10:
        raise BadInput(f"{text!r} is not an amount like ¥100 or 99.50元 with at most 10 digits")
    return text


def _enum(text: str, allowed: Sequence[str]) -> str:
    if text not in allowed:
        raise BadInput(f"{text!r} is not one of {', '.join(allowed) or 'the values gettemplate lists'}")
    return text


def _moment(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC) + CHINA:%Y年%m月%d日 %H:%M}"


_KINDS: Final[dict[str, Callable[[str], str]]] = {
    "thing": lambda text: _cut(text, 20, NO_TEXT),
    "character_string": _keep(r"!-~", 32, NO_TIP),
    "number": _number,
    "letter": _keep(r"A-Za-z", 32, "N"),
    "symbol": _keep(r"!-/:-@\[-`{-~", 5, NO_TIP),
    "phrase": _keep(_CHINESE, 5, NO_TEXT),
    "name": _name,
    "time": _form(_TIME, "15:01 or 2026年11月22日 15:01"),
    "date": _form(_DATE, "2026年11月22日 or 2026-11-22"),
    "amount": _amount,
    "phone_number": _keep(r"0-9+()\- ", 17, NO_TIP),
    "car_number": lambda text: _cut(text, 8, NO_TIP),
    "enum": str,
}
