"""The JSON of «find me», as types."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from backend.models import ConsentKind, VeilKind, VeilState
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


class Like(Shape):
    face_id: int
    consent: Annotated[str, Field(max_length=32)] = ""


class Placed(Shape):
    """Where a face is: parts (0–1) of the upright photo."""

    x: Annotated[float, Field(ge=0, le=1)]
    y: Annotated[float, Field(ge=0, le=1)]
    width: Annotated[float, Field(gt=0.002, le=0.7)]
    height: Annotated[float, Field(gt=0.002, le=0.9)]


class VeilRequest(Shape):
    """`place`, or `face_id` of that photo. With `consent` (of kind veil) in all photos, also those to come: of the
    person of `face_id`, or of the selfie behind `ticket`.
    """

    kind: VeilKind
    place: Placed | None = None
    face_id: int | None = None
    words: Annotated[str, Field(max_length=300)] = ""
    consent: Annotated[str, Field(max_length=32)] = ""
    ticket: Annotated[str, Field(max_length=20_000)] = ""


class Lift(Shape):
    """`lift`: show again what was covered; else only no later photo is looked at."""

    lift: bool = False


class PlacedFace(Placed):
    face_id: int


class VeilShape(BaseModel):
    id: str
    photo_id: str
    kind: VeilKind
    state: VeilState
    everywhere: bool
    photos: int
    created_at: int


class FacesOfPhoto(BaseModel):
    faces: list[PlacedFace]
    tap: bool
    veil: bool
    notice: dict[str, Any] | None = None


class Veils(BaseModel):
    veils: list[VeilShape]


class VeilEnded(BaseModel):
    deleted: dict[str, int]
    at: int


class FaceOffer(BaseModel):
    offered: bool
    tap: bool = False
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
