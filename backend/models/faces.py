"""Tables of faces: an event's rule, what was found in its photos, who agreed to what. Vectors are sealed per event."""

from __future__ import annotations

import enum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from backend.clock import now_ms
from backend.models.base import Base, own_id


class ConsentKind(enum.StrEnum):
    """search: compare one selfie, keep nothing; follow: keep its vector and look in new photos, until the end;
    veil: keep a vector only to cover that person in photos.
    """

    SEARCH = "search"
    FOLLOW = "follow"
    VEIL = "veil"


class VeilKind(enum.StrEnum):
    """blur: the face is covered; exclude: photos with the person are off every screen."""

    BLUR = "blur"
    EXCLUDE = "exclude"


class VeilState(enum.StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    DECLINED = "declined"
    ENDED = "ended"


class FaceRule(Base):
    """找人: whether an event's faces may be compared. No row: nobody ever switched it on."""

    __tablename__ = "face_rules"
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"), primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"), index=True)
    active: Mapped[bool] = mapped_column(default=False)
    children: Mapped[bool] = mapped_column(default=False, server_default=false())  # guardians agree for them
    contact: Mapped[str] = mapped_column(String(120), default="")  # of whoever answers for the data
    checklist: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the impact assessment, as it was answered
    notice: Mapped[str] = mapped_column(String(16), default="")  # version of the text guests agree to
    sealed_key: Mapped[str | None] = mapped_column(String(200))  # of the vectors; None: destroyed, or never made
    purge_at: Mapped[int | None] = mapped_column(index=True)  # everything goes then
    purged_at: Mapped[int | None]
    certificate: Mapped[dict[str, Any] | None]  # what was deleted, without what it was
    tap_h5: Mapped[bool] = mapped_column(default=False, server_default=false())  # tap a face, see more of the person
    tap_mini: Mapped[bool] = mapped_column(default=False, server_default=false())  # the same in the mini-program
    grouped: Mapped[int] = mapped_column(default=0, server_default="0")  # faces there were at the last grouping
    epoch: Mapped[int] = mapped_column(default=0, server_default="0")  # raised when faces were grouped anew
    switched_at: Mapped[int] = mapped_column(default=now_ms)


class FaceScan(Base):
    """A photo was looked at, or is being: the job's memory, so that it may run twice or die."""

    __tablename__ = "face_scans"
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"), primary_key=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"), index=True)
    engine: Mapped[str] = mapped_column(String(40))
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[int] = mapped_column(default=0)  # not before
    faces: Mapped[int | None]  # None: not looked at yet


class Face(Base):
    """A face in a photo: where, how large, and 128 half floats that nobody reads without the event's key."""

    __tablename__ = "faces"
    __table_args__ = (
        UniqueConstraint("photo_id", "engine", "ordinal"),
        Index(None, "event_id", "id"),
        {"sqlite_autoincrement": True},  # a number is never given twice: indexes ask for what came after the last
    )
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"))
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"))
    engine: Mapped[str] = mapped_column(String(40))
    ordinal: Mapped[int]  # largest first
    person: Mapped[int | None]  # cluster: the id of its first face
    x: Mapped[float]  # parts (0–1) of the upright source
    y: Mapped[float]
    width: Mapped[float]
    height: Mapped[float]
    score: Mapped[float]
    size_px: Mapped[float]
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class FaceConsent(Base):
    """One guest agreed to one thing at one event, to one version of the text."""

    __tablename__ = "face_consents"
    __table_args__ = (Index(None, "event_id", "guest_id"),)
    id: Mapped[str] = own_id()
    guest_id: Mapped[str] = mapped_column(ForeignKey("guests.id"))
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"))
    kind: Mapped[ConsentKind]
    notice: Mapped[str] = mapped_column(String(16))
    guardian: Mapped[bool] = mapped_column(default=False, server_default=false())  # for a child under 14
    given_at: Mapped[int] = mapped_column(default=now_ms)
    expires_at: Mapped[int]
    withdrawn_at: Mapped[int | None]


class FaceTemplate(Base):
    """Of a guest who wants to hear of new photos: the vector, sealed. Goes with the consent."""

    __tablename__ = "face_templates"
    guest_id: Mapped[str] = mapped_column(ForeignKey("guests.id"), primary_key=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"), primary_key=True)
    engine: Mapped[str] = mapped_column(String(40))
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    shift: Mapped[float] = mapped_column(default=0.0, server_default="0")  # of this guest's threshold, by corrections
    created_at: Mapped[int] = mapped_column(default=now_ms)


class FaceMatch(Base):
    """A photo that is «mine» by face, for a guest who follows. Goes with the template."""

    __tablename__ = "face_matches"
    guest_id: Mapped[str] = mapped_column(ForeignKey("guests.id"), primary_key=True)
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"), primary_key=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"), index=True)
    found_at: Mapped[int] = mapped_column(default=now_ms)


class FaceVeil(Base):
    """遮脸申请: a person in a photo asks to be covered or left out; a member decides."""

    __tablename__ = "face_veils"
    __table_args__ = (Index(None, "event_id", "state"), Index(None, "guest_id", "event_id"))
    id: Mapped[str] = own_id()
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    event_id: Mapped[str] = mapped_column(ForeignKey("events.id"))
    guest_id: Mapped[str] = mapped_column(ForeignKey("guests.id"))
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"))  # from which it was asked
    kind: Mapped[VeilKind]
    state: Mapped[VeilState] = mapped_column(default=VeilState.OPEN)
    x: Mapped[float]  # where the face is in that photo: parts (0–1) of the upright source
    y: Mapped[float]
    width: Mapped[float]
    height: Mapped[float]
    words: Mapped[str] = mapped_column(String(300), default="")
    consent_id: Mapped[str | None] = mapped_column(String(16))  # to be looked for in other photos; None: this one only
    engine: Mapped[str | None] = mapped_column(String(40))
    vector: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed; goes with the consent
    created_at: Mapped[int] = mapped_column(default=now_ms)
    decided_at: Mapped[int | None]
    decided_by: Mapped[str | None] = mapped_column(String(80))
    ended_at: Mapped[int | None]


class FaceMask(Base):
    """遮挡: a place in a photo that a veil covers; of a veil that excludes, a photo it keeps off. No biometrics."""

    __tablename__ = "face_masks"
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"), primary_key=True)
    veil_id: Mapped[str] = mapped_column(ForeignKey("face_veils.id"), primary_key=True, index=True)
    kind: Mapped[VeilKind]
    x: Mapped[float]
    y: Mapped[float]
    width: Mapped[float]
    height: Mapped[float]
    made_at: Mapped[int] = mapped_column(default=now_ms)


class FaceReturn(Base):
    """A photo that is off the screen only until nothing of its old pictures is left; then it comes back."""

    __tablename__ = "face_returns"
    photo_id: Mapped[str] = mapped_column(ForeignKey("photos.id"), primary_key=True)
    asked_at: Mapped[int] = mapped_column(default=now_ms)
