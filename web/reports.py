"""Reports of an event: JSON for the console, CSV and PDF to keep, and a sponsor's own read-only link (wire §3)."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Any, Final

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from backend import accounts, audit, stats
from backend.accounts import Who
from backend.clock import spoken
from backend.errors import NotFound
from backend.http import answer, body, language, needs, stage
from backend.models import Event
from backend.storage import attachment
from web import drawing_fonts, shell

bp = Blueprint("reports", __name__, url_prefix="/api/v1")
SHARED_S: Final = 90 * 24 * 3600
NUMBERS: Final = ("guests", "visit", "viewable", "view", "click", "download", "share")
WORDS: Final = {
    "guests": ("访客", "Guests"),
    "visit": ("访问", "Visits"),
    "viewable": ("可见曝光", "Viewable"),
    "view": ("大图浏览", "Views"),
    "click": ("点击", "Clicks"),
    "download": ("下载", "Downloads"),
    "share": ("分享", "Shares"),
    "totals": ("合计", "Totals"),
    "hours": ("按小时", "By hour"),
    "sources": ("按来源", "By source"),
    "sponsors": ("赞助商", "Sponsors"),
    "report": ("活动数据报告", "Event report"),
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
    rows = [(section, name, [line[number] for number in NUMBERS]) for section, name, line in _lines(said)]
    heads = [_say(number) for number in NUMBERS]
    return shell.page(at, "sponsor.html", "message", event=event, rows=rows, heads=heads, rule=_say("rule"))


def _report(who: Who, event_id: str) -> tuple[Event, dict[str, Any]]:
    with stage().db.reading() as tx:
        event = accounts.their_event(tx, who, event_id, "see_report")
        return event, stats.report(tx, event_id)


def _lines(said: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """(section, name, numbers): what CSV, PDF and the sponsor's page all show."""
    zone = stage().settings.timezone
    found = [(_say("totals"), "", said["totals"])]
    found += [(_say("hours"), spoken(line["at"], zone), line) for line in said["hours"]]
    found += [(_say("sources"), line["source"] or "-", line) for line in said.get("sources", [])]
    for line in said["sponsors"]:
        found.append((_say("sponsors"), line["name"], line))
        found += [(_say("sponsors"), f"{line['name']} · {v['version']}", v) for v in line["versions"]]
    return found


def _pdf(event: Event, said: dict[str, Any]) -> bytes:
    lines = _lines(said)
    heads = [_say(number) for number in NUMBERS]
    texts = [_say("report"), event.title, event.place, _say("rule"), *heads, *(f"{a}{b}" for a, b, _ in lines)]
    face = drawing_fonts.face(drawing_fonts.SANS)
    font = f"Report{event.id}"
    letters = set("".join(texts)) | set("0123456789,.-:·年月日 ")
    pdfmetrics.registerFont(TTFont(font, io.BytesIO(drawing_fonts.small_font(face, letters))))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4)
    canvas.setTitle(f"{event.title} {_say('report')}")
    _sheets(canvas, font, [_say("report"), event.title, event.place, _say("rule")], heads, lines)
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
    for size, text in zip((20, 13, 10, 8), words, strict=True):
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


def _file(content: str | bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": attachment(name), "Cache-Control": "private, no-store"}
    return Response(content, content_type=kind, headers=headers)


def _say(word: str) -> str:
    return WORDS[word][language() == "en"]
