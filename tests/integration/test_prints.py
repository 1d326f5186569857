"""Prints over HTTP: who may have them, made once, with WeChat or without, named so that people find them again."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import unquote

import httpx
import numpy as np
import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageDraw

from backend.context import Stage
from backend.models import Album, BrandKit, Event, Member, Role
from backend.storage import art_key, digest
from backend.wechat import WeChat
from launch.app import create_app
from tests.cast import Cast, make_cast
from tests.integration.test_places import LOGO, looked_through
from tests.wechat_sandbox import (
    Sandbox,
)
from web import prints

pytestmark = pytest.mark.slow

CODE = "getwxacodeunlimit"
PDFS = ("poster.pdf", "cards.pdf")
PRINTS = ("poster.png", *PDFS)
ALL = ("qr.png", "code.png", *PRINTS)


@pytest.fixture
def stage_with_wechat(stage: Stage, wechat: WeChat) -> Stage:
    settings = stage.settings.model_copy(update={"public_url": "https://photos.example.com"})
    return replace(stage, wechat=wechat, settings=settings)


@pytest.fixture
def http(stage_with_wechat: Stage) -> Iterator[httpx.Client]:
    app = create_app(stage_with_wechat)
    if prints.bp.name not in app.blueprints:
        app.register_blueprint(prints.bp)
    with httpx.Client(transport=httpx.WSGITransport(app), base_url="http://kuaimen.test") as client:
        yield client


@pytest.fixture
def owner(stage: Stage, cast: Cast) -> dict[str, str]:
    return signed_in(stage, cast.owner.id)


def signed_in(stage: Stage, member_id: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {stage.signer.issue('member', member_id, ttl_s=600, epoch=0)}"}


def where(cast: Cast, name: str) -> str:
    return f"/api/v1/events/{cast.event.id}/{name}"


def h5(cast: Cast, source: str = "p") -> str:
    return f"https://photos.example.com/a/{cast.event.share_code}?f={source}"


def mini(cast: Cast, source: str = "p") -> str:
    """What the sandbox's stand-in says."""
    return f"http://127.0.0.1:8080/s?scene=e%3D{cast.event.share_code}%26f%3D{source}"


def pages(answer: httpx.Response) -> list[np.ndarray]:
    assert answer.status_code == 200, answer.text
    if answer.headers["Content-Type"] == "image/png":
        return [np.array(Image.open(io.BytesIO(answer.content)).convert("RGB"))]
    assert answer.headers["Content-Type"] == "application/pdf"
    opened = pypdfium2.PdfDocument(answer.content)
    try:
        return [page.render(scale=4).to_numpy()[:, :, :3].copy() for page in opened]
    finally:
        opened.close()


def said(answer: httpx.Response) -> set[str]:
    return {found.text for page in pages(answer) for found in zxingcpp.read_barcodes(page)}


def words(answer: httpx.Response) -> str:
    opened = pypdfium2.PdfDocument(answer.content)
    try:
        return "".join("".join(page.get_textpage().get_text_range() for page in opened).split())
    finally:
        opened.close()


def change(stage: Stage, cast: Cast, **changed: object) -> None:
    with stage.db.writing() as tx:
        event = tx.get_one(Event, cast.event.id)
        for name, value in changed.items():
            setattr(event, name, value)


def give_logo(stage: Stage, cast: Cast, blob: bytes | None) -> None:
    """The album's brand kit gets a logo; None: one whose file is gone."""
    key = art_key(cast.organization.id, digest(blob or b"gone"), "png")
    if blob is not None:
        stage.store.put(key, blob, content_type="image/png")
    with stage.db.writing() as tx:
        kit_id = tx.get_one(Album, cast.album.id).brand_kit_id
        assert kit_id is not None
        tx.get_one(BrandKit, kit_id).logo_key = key


def logo() -> bytes:
    image = Image.new("RGBA", (500, 160), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((20, 20, 480, 140), fill=(20, 80, 190, 255))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


# --- who -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_only_members_of_the_organization_get_prints(stage: Stage, cast: Cast, http: httpx.Client, name: str) -> None:
    with stage.db.writing() as tx:
        other = make_cast(tx, login="other", token="other")
        sponsor = Member(organization_id=cast.organization.id, login="s", role=Role.SPONSOR, password_hash="-")
        photographer = Member(
            organization_id=cast.organization.id, login="p", role=Role.PHOTOGRAPHER, password_hash="-"
        )
        tx.add_all([sponsor, photographer])
        tx.flush()
        stranger_id, sponsor_id, photographer_id = other.owner.id, sponsor.id, photographer.id
    url = where(cast, name)
    assert http.get(url).status_code == 401
    foreign = http.get(url, headers=signed_in(stage, stranger_id))
    assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found")
    assert http.get(url, headers=signed_in(stage, sponsor_id)).status_code == 403
    assert http.get(url, headers=signed_in(stage, photographer_id)).status_code == 200
    assert http.get(f"/api/v1/events/nothing/{name}", headers=signed_in(stage, stranger_id)).status_code == 404


@pytest.mark.parametrize(
    "asked",
    [
        *("qr.png?f=x", "code.png?f=中", "qr.png?f=", "poster.png?paper=a0", "poster.pdf?lang=fr"),
        *("cards.pdf?n=0", "cards.pdf?n=401", "cards.pdf?per=3", "cards.pdf?n=many"),
    ],
)
def test_what_makes_no_sense_is_refused(
    cast: Cast, http: httpx.Client, owner: dict[str, str], sandbox: Sandbox, asked: str
) -> None:
    answer = http.get(where(cast, asked), headers=owner)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input")


# --- codes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["p", "t", "s", "l", "c"])
def test_codes_lead_to_the_album_and_say_where_they_hung(
    cast: Cast, http: httpx.Client, owner: dict[str, str], source: str
) -> None:
    assert said(http.get(where(cast, f"qr.png?f={source}"), headers=owner)) == {h5(cast, source)}
    assert said(http.get(where(cast, f"code.png?f={source}"), headers=owner)) == {mini(cast, source)}


def test_wechat_is_asked_once_per_event_and_source(
    stage: Stage, cast: Cast, http: httpx.Client, owner: dict[str, str], sandbox: Sandbox
) -> None:
    first = http.get(where(cast, "code.png?f=p"), headers=owner)
    for name in ("code.png?f=p", "poster.png", "poster.pdf?paper=a3&lang=en"):
        assert http.get(where(cast, name), headers=owner).status_code == 200
    assert len(sandbox.calls(CODE)) == 1
    http.get(where(cast, "cards.pdf"), headers=owner)
    http.get(where(cast, "code.png?f=t"), headers=owner)
    assert len(sandbox.calls(CODE)) == 2
    assert len(list(stage.store.keys("x/codes/"))) == 2
    sandbox.act("inject", path=CODE, http=503, times=0)
    again = http.get(where(cast, "code.png?f=p"), headers=owner)
    assert again.content == first.content


# --- without WeChat ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [{"http": 503}, {"errcode": 41030}, {"errcode": 45009}, {"garbled": True}])
def test_without_wechat_prints_come_with_the_plain_code(
    cast: Cast, http: httpx.Client, owner: dict[str, str], sandbox: Sandbox, fault: dict[str, object]
) -> None:
    sandbox.act("inject", path=CODE, times=0, **fault)
    refused = http.get(where(cast, "code.png"), headers=owner | {"Accept-Language": "en"})
    assert (refused.status_code, refused.json()["code"]) == (502, "wechat")
    assert refused.json()["message"]
    for name in PRINTS:
        answer = http.get(where(cast, name), headers=owner)
        assert said(answer) == {h5(cast, "t" if name == "cards.pdf" else "p")}
        assert answer.headers[prints.NOTE].startswith("no mini-program code: ")
    sandbox.act("inject", clear=True)
    for name in PRINTS:
        answer = http.get(where(cast, name), headers=owner)
        source = "t" if name == "cards.pdf" else "p"
        assert said(answer) == {h5(cast, source), mini(cast, source)}
        assert prints.NOTE not in answer.headers


# --- prints --------------------------------------------------------------------------------------------------------


def test_a_poster_says_what_the_event_is(stage: Stage, cast: Cast, http: httpx.Client, owner: dict[str, str]) -> None:
    starts_at = 1_795_327_200_000  # 2026-11-22 14:00 in Shanghai
    change(
        stage,
        cast,
        title="2026 年度盛典 Annual Gala",
        place="西岸艺术中心",
        starts_at=starts_at,
        ends_at=starts_at + 4 * 3_600_000,
    )
    for name in PDFS:
        text = words(http.get(where(cast, f"{name}?lang=zh"), headers=owner))
        for part in (
            "2026年度盛典AnnualGala",
            "西岸艺术中心",
            "2026年11月22日",
            "14:00–18:00",
            "年会主办方",
            "微信扫一扫",
            "任意相机扫码",
        ):
            assert part in text, (name, part)
    english = words(http.get(where(cast, "poster.pdf"), headers=owner | {"Accept-Language": "en"}))
    for part in ("Sunday,22November2026,14:00–18:00", "ScanwithWeChat", "Anyphonecamera", "2026年度盛典AnnualGala"):
        assert part in english


@pytest.mark.parametrize("name", PRINTS)
def test_a_print_is_made_once_until_something_on_it_changes(
    stage: Stage, cast: Cast, http: httpx.Client, owner: dict[str, str], name: str
) -> None:
    first = http.get(where(cast, name), headers=owner)
    (key,) = stage.store.keys("x/prints/")
    assert stage.store.get(key) == first.content
    stage.store.delete(key)
    stage.store.put(key, b"kept", content_type="application/pdf")  # whoever draws again gives something else
    assert http.get(where(cast, name), headers=owner).content == b"kept"
    made = {key}
    for changed in (
        {"title": "另一个标题"},
        {"place": "别处"},
        {"starts_at": 1_795_327_200_000},
        {"share_code": "Zz00000000"},
    ):
        change(stage, cast, **changed)
        answer = http.get(where(cast, name), headers=owner)
        assert answer.content != b"kept"
        made |= set(stage.store.keys("x/prints/"))
    assert len(made) == 5


def test_a_print_asked_for_again_is_not_sent_again(cast: Cast, http: httpx.Client, owner: dict[str, str]) -> None:
    first = http.get(where(cast, "poster.pdf"), headers=owner)
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = http.get(where(cast, "poster.pdf"), headers=owner | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_number_of_cards_is_the_number_of_cards(cast: Cast, http: httpx.Client, owner: dict[str, str]) -> None:
    answer = http.get(where(cast, "cards.pdf?n=11&per=8"), headers=owner)
    found = [sorted(f.text for f in zxingcpp.read_barcodes(page)) for page in pages(answer)]
    assert found == [sorted([h5(cast, "t"), mini(cast, "t")] * n) for n in (8, 3)]


@pytest.mark.parametrize(
    "title", ['"; filename=x.exe\r\nSet-Cookie: a=b', "../../etc/passwd", "年会 / 晚宴: «A»", "🎉", "." * 80]
)
def test_files_have_names_people_find_again(
    stage: Stage, cast: Cast, http: httpx.Client, owner: dict[str, str], title: str
) -> None:
    change(stage, cast, title=title)
    answer = http.get(where(cast, "poster.pdf?download=1"), headers=owner)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    kept = answer.headers["Content-Disposition"]
    assert kept.startswith("attachment; ")
    name = unquote(kept.split("filename*=UTF-8''")[1])
    assert name.endswith("海报 A4.pdf")
    assert not set(name) & set('/\\:*?"<>|\r\n')
    assert not name.startswith(".")
    shown = http.get(where(cast, "poster.pdf"), headers=owner).headers["Content-Disposition"]
    assert shown == kept.replace("attachment", "inline", 1)


def test_the_sponsors_logo_is_on_the_print_and_gives_it_its_colour(
    stage: Stage, cast: Cast, http: httpx.Client, owner: dict[str, str]
) -> None:
    without = http.get(where(cast, "poster.png"), headers=owner)
    give_logo(stage, cast, logo())
    answer = http.get(where(cast, "poster.png"), headers=owner)
    assert answer.content != without.content
    assert said(answer) == {h5(cast), mini(cast)}
    for found, most in ((answer, 1.0), (without, 0.0)):
        (page,) = pages(found)
        foot = page[-page.shape[0] // 8 :, page.shape[1] // 2 :].astype(int)
        share = (np.abs(foot - np.array([20, 80, 190])).sum(axis=2) < 12).mean()
        assert share <= most
        assert (share > 0.02) == (most > 0)


@pytest.mark.parametrize("name", PRINTS)
def test_a_print_does_not_tell_where_its_logo_was_photographed(
    stage: Stage, cast: Cast, http: httpx.Client, owner: dict[str, str], name: str
) -> None:
    give_logo(stage, cast, LOGO)
    answer = http.get(where(cast, name), headers=owner)
    assert answer.status_code == 200
    looked_through(name, answer.content)


@pytest.mark.parametrize("blob", [b"no picture at all", b"\0" * (9 * 1024 * 1024), None], ids=["junk", "large", "gone"])
def test_a_logo_that_cannot_be_used_stops_no_print(
    stage: Stage, cast: Cast, http: httpx.Client, owner: dict[str, str], blob: bytes | None
) -> None:
    give_logo(stage, cast, blob)
    for _ in range(2):  # and it is said every time
        answer = http.get(where(cast, "poster.pdf"), headers=owner)
        assert said(answer) == {h5(cast), mini(cast)}
        assert answer.headers[prints.NOTE].startswith("no sponsor logo: ")
    assert list(stage.store.keys("x/prints/")) == []


def test_an_album_has_codes_of_its_own(cast: Cast, http: httpx.Client, owner: dict[str, str], sandbox: Sandbox) -> None:
    mine = f"{h5(cast, 't')}&album={cast.album.id}"
    scene = f"e%3D{cast.event.share_code}%26f%3Dt%26a%3D{cast.album.id[:8]}"
    for name in (f"code.png?f=t&album={cast.album.id}", f"cards.pdf?n=1&album={cast.album.id}"):
        answer = http.get(where(cast, name), headers=owner)
        found = said(answer)
        assert f"http://127.0.0.1:8080/s?scene={scene}" in found
        assert found <= {mine, f"http://127.0.0.1:8080/s?scene={scene}"}
    assert len(sandbox.calls(CODE)) == 1  # made once, kept
    assert http.get(where(cast, "code.png?album=someoneelses"), headers=owner).status_code == 404


def test_a_code_with_the_sponsors_logo_is_still_read(
    stage_with_wechat: Stage, cast: Cast, http: httpx.Client, owner: dict[str, str]
) -> None:
    plain = http.get(where(cast, "code.png?f=t&logo=true"), headers=owner)
    give_logo(stage_with_wechat, cast, logo())
    marked = http.get(where(cast, "code.png?f=t&logo=true"), headers=owner)
    assert said(marked) == said(plain) == {mini(cast, "t")}
    assert marked.content != plain.content
    before, after = (np.asarray(Image.open(io.BytesIO(a.content)).convert("RGB"), int) for a in (plain, marked))
    ys, xs = np.nonzero(np.abs(after - before).sum(-1) > 30)
    size = before.shape[0]
    assert np.hypot(ys - size * 0.46, xs - size * 0.5).max() <= size * 0.15 / 2 + 2  # nothing outside the disc
