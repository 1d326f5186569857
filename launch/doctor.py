"""Checks everything the settings point to and says, line by line, what to do.

A check never changes anything that stays: the store's probe is deleted again, WeChat is only asked.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import httpx
import PIL.features
from redis import RedisError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

import web
from backend import events
from backend.clock import now_ms
from backend.config import Settings
from backend.context import Stage
from backend.errors import AppError
from backend.models import Organization
from backend.storage import art_key
from backend.wechat import WeChat, WeChatFailed
from backend.wechat.fields import check_mapping
from backend.wechat.opening import settings_of, templates_of
from launch import here, migrate, ports, redis_server

GIB: Final = 1024**3
DISK_WARN: Final = 5 * GIB
DISK_FAIL: Final = GIB // 2
CLOCK_WARN_S: Final = 30
CLOCK_FAIL_S: Final = 600  # OSS refuses beyond 900
SAFE_SQLITE: Final = (3, 51, 3)
PAGES: Final = (  # where codes, messages and links lead
    "pages/event/event",
    "pages/album/album",
    "pages/mine/mine",
    "pages/told/told",
    "pages/confirm/confirm",
)
UNRELEASED: Final = 41030
BACKPORTED: Final = ((3, 44, 6), (3, 50, 7))  # the same fix in older lines


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `chinese` and `english` say what was found and, unless it is fine, what to do."""

    level: Level
    about: str
    chinese: str
    english: str


def ok(about: str, chinese: str, english: str = "") -> Finding:
    return Finding(Level.OK, about, chinese, english or chinese)


def warn(about: str, chinese: str, english: str) -> Finding:
    return Finding(Level.WARN, about, chinese, english)


def fail(about: str, chinese: str, english: str) -> Finding:
    return Finding(Level.FAIL, about, chinese, english)


def examine(stage: Stage) -> Iterator[Finding]:
    """Every check, as it is done. A check that breaks is itself a finding, the others go on."""
    checks: tuple[Callable[[Stage], Iterator[Finding]], ...] = (
        settings,
        disk,
        database,
        backups,
        store,
        redis,
        wechat,
        clock,
        pictures,
        site,
    )
    for check in checks:
        yield from look(stage, check)


def look(stage: Stage, check: Callable[[Stage], Iterator[Finding]]) -> Iterator[Finding]:
    """One check. That it breaks is a finding too."""
    try:
        yield from check(stage)
    except Exception as exc:  # noqa: BLE001 - entry point: a doctor names what it did not expect, and goes on
        what = f"{type(exc).__name__}: {str(exc)[:200]}"
        yield fail(check.__name__, f"检查未能完成：{what}", f"The check broke: {what}")


def settings(stage: Stage) -> Iterator[Finding]:
    s = stage.settings
    about = "settings"
    if s.wechat_appid and not s.base_url.startswith("https://"):
        yield fail(
            about,
            f"小程序只能访问 https，KUAIMEN_PUBLIC_URL 现为 {s.base_url}",
            f"Mini-programs only load https; KUAIMEN_PUBLIC_URL is {s.base_url}",
        )
    key = s.data_dir / "secret.key"
    if key.exists() and key.stat().st_mode & 0o077:
        yield fail(about, f"他人可读 {key}，请执行 chmod 600", f"Others can read {key}: chmod 600 it")
    yield ok(about, f"{s.base_url}  {s.data_dir}")


def disk(stage: Stage) -> Iterator[Finding]:
    free = shutil.disk_usage(stage.settings.data_dir).free
    words = f"{free / GIB:.1f} GiB"
    if free < DISK_FAIL:
        yield fail("disk", f"磁盘仅剩 {words}，请清理", f"Only {words} left: make room")
    elif free < DISK_WARN:
        yield warn("disk", f"磁盘剩余 {words}，一场活动可能不够", f"{words} left: may be too little for one event")
    else:
        yield ok("disk", f"剩余 {words}", f"{words} free")


def database(stage: Stage) -> Iterator[Finding]:
    about = "database"
    try:
        found = migrate.current(stage.db.engine)
    except SQLAlchemyError as exc:
        what = str(getattr(exc, "orig", exc)).strip().splitlines()[0]
        yield fail(
            about, f"无法连接：{what}。检查 KUAIMEN_DATABASE_URL", f"No connection: {what}. Check KUAIMEN_DATABASE_URL"
        )
        return
    if found != migrate.head():
        yield fail(
            about,
            f"结构版本 {found or '空'}，需要 {migrate.head()}：执行 kuaimen migrate",
            f"Schema is at {found or 'nothing'}, the code needs {migrate.head()}: run kuaimen migrate",
        )
    else:
        yield ok(about, f"{stage.db.engine.dialect.name} {found}")
    if stage.db.engine.dialect.name == "sqlite" and not sqlite_is_safe(sqlite3.sqlite_version_info):
        version = sqlite3.sqlite_version
        yield warn(
            about,
            f"SQLite {version} 有极罕见的 WAL 损坏缺陷（3.51.3 修复）：收费活动请用 PostgreSQL，并定期备份",
            f"SQLite {version} has a rare WAL corruption bug (fixed in 3.51.3): PostgreSQL for paid events, backups",
        )


def backups(stage: Stage) -> Iterator[Finding]:
    """What `kuaimen backup` will need; nobody wants to learn that it is missing when they need a backup."""
    if stage.db.engine.dialect.name == "sqlite":
        return
    folder = str(stage.settings.pg_bin) if stage.settings.pg_bin else None
    missing = [name for name in ("pg_dump", "pg_restore") if shutil.which(name, path=folder) is None]
    if missing:
        names = " ".join(missing)
        yield warn(
            "backup",
            f"没有找到 {names}，无法备份：安装 postgresql-client，或设置 KUAIMEN_PG_BIN",
            f"No {names}, so no backup: install postgresql-client or set KUAIMEN_PG_BIN",
        )
    else:
        yield ok("backup", "pg_dump, pg_restore")


def sqlite_is_safe(version: tuple[int, ...]) -> bool:
    """Without the WAL-reset bug of 3.7.0 to 3.51.2."""
    return version >= SAFE_SQLITE or any(version[:2] == old[:2] and version >= old for old in BACKPORTED)


def store(stage: Stage) -> Iterator[Finding]:
    about, probe = f"store:{stage.settings.store}", f"kuaimen doctor {now_ms()}".encode()
    key = art_key("doctor", f"{now_ms():x}", "txt")
    began = now_ms()
    try:
        stage.store.put(key, probe, content_type="text/plain")
        same = stage.store.get(key) == probe
        stage.store.delete(key)
    except AppError as exc:
        yield fail(about, f"{exc.public()}（{exc.detail}）", f"{exc.public('en')} ({exc.detail})")
        return
    if not same or stage.store.size(key) is not None:
        yield fail(about, "写入、读出、删除不一致", "What was written, read and deleted does not agree")
        return
    yield ok(about, f"写入、读出、删除 {now_ms() - began} ms", f"put, get, delete in {now_ms() - began} ms")


def redis(stage: Stage) -> Iterator[Finding]:
    about = "redis"
    if not stage.settings.redis_url:
        yield ok(about, "随 kuaimen up 启动", "comes up with kuaimen up")
        return
    try:
        found = stage.redis.info()
        policy = stage.redis.config_get("maxmemory-policy").get("maxmemory-policy", "")
    except RedisError as exc:
        yield fail(
            about,
            f"无法连接（{type(exc).__name__}）：上传仍可用，但出图会变慢。检查 KUAIMEN_REDIS_URL",
            f"No answer ({type(exc).__name__}): uploads go on, renderings wait. Check KUAIMEN_REDIS_URL",
        )
        return
    version = str(found.get("valkey_version") or found["redis_version"])
    if tuple(int(n) for n in str(found["redis_version"]).split(".")[:2]) < redis_server.OLDEST:
        yield fail(about, f"版本 {version} 太旧，需要 6.2 以上", f"{version} is too old: 6.2 or newer is needed")
    if policy not in {"", "noeviction"}:
        yield warn(
            about,
            f"maxmemory-policy 为 {policy}，任务可能被丢弃：改为 noeviction",
            f"maxmemory-policy is {policy}, which may drop jobs: set noeviction",
        )
    yield ok(about, version)


def wechat(stage: Stage) -> Iterator[Finding]:
    s = stage.settings
    about = "wechat" if s.wechat_appid else "wechat:sandbox"
    if s.wechat_base_url == here.NOWHERE:
        yield ok(about, "沙箱随 kuaimen up 启动", "the sandbox comes up with kuaimen up")
        return
    for appid, one in stage.wechats.items():
        named = f"{about}:{appid}" if stage.others else about
        yield from _mini_program(named, one, settings_of(s, appid) if appid in stage.others else s)
    with stage.db.reading() as tx:
        known = set(tx.scalars(select(Organization.id)))
    for app in s.wechat_apps:
        for unknown in sorted(set(app.organizations) - known):
            yield warn(
                f"{about}:{app.appid}",
                f"没有机构 {unknown}：检查 KUAIMEN_WECHAT_APPS",
                f"There is no organization {unknown}: check KUAIMEN_WECHAT_APPS",
            )


def _mini_program(about: str, one: WeChat, s: Settings) -> Iterator[Finding]:
    """Credentials, templates and their mapping, released pages."""
    try:
        one.vouch()
        wanted = templates_of(s).all
        there = {t.template_id: t for t in one.templates()}
    except AppError as exc:
        yield _wechat_failed(about, exc)
        return
    for template in wanted:
        found = there.get(template.template_id)
        if found is None:
            yield warn(
                about,
                f"账号中没有模板 {template.template_id}：访客收不到消息。添加后设置 KUAIMEN_WECHAT_TEMPLATE_ID",
                f"The account has no template {template.template_id}: guests hear nothing. "
                "Set KUAIMEN_WECHAT_TEMPLATE_ID",
            )
            continue
        for chinese, english in check_mapping(template.mapping, found.content):
            yield fail(about, f"{template.template_id}：{chinese}", f"{template.template_id}: {english}")
    for page in PAGES:
        try:
            one.code(events.scene("00000000", "d"), page=page, check_path=True)
        except AppError as exc:
            unreleased = isinstance(exc, WeChatFailed) and exc.errcode == UNRELEASED
            if not unreleased or s.wechat_check_path:
                yield _wechat_failed(f"{about} {page}", exc)
                return
            yield warn(
                about,
                f"{page} 尚未发布：小程序码可用，消息和链接还打不开它。发布后设置 KUAIMEN_WECHAT_CHECK_PATH=true",
                f"{page} is not released: codes work, messages and links do not open it. "
                "Release it, then set KUAIMEN_WECHAT_CHECK_PATH=true",
            )
    yield ok(about, one.appid)


def _wechat_failed(about: str, exc: AppError) -> Finding:
    if isinstance(exc, WeChatFailed):
        return fail(about, f"{exc.errcode} {exc.explain()}", f"{exc.errcode} {exc.explain('en')}")
    return fail(about, f"{exc.public()}（{exc.detail}）", f"{exc.public('en')} ({exc.detail})")


def clock(stage: Stage) -> Iterator[Finding]:
    s = stage.settings
    url = f"https://{s.oss_endpoint.removeprefix('https://').removeprefix('http://')}" if s.store == "oss" else ""
    url = url or (s.wechat_base_url or ("https://api.weixin.qq.com" if s.wechat_appid else ""))
    if not url or url.startswith("http://127.0.0.1"):
        yield ok("clock", "无外部服务可比对", "nothing outside to compare with")
        return
    try:
        answer = httpx.head(url, timeout=5)
        theirs = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (httpx.HTTPError, KeyError, ValueError) as exc:
        yield warn(
            "clock", f"无法比对 {url}（{type(exc).__name__}）", f"Cannot compare with {url} ({type(exc).__name__})"
        )
        return
    off = abs(now_ms() / 1000 - theirs)
    if off > CLOCK_FAIL_S:
        yield fail("clock", f"与 {url} 相差 {off:.0f} 秒，签名会被拒绝：启用 NTP", f"{off:.0f} s off {url}: enable NTP")
    elif off > CLOCK_WARN_S:
        yield warn("clock", f"与 {url} 相差 {off:.0f} 秒：启用 NTP", f"{off:.0f} s off {url}: enable NTP")
    else:
        yield ok("clock", f"相差 {off:.0f} 秒", f"{off:.0f} s off")


def pictures(stage: Stage) -> Iterator[Finding]:
    """Libraries and front end: what an installation by hand may lack."""
    del stage
    lacking = [name for name in ("jpg", "zlib", "freetype2", "littlecms2", "webp") if not PIL.features.check(name)]
    if lacking:
        yield fail("pictures", f"Pillow 缺少 {lacking}：请用官方 wheel", f"Pillow lacks {lacking}: use its wheels")
    else:
        yield ok("pictures", f"Pillow {PIL.__version__}")
    if not (Path(web.__file__).parent / "dist").is_dir():
        yield warn("front end", "尚未构建：scripts/frontend.sh", "Not built: run scripts/frontend.sh")


def site(stage: Stage) -> Iterator[Finding]:
    url = f"{stage.settings.base_url}/healthz"
    try:
        answer = httpx.get(url, timeout=5)
    except httpx.HTTPError as exc:
        who = ports.holder(stage.settings.port)
        held = f"，端口由 {who} 占用" if who else ""
        yield warn(
            "site",
            f"{url} 无应答（{type(exc).__name__}）{held}",
            f"{url} does not answer ({type(exc).__name__}){f', {who} holds the port' if who else ''}",
        )
        return
    if answer.status_code == 200:
        yield ok("site", f"{url} {answer.elapsed.total_seconds() * 1000:.0f} ms")
    else:
        yield fail("site", f"{url} 返回 {answer.status_code}", f"{url} answers {answer.status_code}: see the web log")
