"""`kuaimen sandbox-wechat`: the local stand-in for WeChat, as a command of ours."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def run(
    port: Annotated[int, typer.Option(help="Where it listens, on 127.0.0.1.")] = 8790,
    state_file: Annotated[Path, typer.Option(help="What it remembers.")] = Path("wechat-sandbox.json"),
    h5: Annotated[str, typer.Option(help="Address its QR codes lead to, like http://127.0.0.1:8080.")] = "",
    push_url: Annotated[str, typer.Option(help="Where it pushes events, like …/mp/v1/wechat/push.")] = "",
) -> None:
    """Answer like api.weixin.qq.com, with the same rules and errors."""
    words = ["--port", str(port), "--state-file", str(state_file), "--h5", h5, "--push-url", push_url]
    argv = [sys.executable, "-P", "-m", "launch.sandbox.wechat", *words]
    os.execv(sys.executable, argv)  # noqa: S606 - our own module, same process
