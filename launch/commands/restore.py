"""`kuaimen restore FOLDER`: a backup into an empty place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from launch import backup, here, logs
from launch.commands.progress import bar
from launch.home import furnish, is_taken
from launch.stage import open_stage
from launch.trouble import Trouble


def run(folder: Annotated[Path, typer.Argument(help="What `kuaimen backup` wrote.")]) -> None:
    """Into the data directory, database and store of the settings, all of them empty. Nothing is written over."""
    settings = here.joined()
    logs.set_up("WARNING")
    home = furnish(settings.data_dir)
    if is_taken(home):
        raise Trouble(f"快门正在 {home.root} 运行，请先停止", f"Kuaimen runs in {home.root}. Stop it first.")
    backup.restore_files(home, folder.absolute())
    with bar("恢复 restore") as tell:
        said = backup.restore(open_stage(settings), folder.absolute(), tell)
    typer.echo(f"✓ {said.blobs} 个文件 files · {said.bytes / 1e6:,.1f} MB ← {folder}")
    if said.missing:
        typer.echo(f"! {len(said.missing)} 个文件在备份时就已缺失 / were missing already when it was made")
