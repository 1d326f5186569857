"""WeChat over HTTP: what each endpoint takes and answers, in our words.

Bodies are built here rather than by wechatpy's methods, which miss `check_path`, `env_version`, `miniprogram_state`
and version 2 of the content checks, and send empty lists that WeChat takes for wishes.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from wechatpy.crypto import WeChatWxaCrypto
from wechatpy.exceptions import InvalidAppIdException

from backend.errors import AppError, BadInput, Refused, TooMany, Unauthorized
from backend.wechat import (
    Category,
    EnvVersion,
    Keyword,
    Language,
    Login,
    MessageState,
    Outcome,
    Phone,
    PublicTemplate,
    Suggest,
    Template,
    TextScene,
    Told,
    Verdict,
    WeChatFailed,
    suggested,
)
from backend.wechat.client import Client

log = logging.getLogger(__name__)

MESSAGE_STATES: Final[dict[EnvVersion, MessageState]] = {
    "release": "formal",
    "trial": "trial",
    "develop": "developer",
}
OUTCOMES: Final[dict[int, Outcome]] = {
    43101: Outcome.REFUSED,
    43108: Outcome.BUSY,
    40003: Outcome.NO_GUEST,
    40037: Outcome.NO_TEMPLATE,
    47003: Outcome.MISFIT,
    41030: Outcome.NO_PAGE,
    43107: Outcome.BANNED,
    45168: Outcome.SENSITIVE,
}
BUSY_PAUSE_S: Final = 2
TEXT_CHARACTERS: Final = 2500
QUERY_CHARACTERS: Final = 1024
PLAIN_QUERY_CHARACTERS: Final = 512
MEDIA_IMAGE: Final = 2
RISK_SCENE_UGC: Final = 2

_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
_QUERY = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~%]*")
_FIELD = re.compile(r"data\.(\w+)")


class HttpWeChat:
    """One mini-program through `Client`. `env_version` and `check_path` hold where a call does not say."""

    def __init__(self, client: Client, *, env_version: EnvVersion = "release", check_path: bool = True) -> None:
        self._client = client
        self._env_version = env_version
        self._check_path = check_path

    @property
    def appid(self) -> str:
        return str(self._client.appid)

    def login(self, js_code: str) -> Login:
        query = {
            "appid": self.appid,
            "secret": self._client.secret,
            "js_code": js_code,
            "grant_type": "authorization_code",
        }
        try:
            found = self._client.get("sns/jscode2session", params=query)
        except WeChatFailed as exc:
            if exc.errcode != -1:
                raise _login_error(exc) from None
            found = self._client.get("sns/jscode2session", params=query)  # busy: the code was not used
        return Login(_need(found, "openid"), _need(found, "session_key"), str(found.get("unionid", "")))

    def vouch(self) -> None:
        self._client.vouch()

    def check_session(self, openid: str, session_key: str) -> bool:
        signature = hmac.new(session_key.encode(), b"", hashlib.sha256).hexdigest()
        query = {"openid": openid, "signature": signature, "sig_method": "hmac_sha256"}
        try:
            self._client.get("wxa/checksession", params=query)
        except WeChatFailed as exc:
            if exc.errcode != 87009:
                raise
            return False
        return True

    def decrypt(self, session_key: str, iv: str, encrypted: str) -> dict[str, object]:
        try:
            found: dict[str, object] = WeChatWxaCrypto(session_key, iv, self.appid).decrypt_message(encrypted)
        except (ValueError, binascii.Error, KeyError, IndexError, TypeError, InvalidAppIdException) as exc:
            reason = type(exc).__name__  # its text may hold what was decrypted
        else:
            return found
        raise BadInput(f"encryptedData does not decrypt with this session key: {reason}", code="bad_encrypted")

    def phone(self, code: str) -> Phone:
        try:
            answer = self._client.wxa.get_phone_number(code)
        except WeChatFailed as exc:
            if exc.errcode in (40029, 40163):
                raise BadInput(f"phone code: {exc.detail}", code="bad_phone_code") from None
            raise
        found = answer.get("phone_info", {})
        if found.get("watermark", {}).get("appid") != self.appid:
            raise BadInput("the phone number belongs to another appid", code="bad_phone_code")
        return Phone(_need(found, "phoneNumber"), _need(found, "purePhoneNumber"), _need(found, "countryCode"))

    def code(
        self,
        scene: str,
        *,
        page: str,
        env_version: EnvVersion | None = None,
        check_path: bool | None = None,
        width: int = 430,
        hyaline: bool = False,
    ) -> bytes:
        if not _SCENE.fullmatch(scene):
            raise BadInput(f"scene {scene!r}: 1–32 of A-Z a-z 0-9 !#$&'()*+,/:;=?@-._~", code="bad_scene")
        if not 280 <= width <= 1280:
            raise BadInput(f"width {width}: 280–1280 px")
        body = {
            "scene": scene,
            "page": _page(page, query=False),
            "check_path": self._check_path if check_path is None else check_path,
            "env_version": env_version or self._env_version,
            "width": width,
            "is_hyaline": hyaline,
        }
        try:
            picture = self._client.post("wxa/getwxacodeunlimit", data=body)
        except WeChatFailed as exc:
            if exc.errcode in (40129, 40169):
                raise BadInput(f"scene {scene!r}: {exc.detail}", code="bad_scene") from None
            raise
        if not isinstance(picture, bytes):
            raise WeChatFailed(None, "no picture in the answer")
        return picture

    def tell(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        *,
        page: str = "",
        state: MessageState | None = None,
        lang: Language = "zh_CN",
    ) -> Told:
        body: dict[str, object] = {
            "touser": openid,
            "template_id": template_id,
            "data": {keyword: {"value": value} for keyword, value in data.items()},
            "miniprogram_state": state or MESSAGE_STATES[self._env_version],
            "lang": lang,
        }
        if page:
            body["page"] = _page(page)
        try:
            answer = self._client.post("cgi-bin/message/subscribe/send", data=body)
        except WeChatFailed as exc:
            return _told(exc)
        return Told(Outcome.SENT, msgid=str(answer.get("msgid", "")))

    def tapped(self, openid: str, template_id: str) -> None:
        log.debug("the phone has told WeChat itself openid=%s template=%s", openid, template_id)

    def url_link(self, path: str, query: str = "", *, days: int = 30, env_version: EnvVersion | None = None) -> str:
        target = self._target(path, query, env_version)
        return _need(self._client.post("wxa/generate_urllink", data=target | _expiry(days)), "url_link")

    def url_scheme(self, path: str, query: str = "", *, days: int = 30, env_version: EnvVersion | None = None) -> str:
        body = {"jump_wxa": self._target(path, query, env_version), "is_expire": True} | _expiry(days)
        return _need(self._client.post("wxa/generatescheme", data=body), "openlink")

    def plain_scheme(self, path: str, query: str = "", *, env_version: EnvVersion | None = None) -> str:
        quoted = quote(query, safe="")
        if len(quoted) > PLAIN_QUERY_CHARACTERS:
            raise BadInput(f"query of {len(quoted)} characters: at most {PLAIN_QUERY_CHARACTERS} once quoted")
        where = f"path={_page(path, query=False)}&query={quoted}&env_version={env_version or self._env_version}"
        return f"weixin://dl/business/?appid={self.appid}&{where}"

    def _target(self, path: str, query: str, env_version: EnvVersion | None) -> dict[str, Any]:
        if len(query) > QUERY_CHARACTERS or not _QUERY.fullmatch(query):
            raise BadInput(f"query: at most {QUERY_CHARACTERS} of A-Z a-z 0-9 !#$&'()*+,/:;=?@-._~%; quote the rest")
        return {"path": _page(path, query=False), "query": query, "env_version": env_version or self._env_version}

    def check_text(
        self, openid: str, text: str, *, scene: TextScene = TextScene.COMMENT, title: str = "", nickname: str = ""
    ) -> Verdict:
        if not text or len(text) > TEXT_CHARACTERS:
            raise BadInput(f"text of {len(text)} characters: 1–{TEXT_CHARACTERS}; check longer texts in pieces")
        body: dict[str, object] = {"version": 2, "openid": openid, "scene": int(scene), "content": text}
        body |= {name: value for name, value in (("title", title), ("nickname", nickname)) if value}
        try:
            answer = self._client.post("wxa/msg_sec_check", data=body)
        except WeChatFailed as exc:
            return _unseen(exc)
        result = answer.get("result", {})
        return Verdict(suggested(result.get("suggest")), int(result.get("label", 0)), str(answer.get("trace_id", "")))

    def check_media(self, openid: str, url: str, *, scene: TextScene = TextScene.FORUM) -> Verdict:
        body = {"version": 2, "openid": openid, "scene": int(scene), "media_url": url, "media_type": MEDIA_IMAGE}
        try:
            answer = self._client.post("wxa/media_check_async", data=body)
        except WeChatFailed as exc:
            return _unseen(exc)
        return Verdict(Suggest.PENDING, trace_id=_need(answer, "trace_id"))

    def risk_rank(self, openid: str, *, client_ip: str) -> int:
        body = {"appid": self.appid, "openid": openid, "scene": RISK_SCENE_UGC, "client_ip": client_ip}
        return int(_need(self._client.post("wxa/getuserriskrank", data=body), "risk_rank"))

    def templates(self) -> list[Template]:
        return [_template(row) for row in self._rows("gettemplate")]

    def add_template(self, tid: str, keyword_ids: Sequence[int], scene: str) -> str:
        if not 2 <= len(keyword_ids) <= 5:
            raise BadInput(f"{len(keyword_ids)} keywords: a template has 2–5")
        if not 1 <= len(scene) <= 15:
            raise BadInput(f"scene description of {len(scene)} characters: 1–15")
        body = {"tid": tid, "kidList": list(keyword_ids), "sceneDesc": scene}
        return _need(self._client.post("wxaapi/newtmpl/addtemplate", data=body), "priTmplId")

    def delete_template(self, template_id: str) -> None:
        self._client.post("wxaapi/newtmpl/deltemplate", data={"priTmplId": template_id})

    def categories(self) -> list[Category]:
        return [Category(int(row["id"]), str(row["name"])) for row in self._rows("getcategory")]

    def library(self, category_ids: Sequence[int], *, start: int = 0, limit: int = 30) -> list[PublicTemplate]:
        query = {"ids": ",".join(map(str, category_ids)), "start": start, "limit": limit}
        rows = self._rows("getpubtemplatetitles", query)
        return [PublicTemplate(str(r["tid"]), str(r["title"]), int(r["type"]) == 2, str(r["categoryId"])) for r in rows]

    def keywords(self, tid: str) -> list[Keyword]:
        rows = self._rows("getpubtemplatekeywords", {"tid": tid})
        return [Keyword(int(r["kid"]), str(r["name"]), str(r["rule"]), str(r.get("example", ""))) for r in rows]

    def _rows(self, endpoint: str, query: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
        answer = self._client.get(f"wxaapi/newtmpl/{endpoint}", params=query or {})
        return list(answer.get("data") or ())


def _login_error(exc: WeChatFailed) -> AppError:
    if exc.errcode in (40029, 40163):
        return Unauthorized(exc.detail, code="bad_js_code")
    if exc.errcode == 40226:
        return Refused(exc.detail, code="risky_guest")
    return TooMany(exc.detail) if exc.errcode == 45011 else exc


def _need(answer: object, name: str) -> str:
    """A field without which the answer is none."""
    if not isinstance(answer, dict) or answer.get(name) is None:
        raise WeChatFailed(None, f"no {name} in the answer")
    return str(answer[name])


def _told(exc: WeChatFailed) -> Told:
    """The typed outcomes; raises `exc` again when it is none of them."""
    if exc.errcode not in OUTCOMES:
        raise exc
    outcome = OUTCOMES[exc.errcode]
    named = _FIELD.search(exc.errmsg) if outcome is Outcome.MISFIT else None
    return Told(
        outcome,
        field=named[1] if named else "",
        retry_after=BUSY_PAUSE_S if outcome is Outcome.BUSY else 0,
        errcode=exc.errcode,
        rid=exc.rid,
    )


def _unseen(exc: WeChatFailed) -> Verdict:
    if exc.errcode != 61010:
        raise exc
    return Verdict(Suggest.UNSEEN)


def _expiry(days: int) -> dict[str, Any]:
    if not 1 <= days <= 30:
        raise BadInput(f"{days} days: a link lives 1–30 days")
    return {"expire_type": 1, "expire_interval": days}


def _page(page: str, *, query: bool = True) -> str:
    """Raises BadInput for what WeChat would refuse, or worse, take literally."""
    if page.startswith("/") or (not query and "?" in page):
        raise BadInput(f"page {page!r}: like pages/album/album, no leading slash{'' if query else ', no query'}")
    return page


def _template(row: Mapping[str, Any]) -> Template:
    enums = {e["keywordCode"]: list(e["enumValueList"]) for e in row.get("keywordEnumValueList") or ()}
    return Template(
        str(row["priTmplId"]),
        str(row["title"]),
        str(row["content"]),
        str(row.get("example", "")),
        one_time=int(row["type"]) == 2,
        enums=enums,
    )
