"""Every errcode WeChat may answer: what kind it is, and what to do, in words.

`token`: renew the token, try once more. `rate`: the same request may pass after `pause_s`. `transient`: nobody knows
whether it happened; try again. `permanent`: repeating will not help, somebody must change something.
`typed`: the gateway answers it as a value or an error of its own at the endpoints that document it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from backend.clock import now_ms
from backend.errors import Upstream

MINUTE_S: Final = 60
UNTIL_MIDNIGHT: Final = -1  # daily quotas end at midnight in China
CHINA_OFFSET_S: Final = 8 * 3600
DAY_S: Final = 86_400


class Kind(StrEnum):
    TOKEN = "token"  # noqa: S105 the word, not a secret
    RATE = "rate"
    TRANSIENT = "transient"
    PERMANENT = "permanent"
    TYPED = "typed"


@dataclass(frozen=True, slots=True)
class Meaning:
    """One row of the table: `chinese` and `english` say what to do."""

    kind: Kind
    chinese: str
    english: str
    pause_s: int = 0


def _token(chinese: str, english: str) -> Meaning:
    return Meaning(Kind.TOKEN, chinese, english)


def _rate(pause_s: int, chinese: str, english: str) -> Meaning:
    return Meaning(Kind.RATE, chinese, english, pause_s)


def _transient(chinese: str, english: str) -> Meaning:
    return Meaning(Kind.TRANSIENT, chinese, english)


def _permanent(chinese: str, english: str) -> Meaning:
    return Meaning(Kind.PERMANENT, chinese, english)


def _typed(chinese: str, english: str) -> Meaning:
    return Meaning(Kind.TYPED, chinese, english)


MEANINGS: Final[dict[int, Meaning]] = {
    -1: _transient("微信系统繁忙，请稍后重试", "WeChat is busy. Try again later."),
    # who we are
    40001: _token(
        "access_token 已失效，或 AppSecret 不正确", "The access token is no longer valid, or the secret is wrong."
    ),
    40014: _token("access_token 格式不正确", "The access token is malformed."),
    42001: _token("access_token 已过期", "The access token has expired."),
    41001: _permanent("请求缺少 access_token", "The request carried no access token. This is a bug of ours."),
    40013: _permanent("AppID 不正确：检查 KUAIMEN_WECHAT_APPID", "Wrong appid. Check KUAIMEN_WECHAT_APPID."),
    40125: _permanent(
        "AppSecret 不正确：在公众平台「开发管理」重置后填入 KUAIMEN_WECHAT_SECRET",
        "Wrong secret. Reset it in the console (development settings) and set KUAIMEN_WECHAT_SECRET.",
    ),
    40164: _permanent(
        "本机出口 IP 不在白名单：在公众平台「开发管理」添加该 IP",
        "This machine's address is not in the IP whitelist. Add it in the console (development settings).",
    ),
    40243: _permanent("AppSecret 已被冻结：请在公众平台解冻", "The secret is frozen. Unfreeze it in the console."),
    89503: _permanent("该 IP 调用需管理员确认", "An administrator must confirm calls from this IP in WeChat."),
    89506: _permanent(
        "管理员 24 小时内两次拒绝该 IP", "An administrator refused this IP twice. Try again after 24 hours."
    ),
    89507: _permanent("管理员 1 小时内拒绝过该 IP", "An administrator refused this IP. Try again after an hour."),
    50004: _permanent("没有获取 access_token 的权限", "The account may not fetch access tokens."),
    50007: _permanent("小程序账号已被冻结", "The mini-program's account is frozen."),
    48001: _permanent("小程序没有该接口的权限", "The mini-program is not granted this API."),
    61007: _permanent("该接口未授权给第三方平台", "This API is not granted to the third-party platform."),
    # how we ask
    43002: _permanent("应使用 POST 请求", "The request must be a POST. This is a bug of ours."),
    44002: _permanent("POST 内容为空", "The body is empty. This is a bug of ours."),
    47001: _permanent("请求内容不是合法的 JSON", "The body is not valid JSON. This is a bug of ours."),
    40097: _permanent("参数不正确", "An argument is not valid."),
    # how often
    45009: _rate(UNTIL_MIDNIGHT, "已达到接口的每日调用上限", "The API's daily quota is used up."),
    45011: _rate(MINUTE_S, "调用太频繁，请一分钟后再试", "Too many calls this minute."),
    44990: _rate(1, "调用太频繁（每秒上限）", "Too many calls this second."),
    44991: _rate(MINUTE_S, "调用太频繁（每分钟上限）", "Too many calls this minute."),
    44993: _rate(UNTIL_MIDNIGHT, "已达到生成链接的每日上限", "The daily quota of links is used up."),
    87020: _rate(MINUTE_S, "相同的检测请求太频繁", "The same check was requested too often."),
    # login and sessions
    40029: _typed(
        "code 无效（过期、已使用或属于其他小程序）", "The code is invalid: expired, used, or of another app."
    ),
    40163: _typed("code 已被使用", "The code was used already."),
    40226: _typed("高风险用户，微信已拦截登录", "WeChat blocks this user from logging in."),
    87009: _typed("会话签名无效或已过期", "The session signature is wrong or has expired."),
    87007: _permanent("session_key 缺失或已过期", "The session key is missing or has expired."),
    87008: _permanent("签名方法不正确", "The signature method is not known."),
    # mini-program codes
    40129: _typed("scene 无效：1–32 个允许的字符", "The scene is invalid: 1–32 of the allowed characters."),
    40169: _typed("scene 长度不正确", "The scene's length is wrong: 1–32 characters."),
    41030: _typed(
        "页面不在已发布的版本中：发布后再试，或设置 KUAIMEN_WECHAT_CHECK_PATH=false",
        "The page is not in the released version. Release it, or set KUAIMEN_WECHAT_CHECK_PATH=false.",
    ),
    85096: _permanent("页面参数不能使用保留名 scancode_time", "The page uses the reserved name scancode_time."),
    45029: _permanent("永久小程序码数量已用完", "The account's limited number of permanent codes is used up."),
    40159: _permanent("页面路径长度不正确", "The path's length is wrong."),
    # links
    40002: _permanent("个人主体的小程序不能生成链接", "Accounts of individuals may not create links."),
    40165: _permanent("链接中的页面路径不正确", "The page of the link is not valid."),
    40212: _permanent("链接中的参数不正确", "The query of the link is not valid."),
    85079: _permanent("小程序尚未发布", "The mini-program has no released version."),
    85401: _permanent("链接有效期须在 1 分钟到 30 天之间", "A link lives from 1 minute to 30 days."),
    85402: _permanent("链接的 env_version 不正确", "The env_version of the link is not valid."),
    85403: _permanent("链接不存在", "No such link."),
    85405: _permanent("明文 scheme 未开启：在公众平台声明该路径", "The plain scheme is not enabled. Declare the path."),
    85406: _rate(UNTIL_MIDNIGHT, "已达到链接打开的每日上限", "The daily quota of link openings is used up."),
    85407: _permanent("没有查询该链接的权限", "This link may not be queried."),
    85408: _permanent("链接能力已被封禁", "The ability to create links is banned."),
    # subscription messages
    43101: _typed(
        "访客未订阅、已拒收，或订阅额度已用完", "The guest did not subscribe, refuses, or the quota is spent."
    ),
    40003: _typed("openid 无效或属于其他小程序", "The openid is invalid or of another app."),
    40037: _typed("消息模板无效或已删除", "The template is invalid or was deleted."),
    47003: _typed("消息内容与模板不符", "The message does not match its template."),
    43107: _typed("订阅消息能力或模板已被封禁", "Subscription messages or the template are banned."),
    43108: _typed("正在给同一访客发送消息", "Another message to the same guest is under way."),
    45168: _typed("消息内容含有敏感词", "The message contains a sensitive word."),
    40038: _rate(UNTIL_MIDNIGHT, "已达到长期订阅模板的推送上限", "The push limit of a long-term template is reached."),
    # templates
    20001: _transient("模板系统错误，请稍后重试", "The template system failed. Try again later."),
    20002: _permanent("模板参数不正确", "An argument about templates is not valid."),
    200011: _permanent("账号已被封禁，不能操作模板", "The account is banned from templates."),
    200012: _permanent("个人模板数已达上限：请先删除不用的模板", "Too many templates. Delete one first."),
    200013: _permanent("该公共模板已被封禁", "This public template is banned."),
    200014: _permanent("公共模板 tid 不正确", "No such public template (tid)."),
    200020: _permanent("关键词列表不正确：需要 2–5 个", "The keyword list is wrong: 2–5 keyword ids."),
    200021: _permanent("服务场景说明不正确：1–15 个字", "The scene description is wrong: 1–15 characters."),
    200022: _permanent("相同的模板已存在", "The same template exists already."),
    200100: _permanent("账号类型不支持订阅消息", "This type of account has no subscription messages."),
    # content checks
    40004: _permanent("媒体类型不正确", "The media type is not valid."),
    43104: _permanent("openid 与小程序不匹配", "The openid belongs to another app."),
    61010: _typed("访客 2 小时内未进入小程序，微信无法检测", "The guest was not in the mini-program within 2 hours."),
    87014: _permanent("内容含有违法违规信息（旧版检测）", "The content is risky (old check). This is a bug of ours."),
}
_UNKNOWN: Final = _permanent("微信返回了未知的错误码", "WeChat answered with a code we do not know.")
_NO_ANSWER: Final = _transient("微信没有正常应答，请稍后重试", "WeChat did not answer properly. Try again later.")


def meaning(errcode: int | None) -> Meaning:
    """The row of `errcode`; None is «no proper answer». A code we do not know counts as permanent."""
    return _NO_ANSWER if errcode is None else MEANINGS.get(errcode, _UNKNOWN)


class WeChatFailed(Upstream):
    """WeChat did not do it. `permanent` is False when the same request may work later, at best after `retry_after` s.

    `errcode` is None when there was no proper answer; `rid` is what Tencent's support asks for.
    The text names neither tokens nor secrets nor guests.
    """

    default = "wechat"

    def __init__(
        self, errcode: int | None, errmsg: str, *, rid: str = "", pause_s: int | None = None, kind: Kind | None = None
    ) -> None:
        row = meaning(errcode)
        self.errcode = errcode
        self.errmsg = errmsg
        self.rid = rid
        self.kind = kind or row.kind
        self.retry_after = _pause(row.pause_s if pause_s is None else pause_s)
        permanent = self.kind in (Kind.PERMANENT, Kind.TYPED)
        super().__init__(f"errcode={errcode} errmsg={errmsg!r} rid={rid}", permanent=permanent)

    def explain(self, language: str = "zh") -> str:
        """What went wrong and what to do, for the organizer or the operator, in `zh` or `en`."""
        row = meaning(self.errcode)
        words = row.english if language == "en" else row.chinese
        return f"{words} ({self.errmsg})" if self.errmsg else words


def _pause(pause_s: int) -> int:
    if pause_s != UNTIL_MIDNIGHT:
        return pause_s
    return DAY_S - (now_ms() // 1000 + CHINA_OFFSET_S) % DAY_S
