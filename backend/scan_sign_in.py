"""Signing in by WeChat: a browser shows a mini-program code, a phone scans it and confirms (decision 0011).

What is between the two is a ticket in Redis for three minutes. The browser that asked holds a secret beside it: whoever
only sees the code cannot collect what the phone confirmed.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import Final

from redis import Redis

from backend import security
from backend.errors import Gone

TTL_S: Final = 180
BROWSERS: Final = {
    "MicroMessenger": "WeChat",
    "Edg/": "Edge",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS: Final = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}
SCENE: Final = "k"  # k=<ticket>, at most 32 characters with what stands before


@dataclass(frozen=True, slots=True)
class Ticket:
    """`binds`: the member who wants to bind a WeChat account; empty: somebody wants to sign in."""

    id: str
    binds: str
    asked_from: str
    number: str  # the same on both screens


def begin(redis: Redis, *, binds: str = "", asked_from: str) -> tuple[Ticket, str]:
    """A ticket, and the secret that collects it."""
    secret = security.new_token()
    ticket = Ticket(secrets.token_urlsafe(12), binds, asked_from[:120], f"{secrets.randbelow(100):02d}")
    redis.set(_key(ticket.id), json.dumps([asdict(ticket), security.token_hash(secret)]), ex=TTL_S)
    return ticket, secret


def spoken(agent: str, address: str) -> str:
    """«Chrome · Windows · 203.0.113.7», so that whoever confirms can tell their own browser from another."""
    named = [next((name for mark, name in known.items() if mark in agent), "") for known in (BROWSERS, SYSTEMS)]
    return " · ".join(one for one in (*named, address) if one)


def look(redis: Redis, ticket: str) -> Ticket:
    """Raises Gone `scan_over`."""
    return _read(redis, ticket)[0]


def confirm(redis: Redis, ticket: str, member_id: str) -> None:
    """Once: who confirmed first counts."""
    redis.set(f"{_key(ticket)}:by", member_id, ex=TTL_S, nx=True)


def collect(redis: Redis, ticket: str, secret: str) -> str | None:
    """Who confirmed; None: nobody yet. Raises Gone, also for a wrong secret."""
    _, digest = _read(redis, ticket)
    if not secrets.compare_digest(digest, security.token_hash(secret)):
        raise Gone(code="scan_over")
    said = redis.get(f"{_key(ticket)}:by")
    return said.decode() if isinstance(said, bytes) else said


def drop(redis: Redis, ticket: str) -> bool:
    """False: somebody else was faster; a ticket opens one session."""
    return bool(redis.delete(_key(ticket)))


def _read(redis: Redis, ticket: str) -> tuple[Ticket, str]:
    found = redis.get(_key(ticket))
    if found is None:
        raise Gone(code="scan_over")
    said, digest = json.loads(found)
    return Ticket(**said), digest


def _key(ticket: str) -> str:
    return f"kuaimen:sign-in:{ticket[:40]}"
