"""How a bridge is, in words a person can act on: from its last heartbeat and from how long ago that was.

A heartbeat is another program's word: whatever in it has the wrong shape is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from backend.models import Bridge, BridgeState
from backend.models.bridges import ONLINE_MS

RECENT_MS: Final = 600_000
FEW_PHOTOS: Final = 300
CLOCK_MS: Final = 5_000
Level = Literal["bad", "warn", "good"]
_RANK: Final[dict[Level, int]] = {"bad": 0, "warn": 1, "good": 2}
_WHY: Final = {
    "wrong_password": ("密码不对", "with a wrong password"),
    "unknown_user": ("没有这个用户名", "which is no user here"),
}


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence in both languages."""

    level: Level
    zh: str
    en: str


def online(bridge: Bridge, now: int) -> bool:
    paired = bridge.state is BridgeState.PAIRED
    return paired and bridge.seen_at is not None and now - bridge.seen_at < ONLINE_MS


def words(bridge: Bridge, now: int) -> list[Words]:
    """Worst first; never empty."""
    if bridge.state is BridgeState.REVOKED:
        return [Words("warn", "已解除配对", "Unpaired")]
    if bridge.seen_at is None:
        return [Words("warn", "已配对，等待相机桥第一次报到", "Paired; waiting to hear from it")]
    queued = _number(bridge.said, "queued")
    if not online(bridge, now):
        return [_silent((now - bridge.seen_at) // 60_000, queued)]
    found = [_queue(bridge.said, queued), *_switches(bridge), *_disk(bridge.said)]
    for camera in cameras(bridge):
        found += _camera(camera)
    found += [one for trouble in _rows(bridge.said, "troubles") for one in _turned_away(trouble, now)]
    return sorted(found, key=lambda one: _RANK[one.level])


def alone(bridge: Bridge) -> dict[str, int]:
    """Photos of which only the bridge has anything, by its last heartbeat: on_bridge, aside, refused."""
    told = bridge.said.get("alone")
    told = told if isinstance(told, dict) else {}
    return {name: max(0, _number(told, name)) for name in ("on_bridge", "aside", "refused")}


def cameras(bridge: Bridge) -> list[dict[str, Any]]:
    """Each camera as the bridge last described it, with where its photos go (null: as the bridge)."""
    told = {str(one.get("user", "")): one for one in _rows(bridge.said, "cameras")}
    names = [*told, *(user for user in bridge.cameras if user not in told)]
    return [told.get(user, {}) | {"user": user, "album_id": bridge.cameras.get(user)} for user in names]


def _silent(minutes: int, queued: int) -> Words:
    if queued:
        return Words(
            "bad",
            f"{minutes} 分钟没有消息；{queued} 张原图只在那台电脑上",
            f"Silent for {minutes} min; {queued} originals exist only on that computer",
        )
    return Words("bad", f"{minutes} 分钟没有消息", f"Silent for {minutes} min")


def _queue(said: dict[str, Any], queued: int) -> Words:
    if not queued:
        return Words("good", "原图全部已安全保存", "Every original is safe")
    rate, size = _number(said, "bytes_per_s"), _number(said, "queued_bytes")
    minutes = max(1, round(size / rate / 60)) if rate else 0
    zh, en = (f"，约 {minutes} 分钟", f", about {minutes} min") if minutes else ("", "")
    return Words("warn", f"{queued} 张原图待上传{zh}", f"{queued} originals still to be sent{en}")


def _switches(bridge: Bridge) -> list[Words]:
    found = []
    if bridge.paused_at is not None or bridge.said.get("paused") is True:
        found.append(Words("warn", "已暂停发布，照常接收", "Publishing is paused; receiving goes on"))
    if bridge.said.get("originals_held") is True:
        found.append(Words("warn", "原图稍后上传", "Originals are held back"))
    mode = bridge.said.get("mode")
    if mode == "pick":
        found.append(Words("warn", "手动挑选模式：只发布选中的照片", "Pick mode: only picked photos are sent"))
    if mode == "marked":
        found.append(Words("warn", "标记模式：只发布相机内标记的照片", "Only photos marked in the camera are sent"))
    return found


def _disk(said: dict[str, Any]) -> list[Words]:
    if "room_photos" not in said:
        return []
    room = _number(said, "room_photos")
    if room >= FEW_PHOTOS:
        return []
    return [Words("bad", f"磁盘只够再存 {room} 张", f"The disk has room for {room} more photos")]


def _camera(camera: dict[str, Any]) -> list[Words]:
    name, found = str(camera["user"])[:80], []
    spans = camera.get("gaps")
    gaps = ", ".join(str(one) for one in spans[:5]) if isinstance(spans, list) else ""
    if gaps:
        found.append(Words("bad", f"{name}：{gaps} 没有收到", f"{name}: {gaps} never arrived"))
    offset = _number(camera, "clock_offset_ms")
    if abs(offset) > CLOCK_MS:
        zh, en = ("慢", "slow") if offset > 0 else ("快", "fast")
        s = abs(offset) // 1000
        found.append(Words("warn", f"{name}：时钟{zh} {s} 秒，已校正", f"{name}: clock {s} s {en}, corrected"))
    if camera.get("connected") is True:
        found.append(Words("good", f"{name} 已连接", f"{name} is connected"))
    return found


def _turned_away(trouble: dict[str, Any], now: int) -> list[Words]:
    at = _number(trouble, "at")
    if now - at > RECENT_MS:
        return []
    zh, en = _WHY.get(str(trouble.get("why")), ("被拒绝", "and was turned away"))
    who, user = str(trouble.get("address", "?"))[:60], str(trouble.get("user", "?"))[:40]
    return [Words("bad", f"{who} 用 {user} 登录失败：{zh}", f"{who} tried {user}, {en}")]


def _number(said: dict[str, Any], name: str) -> int:
    found = said.get(name)
    return int(found) if isinstance(found, int | float) and not isinstance(found, bool) and abs(found) < 1e15 else 0


def _rows(said: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = said.get(name)
    return [one for one in found[:50] if isinstance(one, dict)] if isinstance(found, list) else []
