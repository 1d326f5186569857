"""A crowd at one album, through the real server: who is connected, how soon each photo arrives, what a reader costs.

Dynamic reads stand beside the same server answering a constant body, and beside nginx giving out the feed's files;
the three take turns, so that the ratios do not depend on what else the machine does.
"""

from __future__ import annotations

import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Annotated, Any, Final

import typer

from backend import config, feed, photos
from backend.clock import now_ms
from backend.config import Settings
from backend.context import Stage
from backend.db import Tx
from backend.jobs import WriteFeed
from backend.models import Album, Photo, RenditionKind, SourceKind, new_id
from backend.photos import Made
from launch import here, migrate, ports, redis_server, seed
from launch.bench import append_result
from launch.stage import open_stage
from launch.trouble import Trouble
from workers import feed_files as writing

PATIENCE_S: Final = 120
READ_S, TURNS, READERS = 0.7, 4, 8  # each kind of reading: this long, this often, with so many connections


def run(
    *,
    guests: Annotated[int, typer.Option(min=1, max=20_000, help="Guests connected at once.")] = 5000,
    photos_sent: Annotated[int, typer.Option("--photos", min=1, max=100, help="Photos they are sent.")] = 20,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Web processes.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Only the figures, as the last line.")] = False,
) -> None:
    """Connect guests to one album, publish photos, measure when they arrive; then read the feed in three ways."""
    _allow_files(guests + 2000)
    with tempfile.TemporaryDirectory(prefix="km-") as scratch:
        figures = measure(Path(scratch), guests, photos_sent, workers)
    append_result("guests", figures)
    if not as_json:
        for name, value in figures.items():
            print(f"{name:>22}  {value}")
    print(json.dumps(figures))


def measure(scratch: Path, guests: int, sent: int, workers: int) -> dict[str, Any]:
    """The figures of the last line. Raises Trouble when a part does not start."""
    with ExitStack() as house:
        redis = house.enter_context(_redis(scratch))
        told = {"data_dir": scratch / "data", "redis_url": redis, "port": ports.free(), "log_level": "WARNING"}
        told["wechat_base_url"] = here.NOWHERE
        settings = Settings.model_validate(told)
        (scratch / "data").mkdir()
        migrate.migrate(settings)
        stage = open_stage(settings)
        house.callback(stage.db.engine.dispose)
        album_id = seed.seed(stage).album_id
        for _ in range(60):
            _publish(stage, album_id)
        env = config.environment(**{name: str(value) for name, value in told.items()})
        argv = (sys.executable, "-m", "launch.bench.guests_server", str(workers))
        web = house.enter_context(_process(argv, scratch / "web.log", env))
        _until(lambda: _status(settings.port, "/healthz") == 200, "the web server")
        before = _memory(web.pid)
        crowd = _follow(stage, web.pid, album_id, guests, sent)
        crowd["kb_per_guest"] = round((crowd.pop("memory") - before) / max(1, crowd["connected"]), 1)
        reads = _read(stage, album_id, scratch, house)
    return crowd | reads


def _follow(stage: Stage, pid: int, album_id: str, guests: int, sent: int) -> dict[str, Any]:
    """Connect, publish once a second, count what came."""
    path = f"/mp/v1/albums/{album_id}/stream"
    with stage.db.reading() as tx:
        after = feed.newest(tx, album_id)
    argv = (sys.executable, "-m", "launch.bench.guests_crowd", str(stage.settings.port), path, str(guests), str(after))
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as crowd:  # noqa: S603 - ours
        assert crowd.stdin is not None
        assert crowd.stdout is not None
        crowd.stdout.readline()
        memory = _memory(pid)
        published = {}
        for _ in range(sent):
            began = time.monotonic_ns()
            published[_publish(stage, album_id)] = began
            time.sleep(max(0.0, 1.0 - (time.monotonic_ns() - began) / 1e9))
        time.sleep(2)
        crowd.stdin.write("stop\n")
        crowd.stdin.flush()
        said = json.loads(crowd.stdout.readline())
    delays = sorted((at - published[rev]) / 1e6 for rev, at in said["arrivals"] if rev in published)
    return {
        "connected": said["connected"],
        "p50_ms": round(statistics.median(delays), 1) if delays else None,
        "p99_ms": round(delays[int(0.99 * (len(delays) - 1))], 1) if delays else None,
        "received_share": round(len(delays) / (guests * sent), 4),
        "memory": memory,
    }


def _read(stage: Stage, album_id: str, scratch: Path, house: ExitStack) -> dict[str, Any]:
    """Reads per second of the newest 20 changes: dynamic, a constant body of the same size, files by nginx."""
    with stage.db.reading() as tx:
        after = feed.newest(tx, album_id) - 20
    dynamic = f"/mp/v1/albums/{album_id}/changes?after={after}"
    size = len(_get(stage.settings.port, dynamic))
    ways = {
        "reads_per_s": (stage.settings.port, dynamic),
        "constant_reads_per_s": (stage.settings.port, f"/bench/constant?bytes={size}"),
    }
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx:
        writing.write(stage, WriteFeed(album_id))
        port = house.enter_context(_nginx(nginx, stage, scratch))
        ways["static_reads_per_s"] = (port, f"/feed/{album_id}/head.json")
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(TURNS):
        for name, (port, path) in ways.items():
            found[name].append(_reads(port, path))
    figures: dict[str, Any] = {name: round(statistics.median(values)) for name, values in found.items()}
    return figures | {"static_reads_per_s": figures.get("static_reads_per_s"), "body_bytes": size}


def _reads(port: int, path: str) -> float:
    """Requests answered with 200 per second, by some connections that stay open."""
    counts = [0] * READERS
    until = time.monotonic() + READ_S

    def read(n: int) -> None:
        with _connection(port) as line:
            while time.monotonic() < until:
                line.request("GET", path)
                answer = line.getresponse()
                answer.read()
                if answer.status != 200:
                    raise Trouble(f"{path} 返回 {answer.status}", f"{path} answers {answer.status}")
                counts[n] += 1

    readers = [Thread(target=read, args=(n,)) for n in range(READERS)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return sum(counts) / READ_S


def _publish(stage: Stage, album_id: str) -> int:
    """A photo as the renderer leaves it, shown to guests; its revision. Its picture is never asked for."""
    with stage.db.writing() as tx:
        photo = _photo(tx, album_id)
        made = [Made(kind, f"r/{album_id}/{photo.id}-{kind}.jpg", 480, 320, 30_000) for kind in RenditionKind]
        assert photo.source_id is not None
        photos.record_made(tx, photo.id, photo.source_id, photo.album.recipe_id, made, {"width": 480, "height": 320})
        feed.publish(tx, photo.id)
        tx.refresh(photo)
        assert photo.revision is not None
        return photo.revision


def _photo(tx: Tx, album_id: str) -> Photo:
    album = tx.get_one(Album, album_id)
    name = new_id()
    photo = Photo(
        organization_id=album.organization_id,
        event_id=album.event_id,
        album_id=album_id,
        digest=name,
        size=1,
        placeholder="1QcSHQRnh493V4dIh4eXh1h4kJUI",
        shot_at=now_ms(),
    )
    tx.add(photo)
    tx.flush()
    photos.add_source(tx, photo.id, photos.Bytes(SourceKind.PREVIEW, f"s/{name}", name, 1))
    return photo


@contextmanager
def _redis(scratch: Path) -> Iterator[str]:
    socket, folder = scratch / "redis.sock", scratch / "redis"
    folder.mkdir()
    with _process(redis_server.argv(redis_server.find(), folder, socket), scratch / "redis.log"):
        _until(lambda: redis_server.answers(socket), "redis")
        yield f"unix://{socket}"


@contextmanager
def _nginx(nginx: str, stage: Stage, scratch: Path) -> Iterator[int]:
    """The two locations of deploy/nginx.conf for the feed's files, before this store."""
    port, root = ports.free(), stage.settings.blob_dir / "blobs" / "f+"
    scratch.chmod(0o755)
    text = f"""daemon off; master_process off; pid {scratch}/nginx.pid; error_log {scratch}/nginx.log;
events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path {scratch}/body; proxy_temp_path {scratch}/proxy; fastcgi_temp_path {scratch}/fastcgi;
  uwsgi_temp_path {scratch}/uwsgi; scgi_temp_path {scratch}/scgi;
  server {{ listen 127.0.0.1:{port};
    location ~ ^/feed/([A-Za-z0-9_-]+)/head\\.json$ {{
      alias {root}/$1+/head.json; default_type application/json; add_header Cache-Control "public, max-age=1"; }} }} }}
"""
    conf = scratch / "nginx.conf"
    conf.write_text(text)
    with _process((nginx, "-c", str(conf)), scratch / "nginx.out"):
        _until(lambda: _status(port, "/feed/x/head.json") == 404, "nginx")
        yield port


@contextmanager
def _process(argv: tuple[str, ...], log: Path, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(argv, stdout=out, stderr=out, env=env)  # noqa: S603 - our own commands
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _connection(port: int) -> Iterator[HTTPConnection]:
    line = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        yield line
    finally:
        line.close()


def _get(port: int, path: str) -> bytes:
    with _connection(port) as line:
        line.request("GET", path)
        return line.getresponse().read()


def _status(port: int, path: str) -> int:
    try:
        with _connection(port) as line:
            line.request("GET", path)
            return line.getresponse().status
    except OSError:
        return 0


def _memory(pid: int) -> int:
    """KB that a process and its children hold, pages they share counted once."""
    pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    rolls = [Path(f"/proc/{one}/smaps_rollup").read_text().splitlines() for one in pids]
    return sum(int(line.split()[1]) for roll in rolls for line in roll if line.startswith("Pss:"))


def _until(true: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > until:
            raise Trouble(f"{what} 没有启动", f"{what} does not start")
        time.sleep(0.05)


def _allow_files(wanted: int) -> None:
    """Raises Trouble when the machine does not let one process hold so many connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise Trouble(f"ulimit -n 至少需要 {wanted}", f"ulimit -n must be at least {wanted}, it is {hard}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
