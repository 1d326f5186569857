"""Reports of an event: JSON for the console, CSV and PDF to keep, and a sponsor's own read-only link (wire §3)."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from sqlalchemy import select

from backend import accounts, audit, stats
from backend.accounts import Who
from backend.clock import now_ms, spoken
from backend.errors import NotFound
from backend.http import answer, body, language, needs, stage
from backend.models import Certificate, Event
from backend.storage import attachment
from web import drawing_fonts, shell

bp = Blueprint("reports", __name__, url_prefix="/api/v1")
SHARED_S: Final = 90 * 24 * 3600
NUMBERS: Final = ("guests", "visit", "viewable", "view", "click", "download", "share")
OF_SPONSORS: Final = ("guests", "viewable", "view", "click", "download", "share")  # a visit is of no one sponsor
SLOTS: Final = {"download": "taking"}  # a slot whose word is a number's, too
WORDS: Final = {
    "guests": ("访客", "Guests"),
    "visit": ("访问", "Visits"),
    "viewable": ("可见曝光", "Viewable"),
    "view": ("大图浏览", "Views"),
    "click": ("链接点击", "Link clicks"),
    "download": ("下载", "Downloads"),
    "share": ("分享", "Shares"),
    "totals": ("合计", "Totals"),
    "hours": ("按小时", "By hour"),
    "sources": ("按来源", "By source"),
    "sponsors": ("赞助商", "Sponsors"),
    "report": ("活动数据报告", "Event report"),
    "shot_to_live": ("快门到上线", "Shutter to live"),
    "received_to_live": ("相机桥收到到上线", "Received by the bridge to live"),
    "lag": ("中位 {p50} 秒，95% 在 {p95} 秒内（{n} 张）", "median {p50} s, 95 % within {p95} s ({n} photos)"),
    "outages": ("相机桥断线", "Outages of bridges"),
    "outage": ("{n} 次，共 {total} 分钟，最长 {longest} 分钟", "{n}, {total} min in all, the longest {longest} min"),
    "no_outage": ("没有", "none"),
    "unknown": ("暂无数据", "not known yet"),
    "finished": ("五分钟内完成", "Finished within five minutes"),
    "of": ("{done}/{due} 张（{percent}%）", "{done} of {due} photos ({percent} %)"),
    "certificate": ("交付证明", "Certificate of delivery"),
    "frame": ("照片边框", "Frame on photos"),
    "banner": ("横幅", "Banner"),
    "start": ("开始页", "Start page"),
    "tile": ("照片墙", "Tile on the wall"),
    "taking": ("下载页", "Download page"),
    "alone": (
        "只含带有您的边框的照片、您的横幅和广告位",
        "Only photos with your frame, your banner and your sponsor slots",
    ),
    "fresh": ("截至 {at}，每 30 秒自动更新", "As of {at}; fresh every 30 seconds"),
    "rule": (
        "可见曝光：画面一半以上停留一秒。访客按随机编号计数，不计工作人员与机器人。",
        "Viewable: half of the tile for a second. Guests by random id; staff and robots are not counted.",
    ),
}


class Shared(BaseModel):
    art_key: Annotated[str, Field(max_length=200)]


@bp.get("/events/<event_id>/report")
@needs("see_report")
def show(who: Who, event_id: str) -> ResponseReturnValue:
    """Counted now, from every single trace."""
    event, said = _report(who, event_id)
    return answer({"event": {"id": event.id, "title": event.title}} | said)


@bp.get("/events/<event_id>/report.csv")
@needs("see_report")
def as_csv(who: Who, event_id: str) -> ResponseReturnValue:
    """One line per number row; opens in a spreadsheet with Chinese intact."""
    event, said = _report(who, event_id)
    out = io.StringIO()
    sheet = csv.writer(out)
    sheet.writerow([_say("report"), event.title, *(_say(name) for name in NUMBERS)])
    for section, name, line in _lines(said):
        sheet.writerow([section, name, *(line[number] for number in NUMBERS)])
    sheet.writerows(_speed(said))
    return _file("\ufeff" + out.getvalue(), "text/csv; charset=utf-8", f"{event.title}.csv")


@bp.get("/events/<event_id>/report.pdf")
@needs("see_report")
def as_pdf(who: Who, event_id: str) -> ResponseReturnValue:
    event, said = _report(who, event_id)
    return _file(_pdf(event, said), "application/pdf", f"{event.title}.pdf")


@bp.post("/events/<event_id>/report/share")
@needs("change_event")
def share(who: Who, event_id: str) -> ResponseReturnValue:
    """A link for one sponsor: their own numbers, live, nothing else, for 90 days."""
    said, at = body(Shared), stage()
    with at.db.writing() as tx:
        event = accounts.their_event(tx, who, event_id, "change_event")
        if said.art_key not in {one["art_key"] for one in stats.report(tx, event_id)["sponsors"]}:
            raise NotFound("sponsor")
        change: tuple[dict[str, Any], dict[str, Any]] = ({}, {"art_key": said.art_key})
        audit.record(tx, event.organization_id, who.actor, "share_report", f"event:{event_id}", change)
    token = at.signer.issue("report", f"{event_id}|{said.art_key}", ttl_s=SHARED_S)
    return answer({"url": f"{at.settings.base_url}/api/v1/sponsor/{token}"})


@bp.get("/sponsor/<token>")
def sponsor(token: str) -> ResponseReturnValue:
    """The sponsor's page; the signature names one event and one sponsor, and nothing else is read."""
    at = stage()
    event_id, _, art_key = at.signer.read("report", token).subject.partition("|")
    with at.db.reading() as tx:
        event = tx.get(Event, event_id)
        if event is None:
            raise NotFound("event")
        said = stats.report(tx, event_id, art_key)
    [mine] = said["sponsors"] or [{"name": "", "versions": []}]
    most = max((hour["viewable"] for hour in said["hours"]), default=0)
    hours = [(_moment(hour["at"])[-5:], hour["viewable"]) for hour in said["hours"]]
    return shell.page(
        at,
        "sponsor.html",
        "message",
        event=event,
        name=mine["name"],
        sums=[(_say(number), said["totals"][number]) for number in OF_SPONSORS],
        hours=hours,
        most=most or 1,
        rows=[(section, name, [line[n] for n in OF_SPONSORS]) for section, name, line in _lines(said)[1:]],
        heads=[_say(number) for number in OF_SPONSORS],
        term={word: _say(word) for word in ("rule", "hours", "viewable", "alone")},
        fresh=_say("fresh").format(at=_moment(now_ms())),
    )


def _report(who: Who, event_id: str) -> tuple[Event, dict[str, Any]]:
    newest = select(Certificate.id).filter_by(event_id=event_id).order_by(Certificate.drawn_at.desc()).limit(1)
    with stage().db.reading() as tx:
        event = accounts.their_event(tx, who, event_id, "see_report")
        drawn = tx.scalars(newest).first()
        url = f"{stage().settings.base_url}/certificates/{drawn}" if drawn else None
        return event, stats.report(tx, event_id) | {"certificate_url": url}


def _speed(said: dict[str, Any]) -> list[tuple[str, str]]:
    """(what, in words): how fast photos were, and where it is certified that none was lost."""
    found = []
    for name in ("shot_to_live", "received_to_live"):
        lag = said["speed"][name]
        n, p50, p95 = lag["n"], lag["p50_ms"], lag["p95_ms"]
        words = _say("lag").format(n=n, p50=f"{p50 / 1000:.1f}", p95=f"{p95 / 1000:.1f}") if n else _say("unknown")
        found.append((_say(name), words))
    due, done = said["speed"]["finished"]["due"], said["speed"]["finished"]["in_time"]
    words = _say("of").format(done=done, due=due, percent=done * 100 // due) if due else _say("unknown")
    found.append((_say("finished"), words))
    found.append((_say("outages"), _silence(said["outages"])))
    return [*found, *([(_say("certificate"), said["certificate_url"])] if said["certificate_url"] else [])]


def _silence(said: dict[str, int]) -> str:
    minutes = {"total": f"{said['total_ms'] / 60_000:.1f}", "longest": f"{said['longest_ms'] / 60_000:.1f}"}
    return _say("outage").format(n=said["n"], **minutes) if said["n"] else _say("no_outage")


def _lines(said: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """(section, name, numbers): what CSV, PDF and the sponsor's page all show."""
    found = [(_say("totals"), "", said["totals"])]
    found += [(_say("hours"), _moment(line["at"]), line) for line in said["hours"]]
    found += [(_say("sources"), line["source"] or "-", line) for line in said.get("sources", [])]
    for line in said["sponsors"]:
        found.append((_say("sponsors"), line["name"], line))
        found += [
            (_say("sponsors"), f"{line['name']} · {v['version'] or _say(SLOTS.get(v['slot'], v['slot']))}", v)
            for v in line["versions"]
        ]
    return found


def _pdf(event: Event, said: dict[str, Any]) -> bytes:
    lines = _lines(said)
    heads = [_say(number) for number in NUMBERS]
    words = [_say("report"), event.title, event.place, *(f"{a}: {b}" for a, b in _speed(said)), _say("rule")]
    texts = [*words, *heads, *(f"{a}{b}" for a, b, _ in lines)]
    face = drawing_fonts.face(drawing_fonts.SANS)
    font = f"Report{event.id}"
    letters = set("".join(texts)) | set("0123456789,.-:·年月日 ")
    pdfmetrics._dynFaceNames.pop(face.name.encode(), None)  # noqa: SLF001 - else the last document's letters stay
    pdfmetrics.registerFont(TTFont(font, io.BytesIO(drawing_fonts.small_font(face, letters))))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.setTitle(f"{event.title} {_say('report')}")
    _sheets(canvas, font, words, heads, lines)
    canvas.save()
    pdfmetrics._fonts.pop(font, None)  # noqa: SLF001 - registered for this document only
    return out.getvalue()


def _sheets(
    canvas: Any,  # noqa: ANN401 ReportLab has no types
    font: str,
    words: list[str],
    heads: list[str],
    lines: list[tuple[str, str, dict[str, Any]]],
) -> None:
    """Rows until the page is full, then another page."""
    width, height = A4
    y = height - 60.0
    for size, text in zip((20, 13, 10, *(8 for _ in words[3:])), words, strict=True):
        canvas.setFont(font, size)
        canvas.drawString(40, y, text)
        y -= size + 8
    for section, name, line in [("", "", dict(zip(NUMBERS, heads, strict=True))), *lines]:
        if y < 50:
            canvas.showPage()
            y = height - 50.0
        canvas.setFont(font, 8)
        canvas.drawString(40, y, f"{section} {name}"[:38])
        for column, number in enumerate(NUMBERS):
            canvas.drawRightString(width - 40 - (len(NUMBERS) - 1 - column) * 46, y, str(line[number]))
        y -= 15


def _moment(at: int) -> str:
    """In the zone of the events, as the reader's language writes it."""
    zone = stage().settings.timezone
    if language() != "en":
        return spoken(at, zone)
    return f"{datetime.fromtimestamp(at / 1000, ZoneInfo(zone)):%-d %b %Y %H:%M}"


def _file(content: str | bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": attachment(name), "Cache-Control": "private, no-store"}
    return Response(content, content_type=kind, headers=headers)


def _say(word: str) -> str:
    return WORDS[word][language() == "en"]
