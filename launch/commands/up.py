"""`kuaimen up`: the whole platform, in the foreground, until Ctrl-C."""

from __future__ import annotations

import logging
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from launch import banner, here, home
from launch.embedded import Interrupted, Platform, require_ports
from launch.home import Home
from launch.trouble import Trouble


def run(
    photos: Annotated[Path | None, typer.Option(help="A folder of photos to send through the bridge.")] = None,
) -> None:
    """Start redis, web, workers, sweep, the WeChat sandbox and the camera bridge; stop them all on Ctrl-C."""
    began = time.monotonic()
    settings = here.load()
    if photos and not photos.is_dir():
        raise Trouble(f"没有文件夹 {photos}", f"There is no folder {photos}", code=2)
    at = home.furnish(settings.data_dir)
    with home.take(at):
        require_ports(settings)
        _log_to(at)
        console = Console(highlight=False)
        platform = Platform(settings, at, lambda name, line: _tell(console, name, line))
        with platform.supervisor.signals():
            try:
                _up(platform, console, began, photos)
            except Interrupted:
                pass
            finally:
                platform.close()
        console.print(Text("已停止 stopped", style="green"))


def _up(platform: Platform, console: Console, began: float, folder: Path | None) -> None:
    def step(what: str) -> None:
        console.print(Text(f"  ✓ {what}  {time.monotonic() - began:.1f} s", style="dim"), soft_wrap=True)

    platform.start(step)
    facts = here.addresses(platform.settings, platform.home)
    banner.show(console, facts, wechat=_wechat(platform), seconds=time.monotonic() - began)
    if folder:
        platform.feed(folder.absolute())
    platform.supervisor.forever()


def _wechat(platform: Platform) -> str:
    if platform.at.sandbox_port:
        return f"沙箱 sandbox {platform.at.wechat_base_url}/"
    return f"{platform.settings.wechat_appid} {platform.at.wechat_base_url}".strip()


def _tell(console: Console, name: str, line: str) -> None:
    console.print(Text(f"  ! {name}: {line}", style="yellow"), soft_wrap=True)


def _log_to(at: Home) -> None:
    handler = RotatingFileHandler(at.log / "up.log", maxBytes=2_000_000, backupCount=1)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level="INFO", handlers=[handler])
