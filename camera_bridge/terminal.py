"""What people see in a terminal: the state in a few lines, and a progress bar where there is a screen to draw on."""

from __future__ import annotations

import io
from typing import Any, Final, TextIO

import qrcode

from camera_bridge.clock import ticks
from camera_bridge.pairing import Offer

_WIDTH: Final = 32
_LINE_EVERY_S: Final = 2.0


def describe(doc: dict[str, Any]) -> str:
    """The state, for a person."""
    numbers = doc["counts"]
    platform = "ok" if doc["server_ok"] else f"{doc['line']['state']} ({doc['line']['why']})"
    funnel = ("received", "preview_live", "original_safe", "waiting", "refused", "partial", "aside", "duplicates")
    lines = [
        doc["sentence_zh"],
        doc["sentence_en"],
        "",
        f"platform  {platform}  {doc['server']}",
        *_network(doc),
        f"mode      {_mode(doc)}",
        f"disk      room for about {doc['room_photos']} photos",
        "files     " + "  ".join(f"{name.replace('_', ' ')} {numbers[name]}" for name in funnel if numbers[name]),
    ]
    if doc["ftp"]:
        lines.append(f"cameras   FTP {doc['ftp']['host']}:{doc['ftp']['port']}")
        lines += [_camera(one) for one in doc["ftp"]["users"]]
    lines += [
        f"          turned away: {one['address']} tried {one['user']}, {one['why']}" for one in doc["troubles"][-3:]
    ]
    lines += [_photo(one) for one in doc["last"][:5]]
    return "\n".join(lines)


def _network(doc: dict[str, Any]) -> list[str]:
    """The uplink in figures, each network when there are two, and where it leads in an hour."""
    mbit, rtt_ms, ahead = doc["uplink"]["bytes_per_s"] * 8 / 1e6, doc["line"]["rtt_ms"], doc.get("forecast")
    facts = [f"{rtt_ms:.0f} ms" if rtt_ms else "", f"{mbit:.1f} Mbit/s" if mbit else ""]
    if ahead:
        minutes = [round(ahead[name] / 60) for name in ("behind_s", "behind_in_an_hour_s")]
        facts.append(f"originals {minutes[0]} min behind, in an hour {minutes[1]} min")
    ways = [
        f"          {one['name']}  {'works' if one['ok'] else 'silent'}{'  in use' if one['used'] else ''}"
        for one in doc.get("ways", [])
    ]
    return ["uplink    " + "  ".join(fact for fact in facts if fact), *ways]


def _mode(doc: dict[str, Any]) -> str:
    facts = [
        doc["mode"],
        "publishing paused" if doc["paused"] else "",
        "originals later" if doc["originals_held"] else "",
    ]
    return "  ".join(fact for fact in facts if fact)


def _photo(one: dict[str, Any]) -> str:
    """A line per file: how long from its last byte to the guests, and until its original was safe."""
    spans = [
        f"{word} {(one[name] - one['received_at']) / 1000:.2f} s"
        for word, name in (("live", "preview_at"), ("safe", "original_at"))
        if one[name]
    ]
    return "          " + "  ".join([one["name"], one["state"], *spans, one["why"]]).rstrip()


def _camera(one: dict[str, Any]) -> str:
    gaps = f"never arrived: {', '.join(one['gaps'])}" if one["gaps"] else ""
    offset = one["clock_offset_ms"]
    clock = f"clock {abs(offset) // 1000} s {'slow' if offset > 0 else 'fast'}" if offset else ""
    facts = [one["user"], "connected" if one["connected"] else "away", one["last_name"] or "", clock, gaps]
    return "          " + "  ".join(fact for fact in facts if fact)


def code_words(one: Offer) -> str:
    """A pairing's code, to type and to scan."""
    drawn = io.StringIO()
    code = qrcode.QRCode(border=2)
    code.add_data(one.qr)
    code.print_ascii(out=drawn, invert=True)
    words = "在小程序或后台确认 Confirm it in the mini-program or the console."
    return f"{drawn.getvalue()}\n  配对码 Code:  {one.code}\n  {words}\n"


class Bar:
    """Progress of an import. On a terminal one line that grows, elsewhere a plain line now and then."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._tty = out, out.isatty()
        self._said = ""
        self._said_at = -_LINE_EVERY_S

    def show(self, now: dict[str, Any]) -> None:
        """An import's progress."""
        total, finished = now["total"], now["live"] + now["refused"] + now["aside"] + now["partial"] + now["failed"]
        self._draw(finished, total, f"{now['copied']}/{total} copied, {now['live']} live, {now['safe']} safe")

    def count(self, done: int, total: int) -> None:
        """Files looked at."""
        self._draw(done, total, f"{done}/{total} read")

    def _draw(self, done: int, total: int, words: str) -> None:
        if self._tty:
            full = _WIDTH * done // total if total else _WIDTH
            self._out.write(f"\r[{'#' * full}{'.' * (_WIDTH - full)}] {words}\x1b[K")
            self._out.flush()
        elif words != self._said and ticks() - self._said_at >= _LINE_EVERY_S:
            self._said, self._said_at = words, ticks()
            self._out.write(words + "\n")
            self._out.flush()

    def close(self) -> None:
        if self._tty:
            self._out.write("\n")
            self._out.flush()
