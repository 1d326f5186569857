"""The JSON of «find me», as types."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from backend.models import ConsentKind
from miniprogram_api.shapes import PhotoShape, Shape

Ticket = Annotated[str, Field(min_length=1, max_length=20_000)]


class Agreement(Shape):
    """`adult`: 14 or older; `guardian`: agrees for a child under 14."""

    kind: ConsentKind
    notice: Annotated[str, Field(max_length=16)]
    adult: bool = False
    guardian: bool = False


class SearchQuery(Shape):
    consent: Annotated[str, Field(max_length=32)] = ""


class Again(Shape):
    """`yes`: `face_id`s that are this guest; `no`: ids of photos that are not of them."""

    ticket: Ticket
    yes: list[int] = Field(default=[], max_length=50)
    no: list[Annotated[str, Field(max_length=32)]] = Field(default=[], max_length=300)


class Follow(Shape):
    ticket: Ticket
    consent: Annotated[str, Field(max_length=32)] = ""


class FaceOffer(BaseModel):
    offered: bool
    notice: dict[str, Any] | None = None
    children: bool = False
    consents: dict[str, str] = {}
    following: bool = False


class Agreed(BaseModel):
    id: str
    expires_at: int


class FoundPhoto(PhotoShape):
    face_id: int


class Found(BaseModel):
    sure: list[FoundPhoto]
    maybe: list[FoundPhoto]
    looked_at: int
    ticket: str


class Followed(BaseModel):
    following: bool
    photos: int


class Stopped(BaseModel):
    deleted: dict[str, int]
    at: int
