"""Settings of the bridge, from one TOML or JSON file. The only module that reads the environment.

The secret part may come from `KUAIMEN_BRIDGE_TOKEN` instead of the file. Relative paths belong to the file's folder.
"""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from camera_bridge.errors import ConfigError

_TOKEN_NAME: Final = "KUAIMEN_BRIDGE_TOKEN"  # noqa: S105 - the name of the variable, not a token
_PASSIVE: Final = range(50000, 50100)
_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - cameras come from the local network


@dataclass(frozen=True, slots=True)
class CameraUser:
    """One credential, one camera. Letters that a camera's keyboard can type."""

    user: str
    password: str = field(repr=False)
    camera: str = ""


@dataclass(frozen=True, slots=True)
class FtpConfig:
    """The door for cameras. Port 0 asks the system for a free one (tests)."""

    host: str = _EVERYWHERE
    port: int = 2121
    implicit_port: int = -1  # a second port for implicit TLS; -1: off
    sftp_port: int = -1  # for cameras that speak SFTP; -1: off
    passive_ports: range = _PASSIVE
    masquerade: str = ""
    tls: str = "auto"
    old_tls: bool = False  # accept TLS 1.0/1.1 of old transmitters
    users: tuple[CameraUser, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """One field per key of the file."""

    server: str = ""
    token: str = field(default="", repr=False)
    ca_file: Path | None = None
    spool_dir: Path = Path("spool")
    inbox: tuple[Path, ...] = ()
    ftp: FtpConfig | None = None
    state_host: str = "127.0.0.1"
    state_port: int = 8765
    mode: str = "auto"
    min_rating: int = 1
    raw: str = "aside"
    usb: bool = False
    reserve_bytes: int = 1 << 30
    record: bool = False
    uplinks: tuple[str, ...] = ()  # interfaces or own addresses; empty: every interface with a route out


def paired(path: Path) -> bool:
    """Does the file (or the environment) hold a token? False also for no file."""
    return path.exists() and bool(_table(path).get("token") or os.environ.get(_TOKEN_NAME))


def screen_of(path: Path) -> tuple[str, int, str]:
    """Where the page listens and which platform it is, before there is a token. Raises ConfigError."""
    raw = _table(path) if path.exists() else {}
    return _text(raw, "state_host") or "127.0.0.1", _port(raw, "state_port", 8765), _text(raw, "server")


def load(path: Path) -> Config:
    """Read and check a configuration file. Raises ConfigError that names the key and says what to write."""
    return parse(_table(path), path.parent)


def _table(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read the configuration {path}: {error.strerror}") from error
    try:
        raw = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise ConfigError(
            f"{path} is not valid {'JSON' if path.suffix.lower() == '.json' else 'TOML'}: {error}"
        ) from error
    if not isinstance(raw, dict):
        raise ConfigError(f"{path}: expected one table of settings")
    return raw


def parse(raw: dict[str, Any], base: Path) -> Config:
    """Turn the file's table into settings; `base` is where relative paths start."""
    _known(raw, {one.name for one in fields(Config)}, "")
    server = _text(raw, "server").rstrip("/")
    if urlsplit(server).scheme not in {"http", "https"} or not urlsplit(server).hostname:
        raise ConfigError('server: write the platform\'s address, for example server = "https://photos.example.com"')
    token = _text(raw, "token") or os.environ.get(_TOKEN_NAME, "")
    if not token:
        raise ConfigError(f"token: write the token from pairing, or set {_TOKEN_NAME}")
    return Config(
        server=server,
        token=token,
        ca_file=base / _text(raw, "ca_file") if raw.get("ca_file") else None,
        spool_dir=base / (_text(raw, "spool_dir") or "spool"),
        inbox=tuple(base / one for one in _texts(raw, "inbox")),
        ftp=_ftp(raw["ftp"]) if "ftp" in raw else None,
        state_host=_text(raw, "state_host") or "127.0.0.1",
        state_port=_port(raw, "state_port", 8765),
        mode=_choice(raw, "mode", ("auto", "pick", "marked")),
        min_rating=_number(raw, "min_rating", 1, 1, 5),
        raw=_choice(raw, "raw", ("aside", "send")),
        usb=_flag(raw, "usb"),
        reserve_bytes=_number(raw, "reserve_bytes", 1 << 30, 0, 1 << 50),
        record=_flag(raw, "record"),
        uplinks=_texts(raw, "uplinks"),
    )


def _ftp(raw: object) -> FtpConfig:
    if not isinstance(raw, dict):
        raise ConfigError("ftp: expected a table, [ftp]")
    _known(raw, {one.name for one in fields(FtpConfig)}, "ftp.")
    rows = raw.get("users", [])
    if not isinstance(rows, list) or not rows:
        raise ConfigError(
            'ftp.users: at least one camera is needed, for example users = [{user = "cam1", password = "48213907"}]'
        )
    users = tuple(_user(row) for row in rows)
    if len({one.user for one in users}) != len(users):
        raise ConfigError("ftp.users: the same user appears twice; every camera needs its own")
    return FtpConfig(
        host=_text(raw, "host") or _EVERYWHERE,
        port=_port(raw, "port", 2121),
        implicit_port=_number(raw, "implicit_port", -1, -1, 65535),
        sftp_port=_number(raw, "sftp_port", -1, -1, 65535),
        passive_ports=_range(raw.get("passive_ports", "")),
        masquerade=_text(raw, "masquerade"),
        tls=_choice(raw, "tls", ("auto", "off")),
        old_tls=_flag(raw, "old_tls"),
        users=users,
    )


def _user(row: object) -> CameraUser:
    if not isinstance(row, dict) or not row.get("user") or not row.get("password"):
        raise ConfigError("ftp.users: every entry needs user and password")
    _known(row, {"user", "password", "camera"}, "ftp.users.")
    user = _text(row, "user")
    return CameraUser(user, _text(row, "password"), _text(row, "camera") or user)


def _range(value: object) -> range:
    """«50000-50099» or [50000, 50099] → both ends included."""
    if value in ("", None):
        return _PASSIVE
    ends = value.split("-") if isinstance(value, str) else value if isinstance(value, list) else []
    try:
        low, high = (int(one) for one in ends)
    except (TypeError, ValueError) as error:
        raise ConfigError('ftp.passive_ports: write two ports, for example "50000-50099"') from error
    if not 1 <= low <= high <= 65535:
        raise ConfigError("ftp.passive_ports: ports lie between 1 and 65535, the smaller one first")
    return range(low, high + 1)


def _known(raw: dict[str, Any], names: set[str], prefix: str) -> None:
    for key in raw:
        if key not in names:
            raise ConfigError(f"{prefix}{key}: no such setting; known are {', '.join(sorted(names))}")


def _text(raw: dict[str, Any], key: str) -> str:
    value = raw.get(key, "")
    if not isinstance(value, str):
        raise ConfigError(f"{key}: expected text in quotes")
    return value


def _texts(raw: dict[str, Any], key: str) -> tuple[str, ...]:
    value = raw.get(key) or ()
    many = (value,) if isinstance(value, str) else value
    if not isinstance(many, (list, tuple)) or not all(isinstance(one, str) for one in many):
        raise ConfigError(f"{key}: expected one folder, or a list of folders")
    return tuple(many)


def _number(raw: dict[str, Any], key: str, default: int, low: int, high: int) -> int:
    value = raw.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigError(f"{key}: expected a number between {low} and {high}")
    return value


def _port(raw: dict[str, Any], key: str, default: int) -> int:
    return _number(raw, key, default, 0, 65535)


def _flag(raw: dict[str, Any], key: str) -> bool:
    value = raw.get(key, False)
    if not isinstance(value, bool):
        raise ConfigError(f"{key}: expected true or false")
    return value


def _choice(raw: dict[str, Any], key: str, allowed: tuple[str, ...]) -> str:
    value = raw.get(key, allowed[0])
    if value not in allowed:
        raise ConfigError(f"{key}: expected one of {', '.join(allowed)}")
    return str(value)
