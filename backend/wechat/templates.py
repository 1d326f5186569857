"""Which template tells which milestone, and which of its keywords carries which of our words.

`KUAIMEN_WECHAT_TEMPLATE_ID` and `…_FIELDS` tell everything; `KUAIMEN_WECHAT_TEMPLATES` gives milestones templates of
their own: `retouched=ID album=thing1,count=number2; complete=ID …`. Each template has taps of its own, and one question
may ask for three, so three templates are worth three messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from backend.errors import BadInput
from backend.models import Milestone
from backend.wechat import fields

MOST_ASKED: Final = 3  # older phones refuse to ask for more at once
WORDS: Final[dict[Milestone, tuple[str, str]]] = {  # tip, state (at most five Chinese characters)
    Milestone.OPEN: ("活动开始了，点击进入相册", "进行中"),
    Milestone.FIRST_PHOTOS: ("第一批照片已上线，点击查看", "已上线"),
    Milestone.NEW_PHOTOS: ("有新照片，点击查看", "已更新"),
    Milestone.RETOUCHED: ("精修照片已上线，点击查看", "已完成"),
    Milestone.COMPLETE: ("相册已完整，点击查看全部照片", "已完成"),
    Milestone.FOUND: ("有新照片拍到了你，点击查看", "已更新"),
}


@dataclass(frozen=True, slots=True)
class MessageTemplate:
    template_id: str
    mapping: Mapping[str, str]  # our word → keyword


@dataclass(frozen=True, slots=True)
class Templates:
    """Of one mini-program."""

    by_milestone: Mapping[Milestone, MessageTemplate]

    @property
    def ids(self) -> dict[Milestone, str]:
        return {milestone: found.template_id for milestone, found in self.by_milestone.items()}

    @property
    def asked(self) -> list[str]:
        """What to ask a guest for in one question, each once, at most three."""
        order = (Milestone.FIRST_PHOTOS, Milestone.COMPLETE, Milestone.RETOUCHED, Milestone.FOUND, Milestone.OPEN)
        return list(dict.fromkeys(self.by_milestone[m].template_id for m in order))[:MOST_ASKED]

    @property
    def found(self) -> str:
        """What to ask a guest for who wants to hear of photos of their own."""
        return self.by_milestone[Milestone.FOUND].template_id

    @property
    def all(self) -> list[MessageTemplate]:
        """Each once."""
        return list({found.template_id: found for found in self.by_milestone.values()}.values())

    def said(self, milestone: Milestone, title: str, count: int, at: int) -> dict[str, str]:
        """The `data` of a message. Raises BadInput when a word does not fit its keyword at all."""
        tip, state = WORDS[milestone]
        words: dict[str, str | int] = {"album": title, "count": count, "time": at, "tip": tip, "state": state}
        mapping = self.by_milestone[milestone].mapping
        return fields.fit(mapping, words, {mapping["state"]: [state]} if "state" in mapping else None)


def parse(template_id: str, template_fields: str, more: str) -> Templates:
    """Raises BadInput that says which piece of which setting is wrong."""
    one = MessageTemplate(template_id, fields.parse_mapping(template_fields))
    found = dict.fromkeys(Milestone, one)
    for piece in filter(None, (p.strip() for p in more.split(";"))):
        head, _, mapping = piece.partition(" ")
        name, equals, its_id = head.partition("=")
        if not equals or name not in set(Milestone) or not its_id:
            known = ", ".join(Milestone)
            raise BadInput(f"KUAIMEN_WECHAT_TEMPLATES: {head!r} is not <milestone>=<template id> with one of {known}")
        found[Milestone(name)] = MessageTemplate(its_id, fields.parse_mapping(mapping))
    return Templates(found)
