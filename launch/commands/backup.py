"""`kuaimen backup FOLDER`: everything that cannot be made again, while the platform runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from launch import backup, here, logs
from launch.commands.progress import bar
from launch.stage import open_stage
from launch.trouble import Trouble

NAMED = 20


def run(
    folder: Annotated[Path, typer.Argument(help="Where to; the next time only what is new is copied.")],
    *,
    verify: Annotated[bool, typer.Option("--verify", help="Read the whole copy again.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Drop files that are no longer in the store.")] = False,
) -> None:
    """Database, photos, keys. Exit status 1 when something that belongs in it is missing or damaged."""
    settings = here.joined()
    logs.set_up("WARNING")
    if folder.exists() and any(folder.iterdir()) and not (folder / backup.MANIFEST).exists():
        unfinished = (folder / "blobs").is_dir()
        if not unfinished:
            raise Trouble(f"{folder} 里有别的东西", f"There is something else in {folder}", code=2)
    with bar("备份 backup") as tell:
        said = backup.backup(open_stage(settings), folder.absolute(), tell)
    typer.echo(f"✓ {said.blobs} 个文件 files · {said.bytes / 1e6:,.1f} MB → {folder}")
    typer.echo(f"  {said.copied} 个新复制 newly copied · {said.copied_bytes / 1e6:,.1f} MB")
    if forget:
        typer.echo(f"  {backup.forget(folder.absolute())} 个旧文件已删除 / old files dropped")
    elif said.left_over:
        typer.echo(f"  {said.left_over} 个旧文件已不在存储里 / no longer in the store (--forget)")
    wrong = [*said.missing, *said.damaged, *(backup.verify(folder.absolute()) if verify else ())]
    for name in wrong[:NAMED]:
        typer.echo(f"✗ {name}")
    if wrong:
        typer.echo(f"✗ {len(wrong)} 个缺失或损坏，请运行 kuaimen check / missing or damaged: run kuaimen check")
        raise typer.Exit(1)
    if settings.secret_key.get_secret_value():
        typer.echo("! KUAIMEN_SECRET_KEY 不在备份里，请另行保存 / is not in the backup: keep it elsewhere")
