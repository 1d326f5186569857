"""WeChat: what the rest of the program may know about it.

Web and worker code see `WeChat`, these values and `WeChatFailed`; the vendor's library, tokens, timeouts and
errcodes stay behind `backend.wechat.gateway`. A «typed» errcode comes back as a value (`Told`, `Verdict`), because it
is news about a guest, a template or a page; everything else is raised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Literal, Protocol

from backend.wechat.failures import Kind, WeChatFailed

__all__ = [
    "Category",
    "EnvVersion",
    "Keyword",
    "Kind",
    "Language",
    "Login",
    "MessageState",
    "Outcome",
    "Phone",
    "PublicTemplate",
    "Suggest",
    "Template",
    "TextScene",
    "Told",
    "Verdict",
    "WeChat",
    "WeChatFailed",
    "suggested",
]

EnvVersion = Literal["release", "trial", "develop"]
MessageState = Literal["formal", "trial", "developer"]  # the same three, in the words of subscription messages
Language = Literal["zh_CN", "en_US", "zh_HK", "zh_TW"]


@dataclass(frozen=True, slots=True)
class Login:
    """Who scanned. `unionid` is empty unless the mini-program is bound to an Open Platform account."""

    openid: str
    session_key: str = field(repr=False)  # never leaves the server, never in a log
    unionid: str = ""


class Outcome(StrEnum):
    """What became of one subscription message. Only `sent` spends quota; only `busy` is worth repeating as it is."""

    SENT = "sent"
    REFUSED = "refused"  # 43101: this guest's quota for the template is 0, whatever we believed
    BUSY = "busy"  # 43108: another message to the same guest is under way
    NO_GUEST = "no_guest"  # 40003: the openid is dead for this appid
    NO_TEMPLATE = "no_template"  # 40037: tell the operator, stop using the template
    MISFIT = "misfit"  # 47003: a bug; `Told.field` names the keyword
    NO_PAGE = "no_page"  # 41030: the page is not released; send without it or release
    BANNED = "banned"  # 43107: stop all sending, tell the operator
    SENSITIVE = "sensitive"  # 45168: send again with neutral words


@dataclass(frozen=True, slots=True)
class Told:
    outcome: Outcome
    msgid: str = ""  # of `sent`: equals `PushEvent.msgid` of the event that reports the delivery
    field: str = ""  # of `misfit`
    retry_after: int = 0  # s, of `busy`
    errcode: int = 0
    rid: str = ""


class Suggest(StrEnum):
    PASS = "pass"  # noqa: S105 WeChat's word
    REVIEW = "review"
    RISKY = "risky"
    PENDING = "pending"  # the result comes as a push event with the same `trace_id`, within 30 minutes
    UNSEEN = "unseen"  # 61010: the guest was not in the mini-program within 2 hours, so WeChat does not judge


def suggested(word: object) -> Suggest:
    """WeChat's word; one we do not know is for a person to look at."""
    return Suggest(word) if word in ("pass", "review", "risky") else Suggest.REVIEW


@dataclass(frozen=True, slots=True)
class Verdict:
    """WeChat's opinion of a text or a photo. `label`: 100 normal, 20001 politics, 20002 porn, 20006 crime …"""

    suggest: Suggest
    label: int = 0
    trace_id: str = ""


class TextScene(IntEnum):
    PROFILE = 1
    COMMENT = 2
    FORUM = 3
    SOCIAL_LOG = 4


@dataclass(frozen=True, slots=True)
class Phone:
    number: str = field(repr=False)  # with the country code when it is not +86
    national: str = field(repr=False)
    country_code: str = "86"


@dataclass(frozen=True, slots=True)
class Template:
    """A template of ours. `content` holds the keywords, a line each: `相册:{{thing1.DATA}}`."""

    template_id: str
    title: str
    content: str
    example: str = ""
    one_time: bool = True
    enums: Mapping[str, Sequence[str]] = field(default_factory=dict)  # keyword → the only values it takes


@dataclass(frozen=True, slots=True)
class Category:
    category_id: int
    name: str


@dataclass(frozen=True, slots=True)
class PublicTemplate:
    """A template of Tencent's library, of which ours are made."""

    tid: str
    title: str
    one_time: bool
    category_id: str


@dataclass(frozen=True, slots=True)
class Keyword:
    keyword_id: int
    name: str
    rule: str  # the type: thing, time, number …
    example: str = ""


class WeChat(Protocol):
    """One mini-program. Every method that asks WeChat may raise WeChatFailed: `permanent` and `retry_after` say
    whether and when to try again. Never call one inside a transaction.
    """

    @property
    def appid(self) -> str:
        """An openid means something only together with this."""

    def vouch(self) -> None:
        """Whether WeChat takes appid, secret and this machine's address now, whatever token is still good. Raises
        WeChatFailed.
        """

    def login(self, js_code: str) -> Login:
        """Raises Unauthorized `bad_js_code`, Refused `risky_guest`, TooMany."""

    def check_session(self, openid: str, session_key: str) -> bool:
        """False: the session key is not the guest's latest; let them log in again."""

    def decrypt(self, session_key: str, iv: str, encrypted: str) -> dict[str, object]:
        """What a mini-program got as `encryptedData`. No network. Raises BadInput `bad_encrypted`."""

    def phone(self, code: str) -> Phone:
        """`code` is that of `<button open-type="getPhoneNumber">`. Costs money. Raises BadInput `bad_phone_code`."""

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
        """A mini-program code: JPEG, or a transparent PNG when `hyaline`. `width` 280–1280 px. None: as configured.

        Same arguments, same picture: make it once and store it. Raises BadInput `bad_scene` or `bad_input`.
        """

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
        """Send one subscription message. `data`: keyword → value, all of the template's (see `fields.fit`).

        One at a time per guest. Not idempotent: after WeChatFailed without an errcode nobody knows whether it was
        sent; repeating costs at worst one quota.
        """

    def tapped(self, openid: str, template_id: str) -> None:
        """A guest asked to be told without the mini-program's own dialog. The real WeChat knows taps from phones only:
        nothing happens; the sandbox, which has no phones, counts it as «允许».
        """

    def url_link(self, path: str, query: str = "", *, days: int = 30, env_version: EnvVersion | None = None) -> str:
        """`https://wxaurl.cn/…` for SMS, mail and browsers. `days` 1–30."""

    def url_scheme(self, path: str, query: str = "", *, days: int = 30, env_version: EnvVersion | None = None) -> str:
        """`weixin://dl/business/?t=…`. `days` 1–30."""

    def plain_scheme(self, path: str, query: str = "", *, env_version: EnvVersion | None = None) -> str:
        """`weixin://dl/business/?appid=…`: for ever, no quota, no network; `path` must be declared in the console."""

    def check_text(
        self, openid: str, text: str, *, scene: TextScene = TextScene.COMMENT, title: str = "", nickname: str = ""
    ) -> Verdict:
        """At most 2,500 characters. Raises BadInput."""

    def check_media(self, openid: str, url: str, *, scene: TextScene = TextScene.FORUM) -> Verdict:
        """`pending` with a `trace_id`, or `unseen`. `url` must be open to Tencent for an hour; ≤ 10 MB."""

    def risk_rank(self, openid: str, *, client_ip: str) -> int:
        """0 (no risk) to 4, of a guest who is about to publish."""

    def templates(self) -> list[Template]: ...

    def add_template(self, tid: str, keyword_ids: Sequence[int], scene: str) -> str:
        """Make a template of a public one; returns its id. 2–5 keywords; `scene` says what for, 1–15 characters."""

    def delete_template(self, template_id: str) -> None: ...

    def categories(self) -> list[Category]:
        """The mini-program's categories; only templates of these can be added."""

    def library(self, category_ids: Sequence[int], *, start: int = 0, limit: int = 30) -> list[PublicTemplate]: ...

    def keywords(self, tid: str) -> list[Keyword]: ...
