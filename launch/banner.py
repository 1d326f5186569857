"""What the terminal shows when everything is up: the code to scan and what a person has to type."""

from __future__ import annotations

import io
from typing import Any

from qrcode.constants import ERROR_CORRECT_L
from qrcode.main import QRCode
from rich.console import Console
from rich.text import Text


def code(url: str) -> str:
    """A QR code in half blocks, black on white by itself, so that it can be scanned on dark and on light terminals."""
    made = QRCode(border=2, error_correction=ERROR_CORRECT_L)
    made.add_data(url)
    made.make(fit=True)
    out = io.StringIO()
    made.print_ascii(out=out, invert=True)
    return out.getvalue().rstrip("\n")


def show(console: Console, facts: dict[str, Any], *, wechat: str, seconds: float) -> None:
    """Plain lines when the output is no terminal; nothing is wrapped, so that addresses can be copied."""
    ftp, organizer = facts["ftp"], facts["console"]
    if console.is_terminal:
        # the colours are part of the code: light modules must be lighter than dark ones
        console.print(Text(code(facts["album_url"]), style="bright_white on black"), soft_wrap=True)
    else:
        console.print(Text(code(facts["album_url"])), soft_wrap=True)
    rows = [
        ("相册 album", facts["album_url"]),
        ("后台 console", f"{organizer['url']}   {organizer['login']} / {organizer['password']}"),
        ("相机 FTP", f"ftp://{ftp['host']}:{ftp['port']}   {ftp['user']} / {ftp['password']}"),
        ("收件夹 inbox", facts["inbox"]),
        ("微信 WeChat", wechat),
        ("数据 data", facts["data_dir"]),
    ]
    for label, value in rows:
        row = Text()
        row.append(f"  {label}", style="cyan")
        row.append(" " * max(2, 16 - Text(label).cell_len))
        row.append(value, style="bold")
        console.print(row, soft_wrap=True)
    last = f"已就绪 ready ({seconds:.1f} s) · Ctrl-C 停止 stops · kuaimen status · kuaimen doctor"
    console.print(Text(last, style="green"), soft_wrap=True)
