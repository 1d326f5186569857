"""TCP ports: free ones, and who holds one that is not."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from pathlib import Path

from launch.trouble import Trouble


def free(host: str = "127.0.0.1") -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_free(host: str, port: int) -> bool:
    """Whether we may listen there. Raises OSError when the reason is another one than «in use»."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                return False
            raise
        return True


def require(host: str, port: int, setting: str) -> None:
    """Raises Trouble, naming the setting and the program that holds the port."""
    try:
        if is_free(host, port):
            return
    except OSError as exc:
        reason = exc.strerror or str(exc)
        raise Trouble(
            f"无法监听 {host}:{port}（{reason}）。请修改 {setting}。",
            f"Cannot listen on {host}:{port} ({reason}). Change {setting}.",
        ) from exc
    who = holder(port)
    raise Trouble(
        f"端口 {port} 已被占用{f'：{who}' if who else ''}。请停止该程序，或设置 {setting}=其它端口。",
        f"Port {port} is in use{f' by {who}' if who else ''}. Stop that program or set {setting} to another port.",
    )


def reachable(host: str) -> str:
    """`host`, or the address under which others in the local network find a machine that listens everywhere."""
    if host not in {"0.0.0.0", "::", ""}:  # noqa: S104 - compared, not bound
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent; the kernel only chooses the way out
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def holder(port: int) -> str:
    """`name (pid n)` of the process that listens on the port, or nothing when it cannot be seen."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    for fd in Path("/proc").glob("[0-9]*/fd/*") if sockets else ():
        try:
            if str(fd.readlink()) in sockets:
                process = fd.parent.parent
                words = (process / "cmdline").read_bytes().split(b"\0")
                spoken = [w.decode(errors="replace").rsplit("/", 1)[-1] for w in words if w and not w.startswith(b"-")]
                return f"{' '.join(spoken[:3])} (pid {process.name})"
        except OSError:
            continue  # gone meanwhile, or not ours to look at
    return ""


def _listening(port: int) -> Iterator[str]:
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and int(words[1].rsplit(":", 1)[1], 16) == port:
                yield words[9]
