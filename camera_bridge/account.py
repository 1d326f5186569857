"""The account of an event: how many photos were taken, arrived, are live, are safe, and which are not and why.

The platform adds what only it knows (what was hidden, by whom) and signs. What comes back is kept as JSON and as a page
that anybody can read without us.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any, Final

from camera_bridge import state
from camera_bridge.cameras import Cameras
from camera_bridge.clock import now_ms
from camera_bridge.ledger import Ledger

_MOST_NAMES: Final = 1000
_LINES: Final = (
    ("shot", "拍摄（按相机编号）", "Taken, by the cameras' counters"),
    ("received", "相机桥收到", "Received by the bridge"),
    ("live", "已发布", "Published"),
    ("safe", "原图已安全保存", "Originals safe"),
    ("missing", "未收到", "Never arrived"),
    ("waiting", "等待上传", "Waiting here"),
    ("refused", "未被接受", "Refused"),
)


def draw_up(ledger: Ledger, cameras: Cameras) -> dict[str, Any]:
    """What the bridge can swear to."""
    numbers = state.counts(ledger)
    gaps = {name: told["gaps"] for name, told in cameras.report().items() if told["gaps"]}
    missing = sum(_length(span) for spans in gaps.values() for span in spans)
    tip = ledger.tip()
    refused = ledger.assets("WHERE state = 'refused' ORDER BY asset_id LIMIT ?", _MOST_NAMES)
    halves = ledger.assets("WHERE state = 'partial' ORDER BY asset_id LIMIT ?", _MOST_NAMES)
    return {
        "drawn_at": now_ms(),
        "counts": {
            "shot": numbers["received"] + missing + len(halves),
            "received": numbers["received"],
            "live": numbers["preview_live"],
            "safe": numbers["original_safe"],
            "missing": missing + len(halves),
            "waiting": numbers["waiting"],
            "refused": numbers["refused"],
        },
        "missing": gaps,
        "half": [one.name for one in halves],
        "refused": [{"name": one.name, "why": one.why} for one in refused],
        "ledger": {"id": ledger.kept("story_id"), "n": tip.n, "chain": tip.chain, "faults": ledger.faults()},
    }


def _length(span: str) -> int:
    """«DSC_0413-0415» → 3."""
    first, _, last = span.rpartition("_")[2].rpartition("-")
    return int(last) - int(first) + 1 if first.isdigit() else 1


def write(folder: Path, signed: dict[str, Any]) -> tuple[Path, Path]:
    """Keep the answer as JSON and as a page."""
    folder.mkdir(parents=True, exist_ok=True)
    plain, page = folder / "certificate.json", folder / "certificate.html"
    plain.write_text(json.dumps(signed, ensure_ascii=False, indent=2, sort_keys=True), encoding="utf-8")
    page.write_text(_page(signed), encoding="utf-8")
    return plain, page


def _page(signed: dict[str, Any]) -> str:
    certificate = signed.get("certificate", {})
    account = certificate.get("account", certificate)
    numbers = account.get("counts", {})
    rows = "".join(
        f"<tr><td>{zh}<br><small>{en}</small></td><td>{escape(str(numbers.get(name, '–')))}</td></tr>"
        for name, zh, en in _LINES
    )
    lists = "".join(
        f"<h2>{escape(camera)}</h2><p>{escape(', '.join(spans))}</p>"
        for camera, spans in account.get("missing", {}).items()
    )
    signature = escape(str(signed.get("signature", "")))
    said = (
        f"<p class=s>签名 Signature<br><code>{signature}</code></p>"
        if signature
        else "<p class=s>未签名 Not signed</p>"
    )
    return _FRAME.format(rows=rows, lists=lists, said=said, chain=escape(account.get("ledger", {}).get("chain", "")))


_FRAME: Final = """<!doctype html><html lang="zh"><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>交付证明 Certificate</title>
<style>body{{font:16px/1.6 system-ui,sans-serif;max-width:40em;margin:3em auto;padding:0 1em;color:#1c1c1e}}
table{{width:100%;border-collapse:collapse}}td{{padding:.6em 0;border-bottom:1px solid #ddd}}
td+td{{text-align:right;font-size:1.5em;font-variant-numeric:tabular-nums}}small,.s{{color:#6b6b70}}
code{{word-break:break-all;font-size:.8em}}</style>
<h1>快门 · 交付证明<br><small>Kuaimen certificate of delivery</small></h1>
<table>{rows}</table>{lists}{said}<p class=s>账本 Ledger<br><code>{chain}</code></p></html>
"""
