"""The guests' API described by itself: /mp/v1/openapi.json."""

from __future__ import annotations

from pydantic import ValidationError
from spectree import SpecTree

from backend.errors import BadInput
from backend.http import wrong_fields


def _refuse(_request: object, _response: object, wrong: Exception | None, *_: object) -> None:
    """Raises BadInput, so that a wrong field has the shape of every other error."""
    if isinstance(wrong, ValidationError):
        raise BadInput(wrong_fields(wrong))


spec = SpecTree(
    "flask",
    path="mp/v1",
    title="Kuaimen guest API",
    version="1",
    mode="strict",
    annotations=True,
    before=_refuse,
    page_templates={},
)
