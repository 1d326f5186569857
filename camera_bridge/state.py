"""What the operator is told: one document for the page, the terminal and `status`, with one sentence that decides.

The counts are a funnel that adds up: received = original_safe + waiting + refused. Files kept for nobody (`aside`),
repeats (`duplicates`) and halves (`partial`) are counted beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from camera_bridge.clock import now_ms
from camera_bridge.ledger import Asset, Ledger
from camera_bridge.uplink.line import DOWN, PORTAL, REVOKED, UP, Condition

_LAST: Final = 20
_USUAL_BYTES: Final = 12_000_000
_SPOOLED, _SAFE, _REFUSED, _PARTIAL = "spooled", "safe", "refused", "partial"
_AWAY_ZH: Final = {DOWN: "网络断开", PORTAL: "网络需要登录", REVOKED: "配对已失效，请重新配对"}
_AWAY_EN: Final = {DOWN: "Offline", PORTAL: "The network wants a log-in", REVOKED: "Pairing has ended, pair again"}

_ALONE: Final = """
SELECT place, count(*) FROM (
  SELECT min(CASE state WHEN 'spooled' THEN 0 WHEN 'aside' THEN 1 ELSE 2 END) AS place FROM asset a
  WHERE state IN ('spooled', 'aside', 'refused') AND photo_id IS NULL AND why <> 'self_test' AND NOT EXISTS (
    SELECT 1 FROM asset b WHERE b.pair_key = a.pair_key AND b.serial = a.serial AND b.photo_id IS NOT NULL)
  GROUP BY coalesce(pair_key || '/' || serial, asset_id)) GROUP BY place
"""


@dataclass(frozen=True, slots=True)
class Sentence:
    """The traffic light in words."""

    safe_to_close: bool
    zh: str
    en: str


def counts(ledger: Ledger) -> dict[str, int]:
    """The funnel."""
    with ledger.reading() as db:
        rows: dict[str, int] = dict(
            db.execute("SELECT state, count(*) FROM asset WHERE why <> 'self_test' GROUP BY state").fetchall()
        )
        live = db.execute("SELECT count(*) FROM asset WHERE preview_at IS NOT NULL OR state = 'safe'").fetchone()[0]
    return {
        "received": sum(rows.get(one, 0) for one in (_SPOOLED, _SAFE, _REFUSED)),
        "preview_live": live,
        "original_safe": rows.get(_SAFE, 0),
        "waiting": rows.get(_SPOOLED, 0),
        "refused": rows.get(_REFUSED, 0),
        "partial": rows.get(_PARTIAL, 0),
        "aside": rows.get("aside", 0),
        "duplicates": rows.get("duplicate", 0),
    }


def alone(ledger: Ledger) -> dict[str, int]:
    """Presses of the shutter of which the platform has nothing at all, by why: not sent yet, kept aside, refused.

    Files of one press (`pair_key` of one body) count once, and not at all when the platform knows one of them.
    """
    with ledger.reading() as db:
        rows: dict[int, int] = dict(db.execute(_ALONE).fetchall())
    return {name: rows.get(place, 0) for place, name in enumerate(("on_bridge", "aside", "refused"))}


def backlog(ledger: Ledger) -> dict[str, Any]:
    """What exists only on this computer: how many, how many bytes, since when."""
    with ledger.reading() as db:
        many, size, oldest = db.execute(
            "SELECT count(*), coalesce(sum(size), 0), min(received_at) FROM asset WHERE state = 'spooled'"
        ).fetchone()
    return {"files": many, "bytes": size, "oldest_at": oldest}


def last(ledger: Ledger) -> list[dict[str, Any]]:
    """The newest files, newest first."""
    return [
        _row(one)
        for one in ledger.assets(
            "WHERE state <> 'superseded' AND why <> 'self_test' ORDER BY asset_id DESC LIMIT ?", _LAST
        )
    ]


def _row(asset: Asset) -> dict[str, Any]:
    return {
        "asset_id": asset.asset_id,
        "photo_id": asset.photo_id,
        "name": asset.name,
        "camera": asset.camera,
        "received_at": asset.received_at,
        "preview_at": asset.preview_at,
        "original_at": asset.original_at,
        "state": asset.state,
        "why": asset.why,
    }


def room_photos(ledger: Ledger, free_bytes: int) -> int:
    """How many more photos the disk takes, by the size of those that came; 12 MB each while none came."""
    with ledger.reading() as db:
        (mean,) = db.execute(
            "SELECT avg(size) FROM (SELECT size FROM asset ORDER BY asset_id DESC LIMIT 200)"
        ).fetchone()
    return max(0, int(free_bytes / max(float(mean or _USUAL_BYTES), 1.0)))


def sentence(numbers: dict[str, int], line: Condition, *, arriving: int, left_s: float | None) -> Sentence:
    """Safe to close or not, and why, in both languages."""
    waiting, partial = numbers["waiting"], numbers["partial"]
    zh, en = "", ""
    if line.state != UP:
        minutes = max(0, now_ms() - line.since) // 60_000
        zh = f"{_AWAY_ZH[line.state]}（{minutes} 分钟），照常接收。"
        en = f"{_AWAY_EN[line.state]} for {minutes} min, receiving goes on. "
    if arriving:
        return Sentence(
            False, f"{zh}正在接收 {arriving} 张，请勿关闭。", f"{en}Receiving {arriving} now. Do not close."
        )
    if waiting:
        about = f"约 {max(1, round(left_s / 60))} 分钟" if left_s else "时间未知"
        roughly = f"about {max(1, round(left_s / 60))} min" if left_s else "time unknown"
        are, them = ("originals exist", waiting) if waiting > 1 else ("original exists", waiting)
        return Sentence(
            False,
            f"{zh}请勿关闭：{waiting} 张原图只在这台电脑上（{about}）。",
            f"{en}Do not close: {them} {are} only on this computer ({roughly}).",
        )
    if partial:
        return Sentence(
            True,
            f"{zh}{partial} 张只收到一半，等待相机重发；其余已安全。",
            f"{en}{partial} half received, waiting for the camera; everything else is safe.",
        )
    safe = numbers["original_safe"]
    if not safe:
        return Sentence(True, f"{zh}还没有照片。", f"{en}No photos yet.")
    return Sentence(
        True, f"{zh}全部 {safe} 张照片已安全上云，可以关闭。", f"{en}All {safe} photos are safe in the cloud."
    )
