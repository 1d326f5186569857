"""The door for cameras: plain FTP and explicit TLS on one port, implicit TLS on a second if wanted.

pyftpdlib tells success from a closed connection, and a dying camera closes its connection too. So `226` is decided
here, when the data channel closes: the content must be whole, the bytes synced and the row committed; else the camera
hears `426` (send again) or `452` (disk full). One thread per camera, so that one disk sync never holds up another one.
"""

from __future__ import annotations

import errno
import hmac
import logging
import secrets
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from OpenSSL import SSL
from pyftpdlib import ioloop as loops  # first: it quiets the warnings of asyncore, which the others import too
from pyftpdlib.authorizers import AuthenticationFailed
from pyftpdlib.handlers import TLS_DTPHandler, TLS_FTPHandler
from pyftpdlib.servers import ThreadedFTPServer

from camera_bridge.certificate import make_sure
from camera_bridge.config import CameraUser, FtpConfig
from camera_bridge.errors import BridgeError, NoRoom, PortTaken
from camera_bridge.sources.dialogue import Dialogue
from camera_bridge.sources.porch import Porch
from camera_bridge.sources.tree import CameraTree, Tree
from camera_bridge.spool import SELF_TEST, Arrival, Spool

log = logging.getLogger(__name__)

_STALL_S: Final = 60
_IDLE_S: Final = 900  # cameras keep quiet between bursts
_PER_CAMERA: Final = 32  # new bodies open several connections at once


class _Keys:
    """pyftpdlib's authorizer: our users, compared in constant time, allowed everything the tree makes harmless."""

    def __init__(self, users: tuple[CameraUser, ...], home: Path) -> None:
        self._passwords = {one.user: one.password for one in users}
        self._home = str(home)

    def validate_authentication(self, username: str, password: str, handler: TLS_FTPHandler) -> None:
        known = self._passwords.get(username)
        if hmac.compare_digest((known or "").encode(), password.encode()) and known is not None:
            return
        why = "wrong_password" if known is not None else "unknown_user"
        handler.porch.turned_away(username, handler.remote_ip, why)
        raise AuthenticationFailed("Wrong user or password.")

    def get_home_dir(self, username: str) -> str:
        del username
        return "/"

    def has_user(self, username: str) -> bool:
        return username in self._passwords

    def has_perm(self, username: str, perm: str, path: str | None = None) -> bool:
        del username, perm, path
        return True

    def get_perms(self, username: str) -> str:
        del username
        return "elradfmwMT"

    def get_msg_login(self, username: str) -> str:
        del username
        return "Ready for photos."

    def get_msg_quit(self, username: str) -> str:
        del username
        return "Bye."

    def impersonate_user(self, username: str, password: str) -> None:
        """Everybody is the bridge."""

    def terminate_impersonation(self, username: str) -> None:
        """Everybody stays the bridge."""


class _Data(TLS_DTPHandler):  # type: ignore[misc]  # pyftpdlib has no annotations
    """The data channel. Its `close` is where an upload is judged."""

    timeout = _STALL_S

    def close(self) -> None:
        """Finish the file first: pyftpdlib answers inside its own closing."""
        file = self.file_obj
        if not self._closed and self.receive and file is not None and not file.closed:
            if not self.transfer_finished and not file.tell():
                file.drop()
            else:
                self._judge(file)
        super().close()

    def _judge(self, file: Arrival) -> None:
        verdict = file.finish()
        channel = self.cmd_channel
        channel.porch.seen(channel.username, channel.remote_ip, name=file.name.rsplit("/", 1)[-1])
        if not self.transfer_finished:
            return
        if verdict.ok:
            self._resp = ("226 Received and safe.", log.debug)
        elif verdict.asset is None and verdict.why != "empty":
            self._resp = (f"452 {verdict.why}.", log.warning)
        else:
            self._resp = (f"426 Incomplete ({verdict.why}), send again.", log.warning)


class _Control(TLS_FTPHandler):  # type: ignore[misc]  # pyftpdlib has no annotations
    """The control channel: everything real cameras do, in every order."""

    dtp_handler = _Data
    use_sendfile = False
    timeout = _IDLE_S
    max_login_attempts = 10
    auth_failed_timeout = 1
    banner = "Kuaimen camera bridge."
    log_cmds_list: tuple[str, ...] = ()
    porch: Porch
    spool: Spool
    dialogue: Dialogue
    proto_cmds = TLS_FTPHandler.proto_cmds | {
        "CLNT": {"perm": None, "auth": False, "arg": None, "help": "Syntax: CLNT <SP> name (noop)."},
        "SITE UMASK": {"perm": None, "auth": True, "arg": None, "help": "Syntax: SITE UMASK (noop)."},
    }

    def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
        self.dialogue.said(self.remote_ip, "camera", line)
        super().pre_process_command(line, cmd, arg)

    def push(self, data: str) -> None:
        """Everything the door says goes through here."""
        self.dialogue.said(self.remote_ip, "bridge", data.rstrip())
        super().push(data)

    def ftp_CLNT(self, line: str) -> None:  # noqa: N802 - pyftpdlib finds verbs by name
        """Clients say who they are."""
        del line
        self.respond("200 Noted.")

    def ftp_SITE_UMASK(self, line: str) -> None:  # noqa: N802 - pyftpdlib finds verbs by name
        del line
        self.respond("200 Noted.")

    def ftp_TYPE(self, line: str) -> None:  # noqa: N802 - pyftpdlib finds verbs by name
        """Any type is accepted and none changes a byte: a photo is never text."""
        super().ftp_TYPE(line)
        self._current_type = "i"

    def ftp_STOR(self, file: str, mode: str = "w") -> str | None:  # noqa: N802 - pyftpdlib finds verbs by name
        """Refuse before a byte is sent when the disk is nearly full."""
        try:
            self.spool.make_sure_of_room()
        except NoRoom as error:
            self._restart_position = 0
            self.porch.turned_away(self.username, self.remote_ip, "disk_full")
            self.respond(f"452 {error}.")
            return None
        stored: str | None = super().ftp_STOR(file, mode)
        return stored

    def on_login(self, username: str) -> None:
        self._current_type = "i"
        self.porch.seen(username, self.remote_ip, connected=+1)
        log.info("login address=%s user=%s tls=%s", self.remote_ip, username, self._ssl_established)

    def on_disconnect(self) -> None:
        if self.authenticated:
            self.porch.seen(self.username, self.remote_ip, connected=-1)

    def log_transfer(self, *args: object, **kwargs: object) -> None:
        """The spool writes its own line."""

    def log(self, msg: str, logfun: Callable[..., None] = log.debug) -> None:
        """Sessions are noise here; what matters is logged where it happens."""
        if logfun is not log.warning:
            logfun = log.debug
        logfun("ftp address=%s user=%s said=%s", self.remote_ip, self.username, msg)

    def handle_failed_ssl_handshake(self) -> None:
        self.porch.turned_away(self.username or "?", self.remote_ip, "tls_handshake")
        self.close()


class _Implicit(_Control):
    """TLS from the first byte; the greeting waits for the handshake."""

    def handle(self) -> None:
        self.secure_connection(self.ssl_context)

    def handle_ssl_established(self) -> None:
        TLS_FTPHandler.handle(self)


class _Listener(ThreadedFTPServer):  # type: ignore[misc]  # pyftpdlib has no annotations
    """A listener whose threads belong to it alone (upstream shares lock and exit flag by class)."""

    max_cons = 512
    max_cons_per_ip = _PER_CAMERA
    poll_timeout = 0.3
    join_timeout = 2

    def __init__(self, sock: socket.socket, handler: type[_Control], ioloop: loops.IOLoop) -> None:
        self._lock = threading.Lock()
        self._exit = threading.Event()
        super().__init__(sock, handler, ioloop=ioloop)


class FtpDoor:
    """Listens, and hands every file to the spool."""

    def __init__(self, config: FtpConfig, spool: Spool, *, record: bool = False) -> None:
        self.dialogue = Dialogue(spool.root / "record", on=record)
        self.porch = Porch(config.users)
        self.own = CameraUser(SELF_TEST, secrets.token_hex(8), SELF_TEST)
        self._config = config
        self._loop = loops.IOLoop()
        self._stopping = threading.Event()
        handler = self._handler(_Control, spool)
        self._listeners = [_listen(config.host, config.port, handler, self._loop, "ftp.port")]
        if config.implicit_port >= 0:
            implicit = self._handler(_Implicit, spool)
            try:
                second = _listen(config.host, config.implicit_port, implicit, self._loop, "ftp.implicit_port")
            except BridgeError:
                self._close()
                raise
            self._listeners.append(second)
        self._thread = threading.Thread(target=self._serve, name="ftp", daemon=True)

    @property
    def port(self) -> int:
        return int(self._listeners[0].address[1])

    @property
    def implicit_port(self) -> int | None:
        return int(self._listeners[1].address[1]) if len(self._listeners) > 1 else None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Close the door; transfers that are running end as they are."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(5)
        else:
            self._close()

    def _serve(self) -> None:
        """One loop for all listeners: two would corrupt each other."""
        for listener in self._listeners:
            listener._exit.clear()  # noqa: SLF001 - what serve_forever() does first
        while not self._stopping.is_set():
            self._loop.loop(timeout=0.2, blocking=False)
        self._close()

    def _close(self) -> None:
        for listener in self._listeners:
            listener.close_all()

    def _handler(self, base: type[_Control], spool: Spool) -> type[_Control]:
        """The handler class of this door; pyftpdlib is configured by class attributes."""
        tree = type("_Tree", (CameraTree,), {"spool": spool, "tree": Tree(spool.ledger)})
        context = _tls(spool.root, old=self._config.old_tls) if self._config.tls == "auto" else None
        verbs = dict(base.proto_cmds)
        if context is None:
            verbs = {name: verb for name, verb in verbs.items() if name not in {"AUTH", "PBSZ", "PROT"}}
        return type(
            base.__name__,
            (base,),
            {
                "authorizer": _Keys((*self._config.users, self.own), spool.root),
                "abstracted_fs": tree,
                "passive_ports": list(self._config.passive_ports) or None,
                "masquerade_address": self._config.masquerade or None,
                "ssl_context": context or SSL.Context(SSL.TLS_SERVER_METHOD),
                "proto_cmds": verbs,
                "porch": self.porch,
                "dialogue": self.dialogue,
                "spool": spool,
            },
        )


def _listen(host: str, port: int, handler: type[_Control], loop: loops.IOLoop, setting: str) -> _Listener:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let two programs share the port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        return _Listener(sock, handler, loop)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(f"port {port} is in use: choose another with {setting} (2121 is usual)") from error
        if error.errno == errno.EACCES:
            raise PortTaken(f"port {port} needs special rights: choose one above 1024 with {setting}") from error
        raise BridgeError(f"cannot listen on {host}:{port}: {error.strerror}; check ftp.host") from error


def _tls(root: Path, *, old: bool) -> SSL.Context:
    """A context with our own certificate. `old` lets transmitters in that only speak TLS 1.0."""
    files = make_sure(root)
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_chain_file(str(files.certificate))
    context.use_privatekey_file(str(files.key))
    # TLS 1.3 sends session tickets after the handshake. A client that only uploads never reads them, so its closing
    # socket resets the connection, and the last bytes of the photo are thrown away with it. TLS 1.2 has no such thing.
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    if old:
        context.set_cipher_list(b"ALL:@SECLEVEL=0")
        context.set_min_proto_version(0)
    return context
