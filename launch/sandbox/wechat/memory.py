"""The sandbox's memory: users, credits, messages, pushes, a clock to advance, and the file it survives in.

`World` holds one `Memory` behind one lock. The file is written by a thread of its own, at most a few times a second,
whole and atomically: a restart finds credits and messages as they were.
"""

from __future__ import annotations

import os
import queue
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from backend.clock import now_ms
from backend.wechat.opening import SANDBOX_AES_KEY, SANDBOX_APPID, SANDBOX_PUSH_TOKEN, SANDBOX_SECRET

SAVE_PAUSE_S: Final = 0.3
SAVE_SHARE: Final = 20  # times as long as saving took: a large memory is not saved all the time
MESSAGES_KEPT: Final = 50_000
CALLS_KEPT: Final = 400
PUSHES_KEPT: Final = 200
PAGES: Final = (
    "pages/home/home",
    "pages/event/event",
    "pages/album/album",
    "pages/mine/mine",
    "pages/told/told",
    "pages/confirm/confirm",
    "pages/index/index",
)


@dataclass
class User:
    name: str
    openid: str
    session_key: str = ""
    seen_at: int = 0  # ms by the sandbox's clock: when the user was last in the mini-program
    risky: bool = False
    risk_rank: int = 0
    phone: str = "13800138000"
    logins: list[int] = field(default_factory=list)


@dataclass
class Code:
    openid: str
    kind: str  # login, phone
    made_at: int


@dataclass
class Token:
    token: str
    expires_at: int


@dataclass
class Keyword:
    name: str  # 相册名称
    keyword: str  # thing1
    example: str = ""
    enum: list[str] = field(default_factory=list)


@dataclass
class Template:
    template_id: str
    tid: str
    title: str
    keywords: list[Keyword]
    banned: bool = False


@dataclass
class Message:
    msgid: int
    openid: str
    template_id: str
    title: str
    lines: list[tuple[str, str]]  # 相册名称, 年会
    page: str
    state: str
    lang: str
    sent_at: int


def _albums() -> list[Template]:
    """What a photographer's account may have: chosen from the library below."""
    return [
        Template(
            "KM_ALBUM_UPDATE",
            "30001",
            "相册更新通知",
            [
                Keyword("相册名称", "thing1", "2026 年会"),
                Keyword("新照片数量", "number2", "36"),
                Keyword("更新时间", "time3", "2026年11月22日 15:01"),
                Keyword("温馨提示", "thing4", "点击查看你的照片"),
            ],
        ),
        Template(
            "KM_RETOUCH_DONE",
            "30002",
            "照片精修完成通知",
            [
                Keyword("活动名称", "thing1", "2026 年会"),
                Keyword("精修张数", "number2", "12"),
                Keyword("状态", "phrase3", "已完成"),
            ],
        ),
        Template(
            "KM_ALBUM_DONE",
            "30004",
            "相册完成通知",
            [
                Keyword("活动名称", "thing1", "2026 年会"),
                Keyword("照片总数", "number2", "860"),
                Keyword("完成时间", "time3", "2026年11月22日 22:10"),
                Keyword("温馨提示", "thing4", "点击查看全部照片"),
            ],
        ),
        Template(
            "KM_EVENT_OPEN",
            "30003",
            "活动开始提醒",
            [
                Keyword("活动名称", "thing1", "2026 年会"),
                Keyword("开始时间", "time2", "15:01"),
                Keyword("活动状态", "enum3", "进行中", ["即将开始", "进行中", "已结束"]),
            ],
        ),
    ]


@dataclass
class Link:
    """Where a link or scheme leads: page and query."""

    page: str
    made_at: int


@dataclass
class App:
    appid: str
    secret: str
    stable: list[Token] = field(default_factory=list)  # the newest last
    classic: list[Token] = field(default_factory=list)
    forced: list[int] = field(default_factory=list)
    users: dict[str, User] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    used_codes: list[str] = field(default_factory=list)
    templates: list[Template] = field(default_factory=_albums)
    credits: dict[str, dict[str, int]] = field(default_factory=dict)  # openid → template → messages
    messages: list[Message] = field(default_factory=list)
    pages: list[str] = field(default_factory=lambda: list(PAGES))
    links: dict[str, Link] = field(default_factory=dict)  # by address, the newest last
    whitelist: list[str] | None = None  # None: every address may ask for tokens
    personal: bool = False  # accounts of individuals may not create links


@dataclass
class Fault:
    """An injected error. `after`: the call takes effect, only the answer is lost or wrong."""

    path: str = ""  # part of the path; empty: every call
    errcode: int | None = None
    errmsg: str = "injected"
    http: int = 0
    delay_s: float = 0
    garbled: bool = False
    after: bool = False
    times: int = 1  # 0: until cleared
    every: int = 1  # only each n-th call
    seen: int = 0


@dataclass
class PushSettings:
    url: str = ""  # empty: nothing is pushed
    token: str = SANDBOX_PUSH_TOKEN
    aes_key: str = SANDBOX_AES_KEY
    mode: str = "safe"  # plain, safe
    form: str = "json"  # json, xml


@dataclass
class Push:
    push_id: int
    appid: str
    message: dict[str, Any]
    attempts: list[str] = field(default_factory=list)  # the answer to each
    left: int = 0  # attempts still to make


@dataclass
class Memory:
    ahead_ms: int = 0  # how far the sandbox's clock is ahead
    apps: dict[str, App] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    push: PushSettings = field(default_factory=PushSettings)
    pushes: list[Push] = field(default_factory=list)
    serial: int = 0
    last_event_s: int = 0
    send_ms: int = 10  # how long WeChat takes over one message; two at once to the same guest overlap
    media_ms: int = 1000  # how long a photo is being judged (real time)
    media_suggest: str = "pass"
    media_fetch: bool = True  # really download the photo, and say -1008 when that fails
    h5: str = ""  # where the QR stand-in leads
    usage: dict[str, int] = field(default_factory=dict)  # calls per path


_FILE: Final = TypeAdapter(Memory)


class World:
    """The state, its lock, its clock and its file. Start `keep_saving()` once; `close()` writes a last time."""

    def __init__(self, state_file: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.file = state_file
        self.calls: deque[dict[str, Any]] = deque(maxlen=CALLS_KEPT)  # for people and tests; not kept in the file
        self.sending: set[tuple[str, str]] = set()  # (appid, openid) of messages under way
        self.outbox: queue.SimpleQueue[Push | None] = queue.SimpleQueue()
        self._dirty = threading.Event()
        self._closing = threading.Event()
        self._saver: threading.Thread | None = None
        found = state_file is not None and state_file.exists()
        self.memory = _FILE.validate_json(state_file.read_bytes()) if state_file and found else Memory()
        mine = self.app(SANDBOX_APPID, SANDBOX_SECRET)
        known = {template.template_id for template in mine.templates}
        mine.templates += [template for template in _albums() if template.template_id not in known]
        mine.pages += [page for page in PAGES if page not in mine.pages]  # of a newer version than the file

    def app(self, appid: str, secret: str) -> App:
        """The app with this id, made when it is not there yet."""
        with self.lock:
            return self.memory.apps.setdefault(appid, App(appid, secret))

    def now(self) -> int:
        """Ms by the sandbox's clock."""
        return now_ms() + self.memory.ahead_ms

    def serial(self) -> int:
        with self.lock:
            self.memory.serial += 1
            return self.memory.serial

    def event_s(self) -> int:
        """A second no other event has: taps of one person are never closer."""
        with self.lock:
            self.memory.last_event_s = max(self.now() // 1000, self.memory.last_event_s + 1)
            return self.memory.last_event_s

    def changed(self) -> None:
        self._dirty.set()

    def keep_saving(self) -> None:
        if self.file and not self._saver:
            self._saver = threading.Thread(target=self._save_for_ever, name="wechat-sandbox-saver", daemon=True)
            self._saver.start()

    def close(self) -> None:
        self._closing.set()
        self._dirty.set()
        if self._saver:
            self._saver.join(5)
        self.save()

    def save(self) -> None:
        if not self.file:
            return
        with self.lock:
            self._dirty.clear()
            for app in self.memory.apps.values():
                del app.messages[:-MESSAGES_KEPT]
                del app.used_codes[:-MESSAGES_KEPT]
            del self.memory.pushes[:-PUSHES_KEPT]
            content = _FILE.dump_json(self.memory)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_name(f".{self.file.name}.{secrets.token_hex(4)}")
        with draft.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(self.file)

    def _save_for_ever(self) -> None:
        took_s = 0.0
        while not self._closing.is_set():
            self._dirty.wait()
            self._closing.wait(max(SAVE_PAUSE_S, SAVE_SHARE * took_s))
            began = time.monotonic()
            self.save()
            took_s = time.monotonic() - began
