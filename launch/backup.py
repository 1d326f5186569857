"""Copy an installation into a folder, and from there into an empty place.

The database first, as of one moment, then the store: what the database names was put before. Blobs are named by their
content and never change, so the next backup copies only what is new. The manifest names everything with its hash and is
written last: without it there is no backup. What can be made again (feed files, ZIPs, samples, prints) is left out.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine, delete, inspect, make_url, update

from backend import inspection
from backend.clock import now_ms
from backend.config import Settings, environment
from backend.context import Stage
from backend.models import Export, FeedFiles, Sample
from backend.storage import Blob
from backend.storage.local_disk import make_folder, place, writing
from launch.home import Home, write_private
from launch.migrate import current, upgrade
from launch.trouble import Trouble

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
FILES: Final = ("secret.key", "seed.json", "bridge.json")  # of the data directory: without the key no token is valid
KEPT: Final = ("o/", "s/", "r/", "a/", "x/covers/")
TYPES: Final = {".png": "image/png", ".svg": "image/svg+xml", ".webp": "image/webp", ".cube": "text/plain"}
TOOLS_S: Final = 6 * 3600
Tell = Callable[[str, int, int], None]  # what is done, bytes so far, bytes in all


@dataclass(slots=True)
class Summary:
    """What became of a backup or a restore."""

    blobs: int = 0
    bytes: int = 0
    copied: int = 0  # the rest was there
    copied_bytes: int = 0
    missing: list[str] = field(default_factory=list)  # named by the database, not in the store
    damaged: list[str] = field(default_factory=list)  # not what their names say
    left_over: int = 0  # in the folder from earlier; no longer in the store


def backup(stage: Stage, folder: Path, tell: Tell) -> Summary:
    """Repeat into the same folder to bring it up to date. Raises Trouble."""
    make_folder(folder)
    folder.chmod(0o700)
    before = _read_manifest(folder, must=False)
    database = _dump(stage.settings, folder, tell)
    with stage.db.reading() as tx:
        named = {key for key in inspection.named(tx) if key.startswith(KEPT)}
    said = Summary()
    blobs = _copy(stage, folder, before.get("blobs", {}), said, tell)
    said.missing = sorted(key for key in named - blobs.keys() if stage.store.size(key) is None)
    files = {name: _copy_file(stage.settings.data_dir / name, folder / "home") for name in FILES}
    manifest = {
        "format": FORMAT,
        "created_at": now_ms(),
        "database": database,
        "files": {name: sha256 for name, sha256 in files.items() if sha256},
        "missing": said.missing,
        "blobs": blobs,
    }
    write_private(folder / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=0))
    for old in folder.glob("database-*"):
        if old.name != database["file"]:
            old.unlink()
    return said


def forget(folder: Path) -> int:
    """Drop blobs that the newest backup does not name: purged photos must not live on in copies. Returns how many."""
    named = _read_manifest(folder)["blobs"]
    root, gone = folder / "blobs", 0
    wanted = {place(root, key) for key in named}
    for path in root.rglob("*"):
        if path.is_file() and path not in wanted:
            path.unlink()
            gone += 1
    return gone


def restore_files(home: Home, folder: Path) -> None:
    """Keys and passwords, before anything makes new ones. Raises Trouble when others are there already."""
    for name, sha256 in _read_manifest(folder)["files"].items():
        kept, target = (folder / "home" / name).read_text(), home.root / name
        if hashlib.sha256(kept.encode()).hexdigest() != sha256:
            raise Trouble(f"备份中的 {name} 已损坏", f"{name} in the backup is damaged")
        if target.exists() and target.read_text() != kept:
            raise Trouble(f"{target} 已存在且不同；请恢复到空目录", f"{target} is there and differs; restore elsewhere")
        write_private(target, kept)


def restore(stage: Stage, folder: Path, tell: Tell) -> Summary:
    """Blobs, each held against its hash, then the database, brought to the newest schema. Raises Trouble.

    What was interrupted may be repeated: blobs of this backup that are there already are no obstacle.
    """
    manifest = _read_manifest(folder)
    database = manifest["database"]
    _demand_empty(stage, database["kind"], manifest["blobs"])
    dump = folder / str(database["file"])
    if _sha256(dump) != database["sha256"]:
        raise Trouble("备份中的数据库已损坏", "The database in the backup is damaged")
    said = Summary(missing=list(manifest["missing"]))
    total = sum(one["size"] for one in manifest["blobs"].values())
    there = {blob.key: blob.size for blob in stage.store.blobs("")}
    for key, one in manifest["blobs"].items():
        said.blobs, said.bytes = said.blobs + 1, said.bytes + one["size"]
        if there.get(key) != one["size"]:
            _put(stage, folder, key, one["sha256"], said)
        tell("存储 store", said.bytes, total)
    if said.damaged:
        raise Trouble(
            f"备份中有 {len(said.damaged)} 个文件损坏，未恢复数据库：{said.damaged[:5]}",
            f"{len(said.damaged)} files of the backup are damaged, the database was not restored: {said.damaged[:5]}",
        )
    tell("数据库 database", 0, dump.stat().st_size)
    _load(stage.settings, dump, database["kind"])
    with closing_engine(stage.settings) as engine:
        upgrade(engine)
    _settle(stage)
    return said


def _settle(stage: Stage) -> None:
    """What was left out of the backup is made again, or gone."""
    with stage.db.writing() as tx:
        tx.execute(delete(FeedFiles))
        tx.execute(delete(Sample))
        tx.execute(update(Export).values(expires_at=0))


def _copy(stage: Stage, folder: Path, known: dict[str, Any], said: Summary, tell: Tell) -> dict[str, Any]:
    """Everything in the store that is kept, as `{key: {size, sha256}}`."""
    listed = [blob for blob in stage.store.blobs("") if blob.key.startswith(KEPT)]
    total = sum(blob.size for blob in listed)
    found: dict[str, Any] = {}
    for blob in listed:
        target = place(folder / "blobs", blob.key)
        one = known.get(blob.key)
        if one is None or one["size"] != blob.size or not _has(target, blob.size):
            sha256 = _fetch(stage, folder, blob, target)
            if sha256 is None:
                continue  # deleted this moment
            one = {"size": target.stat().st_size, "sha256": sha256}
            said.copied, said.copied_bytes = said.copied + 1, said.copied_bytes + one["size"]
        found[blob.key] = one
        if _contradicts(blob.key, one["sha256"]):
            said.damaged.append(blob.key)
        said.blobs, said.bytes = said.blobs + 1, said.bytes + one["size"]
        tell("存储 store", said.bytes, total)
    said.left_over = len(known.keys() - found.keys())
    return found


def _fetch(stage: Stage, folder: Path, blob: Blob, target: Path) -> str | None:
    digest = hashlib.sha256()
    make_folder(target.parent)
    if stage.store.size(blob.key) is None:
        return None
    with writing(target, folder / "scratch") as file:
        for block in stage.store.read(blob.key):
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def _put(stage: Stage, folder: Path, key: str, sha256: str, said: Summary) -> None:
    path = place(folder / "blobs", key)
    if not path.is_file() or _sha256(path) != sha256:
        said.damaged.append(key)
        return
    kind = TYPES.get(path.suffix.lower(), "image/jpeg")
    stage.store.put_file(key, path, content_type=kind)
    said.copied, said.copied_bytes = said.copied + 1, said.copied_bytes + path.stat().st_size


def _contradicts(key: str, sha256: str) -> bool:
    """Clean sources are named by the hash of all their bytes."""
    name = key.rpartition("/")[2]
    return key.startswith(("o/", "s/")) and len(name) == len(sha256) and name != sha256


# --- the database -------------------------------------------------------------------------------------------------


def _dump(settings: Settings, folder: Path, tell: Tell) -> dict[str, Any]:
    """The whole database as of one moment, while everything runs. Raises Trouble."""
    tell("数据库 database", 0, 0)
    kind = make_url(settings.sqlalchemy_url).get_backend_name()
    path = folder / f"database-{now_ms()}.{'sqlite' if kind == 'sqlite' else 'pgdump'}"
    if kind == "sqlite":
        _dump_sqlite(settings, path)
    else:
        _tool(settings, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={path}")
    path.chmod(0o600)
    with closing_engine(settings) as engine:
        revision = current(engine)
    return {
        "kind": kind,
        "file": path.name,
        "size": path.stat().st_size,
        "sha256": _sha256(path),
        "revision": revision,
    }


def _dump_sqlite(settings: Settings, path: Path) -> None:
    source = make_url(settings.sqlalchemy_url).database or ""
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(path)) as copy:
        live.backup(copy)  # in one go: by portions it starts over whenever somebody writes
        copy.execute("PRAGMA journal_mode=DELETE")
        [said] = copy.execute("PRAGMA integrity_check").fetchone()
    if said != "ok":
        raise Trouble(f"数据库已损坏：{said}", f"The database is damaged: {said}")


def _load(settings: Settings, dump: Path, kind: str) -> None:
    if kind != "sqlite":
        words = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(dump))
        _tool(settings, "pg_restore", *words)
        return
    target = Path(make_url(settings.sqlalchemy_url).database or "")
    with writing(target, target.parent) as file, dump.open("rb") as source:
        shutil.copyfileobj(source, file)
    target.chmod(0o600)


def _tool(settings: Settings, name: str, *words: str) -> None:
    """Run pg_dump or pg_restore; the password is told where other users of the machine cannot read it."""
    folder = str(settings.pg_bin) if settings.pg_bin else None
    path = shutil.which(name, path=folder)
    if path is None:
        raise Trouble(
            f"没有找到 {name}；请安装 postgresql-client，或用 KUAIMEN_PG_BIN 指定目录",
            f"There is no {name}: install postgresql-client, or name its folder in KUAIMEN_PG_BIN",
        )
    url = make_url(settings.sqlalchemy_url)
    secret = {"PGPASSWORD": url.password} if isinstance(url.password, str) else {}
    plain = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    done = subprocess.run(  # noqa: S603 - our own words; what they name was found by us
        [path, f"--dbname={plain}", *words],
        env=environment() | secret,
        capture_output=True,
        text=True,
        timeout=TOOLS_S,
        check=False,
    )
    if done.returncode:
        why = done.stderr.strip()[-500:]
        raise Trouble(f"{name} 失败：{why}", f"{name} failed: {why}")


def _demand_empty(stage: Stage, kind: str, blobs: dict[str, Any]) -> None:
    """Nothing is ever written over. Raises Trouble."""
    ours = make_url(stage.settings.sqlalchemy_url).get_backend_name()
    if ours != kind:
        raise Trouble(f"备份来自 {kind}，这里是 {ours}", f"The backup is of {kind}, this place has {ours}")
    with closing_engine(stage.settings) as engine:
        tables = inspect(engine).get_table_names()
    if tables:
        raise Trouble("目标数据库不是空的", "The database is not empty")
    other = next((key for key in stage.store.keys("") if key not in blobs), None)
    if other is not None:
        raise Trouble(f"目标存储不是空的：{other}", f"The store is not empty: {other}")


@contextmanager
def closing_engine(settings: Settings) -> Generator[Engine]:
    """An engine that leaves no connection behind."""
    engine = create_engine(settings.sqlalchemy_url)
    try:
        yield engine
    finally:
        engine.dispose()


# --- files --------------------------------------------------------------------------------------------------------


def _read_manifest(folder: Path, *, must: bool = True) -> dict[str, Any]:
    path = folder / MANIFEST
    if not must and not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise Trouble(f"{folder} 里没有完整的备份", f"There is no whole backup in {folder}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise Trouble("备份格式不认识", "This backup's format is not known here")
    return found


def _copy_file(source: Path, folder: Path) -> str:
    """Its sha256; empty when it is not there."""
    if not source.exists():
        return ""
    make_folder(folder)
    folder.chmod(0o700)
    text = source.read_text()
    write_private(folder / source.name, text)
    return hashlib.sha256(text.encode()).hexdigest()


def _has(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(folder: Path) -> Iterator[str]:
    """Every blob and the database read again: names of what is damaged or missing."""
    manifest = _read_manifest(folder)
    dump = folder / str(manifest["database"]["file"])
    if not dump.is_file() or _sha256(dump) != manifest["database"]["sha256"]:
        yield dump.name
    for key, one in manifest["blobs"].items():
        path = place(folder / "blobs", key)
        if not path.is_file() or _sha256(path) != one["sha256"]:
            yield key
