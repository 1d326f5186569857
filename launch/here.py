"""The settings of a command that is run by hand: the environment's, and what runs in the data directory right now."""

from __future__ import annotations

from typing import Any, Final

from backend import config
from backend.config import Settings
from launch import ports
from launch.home import Home, is_taken, read_json, read_state
from launch.trouble import Trouble

NOWHERE: Final = "http://127.0.0.1:9"  # the sandbox of a platform that does not run: whoever asks is told so


def load() -> Settings:
    """Raises Trouble naming every variable that does not parse.

    Who listens everywhere and says no address is found under the machine's own, so that a phone can follow the code.
    """
    try:
        settings = config.load()
    except ValueError as exc:
        raise Trouble(f"设置有误：{exc}", f"Wrong settings: {exc}", code=2) from None
    here = ports.reachable(settings.host)
    if settings.public_url or here == settings.host:
        return settings
    return settings.model_copy(update={"public_url": f"http://{here}:{settings.port}"})


def home_of(settings: Settings) -> Home:
    return Home(settings.data_dir.expanduser().absolute())


def joined() -> Settings:
    """`load()`, corrected by what runs in this data directory: it was perhaps started with other ports."""
    settings = load()
    home = home_of(settings)
    update: dict[str, object] = {"data_dir": home.root}
    if is_taken(home):
        state = read_state(home)
        for name in ("redis_url", "wechat_base_url"):
            if not getattr(settings, name) and state.get(name):
                update[name] = state[name]
        update |= state.get("listens", {})
    if not settings.wechat_appid and not settings.wechat_base_url:
        update.setdefault("wechat_base_url", NOWHERE)
    return settings.model_copy(update=update)


def addresses(settings: Settings, home: Home) -> dict[str, Any]:
    """Where everything is and how to get in; the part that does not change while it runs."""
    seeded = read_json(home.seed_file)
    base = settings.base_url
    return {
        "url": base,
        "album_url": f"{base}/a/{seeded.get('share_code', '')}",
        "album_id": seeded.get("album_id"),
        "event_id": seeded.get("event_id"),
        "share_code": seeded.get("share_code"),
        "scene": seeded.get("scene"),
        "inbox": str(home.inbox),
        "ftp": {
            "host": ports.reachable(settings.ftp_host),
            "port": settings.ftp_port,
            "user": seeded.get("ftp_user"),
            "password": seeded.get("ftp_password"),
        },
        "console": {"url": f"{base}/console", "login": seeded.get("login"), "password": seeded.get("password")},
        "data_dir": str(home.root),
    }
