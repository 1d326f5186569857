"""Requests to addresses that other people typed: never into our own network, wherever a name leads this time.

The name is resolved here, every address it has must be public, and the connection goes to one of exactly these; TLS
still checks the certificate against the name. No redirects, no proxies of the environment, little is read.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

import httpx

from backend.db import outside
from backend.errors import BadInput, Upstream

TIMEOUT_S: Final = 10.0
READ_BYTES: Final = 2000
PORTS: Final = (80, 443)  # and those above 1023: nobody's mail or shell is to be talked to
NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str  # how it begins
    took_ms: int


def checked(url: str, *, private: bool = False) -> str:
    """`url` itself when it may be called at all. Raises BadInput `bad_target`. No network; `post` looks again."""
    _split(url, private=private)
    return url


def post(url: str, body: bytes, headers: dict[str, str], *, private: bool = False) -> Answer:
    """Raises BadInput `bad_target` for what leads inside, Upstream when nobody answers."""
    outside()
    parts = _split(url, private=private)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    at = _resolved(host, port, private=private)
    where = f"[{at}]:{port}" if ":" in at else f"{at}:{port}"
    target = urlunsplit((parts.scheme, where, parts.path or "/", parts.query, ""))
    usual = parts.port in (None, 443 if parts.scheme == "https" else 80)
    named = headers | {"Host": host if usual else f"{host}:{port}"}
    began = time.monotonic()
    try:
        with (
            httpx.Client(timeout=TIMEOUT_S, trust_env=False, follow_redirects=False) as client,
            client.stream("POST", target, content=body, headers=named, extensions={"sni_hostname": host}) as answer,
        ):
            text = _beginning(answer, began)
    except httpx.HTTPError as exc:
        raise Upstream(f"{type(exc).__name__}: {exc}"[:200], permanent=False) from None
    return Answer(answer.status_code, text, int((time.monotonic() - began) * 1000))


def _beginning(answer: httpx.Response, began: float) -> str:
    found = b""
    for block in answer.iter_raw():
        found += block
        if len(found) > READ_BYTES or time.monotonic() - began > TIMEOUT_S:
            break
    return found[:READ_BYTES].decode("utf-8", "replace")


def _split(url: str, *, private: bool) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadInput("not an address", code="bad_target") from None
    host = parts.hostname or ""
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise BadInput("only https", code="bad_target")
    if not host or parts.username is not None or parts.password is not None or not url.isascii() or " " in url:
        raise BadInput("an address is https://host/path, without a login in it", code="bad_target")
    if port is not None and port not in PORTS and port < 1024:
        raise BadInput(f"port {port}", code="bad_target")
    literal = _literal(host)
    if literal is not None and not private and not _public(literal):
        raise BadInput(f"{host} is not a public address", code="bad_target")
    return parts


def _resolved(host: str, port: int, *, private: bool) -> str:
    """One address of the host, when all are public."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise Upstream(f"{host}: {exc}"[:200], permanent=False) from None
    addresses = [str(one[4][0]).partition("%")[0] for one in found]
    for address in addresses:
        if not private and not _public(ipaddress.ip_address(address)):
            raise BadInput(f"{host} leads to {address}", code="bad_target")
    return addresses[0]


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _public(address: Address) -> bool:
    """Also through what wraps an IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _public(inner)
    return address.is_global and not address.is_multicast
