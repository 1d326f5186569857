"""Subscription messages and their templates."""

from __future__ import annotations

import secrets
import time
from typing import Any, Final

from launch.sandbox.wechat.asking import Ask, Refusal
from launch.sandbox.wechat.guests import known
from launch.sandbox.wechat.memory import App, Keyword, Message, Template, World
from launch.sandbox.wechat.push import push_event
from launch.sandbox.wechat.rules import data_fault, page_path

FIRST_MSGID: Final = 1_700_000_000_000_000_000
TEMPLATES_MOST: Final = 50
SENSITIVE: Final = ("敏感词", "sensitive-word")
CATEGORIES: Final = [{"id": 616, "name": "摄影/扩印"}]
LIBRARY: Final[dict[str, tuple[str, list[Keyword]]]] = {
    "30001": (
        "相册更新通知",
        [
            Keyword("相册名称", "thing1", "2026 年会"),
            Keyword("新照片数量", "number2", "36"),
            Keyword("更新时间", "time3", "2026年11月22日 15:01"),
            Keyword("温馨提示", "thing4", "点击查看你的照片"),
            Keyword("摄影师", "name5", "小王"),
        ],
    ),
    "30002": (
        "照片精修完成通知",
        [
            Keyword("活动名称", "thing1", "2026 年会"),
            Keyword("精修张数", "number2", "12"),
            Keyword("状态", "phrase3", "已完成"),
            Keyword("费用", "amount4", "¥0"),
            Keyword("日期", "date5", "2026-11-22"),
        ],
    ),
    "30004": (
        "相册完成通知",
        [
            Keyword("活动名称", "thing1", "2026 年会"),
            Keyword("照片总数", "number2", "860"),
            Keyword("完成时间", "time3", "2026年11月22日 22:10"),
            Keyword("温馨提示", "thing4", "点击查看全部照片"),
        ],
    ),
    "30003": (
        "活动开始提醒",
        [
            Keyword("活动名称", "thing1", "2026 年会"),
            Keyword("开始时间", "time2", "15:01"),
            Keyword("活动状态", "enum3", "进行中", ["即将开始", "进行中", "已结束"]),
            Keyword("联系电话", "phone_number4", "400-800-8888"),
            Keyword("编号", "character_string5", "KM-2026"),
        ],
    ),
}


def send(world: World, app: App, ask: Ask) -> dict[str, Any]:
    """One message: refused by template, page, fields and words; then one at a time per guest; then by credit."""
    with world.lock:
        user = known(app, ask.body.get("touser"))
        template = _template(app, ask.body.get("template_id"))
        _well_formed(app, template, ask.body)
        key = (app.appid, user.openid)
        if key in world.sending:
            raise Refusal(43108, "too many concurrent requests for the same user")
        world.sending.add(key)
    try:
        time.sleep(world.memory.send_ms / 1000)
        with world.lock:
            mine = app.credits.setdefault(user.openid, {})
            if mine.get(template.template_id, 0) <= 0:
                raise Refusal(43101, "user refuse to accept the msg")
            mine[template.template_id] -= 1
            message = _message(world, user.openid, template, ask.body)
            app.messages.append(message)
    finally:
        world.sending.discard(key)
    item = {"TemplateId": template.template_id, "MsgID": str(message.msgid), "ErrorCode": "0", "ErrorStatus": "success"}
    push_event(world, app, user.openid, "subscribe_msg_sent_event", [item])
    return {"msgid": message.msgid}


def _template(app: App, template_id: object) -> Template:
    found = next((t for t in app.templates if t.template_id == template_id), None)
    if found is None:
        raise Refusal(40037, "invalid template_id")
    if found.banned:
        raise Refusal(43107, "subscribe message capability is banned")
    return found


def _well_formed(app: App, template: Template, body: dict[str, Any]) -> None:
    state = body.get("miniprogram_state", "formal")
    if state not in ("formal", "trial", "developer") or body.get("lang", "zh_CN") not in (
        "zh_CN",
        "en_US",
        "zh_HK",
        "zh_TW",
    ):
        raise Refusal(47001, "data format error")
    page = body.get("page")
    if page is not None and (not isinstance(page, str) or page_path(page) not in app.pages):
        raise Refusal(41030, "invalid page")
    names = [k.keyword for k in template.keywords]
    fault = data_fault(names, body.get("data"), {k.keyword: k.enum for k in template.keywords})
    if fault:
        raise Refusal(47003, f"argument invalid! {fault}")
    if any(word in str(value) for value in body["data"].values() for word in SENSITIVE):
        raise Refusal(45168, "the message contains a sensitive word")


def _message(world: World, openid: str, template: Template, body: dict[str, Any]) -> Message:
    return Message(
        FIRST_MSGID + world.serial(),
        openid,
        template.template_id,
        template.title,
        [(k.name, body["data"][k.keyword]["value"]) for k in template.keywords],
        body.get("page", ""),
        body.get("miniprogram_state", "formal"),
        body.get("lang", "zh_CN"),
        world.now(),
    )


def get_templates(_world: World, app: App, _ask: Ask) -> dict[str, Any]:
    return {"data": [_shown(t) for t in app.templates]}


def _shown(template: Template) -> dict[str, Any]:
    enums = [{"keywordCode": k.keyword, "enumValueList": k.enum} for k in template.keywords if k.enum]
    return {
        "priTmplId": template.template_id,
        "title": template.title,
        "content": "".join(f"{k.name}:{{{{{k.keyword}.DATA}}}}\n" for k in template.keywords),
        "example": "".join(f"{k.name}:{k.example}\n" for k in template.keywords),
        "type": 2,
        **({"keywordEnumValueList": enums} if enums else {}),
    }


def add_template(_world: World, app: App, ask: Ask) -> dict[str, Any]:
    tid, kids, scene = str(ask.body.get("tid")), ask.body.get("kidList"), ask.body.get("sceneDesc")
    if tid not in LIBRARY:
        raise Refusal(200014, "invalid tid")
    title, keywords = LIBRARY[tid]
    fine = isinstance(kids, list) and 2 <= len(kids) <= 5 and all(k in range(1, len(keywords) + 1) for k in kids)
    if not fine or not isinstance(kids, list):
        raise Refusal(200020, "invalid kidList")
    if not isinstance(scene, str) or not 1 <= len(scene) <= 15:
        raise Refusal(200021, "invalid sceneDesc")
    chosen = [keywords[k - 1] for k in kids]
    if any(t.tid == tid and t.keywords == chosen for t in app.templates):
        raise Refusal(200022, "duplicate template")
    if len(app.templates) >= TEMPLATES_MOST:
        raise Refusal(200012, "too many templates")
    template = Template(secrets.token_urlsafe(32), tid, title, chosen)
    app.templates.append(template)
    return {"priTmplId": template.template_id}


def delete_template(_world: World, app: App, ask: Ask) -> dict[str, Any]:
    found = next((t for t in app.templates if t.template_id == ask.body.get("priTmplId")), None)
    if found is None:
        raise Refusal(20002, "param error")
    app.templates.remove(found)
    return {}


def get_category(_world: World, _app: App, _ask: Ask) -> dict[str, Any]:
    return {"data": CATEGORIES}


def public_titles(_world: World, _app: App, ask: Ask) -> dict[str, Any]:
    start, limit = int(ask.query.get("start", 0)), int(ask.query.get("limit", 0))
    if not 1 <= limit <= 30:
        raise Refusal(20002, "param error")
    mine = "616" in str(ask.query.get("ids", "")).split(",")
    rows = [{"tid": int(tid), "title": title, "type": 2, "categoryId": "616"} for tid, (title, _) in LIBRARY.items()]
    return {"count": len(rows) if mine else 0, "data": rows[start : start + limit] if mine else []}


def public_keywords(_world: World, _app: App, ask: Ask) -> dict[str, Any]:
    tid = str(ask.query.get("tid"))
    if tid not in LIBRARY:
        raise Refusal(200014, "invalid tid")
    _, keywords = LIBRARY[tid]
    rows = [
        {"kid": n, "name": k.name, "example": k.example, "rule": k.keyword.rstrip("0123456789")}
        for n, k in enumerate(keywords, 1)
    ]
    return {"count": len(rows), "data": rows}
