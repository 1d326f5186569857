"""How far behind originals will be: arithmetic on what comes in and what the uplink carries. Rates in bytes per second.

Previews are a hundredth of the bytes and go first, so they stay quick on an uplink that originals overrun; what is
worth knowing beforehand is how long this computer has to stay on after the event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from camera_bridge.clock import now_ms
from camera_bridge.ledger import Ledger

_WINDOW_MS: Final = 600_000
_SPAN_LEAST_MS: Final = 60_000
_AHEAD_S: Final = 3600.0
_GOOD_MS, _BAD_MS = 1000.0, 2000.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The shooting that is expected."""

    photos_per_min: float = 10.0
    photo_bytes: int = 11_000_000
    hours: float = 4.0

    @property
    def comes_in(self) -> float:
        return self.photos_per_min / 60 * self.photo_bytes


@dataclass(frozen=True, slots=True)
class Measured:
    """What a test found: previews in ms with originals draining, originals in bytes per second."""

    rtt_ms: float
    drains: float
    preview_bytes: int
    preview_p50_ms: float
    preview_p95_ms: float


def judge(plan: Plan, found: Measured) -> dict[str, Any]:
    """`verdict`: go (everything keeps up), late (previews do, originals follow later) or no_go."""
    behind = max(0.0, plan.comes_in - found.drains) * plan.hours * 3600  # bytes at the end
    late_s = behind / found.drains if found.drains else float("inf")
    keeps_up = int(found.drains / (plan.photos_per_min / 60)) if plan.photos_per_min else None
    if found.preview_p95_ms > _BAD_MS or not found.drains:
        verdict = "no_go"
    else:
        verdict = "go" if not behind and found.preview_p95_ms <= _GOOD_MS else "late"
    return {
        "verdict": verdict,
        "p50_ms": round(found.preview_p50_ms),
        "p95_ms": round(found.preview_p95_ms),
        "rtt_ms": round(found.rtt_ms),
        "drain_bytes_s": round(found.drains),
        "preview_bytes": found.preview_bytes,
        "backlog_hours": round(late_s / 3600, 2) if found.drains else None,
        "keeps_up_bytes": keeps_up,
        "plan": {"photos_per_min": plan.photos_per_min, "photo_bytes": plan.photo_bytes, "hours": plan.hours},
    }


def words(said: dict[str, Any]) -> tuple[str, str]:
    """The judgement for people: Chinese, English."""
    plan, p95 = said["plan"], said["p95_ms"] / 1000
    if said["verdict"] == "no_go":
        zh = f"不建议开拍：预览要 {p95:.1f} 秒。换一个网络，或加一部手机热点。"
        return zh, f"No go: a preview takes {p95:.1f} s. Take another network, or add a phone's."
    zh = f"可以开拍：95% 的预览在 {p95:.2f} 秒内入云。"
    en = f"Go: 95 % of previews are in the cloud within {p95:.2f} s. "
    late = said["backlog_hours"]
    if not late:
        return zh + "原图同步跟得上。", en + "Originals keep up."
    size, most = plan["photo_bytes"] / 1e6, (said["keeps_up_bytes"] or 0) / 1e6
    rate, hours = f"{plan['photos_per_min']:g}", f"{plan['hours']:g}"
    zh += f"按每分钟 {rate} 张、每张 {size:.1f} MB 拍 {hours} 小时，结束后还要 {late:.1f} 小时才能传完原图"
    en += f"At {rate} photos/min of {size:.1f} MB for {hours} h, originals need {late:.1f} h more"
    return f"{zh}；每张不超过 {most:.1f} MB 就跟得上。", f"{en}; photos of up to {most:.1f} MB keep up."


def ahead(ledger: Ledger, drains: float) -> dict[str, Any] | None:
    """From the last ten minutes: how far behind originals are now and will be in an hour. None: nothing came."""
    now = now_ms()
    with ledger.reading() as db:
        size, many, since = db.execute(
            "SELECT coalesce(sum(size), 0), count(*), min(received_at) FROM asset"
            " WHERE received_at > ? AND state IN ('spooled', 'safe')",
            (now - _WINDOW_MS,),
        ).fetchone()
        (waiting,) = db.execute("SELECT coalesce(sum(size), 0) FROM asset WHERE state = 'spooled'").fetchone()
    if not many or not drains:
        return None
    span_s = max(_SPAN_LEAST_MS, now - since) / 1000
    comes_in = size / span_s
    later = max(0.0, waiting + (comes_in - drains) * _AHEAD_S)
    return {
        "photos_per_min": round(many / span_s * 60, 1),
        "in_bytes_s": round(comes_in),
        "out_bytes_s": round(drains),
        "behind_s": round(waiting / drains),
        "behind_in_an_hour_s": round(later / drains),
    }
