"""`kuaimen check`: does the store hold what the database names, and nothing else?"""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from backend.errors import AppError
from backend.inspection import Findings
from launch import here, logs
from launch.stage import open_stage
from launch.trouble import Trouble
from workers.inspection import Wish
from workers.inspection import run as look

KINDS = (
    ("missing", "库中有记录而存储里没有", "named and missing"),
    ("damaged", "大小或内容不符", "another size or content"),
    ("orphans", "存储里有而没有记录", "in the store and named by nobody"),
)


def run(
    *,
    deep: Annotated[bool, typer.Option("--deep", help="Read every source and compare its hash.")] = False,
    mend: Annotated[bool, typer.Option("--mend", help="Have lost renditions made anew.")] = False,
    clean: Annotated[
        bool, typer.Option("--delete-orphans", help="Delete what nobody names; else it is counted.")
    ] = False,
    hours: Annotated[float, typer.Option("--older-than", min=1, help="Hours; younger orphans are left alone.")] = 24,
    however_many: Annotated[
        bool, typer.Option("--however-many", help="Also when most of the store is orphans.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Changes nothing unless it is told to. Exit status 1 when something named is missing or damaged."""
    settings = here.joined()
    logs.set_up("WARNING")
    stage = open_stage(settings)
    wish = Wish(deep, mend, clean, int(hours * 3600), however_many)
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("核对 check", total=None)
            found = look(stage, wish, lambda done, total: bar.update(task, completed=done, total=max(done, total)))
    except AppError as exc:
        raise Trouble(f"存储没有应答：{exc.detail}", f"The store does not answer: {exc.detail}") from None
    typer.echo(json.dumps(found.to_json(), ensure_ascii=False, indent=1) if as_json else "\n".join(_lines(found, wish)))
    raise typer.Exit(0 if found.well else 1)


def _lines(found: Findings, wish: Wish) -> list[str]:
    mark = "✓" if found.well else "✗"
    lines = [f"{mark} {found.objects} 个对象 objects · {found.bytes / 1e6:,.1f} MB · {found.named} 条记录 named"]
    for name, zh, en in KINDS:
        rows: list[dict[str, Any]] = getattr(found, name)
        lines.append(f"{'✓' if not rows else '!' if name == 'orphans' else '✗'} {len(rows):>6} {zh} / {en}")
        lines += [f"         {row['key']}" for row in rows[:20]]
    lines.append(f"  {found.young:>6} 太新，暂不判断 / too young to tell")
    if wish.deep:
        lines.append(f"  {found.hashed:>6} 已核对哈希 / hashed")
    if wish.mend:
        lines.append(f"  {found.mended:>6} 将重新出图 / to be made anew")
    if found.refused:
        lines.append(
            "✗ 无记录的对象过多，可能连错了数据库；确认后加 --however-many / Too many: is this the right database?"
        )
    elif wish.clean:
        lines.append(f"  {found.deleted:>6} 已删除 / deleted")
    elif found.orphans:
        lines.append("  试运行，什么也没删；加 --delete-orphans 才删除 / dry run: nothing was deleted")
    return lines
