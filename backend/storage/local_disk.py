"""Files that are whole and durable or absent, and where a blob lies.

A key is a path of segments. On disk a segment is percent-encoded and every directory's name ends in `+`, so that
`a` can lie beside `a/b`, `..` and `//` are ordinary names, and whoever looks finds `r+/<album>+/<picture>.jpg`.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote, unquote

from backend.errors import BadInput, Upstream

MAX_NAME: Final = 250  # what file systems take is 255 bytes
_EMPTY: Final = "%"  # no encoded segment is a lone percent sign


def place(root: Path, key: str) -> Path:
    """Where the blob lies. Raises BadInput for a segment too long for a file name."""
    *folders, name = (_encoded(segment) for segment in key.split("/"))
    return root.joinpath(*(f"{folder}+" for folder in folders), name)


def walk(root: Path, prefix: str) -> Iterator[str]:
    """Every key with this prefix, in the order of the bytes; one directory is held at a time."""
    base = prefix[: prefix.rfind("/") + 1]
    folder = place(root, f"{base}_").parent
    yield from _walk(folder, base, prefix)


def _walk(folder: Path, base: str, prefix: str) -> Iterator[str]:
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return
    # code points sort as their UTF-8 does; a folder sorts as its name and the slash that all below it have
    for segment, slash, name in sorted(((*_decoded(name), name) for name in names), key=lambda n: n[0] + n[1]):
        key = f"{base}{segment}{slash}"
        if slash and (key.startswith(prefix) or prefix.startswith(key)):
            yield from _walk(folder / name, key, prefix)
        elif not slash and key.startswith(prefix):
            yield key


def _encoded(segment: str) -> str:
    name = quote(segment, safe="")
    if name.startswith("."):
        name = f"%2E{name[1:]}"
    if len(name) > MAX_NAME:
        raise BadInput(f"the key has a segment of {len(name)} bytes; the local store takes {MAX_NAME}")
    return name or _EMPTY


def _decoded(name: str) -> tuple[str, str]:
    """The segment; and a slash when it is a folder's."""
    segment = name.removesuffix("+")
    return "" if segment == _EMPTY else unquote(segment), "/" if name.endswith("+") else ""


@contextmanager
def disk() -> Generator[None]:
    """A disk that is full or broken is an Upstream `store_unreachable`; what is not there stays FileNotFoundError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as exc:
        raise Upstream(f"disk: {exc.strerror}", code="store_unreachable", permanent=False) from exc


@contextmanager
def writing(path: Path, scratch: Path) -> Generator[BinaryIO]:
    """A file that appears at `path`, whole and durable, when the block ends well; else nothing does.

    `scratch` is a directory of the same file system. Raises FileNotFoundError when the directory of `path` is gone.
    """
    make_folder(scratch)
    temporary = scratch / secrets.token_hex(8)
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def make_folder(path: Path) -> None:
    """With its parents, durably."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """What was created or renamed in it survives a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
