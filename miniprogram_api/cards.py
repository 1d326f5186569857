"""A card to share: the photo, the event's name, and a code that leads back to it. About 80 ms."""

from __future__ import annotations

import io
from typing import Final

import gevent
import pylopdf_fonts_zh_cn as fonts
import qrcode
from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from gevent import monkey
from PIL import Image, ImageDraw, ImageFont
from qrcode.constants import ERROR_CORRECT_M

from backend import gate, security
from backend.clock import spoken
from backend.errors import NotFound
from backend.http import calling_guest, stage
from backend.models import Rendition, RenditionKind
from backend.openapi import endpoint
from miniprogram_api.mark import draw as marked
from miniprogram_api.photos import live_photo

bp = Blueprint("guest_cards", __name__, url_prefix="/mp/v1")
WIDTH, EDGE, CODE = 1080, 56, 220  # px: the card, its margin, the code with its quiet zone
TALLEST: Final = 1440  # px of the photo
PAPER, INK, SOFT = (250, 249, 246), (28, 26, 23), (120, 114, 106)


@bp.get("/photos/<photo_id>/card.jpg")
@endpoint(answers={200: None})
def card(photo_id: str) -> ResponseReturnValue:
    """1080 px wide. As private as the photo: a private album's guest finds their mark in it where it is wanted."""
    caller = calling_guest()
    at = stage()
    with at.db.reading() as tx:
        photo = live_photo(tx, photo_id)
        mine = gate.enter(tx, photo.album_id)
        view = tx.get(Rendition, (photo_id, RenditionKind.VIEW))
        event = mine.album.event
    if view is None:
        raise NotFound("picture")
    security.allow(at.redis, f"card:{caller or mine.guest or 'nobody'}", limit=300, window_s=60)
    data = at.store.get(view.key)
    if mine.album.guest_mark and not mine.public:
        data = marked(data, mine.guest[:8])
    link = f"{at.settings.base_url}/a/{event.share_code}?album={photo.album_id}&f=l#p={photo_id}"
    when = spoken(photo.shot_at or photo.live_at or event.created_at, at.settings.timezone)
    words = (event.title, f"{when}  {event.place}".strip(), link)
    made = gevent.get_hub().threadpool.apply(draw, (data, *words)) if _green() else draw(data, *words)
    return Response(made, mimetype="image/jpeg", headers={"Cache-Control": "private, no-store"})


def _green() -> bool:
    return bool(monkey.is_module_patched("socket"))


def draw(data: bytes, title: str, below: str, link: str) -> bytes:
    """`data` is a JPEG; so is the answer."""
    with Image.open(io.BytesIO(data)) as opened:
        opened.draft("RGB", (WIDTH, WIDTH))
        photo = opened.convert("RGB")
    scale = min(WIDTH / photo.width, TALLEST / photo.height)
    photo = photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.Resampling.LANCZOS)
    foot = CODE + 2 * EDGE
    sheet = Image.new("RGB", (WIDTH, photo.height + foot), PAPER)
    sheet.paste(photo, ((WIDTH - photo.width) // 2, 0))
    code = _code(link)
    sheet.paste(code, (WIDTH - EDGE - CODE, photo.height + EDGE))
    pen = ImageDraw.Draw(sheet)
    room = WIDTH - 3 * EDGE - CODE
    top = photo.height + EDGE + 24
    for n, line in enumerate(_lines(title, room, 52, 2)):
        pen.text((EDGE, top + n * 64), line, INK, _font(52))
    pen.text((EDGE, photo.height + EDGE + CODE - 44), _lines(below, room, 28, 1)[0], SOFT, _font(28))
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=88)
    return out.getvalue()


def _code(link: str) -> Image.Image:
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(link)
    code.make(fit=True)
    matrix = code.get_matrix()
    small = Image.new("L", (len(matrix), len(matrix)), 255)
    small.putdata([0 if dark else 255 for row in matrix for dark in row])
    return small.resize((CODE, CODE), Image.Resampling.NEAREST).convert("RGB")


def _lines(text: str, room: int, size: int, most: int) -> list[str]:
    """Broken where it is full; what is left over ends in an ellipsis."""
    font = _font(size)
    lines = [""]
    for sign in text or " ":
        if font.getlength(lines[-1] + sign) > room:
            if len(lines) == most:
                lines[-1] = lines[-1][:-1] + "…"
                return lines
            lines.append("")
        lines[-1] += sign
    return lines


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(fonts.sans_path(), size)
