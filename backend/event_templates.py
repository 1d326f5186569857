"""Event templates: what an event of a kind usually needs, so that it stands with its QR in a minute.

A template decides once, at the beginning; everything can be changed afterwards, also while guests are looking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from backend.models import Access, Checking, Culling, Publishing
from backend.recipe import Preset

Words = tuple[str, str]  # Chinese, English
HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class EventTemplate:
    """What is chosen with one tap. `tier` is one of `backend.recipe.TIERS`; `welcome` stands on the start page."""

    name: str
    words: Words
    about: Words
    albums: tuple[Words, ...]
    hours: int  # how long it usually takes
    preset: Preset
    tier: str
    welcome: Words
    access: Access = Access.PUBLIC
    publishing: Publishing = Publishing.AUTO
    checking: Checking = Checking.OFF
    culling: Culling = Culling.SUGGEST
    frame: bool = True  # of a sponsor


_ALL: Final = (
    EventTemplate(
        "conference",
        ("会议论坛", "Conference"),
        ("主会场与分会场，会议调色", "Main stage and sessions, tuned for halls"),
        (("主会场", "Main stage"), ("分会场", "Sessions"), ("展区", "Exhibition")),
        10,
        Preset.CONFERENCE,
        "standard",
        ("欢迎参会，精彩实时呈现", "Welcome. Photos appear here as they are taken."),
    ),
    EventTemplate(
        "gala",
        ("年会晚宴", "Gala"),
        ("凭口令进入，舞台调色", "Opens with a code, tuned for stage light"),
        (("红毯", "Red carpet"), ("舞台", "Stage"), ("晚宴", "Dinner")),
        6,
        Preset.STAGE,
        "standard",
        ("感谢同行，今晚尽兴", "Thank you for being here. Enjoy the evening."),
        access=Access.CODE,
    ),
    EventTemplate(
        "wedding",
        ("婚礼", "Wedding"),
        ("人像精细修图，不加赞助商边框", "Fine portraits, no sponsor frame"),
        (("仪式", "Ceremony"), ("晚宴", "Dinner")),
        10,
        Preset.PORTRAIT,
        "fine",
        ("谢谢你来见证我们的这一天", "Thank you for sharing our day."),
        frame=False,
    ),
    EventTemplate(
        "sports",
        ("体育赛事", "Sports"),
        ("户外调色，连拍挑片", "Outdoor colours, bursts are thinned out"),
        (("比赛", "Competition"), ("颁奖", "Ceremony"), ("观众", "Spectators")),
        8,
        Preset.OUTDOOR,
        "light",
        ("为每一次冲刺加油", "Cheer for every finish."),
        culling=Culling.HOLD,
    ),
    EventTemplate(
        "brand",
        ("品牌活动", "Brand activation"),
        ("审核后上线，全部带品牌边框", "Shown after approval, every photo framed"),
        (("现场", "On site"),),
        8,
        Preset.AUTO,
        "standard",
        ("拍照，扫码，带走你的大片", "Pose, scan, take your picture home."),
        publishing=Publishing.APPROVE,
        checking=Checking.AFTER,
    ),
)
TEMPLATES: Final[dict[str, EventTemplate]] = {one.name: one for one in _ALL}
