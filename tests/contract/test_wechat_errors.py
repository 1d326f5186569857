"""Every row of WeChat's error tables: what the sandbox (by the real rules) answers, and what our code makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from backend.errors import AppError, BadInput, Refused, TooMany, Unauthorized
from backend.wechat import Kind, Outcome, Suggest, Told, Verdict, WeChat, WeChatFailed
from backend.wechat.failures import MEANINGS
from tests.wechat_sandbox import ALBUM_UPDATE, WORDS, Sandbox

pytestmark = pytest.mark.slow

PAGE = "pages/album/album"
SEND = "/cgi-bin/message/subscribe/send"


@dataclass
class Scene:
    """One guest with one credit, and both sides of the wire."""

    sandbox: Sandbox
    wechat: Any
    openid: str

    def raw(self, path: str, body: dict[str, Any]) -> Any:
        """Past our own validators, to see that the sandbox has its rules and we translate its answer."""
        return self.wechat._client.post(path, data=body)

    def send(self, openid: str = "", template_id: str = ALBUM_UPDATE, page: str = PAGE, **fields: str) -> Told:
        return self.wechat.tell(openid or self.openid, template_id, WORDS | fields, page=page)


@pytest.fixture
def scene(sandbox: Sandbox, wechat: WeChat) -> Scene:
    return Scene(sandbox, wechat, sandbox.guest("alice", quota=1))


def injected(errcode: int, path: str, times: int = 1) -> Callable[[Scene], Any]:
    return lambda s: s.sandbox.act("inject", errcode=errcode, errmsg="injected", path=path, times=times)


def nothing(_scene: Scene) -> None: ...


def failed(kind: Kind, *, retry_after: int = 0) -> Callable[[object], bool]:
    """A WeChatFailed of this kind; tokens, quotas and trouble may be tried again, the rest may not."""
    permanent = kind in (Kind.PERMANENT, Kind.TYPED)
    return lambda got: (
        isinstance(got, WeChatFailed) and (got.kind, got.permanent, got.retry_after) == (kind, permanent, retry_after)
    )


def error(of: type[AppError], code: str) -> Callable[[object], bool]:
    return lambda got: type(got) is of and got.code == code


def told(outcome: Outcome, **more: Any) -> Callable[[object], bool]:
    return lambda got: (
        isinstance(got, Told) and got.outcome is outcome and all(getattr(got, n) == more[n] for n in more)
    )


def verdict(suggest: Suggest, label: int = 0) -> Callable[[object], bool]:
    return lambda got: isinstance(got, Verdict) and (got.suggest, got.label) == (suggest, label)


def login_code(s: Scene) -> str:
    return s.sandbox.act("login", name="alice")["code"]


def used_twice(s: Scene) -> Any:
    code = login_code(s)
    s.wechat.login(code)
    return s.wechat.login(code)


def too_late(s: Scene) -> Any:
    code = login_code(s)
    s.sandbox.act("advance", seconds=301)
    return s.wechat.login(code)


def hundred_logins(s: Scene) -> Any:
    for n in range(100):
        s.wechat.login(f"dev:alice:{n}")
    return s.wechat.login("dev:alice:last")


def elsewhere(s: Scene) -> str:
    """The openid of a guest of another app."""
    s.sandbox.act("app", new_appid="wxother", secret="s")
    return s.sandbox.act("login", name="bob", appid="wxother")["openid"]


def logged_in(s: Scene) -> Any:
    return s.wechat.login("dev:alice:session").session_key


LOGIN = [
    ("dev code", 0, nothing, lambda s: s.wechat.login("dev:bob").openid, lambda got: got == "sandbox_bob"),
    ("issued code", 0, nothing, lambda s: s.wechat.login(login_code(s)).openid, lambda got: got == "sandbox_alice"),
    ("busy once", -1, injected(-1, "jscode"), lambda s: s.wechat.login("dev:b").openid, lambda got: got == "sandbox_b"),
    ("busy", -1, injected(-1, "jscode", 2), lambda s: s.wechat.login("dev:b"), failed(Kind.TRANSIENT)),
    ("reused", 40029, nothing, used_twice, error(Unauthorized, "bad_js_code")),
    ("expired", 40029, nothing, too_late, error(Unauthorized, "bad_js_code")),
    ("made up", 40029, nothing, lambda s: s.wechat.login("guess"), error(Unauthorized, "bad_js_code")),
    ("reused, other words", 40163, injected(40163, "jscode"), lambda s: s.wechat.login("dev:b"),
     error(Unauthorized, "bad_js_code")),
    ("risky guest", 40226, lambda s: s.sandbox.act("switch", openid=s.openid, risky=True),
     lambda s: s.wechat.login("dev:alice"), error(Refused, "risky_guest")),
    ("too frequent", 45011, nothing, hundred_logins, error(TooMany, "too_many")),
    ("session fine", 0, nothing, lambda s: s.wechat.check_session(s.openid, logged_in(s)), lambda got: got is True),
    ("session old", 87009, logged_in, lambda s: s.wechat.check_session(s.openid, "old"), lambda got: got is False),
    ("session of nobody", 40003, nothing, lambda s: s.wechat.check_session("oNobody", "k"), failed(Kind.TYPED)),
]  # fmt: skip

CODES = [
    ("fine", 0, nothing, lambda s: s.wechat.code("e=abc", page=PAGE)[:3], lambda got: got == b"\xff\xd8\xff"),
    ("see-through", 0, nothing, lambda s: s.wechat.code("e=abc", page=PAGE, hyaline=True)[:4],
     lambda got: got == b"\x89PNG"),
    ("unreleased page", 41030, nothing, lambda s: s.wechat.code("e=abc", page="pages/new/new"), failed(Kind.TYPED)),
    ("unreleased, unchecked", 0, nothing,
     lambda s: s.wechat.code("e=abc", page="pages/new/new", check_path=False)[:3], lambda got: got == b"\xff\xd8\xff"),
    ("percent sign", 0, nothing, lambda s: s.wechat.code("e=%20", page=PAGE), error(BadInput, "bad_scene")),
    ("Chinese scene", 0, nothing, lambda s: s.wechat.code("年会", page=PAGE), error(BadInput, "bad_scene")),
    ("33 characters", 0, nothing, lambda s: s.wechat.code("x" * 33, page=PAGE), error(BadInput, "bad_scene")),
    ("empty scene", 0, nothing, lambda s: s.wechat.code("", page=PAGE), error(BadInput, "bad_scene")),
    ("bad scene, unchecked by us", 40129, nothing,
     lambda s: s.raw("wxa/getwxacodeunlimit", {"scene": "a b", "page": PAGE}), failed(Kind.TYPED)),
    ("long scene, unchecked by us", 40169, nothing,
     lambda s: s.raw("wxa/getwxacodeunlimit", {"scene": "x" * 33, "page": PAGE}), failed(Kind.TYPED)),
    ("WeChat dislikes the scene", 40129, injected(40129, "getwxacode"),
     lambda s: s.wechat.code("e=abc", page=PAGE), error(BadInput, "bad_scene")),
    ("leading slash", 0, nothing, lambda s: s.wechat.code("a", page="/pages/a/a"), error(BadInput, "bad_input")),
    ("query in the page", 0, nothing, lambda s: s.wechat.code("a", page=f"{PAGE}?a=1"), error(BadInput, "bad_input")),
    ("too wide", 0, nothing, lambda s: s.wechat.code("a", page=PAGE, width=1281), error(BadInput, "bad_input")),
    ("reserved name", 85096, nothing, lambda s: s.wechat.code("a", page="pages/scancode_time/a"),
     failed(Kind.PERMANENT)),
    ("wrong version", 40097, nothing, lambda s: s.wechat.code("a", page=PAGE, env_version="beta"),
     failed(Kind.PERMANENT)),
    ("quota of a minute", 45009, injected(45009, "getwxacode"), lambda s: s.wechat.code("a", page=PAGE),
     failed(Kind.RATE, retry_after=60)),
    ("busy", -1, injected(-1, "getwxacode"), lambda s: s.wechat.code("a", page=PAGE), failed(Kind.TRANSIENT)),
]  # fmt: skip

MESSAGES = [
    ("sent", 0, nothing, lambda s: s.send(), told(Outcome.SENT)),
    ("without a page", 0, nothing, lambda s: s.send(page=""), told(Outcome.SENT)),
    ("with a query", 0, nothing, lambda s: s.send(page=f"{PAGE}?scene=e%3Dabc"), told(Outcome.SENT)),
    ("credit spent", 43101, lambda s: s.send(), lambda s: s.send(), told(Outcome.REFUSED, errcode=43101)),
    ("never asked", 43101, nothing, lambda s: s.send(s.sandbox.guest("bob")), told(Outcome.REFUSED)),
    ("switched off", 43101, lambda s: s.sandbox.act("refuse", openid=s.openid, always=True), lambda s: s.send(),
     told(Outcome.REFUSED)),
    ("unknown guest", 40003, nothing, lambda s: s.send("oNobody"), told(Outcome.NO_GUEST)),
    ("guest of another app", 40003, nothing, lambda s: s.send(elsewhere(s)), told(Outcome.NO_GUEST)),
    ("deleted template", 40037, lambda s: s.wechat.delete_template(ALBUM_UPDATE), lambda s: s.send(),
     told(Outcome.NO_TEMPLATE)),
    ("unreleased page", 41030, nothing, lambda s: s.send(page="pages/new/new"), told(Outcome.NO_PAGE)),
    ("banned template", 43107, lambda s: s.sandbox.act("switch", template_id=ALBUM_UPDATE, banned=True),
     lambda s: s.send(), told(Outcome.BANNED)),
    ("sensitive word", 45168, nothing, lambda s: s.send(thing1="敏感词"), told(Outcome.SENSITIVE)),
    ("overlapping", 43108, lambda s: s.sandbox.world.sending.add((s.wechat.appid, s.openid)), lambda s: s.send(),
     told(Outcome.BUSY, retry_after=2)),
    ("leading slash", 0, nothing, lambda s: s.send(page="/pages/a/a"), error(BadInput, "bad_input")),
    ("quota of a day", 45009, injected(45009, SEND), lambda s: s.send().outcome,
     lambda got: got.kind is Kind.RATE and 0 < got.retry_after <= 86400),
    ("quota of a minute", 45011, injected(45011, SEND), lambda s: s.send(), failed(Kind.RATE, retry_after=60)),
    ("busy", -1, injected(-1, SEND), lambda s: s.send(), failed(Kind.TRANSIENT)),
    ("bad gateway", None, lambda s: s.sandbox.act("inject", http=502, path=SEND), lambda s: s.send(),
     failed(Kind.TRANSIENT)),
    ("no answer", None, lambda s: s.sandbox.act("inject", delay_s=3, path=SEND), lambda s: s.send(),
     failed(Kind.TRANSIENT)),
    ("garbled", None, lambda s: s.sandbox.act("inject", garbled=True, path=SEND), lambda s: s.send(),
     failed(Kind.TRANSIENT)),
    ("wrong address", None, lambda s: s.sandbox.act("inject", http=404, path=SEND), lambda s: s.send(),
     failed(Kind.PERMANENT)),
]  # fmt: skip

FIELDS = [  # §7.2: keyword, value that does not fit; the template takes thing1 number2 time3 thing4 and more below
    ("thing1", ""),
    ("thing1", " "),
    ("thing1", "一二三四五六七八九十一二三四五六七八九十末"),
    ("thing1", "两\n行"),
    ("number2", "three"),
    ("number2", "1" * 33),
    ("time3", "soon"),
    ("time3", "2026-11-22"),
    ("thing4", "🎉"),
]
OTHER_FIELDS = [  # template of the library, keyword ids, good values, keyword, bad value
    ("30002", [1, 3], {"thing1": "年会", "phrase3": "已完成"}, "phrase3", "done"),
    ("30002", [1, 3], {"thing1": "年会", "phrase3": "已完成"}, "phrase3", "一二三四五六"),
    ("30002", [1, 4], {"thing1": "年会", "amount4": "¥100"}, "amount4", "¥12345678901"),
    ("30002", [1, 5], {"thing1": "年会", "date5": "2026年11月22日"}, "date5", "22.11.2026"),
    ("30001", [1, 5], {"thing1": "年会", "name5": "小王"}, "name5", "一二三四五六七八九十多"),
    ("30001", [1, 5], {"thing1": "年会", "name5": "Alexander"}, "name5", "Alexander the Great Bear"),
    ("30003", [1, 4], {"thing1": "年会", "phone_number4": "400-800-8888"}, "phone_number4", "1" * 18),
    ("30003", [1, 5], {"thing1": "年会", "character_string5": "KM-1"}, "character_string5", "编号"),
    ("30003", [1, 3], {"thing1": "年会", "enum3": "进行中"}, "enum3", "暂停"),
]

CHECKS = [
    ("fine text", 0, nothing, lambda s: s.wechat.check_text(s.openid, "年会"), verdict(Suggest.PASS, 100)),
    ("risky text", 0, nothing, lambda s: s.wechat.check_text(s.openid, "违规内容"), verdict(Suggest.RISKY, 20001)),
    ("advertising", 0, nothing, lambda s: s.wechat.check_text(s.openid, "加微信"), verdict(Suggest.REVIEW, 10001)),
    ("risky title", 0, nothing, lambda s: s.wechat.check_text(s.openid, "x", title="色情"),
     verdict(Suggest.RISKY, 20002)),
    ("long text", 0, nothing, lambda s: s.wechat.check_text(s.openid, "x" * 2501), error(BadInput, "bad_input")),
    ("no text", 0, nothing, lambda s: s.wechat.check_text(s.openid, ""), error(BadInput, "bad_input")),
    ("nobody", 40003, nothing, lambda s: s.wechat.check_text("oNobody", "x"), failed(Kind.TYPED)),
    ("another app's guest", 43104, nothing, lambda s: s.wechat.check_text(elsewhere(s), "x"), failed(Kind.PERMANENT)),
    ("away for two hours", 61010, lambda s: s.sandbox.act("advance", seconds=7201),
     lambda s: s.wechat.check_text(s.openid, "x"), verdict(Suggest.UNSEEN)),
    ("back again", 0, lambda s: (s.sandbox.act("advance", seconds=7201), s.sandbox.act("visit", openid=s.openid)),
     lambda s: s.wechat.check_text(s.openid, "x"), verdict(Suggest.PASS, 100)),
    ("photo", 0, nothing, lambda s: s.wechat.check_media(s.openid, f"{s.sandbox.url}/healthz"),
     lambda got: got.suggest is Suggest.PENDING and got.trace_id),
    ("photo, away", 61010, lambda s: s.sandbox.act("advance", seconds=7201),
     lambda s: s.wechat.check_media(s.openid, "http://x"), verdict(Suggest.UNSEEN)),
    ("wrong media type", 40004, nothing, lambda s: s.raw("wxa/media_check_async",
     {"version": 2, "openid": s.openid, "scene": 3, "media_url": "http://x", "media_type": 9}), failed(Kind.PERMANENT)),
    ("wrong scene", 40129, nothing, lambda s: s.raw("wxa/msg_sec_check",
     {"version": 2, "openid": s.openid, "scene": 9, "content": "x"}), failed(Kind.TYPED)),
    ("old version", 87014, nothing, lambda s: s.raw("wxa/msg_sec_check", {"content": "x"}), failed(Kind.PERMANENT)),
    ("per minute", 44991, injected(44991, "sec_check"), lambda s: s.wechat.check_text(s.openid, "x"),
     failed(Kind.RATE, retry_after=60)),
    ("the same again", 87020, injected(87020, "media_check"), lambda s: s.wechat.check_media(s.openid, "http://x"),
     failed(Kind.RATE, retry_after=60)),
    ("risk", 0, lambda s: s.sandbox.act("switch", openid=s.openid, risk_rank=3),
     lambda s: s.wechat.risk_rank(s.openid, client_ip="1.2.3.4"), lambda got: got == 3),
    ("risk of nobody", 40003, nothing, lambda s: s.wechat.risk_rank("oNobody", client_ip="1.2.3.4"),
     failed(Kind.TYPED)),
]  # fmt: skip

LINKS = [
    ("link", 0, nothing, lambda s: s.wechat.url_link(PAGE, "a=1"), lambda got: "=https%3A%2F%2Fwxaurl.cn%2F" in got),
    ("scheme", 0, nothing, lambda s: s.wechat.url_scheme(PAGE, "a=1"), lambda got: got.startswith("weixin://dl/")),
    ("plain scheme", 0, nothing, lambda s: s.wechat.plain_scheme(PAGE, "a=1&b=年"), lambda got: got ==
     f"weixin://dl/business/?appid=wxsandbox000000000&path={PAGE}&query=a%3D1%26b%3D%E5%B9%B4&env_version=release"),
    ("long plain scheme", 0, nothing, lambda s: s.wechat.plain_scheme(PAGE, "年" * 60), error(BadInput, "bad_input")),
    ("individual", 40002, lambda s: s.sandbox.act("switch", personal=True), lambda s: s.wechat.url_link(PAGE),
     failed(Kind.PERMANENT)),
    ("nothing released", 85079, lambda s: s.sandbox.act("switch", pages=[]), lambda s: s.wechat.url_scheme(PAGE),
     failed(Kind.PERMANENT)),
    ("unknown page", 40165, nothing, lambda s: s.wechat.url_link("pages/new/new"), failed(Kind.PERMANENT)),
    ("Chinese query", 0, nothing, lambda s: s.wechat.url_link(PAGE, "a=年"), error(BadInput, "bad_input")),
    ("Chinese query, unchecked", 40212, nothing, lambda s: s.raw("wxa/generate_urllink",
     {"path": PAGE, "query": "a=年", "expire_type": 1, "expire_interval": 1}), failed(Kind.PERMANENT)),
    ("wrong version", 85402, nothing, lambda s: s.wechat.url_link(PAGE, env_version="beta"), failed(Kind.PERMANENT)),
    ("31 days", 0, nothing, lambda s: s.wechat.url_link(PAGE, days=31), error(BadInput, "bad_input")),
    ("31 days, unchecked", 85401, nothing, lambda s: s.raw("wxa/generate_urllink",
     {"path": PAGE, "expire_type": 1, "expire_interval": 31}), failed(Kind.PERMANENT)),
    ("per second", 44990, injected(44990, "urllink"), lambda s: s.wechat.url_link(PAGE),
     failed(Kind.RATE, retry_after=1)),
]  # fmt: skip

PHONES = [
    ("fine", 0, nothing, lambda s: s.wechat.phone(s.sandbox.act("phone", openid=s.openid)["code"]).number,
     lambda got: got == "13800138000"),
    ("dev code", 0, nothing, lambda s: s.wechat.phone("phone:13911112222").national, lambda got: got == "13911112222"),
    ("reused", 40029, lambda s: s.wechat.phone("phone:13911112222"), lambda s: s.wechat.phone("phone:13911112222"),
     error(BadInput, "bad_phone_code")),
    ("login code instead", 40029, nothing, lambda s: s.wechat.phone(login_code(s)), error(BadInput, "bad_phone_code")),
    ("another app", 40013, injected(40013, "getuserphone"), lambda s: s.wechat.phone("phone:13911112222"),
     failed(Kind.PERMANENT)),
    ("too frequent", 45011, injected(45011, "getuserphone"), lambda s: s.wechat.phone("phone:13911112222"),
     failed(Kind.RATE, retry_after=60)),
]  # fmt: skip

TEMPLATES = [
    ("wrong tid", 200014, nothing, lambda s: s.wechat.add_template("9", [1, 2], "提醒"), failed(Kind.PERMANENT)),
    ("one keyword", 0, nothing, lambda s: s.wechat.add_template("30001", [1], "提醒"), error(BadInput, "bad_input")),
    ("unknown keyword", 200020, nothing, lambda s: s.wechat.add_template("30001", [1, 9], "提醒"),
     failed(Kind.PERMANENT)),
    ("no scene", 0, nothing, lambda s: s.wechat.add_template("30001", [1, 2], ""), error(BadInput, "bad_input")),
    ("long scene, unchecked", 200021, nothing, lambda s: s.raw("wxaapi/newtmpl/addtemplate",
     {"tid": "30001", "kidList": [1, 2], "sceneDesc": "x" * 16}), failed(Kind.PERMANENT)),
    ("twice", 200022, lambda s: s.wechat.add_template("30001", [1, 2], "提醒"),
     lambda s: s.wechat.add_template("30001", [1, 2], "提醒"), failed(Kind.PERMANENT)),
    ("fifty", 200012, lambda s: s.sandbox.app.templates.extend(s.sandbox.app.templates[:1] * 50),
     lambda s: s.wechat.add_template("30001", [1, 2], "提醒"), failed(Kind.PERMANENT)),
    ("deleting nothing", 20002, nothing, lambda s: s.wechat.delete_template("x"), failed(Kind.PERMANENT)),
    ("trouble", 20001, injected(20001, "gettemplate"), lambda s: s.wechat.templates(), failed(Kind.TRANSIENT)),
]  # fmt: skip

ROWS = LOGIN + CODES + MESSAGES + CHECKS + LINKS + PHONES + TEMPLATES


@pytest.mark.parametrize(("errcode", "arrange", "ask", "expected"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])
def test_row(scene, errcode, arrange, ask, expected):
    arrange(scene)
    try:
        got = ask(scene)
    except AppError as exc:
        got = exc
    assert expected(got), repr(got)
    answers = [call["errcode"] for call in scene.sandbox.calls()]
    assert errcode in (None, 0) or errcode in answers, f"{errcode} was never answered: {answers}"


@pytest.mark.parametrize(("keyword", "value"), FIELDS)
def test_a_field_that_does_not_fit_is_named(scene, keyword, value):
    got = scene.send(**{keyword: value})
    assert (got.outcome, got.field, got.errcode) == (Outcome.MISFIT, keyword, 47003)
    assert scene.send().outcome is Outcome.SENT, "a misfit spends no credit"


@pytest.mark.parametrize(("tid", "keyword_ids", "good", "keyword", "bad"), OTHER_FIELDS)
def test_every_type_of_field(scene, tid, keyword_ids, good, keyword, bad):
    template_id = scene.wechat.add_template(tid, keyword_ids, "相册提醒")
    scene.sandbox.act("accept", openid=scene.openid, template_id=template_id)
    got = scene.wechat.tell(scene.openid, template_id, good | {keyword: bad})
    assert (got.outcome, got.field) == (Outcome.MISFIT, keyword)
    assert scene.wechat.tell(scene.openid, template_id, good).outcome is Outcome.SENT


@pytest.mark.parametrize("words", [WORDS | {"thing9": "x"}, {k: v for k, v in WORDS.items() if k != "time3"}, {}])
def test_keywords_too_many_or_too_few(scene, words):
    got = scene.wechat.tell(scene.openid, ALBUM_UPDATE, words)
    assert got.outcome is Outcome.MISFIT
    assert got.field


@pytest.mark.parametrize("errcode", MEANINGS)
def test_every_errcode_has_its_way_out(scene, errcode):
    """At an endpoint that documents nothing special: the kind decides, and the words say what to do."""
    scene.sandbox.act("inject", errcode=errcode, errmsg="injected", path="gettemplate", times=0)
    with pytest.raises(WeChatFailed) as caught:
        scene.wechat.templates()
    got, row = caught.value, MEANINGS[errcode]
    assert got.errcode == errcode
    assert got.kind is row.kind
    assert got.permanent is (row.kind in (Kind.PERMANENT, Kind.TYPED))
    assert (got.retry_after > 0) is (row.kind is Kind.RATE)
    assert got.explain("zh").startswith(row.chinese)
    assert got.explain("en").startswith(row.english)
    assert len(scene.sandbox.calls("gettemplate")) == (2 if row.kind is Kind.TOKEN else 1)
    assert got.rid == scene.sandbox.calls("gettemplate")[-1]["rid"]


def test_an_unknown_errcode_is_permanent_and_kept(scene):
    scene.sandbox.act("inject", errcode=987654, errmsg="new trouble", path="gettemplate")
    with pytest.raises(WeChatFailed) as caught:
        scene.wechat.templates()
    assert (caught.value.errcode, caught.value.permanent, caught.value.errmsg) == (987654, True, "new trouble")


def test_templates_can_be_administered(scene):
    [ours, *_] = scene.wechat.templates()
    assert (ours.template_id, ours.title, ours.one_time) == (ALBUM_UPDATE, "相册更新通知", True)
    assert ours.content.splitlines()[0] == "相册名称:{{thing1.DATA}}"
    [category] = scene.wechat.categories()
    [public, *_] = scene.wechat.library([category.category_id])
    kids = [k.keyword_id for k in scene.wechat.keywords(public.tid) if k.rule in ("thing", "number")]
    made = scene.wechat.add_template(public.tid, kids, "相册提醒")
    assert made in {t.template_id for t in scene.wechat.templates()}
    scene.wechat.delete_template(made)
    assert made not in {t.template_id for t in scene.wechat.templates()}
    assert {"enum3": ["即将开始", "进行中", "已结束"]} in [t.enums for t in scene.wechat.templates()]
