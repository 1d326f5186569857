"""The words on a print: people's texts made printable, moments as they are spoken, what the codes are for.

Texts of people are untrusted: what has no shape on paper (controls, bidi marks, joiners) never reaches a drawing.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

Language = Literal["zh", "en"]
OVERNIGHT: Final = timedelta(hours=18)  # a night that ends after midnight is one evening, not two days
SHAPELESS: Final = ("Cc", "Cf", "Cs", "Co", "Cn")
WEEKDAYS_ZH: Final = "一二三四五六日"
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """The same thing in both languages; a print shows one large and the other small."""

    zh: str
    en: str

    def said(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en

    def also(self, language: Language) -> str:
        return self.en if language == "zh" else self.zh


LIVE: Final = Phrase("照片直播", "LIVE PHOTOS")
HEADLINE: Final = Phrase("扫码看现场照片", "Scan to see the photos")
WECHAT: Final = Phrase("微信扫一扫", "Scan with WeChat")
CAMERA: Final = Phrase("任意相机扫码", "Any phone camera")
EITHER: Final = Phrase("微信或相机扫码", "WeChat or any camera")
HOW_TWO: Final = Phrase(
    "打开微信或手机相机，对准二维码，照片边拍边到", "Point WeChat or your camera at a code. Photos arrive live."
)
HOW_ONE: Final = Phrase(
    "打开微信或手机相机，对准二维码，照片边拍边到", "Point WeChat or your camera at the code. Photos arrive live."
)
SPONSOR: Final = Phrase("特别支持", "Supported by")


def printable(text: str) -> str:
    """One line of characters that have a shape: composed, single-spaced, without controls and invisible marks."""
    spaced = " ".join(unicodedata.normalize("NFC", text).split())
    return "".join(c for c in spaced if unicodedata.category(c) not in SHAPELESS).strip()


def spoken_span(starts_at: int | None, ends_at: int | None, zone: str, language: Language) -> str:
    """When it is, as short as it stays clear; empty when nobody said. Moments in ms UTC."""
    if starts_at is None:
        return ""
    start = _local(starts_at, zone)
    end = _local(ends_at, zone) if ends_at is not None and ends_at > starts_at else None
    day = _day_zh if language == "zh" else _day_en
    if end is None:
        return f"{day(start)} {start:%H:%M}"
    if end.date() == start.date() or end - start < OVERNIGHT:
        return f"{day(start)} {start:%H:%M} – {_overnight(start, end, language)}{end:%H:%M}"
    return _days_zh(start, end) if language == "zh" else _days_en(start, end)


def _local(moment_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(moment_ms / 1000, ZoneInfo(zone))


def _overnight(start: datetime, end: datetime, language: Language) -> str:
    return "次日 " if language == "zh" and end.date() != start.date() else ""


def _day_zh(at: datetime) -> str:
    return f"{at.year}年{at.month}月{at.day}日 周{WEEKDAYS_ZH[at.weekday()]}"


def _day_en(at: datetime) -> str:
    return f"{WEEKDAYS[at.weekday()]}, {at.day} {MONTHS[at.month - 1]} {at.year},"


def _days_zh(start: datetime, end: datetime) -> str:
    until = f"{end.year}年" if end.year != start.year else ""
    until += f"{end.month}月" if (end.year, end.month) != (start.year, start.month) else ""
    return f"{start.year}年{start.month}月{start.day}日 – {until}{end.day}日"


def _days_en(start: datetime, end: datetime) -> str:
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day} – {end.day} {MONTHS[end.month - 1]} {end.year}"
    year = f" {start.year}" if start.year != end.year else ""
    return f"{start.day} {MONTHS[start.month - 1]}{year} – {end.day} {MONTHS[end.month - 1]} {end.year}"
