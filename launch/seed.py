"""A believable first event: one album with a watermark and a sponsor frame, one organizer, one bridge.

Made once. What people need to type is kept in `seed.json` in the data directory, readable by its owner only.
"""

from __future__ import annotations

import io
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image, ImageDraw
from sqlalchemy import select

from backend import branding, events, security
from backend.clock import now_ms
from backend.context import Stage
from backend.db import Tx
from backend.models import Album, ArtKind, BrandKit, Bridge, Event, Member, Organization, Role, new_code, new_id
from backend.storage import art_key, digest
from launch.home import write_private

DAY_MS = 24 * 3600 * 1000
FRAME_SIZE = (1200, 800)


@dataclass(frozen=True, slots=True)
class Seeded:
    """What the terminal shows and the bridge's configuration needs."""

    organization_id: str
    event_id: str
    album_id: str
    share_code: str
    scene: str
    login: str
    password: str
    bridge_token: str
    ftp_user: str
    ftp_password: str


def seed(stage: Stage) -> Seeded:
    """Idempotent, also after a crash: what was promised in `seed.json` is what gets planted.

    Raises ValueError when the database is seeded but the file with its passwords is gone.
    """
    kept = stage.settings.data_dir / "seed.json"
    if kept.exists():
        promised = Seeded(**json.loads(kept.read_text()))
    else:
        _demand_unseeded(stage, kept)
        promised = _promise()
        write_private(kept, json.dumps(asdict(promised), indent=1))
    with stage.db.reading() as tx:
        planted = tx.get(Event, promised.event_id) is not None
    if not planted:
        frame = frame_art()
        frame_key = art_key(promised.organization_id, digest(frame), "png")
        stage.store.put(frame_key, frame, content_type="image/png")
        with stage.db.writing() as tx:
            _plant(tx, promised, frame_key)
            branding.keep_art(
                tx, promised.organization_id, key=frame_key, name="frame.png", kind=ArtKind.PICTURE, size=len(frame)
            )
    return promised


def frame_art() -> bytes:
    """A sponsor's frame drawn by ourselves: a dark band at the foot with a line of colour, transparent above; PNG."""
    width, height = FRAME_SIZE
    art = Image.new("RGBA", FRAME_SIZE, (0, 0, 0, 0))
    draw = ImageDraw.Draw(art)
    band = height - height // 8
    draw.rectangle((0, band, width, height), fill=(16, 24, 32, 235))
    draw.rectangle((0, band, width, band + 6), fill=(232, 96, 44, 255))
    for n in range(3):
        left = 28 + n * 26
        draw.ellipse((left, band + 36, left + 44, band + 80), fill=(232, 96, 44, 255 - 70 * n))
    out = io.BytesIO()
    art.save(out, "PNG", optimize=True)
    return out.getvalue()


def _promise() -> Seeded:
    share_code = new_code()
    return Seeded(
        organization_id=new_id(),
        event_id=new_id(),
        album_id=new_id(),
        share_code=share_code,
        scene=events.scene(share_code),
        login="organizer",
        password=secrets.token_urlsafe(9),
        bridge_token=security.new_token(),
        ftp_user="cam1",
        ftp_password="".join(secrets.choice("0123456789") for _ in range(8)),
    )


def _demand_unseeded(stage: Stage, kept: Path) -> None:
    with stage.db.reading() as tx:
        if tx.scalars(select(Member).filter_by(login="organizer")).first() is not None:
            raise ValueError(f"{kept} is missing, but the database is seeded; put the file back or start afresh")


def _plant(tx: Tx, promised: Seeded, frame_key: str) -> None:
    organization = Organization(id=promised.organization_id, name="快门示例机构")
    tx.add(organization)
    tx.flush()
    member = Member(
        organization_id=organization.id,
        login=promised.login,
        name="主办方",
        role=Role.OWNER,
        password_hash=security.hash_password(promised.password),
    )
    kit = BrandKit(
        organization_id=organization.id,
        name="默认品牌",
        look={"preset": "auto"},
        layers={"layers": [{"text": "快门 KUAIMEN", "place": "ne", "size": 3.2, "opacity": 0.85}]},
        frame={"art_key": frame_key, "slices": [0, 0, 14, 12], "band": 13},
    )
    event = Event(
        id=promised.event_id,
        organization_id=organization.id,
        title="2026 年度盛典",
        place="上海 · 西岸艺术中心",
        starts_at=now_ms(),
        ends_at=now_ms() + DAY_MS,
        share_code=promised.share_code,
    )
    tx.add_all([member, kit, event])
    tx.flush()
    album = Album(
        id=promised.album_id,
        organization_id=organization.id,
        event_id=event.id,
        title="现场直播",
        recipe_id=branding.save(tx, branding.wanted(kit, watermark=True, frame=True)),
        brand_kit_id=kit.id,
    )
    tx.add(album)
    tx.flush()
    bridge = Bridge(
        organization_id=organization.id,
        event_id=event.id,
        album_id=album.id,
        name="内置相机桥",
        token_hash=security.token_hash(promised.bridge_token),
    )
    tx.add(bridge)
