"""`kuaimen status`: what runs in the data directory."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from launch import here
from launch.status import status


def run(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Addresses, passwords, processes and photos. Exit status 3 when nothing runs here."""
    settings = here.joined()
    found = status(settings, here.home_of(settings))
    typer.echo(json.dumps(found, ensure_ascii=False, indent=1) if as_json else "\n".join(_lines(found)))


def _lines(found: dict[str, Any]) -> list[str]:
    ftp, console = found["ftp"], found["console"]
    up = [
        f"{name}{'' if p['up'] else ' ✗'}" + (f" ↻{p['restarts']}" if p["restarts"] else "")
        for name, p in found["processes"].items()
    ]
    return [
        f"相册 album     {found['album_url']}",
        f"后台 console   {console['url']}   {console['login']} / {console['password']}",
        f"相机 FTP       ftp://{ftp['host']}:{ftp['port']}   {ftp['user']} / {ftp['password']}",
        f"收件夹 inbox   {found['inbox']}",
        f"照片 photos    {' · '.join(f'{state} {n}' for state, n in found['photos'].items())}",
        f"进程 processes {' · '.join(up)}",
    ]
