"""Mini-program codes and links."""

from __future__ import annotations

import secrets
from typing import Any, Final

from launch.sandbox.wechat.asking import Ask, Picture, Refusal
from launch.sandbox.wechat.memory import App, Link, World
from launch.sandbox.wechat.picture import draw
from launch.sandbox.wechat.rules import LINK_QUERY, page_path, scene_fault

LINKS_KEPT: Final = 50
ENV_VERSIONS: Final = ("release", "trial", "develop")


def unlimited_code(world: World, app: App, ask: Ask) -> Picture:
    scene = ask.body.get("scene")
    if fault := scene_fault(scene):
        raise Refusal(fault, "invalid scene")
    _released(app, ask)
    width = ask.body.get("width", 430)
    if ask.body.get("env_version", "release") not in ENV_VERSIONS or not isinstance(width, int):
        raise Refusal(40097, "invalid args")
    hyaline = bool(ask.body.get("is_hyaline"))
    content = draw(world.memory.h5, str(scene), min(max(width, 280), 1280), hyaline=hyaline)
    return Picture(content, "image/png" if hyaline else "image/jpeg")


def _released(app: App, ask: Ask) -> None:
    page = ask.body.get("page")
    if page is None:
        return
    if not isinstance(page, str) or page_path(page) != page:
        raise Refusal(41030, "invalid page")
    if "scancode_time" in page:
        raise Refusal(85096, "not allow include scancode_time field")
    if ask.body.get("check_path", True) and page not in app.pages:
        raise Refusal(41030, "invalid page")


def scheme(world: World, app: App, ask: Ask) -> dict[str, Any]:
    target = ask.body.get("jump_wxa")
    if not isinstance(target, dict):
        raise Refusal(40097, "invalid args, jump_wxa")  # a list, as some libraries send, is none
    _linkable(app, ask, target)
    return {"openlink": _kept(world, app, f"weixin://dl/business/?t={secrets.token_urlsafe(9)}", target)}


def url_link(world: World, app: App, ask: Ask) -> dict[str, Any]:
    if "cloud_base" in ask.body and not isinstance(ask.body["cloud_base"], dict):
        raise Refusal(40097, "invalid args, cloud_base")
    _linkable(app, ask, ask.body)
    return {"url_link": _kept(world, app, f"https://wxaurl.cn/{secrets.token_urlsafe(9)}", ask.body)}


def _kept(world: World, app: App, url: str, target: dict[str, Any]) -> str:
    """Remembers where the link leads, for whoever opens it here."""
    page, query = target.get("path") or app.pages[0], target.get("query")
    app.links[url] = Link(f"{page}?{query}" if query else page, world.now())
    for old in list(app.links)[:-LINKS_KEPT]:
        del app.links[old]
    return url


def _linkable(app: App, ask: Ask, target: dict[str, Any]) -> None:
    if app.personal:
        raise Refusal(40002, "invalid scene, personal subject")
    if not app.pages:
        raise Refusal(85079, "miniprogram has no online release")
    if target.get("path", "") and target["path"] not in app.pages:
        raise Refusal(40165, "invalid weapp pagepath")
    query = str(target.get("query", ""))
    if len(query) > 1024 or not LINK_QUERY.fullmatch(query):
        raise Refusal(40212, "invalid query")
    if target.get("env_version", "release") not in ENV_VERSIONS:
        raise Refusal(85402, "invalid env_version")
    interval = ask.body.get("expire_interval")
    if ask.body.get("expire_type") != 1 or not isinstance(interval, int) or not 1 <= interval <= 30:
        raise Refusal(85401, "time limit between 1min and 30 days")
