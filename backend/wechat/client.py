"""The one road to WeChat: wechatpy's client, with its transport replaced.

wechatpy 2.0.0a26 asks the wrong endpoint for tokens, without a timeout and once per process; repeats a rejected call
without end; and puts URLs that hold secrets into its exceptions. Everything it sends goes through `_request`, so
replacing that (and the token) gives all its endpoints, and ours, the same rules: timeouts, one shared token, one
repeat after a token error, our rate limit, a count per errcode, no secret in any text.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr
from redis import Redis
from requests.adapters import HTTPAdapter
from wechatpy.client import WeChatClient

from backend.db import outside
from backend.wechat.failures import Kind, WeChatFailed
from backend.wechat.limits import Limits
from backend.wechat.meters import Meters
from backend.wechat.tokens import Fresh, TokenStore

log = logging.getLogger(__name__)

TIMEOUT: Final = (3.0, 8.0)  # s to connect, s between bytes of the answer
CONNECTIONS: Final = 32  # kept open by one process
WITHOUT_TOKEN: Final = frozenset({"sns/jscode2session", "cgi-bin/stable_token"})

_RID = re.compile(r"\s*rid:\s*([\w-]+)")
_OPAQUE = re.compile(r"[\w-]{32,}", re.ASCII)  # tokens and secrets, should WeChat ever repeat one to us
_SECRETS = re.compile(r"((?:access_token|secret|js_code|session_key|signature|appsecret)=)[^&\s\"']+")


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    endpoint: str
    query: Mapping[str, object] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    files: Any = None


class Client(WeChatClient):  # type: ignore[misc]  # the library has no types
    """`get(endpoint, params=)` and `post(endpoint, data=)` answer the decoded JSON, or bytes when it is an image.

    Raises WeChatFailed. Share one per process and appid; threads may use it at once.
    """

    def __init__(
        self,
        appid: str,
        secret: SecretStr,
        redis: Redis,
        meters: Meters,
        *,
        base_url: str,
        timeout: tuple[float, float],
    ) -> None:
        self.API_BASE_URL = base_url.rstrip("/") + "/"
        super().__init__(appid, secret, timeout=timeout, auto_retry=False)
        self._http.mount(self.API_BASE_URL, HTTPAdapter(pool_connections=1, pool_maxsize=CONNECTIONS))
        self._http.trust_env = urlsplit(base_url).hostname not in {"127.0.0.1", "localhost"}  # no proxy to ourselves
        self._meters = meters
        self._limits = Limits(redis, appid)
        self._tokens = TokenStore(redis, appid, self._stable_token)
        _redact_urllib3()

    @property
    def access_token(self) -> str:
        return self._tokens.get()

    def fetch_access_token(self) -> dict[str, object]:
        """What wechatpy calls renewing; the old endpoint behind it would kill every other token."""
        return {"access_token": self.access_token}

    def vouch(self) -> None:
        """The same token as everybody has, asked of WeChat and not of what is kept: costs one call, ends none."""
        self._stable_token(force=False)

    def _stable_token(self, force: bool) -> Fresh:
        self._meters.tokens.labels(self.appid, str(force).lower()).inc()
        body = {
            "grant_type": "client_credential",
            "appid": self.appid,
            "secret": self.secret.get_secret_value(),
            "force_refresh": force,
        }
        answer = self._send(_Call("post", "cgi-bin/stable_token", body=_encode(body)))
        if not isinstance(answer, dict) or "access_token" not in answer:
            raise WeChatFailed(None, "no token in the answer")
        return Fresh(str(answer["access_token"]), int(answer.get("expires_in", 7200)))

    def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> Any:  # noqa: ANN401 wechatpy's signature
        outside()
        endpoint = self._endpoint(url_or_endpoint, kwargs)
        call = _Call(method, endpoint, kwargs.get("params") or {}, _body(kwargs), kwargs.get("files"))
        answer = self._send(call) if endpoint in WITHOUT_TOKEN else self._with_token(call)
        finish = kwargs.get("result_processor")
        return finish(answer) if finish else answer

    def _with_token(self, call: _Call) -> Any:  # noqa: ANN401 decoded JSON
        token = self.access_token
        try:
            return self._send(call, token)
        except WeChatFailed as exc:
            if exc.kind is not Kind.TOKEN:
                raise
        return self._send(call, self._tokens.renew(token))  # once

    def _endpoint(self, url_or_endpoint: str, kwargs: Mapping[str, Any]) -> str:
        """The path below our base URL, whatever base wechatpy's endpoint objects believe in."""
        base = kwargs.get("api_base_url", self.API_BASE_URL)
        url = url_or_endpoint if url_or_endpoint.startswith("http") else base + url_or_endpoint
        path = urlsplit(url).path if not url.startswith(self.API_BASE_URL) else url.removeprefix(self.API_BASE_URL)
        return path.lstrip("/")

    def _send(self, call: _Call, token: str = "") -> Any:  # noqa: ANN401 decoded JSON
        held_s = self._limits.take(call.endpoint)
        if held_s:
            self._meters.held.labels(call.endpoint).inc()
            raise WeChatFailed(45011, "held back by our own rate limit", pause_s=int(held_s) + 1)
        started = time.monotonic()
        answer, errcode = self._ask(call, token)
        took = time.monotonic() - started
        self._meters.seconds.labels(call.endpoint).observe(took)
        self._meters.calls.labels(self.appid, call.endpoint, errcode).inc()
        if isinstance(answer, WeChatFailed):
            log.info(
                "wechat refused endpoint=%s errcode=%s rid=%s ms=%d", call.endpoint, errcode, answer.rid, took * 1000
            )
            raise answer
        return answer

    def _ask(self, call: _Call, token: str) -> tuple[Any, str]:
        """The answer or the failure, and the word it is counted under. Never raises: a `raise` inside `except`
        would carry the library's exception, whose text and request hold the token.
        """
        query = {name: v.get_secret_value() if isinstance(v, SecretStr) else v for name, v in call.query.items()}
        if token:
            query["access_token"] = token
        headers = {"Content-Type": "application/json; charset=utf-8"} if call.body is not None else None
        try:
            response = self._http.request(
                call.method,
                self.API_BASE_URL + call.endpoint,
                params=query,
                data=call.body,
                files=call.files,
                headers=headers,
                timeout=self.timeout,
                allow_redirects=False,  # a token goes to no other host
            )
        except requests.Timeout as exc:
            return WeChatFailed(None, type(exc).__name__), "timeout"
        except requests.RequestException as exc:
            return WeChatFailed(None, type(exc).__name__), "network"
        return self._read(call, response)

    def _read(self, call: _Call, response: requests.Response) -> tuple[Any, str]:
        if response.status_code != requests.codes.ok:
            kind = Kind.TRANSIENT if response.status_code >= 500 else Kind.PERMANENT
            return WeChatFailed(None, f"HTTP {response.status_code}", kind=kind), f"http_{response.status_code}"
        if response.headers.get("Content-Type", "").startswith("image/"):
            return response.content, "0"
        try:
            answer = json.loads(response.content.decode("utf-8", "replace"), strict=False)
            errcode = int(answer.get("errcode") or 0)
        except (ValueError, AttributeError, TypeError):
            return WeChatFailed(None, "the answer is not JSON"), "garbled"
        if errcode:
            return self._failure(call, errcode, str(answer.get("errmsg", ""))), str(errcode)
        return answer, "0"

    def _failure(self, call: _Call, errcode: int, errmsg: str) -> WeChatFailed:
        found = _RID.search(errmsg)
        words = _OPAQUE.sub("***", _RID.sub("", errmsg))
        for secret in (self.secret.get_secret_value(), str(call.query.get("js_code", ""))):
            words = words.replace(secret, "***") if secret else words
        # for codes of pictures 45009 is a limit per minute, for everything else per day
        pause_s = 60 if (errcode, call.endpoint) == (45009, "wxa/getwxacodeunlimit") else None
        return WeChatFailed(errcode, words[:300], rid=found[1] if found else "", pause_s=pause_s)


def _encode(body: object) -> bytes:
    """Raw UTF-8: WeChat counts and checks the characters, and some endpoints take escapes literally."""
    return json.dumps(body, ensure_ascii=False).encode()


def _body(kwargs: Mapping[str, Any]) -> bytes | None:
    body = kwargs.get("data", kwargs.get("json"))
    if body is None or isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else _encode(body)


def redact(record: logging.LogRecord) -> bool:
    """Take tokens and secrets out of a record, in its text and its arguments."""
    if isinstance(record.args, tuple):
        record.args = tuple(_SECRETS.sub(r"\1***", a) if isinstance(a, str) else a for a in record.args)
    record.msg = _SECRETS.sub(r"\1***", str(record.msg))
    return True


def _redact_urllib3() -> None:
    """urllib3 logs every URL at DEBUG. Adding the same filter again changes nothing."""
    logging.getLogger("urllib3.connectionpool").addFilter(redact)
