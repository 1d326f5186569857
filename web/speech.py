"""The words pages are rendered with; the scripts read the same files, so that both always say the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Final

WORDS: Final = Path(__file__).parent / "words"
VENUE_ZONE: Final = timezone(timedelta(hours=8))  # the script corrects it to the reader's own
WEEKDAYS_ZH: Final = "一二三四五六日"


@cache
def words(page: str) -> dict[str, list[str]]:
    """Key → [Chinese, English]. `<page>_still.json` holds what scripts need only when the language is switched."""
    found: dict[str, list[str]] = {}
    for file in (WORDS / f"{page}.json", WORDS / f"{page}_still.json"):
        if file.exists():
            found |= json.loads(file.read_text(encoding="utf-8"))
    return found


def speaker(page: str, language: str) -> Callable[..., str]:
    """`say(key, n=3)` in this language, as web/ui/src/speech.ts does it. Raises KeyError for a key without words."""
    known = words(page)

    def say(key: str, **values: object) -> str:
        text = known[key][language == "en"]
        one, _, many = text.partition("|")
        if many:
            text = one if str(values.get("n")) == "1" else many
        return text.format_map(values)

    return say


def day(moment: int | None, language: str) -> str:
    """2026年11月24日周二 · Tue 24 November 2026. Empty without a moment."""
    if moment is None:
        return ""
    at = datetime.fromtimestamp(moment / 1000, VENUE_ZONE)
    if language == "en":
        return f"{at:%a} {at.day} {at:%B %Y}"
    return f"{at.year}年{at.month}月{at.day}日周{WEEKDAYS_ZH[at.weekday()]}"


def clock(moment: int | None) -> str:
    return "" if moment is None else f"{datetime.fromtimestamp(moment / 1000, VENUE_ZONE):%H:%M:%S}"
