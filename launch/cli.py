"""`kuaimen`: one command for everything that is started, checked or measured.

A command's module is imported when that command is called and not before, so that `--help` and `status` stay quick.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

import typer

from launch.trouble import Trouble

COMMANDS: Final[dict[tuple[str, ...], tuple[str, str]]] = {
    ("up",): ("launch.commands.up", "Start the whole platform on this machine. / 一条命令启动整个平台"),
    ("status",): ("launch.commands.status", "What runs here: addresses, passwords, photos. / 运行状态"),
    ("doctor",): ("launch.commands.doctor", "Check settings and everything they point to. / 体检"),
    ("check",): ("launch.commands.check", "Database against store; orphans. / 核对存储"),
    ("backup",): ("launch.commands.backup", "Copy everything into a folder, while it runs. / 备份"),
    ("restore",): ("launch.commands.restore", "A backup into an empty place. / 恢复"),
    ("serve",): ("launch.commands.serve", "Web server: API, pages, live streams. / 网站"),
    ("work",): ("launch.commands.work", "One worker on one queue: live, bulk or notify. / 任务进程"),
    ("sweep",): ("launch.commands.sweep", "Repeat what the doorbell lost, for ever. / 巡检"),
    ("migrate",): ("launch.commands.migrate", "Bring the database to the newest schema. / 升级数据库"),
    ("seed",): ("launch.commands.seed", "Plant a first event, once. / 示例活动"),
    ("platform-admin",): ("launch.commands.platform_admin", "Make somebody who runs it all. / 平台管理员"),
    ("sandbox-wechat",): ("launch.commands.sandbox_wechat", "A local stand-in for WeChat. / 微信沙箱"),
    ("certificate", "check"): ("launch.commands.certificate", "Does the signature hold? / 核验交付证明"),
    ("bench", "faces-lag"): ("launch.bench.faces_lag", "Do guests wait while faces are looked for? / 人脸索引时的延迟"),
    ("bench", "lag"): ("launch.bench.lag", "From the file's last byte to the guest. / 延迟"),
    ("bench", "render"): ("launch.bench.render", "Renditions beside the limit and peers. / 出图"),
    ("bench", "endurance"): ("launch.bench.endurance", "Good and broken files for half an hour. / 长跑"),
    ("bench", "retouch"): ("launch.bench.retouch", "Planted faults taken back. / 自动修图"),
    ("bench", "notify"): ("launch.bench.notify", "Messages to 10,000 guests. / 万人通知"),
    ("bench", "guests"): ("launch.bench.guests", "A crowd at one album. / 万人在线"),
    ("bench", "faces"): ("launch.bench.faces", "Finding people in a set of yours. / 人脸找图"),
    ("bench", "rebrand"): ("launch.bench.rebrand", "A new watermark on 500 photos. / 换水印"),
    ("bench", "desk"): ("launch.bench.desk", "Versions and settings until guests see them. / 修图到上线"),
    ("bench", "uplink"): ("launch.bench.uplink", "Uploads on bad networks. / 弱网上传"),
}


def main() -> None:
    """Entry point of the console script. Expected trouble ends in one line on standard error, not in a traceback."""
    words = tuple(sys.argv[1:])
    group = words[:1] in {name[:1] for name in COMMANDS if len(name) == 2}
    name = words[: 2 if group else 1]
    try:
        if name in COMMANDS:
            module = import_module(COMMANDS[name][0])
            _typer(module.run, name[-1])(args=list(words[len(name) :]), prog_name=" ".join(("kuaimen", *name)))
        elif group:
            _overview(name[:1])(args=list(words[1:]) or ["--help"], prog_name=f"kuaimen {name[0]}")
        else:
            _overview(())(args=list(words) or ["--help"], prog_name="kuaimen")
    except Trouble as exc:
        print(f"✗ {exc}", file=sys.stderr)
        raise SystemExit(exc.code) from None
    except ModuleNotFoundError as exc:
        if exc.name != COMMANDS.get(name, ("",))[0]:
            raise
        print(f"✗ kuaimen {' '.join(name)}: not part of this installation / 本安装不含此命令", file=sys.stderr)
        raise SystemExit(1) from None


def _typer(function: Callable[..., Any], name: str) -> typer.Typer:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command(name)(function)
    return app


def _overview(group: tuple[str, ...]) -> typer.Typer:
    """Only shows help, and refuses what does not exist."""
    app = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        help="快门 Kuaimen: from the shutter to every guest's phone in about a second.",
    )
    depth = len(group) + 1
    for name, (_, text) in COMMANDS.items():
        if name[: len(group)] == group and len(name) == depth:
            app.command(name[-1], help=text)(_nothing)
    if not group:
        app.command("certificate", help="Certificates of delivery. / 交付证明")(_nothing)
        app.command("bench", help="Measure. / 基准测试")(_nothing)
    return app


def _nothing() -> None:
    """Stands in the list of commands."""


if __name__ == "__main__":
    main()
