"""The whole bridge, put together: doors in, spool in the middle, senders out, and the state of it all.

Every part runs in threads of its own; nothing on the way in ever waits for the network. Stopping takes less than three
seconds, and being killed at any moment loses nothing, because whoever was told «received» has a row behind it.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Protocol

from PIL import Image

from camera_bridge import account, forecast, selftest, state
from camera_bridge.address import NOWHERE, own_address
from camera_bridge.cameras import Cameras
from camera_bridge.clock import now_ms, ticks
from camera_bridge.config import Config, FtpConfig
from camera_bridge.dial import Dial, read
from camera_bridge.errors import BridgeError, ConfigError, UplinkError
from camera_bridge.forecast import Plan
from camera_bridge.ledger import Asset
from camera_bridge.loops import keep
from camera_bridge.policy import MODES, RAW, Policy
from camera_bridge.preflight import Preflight
from camera_bridge.preview import MOST_PIXELS, Developer, Wish, affordable
from camera_bridge.sources.card import Import
from camera_bridge.sources.ftp import FtpDoor
from camera_bridge.sources.gphoto import GphotoCable, library
from camera_bridge.sources.hotfolder import HotFolder
from camera_bridge.sources.porch import Porch
from camera_bridge.sources.usb import Tether
from camera_bridge.spool import SELF_TEST, Spool, Watcher
from camera_bridge.uplink.crew import Calls, Crew
from camera_bridge.uplink.desk import Desk
from camera_bridge.uplink.line import Line
from camera_bridge.uplink.pace import SHARE, Pace
from camera_bridge.uplink.platform import Account, Platform
from camera_bridge.uplink.senders import Out
from camera_bridge.uplink.told import story_id
from camera_bridge.uplink.ways import Ways

log = logging.getLogger(__name__)

_STOP_S: Final = 2.0
_CRAWL: Final = 30_000.0  # bytes per second; below it every byte is a preview's


class Bridge:
    """`start()`, `stop()`, `state()`. Raises PortTaken, SpoolBusy while being built: nothing half-started remains."""

    def __init__(self, config: Config) -> None:
        Image.MAX_IMAGE_PIXELS = MOST_PIXELS
        self.config = config
        self._began = ticks()
        self.line, self.desk = Line(), Desk()
        self.pace = Pace(self.desk)
        if config.usb:
            library()
        self.policy, self.cameras, self.dial = Policy(config), Cameras(), Dial()
        self._clock_frames: set[str] = set()
        self.spool = Spool(config.spool_dir, reserve_bytes=config.reserve_bytes, policy=self.policy.fate)
        self.policy.remembered(self.spool.ledger)
        self._address = self.spool.ledger.kept("address") or ""  # where cameras found us last
        self.door, self.sftp = self._open_doors()
        self.tether = Tether(GphotoCable, self.spool) if config.usb else None
        self.folder = HotFolder(config.inbox, self.spool) if config.inbox else None
        self.imports: dict[str, Import] = {}
        self.ways = Ways(config.uplinks)
        self._account = Account(config.server, config.token, config.ca_file, self.ways, self.cameras.offset_ms)
        self._out = Out(self.spool, self.desk, self.line, self.pace, self._wish)
        self.test: Preflight | None = None
        self.crew = Crew(self._account, self._out, Calls(self._about, self._identity, self.do, self.cameras.offsets))
        self.crew.sightings.worth = self._shown_at_once
        self.spool.watch, self.spool.arrived = self._watch, self._arrived
        self._threads: list[threading.Thread] = []

    def _open_doors(self) -> tuple[FtpDoor | None, Stoppable | None]:
        config = self.config.ftp
        if config is None:
            return None, None
        try:
            door = FtpDoor(config, self.spool, record=self.config.record)
            return door, sftp_door(config, self.spool, door.porch)
        except BaseException:
            self.spool.close()
            raise

    def start(self) -> None:
        """Take over what an earlier run left, open the doors, begin to send."""
        self.cameras.remember(self.spool.ledger)
        adopted = self.spool.adopt()
        if adopted:
            log.info("adopted files=%d", adopted)
        for name, loop in self.crew.loops.items():
            thread = keep(name, loop, self.line.stopping)
            self._threads.append(thread)
            thread.start()
        if self.door:
            self.door.start()
            log.info("ftp port=%d implicit_port=%s", self.door.port, self.door.implicit_port)
        if self.folder:
            self.folder.start()
        if self.tether:
            self.tether.start()

    def stop(self) -> None:
        """Close the doors, then the senders; what they were doing stays owed. May be called twice."""
        if self.line.stopping.is_set():
            return
        if self.tether:
            self.tether.stop()
        if self.folder:
            self.folder.stop()
        if self.sftp:
            self.sftp.stop()
        if self.door:
            self.door.stop()
        for one in self.imports.values():
            one.stop()
        self.line.stop()
        self.desk.nudge()
        self.crew.abort()
        end = ticks() + _STOP_S
        for thread in self._threads:
            thread.join(max(0.0, end - ticks()))
        self.spool.close()

    def take_in(self, paths: list[Path]) -> Import:
        """Import files or folders."""
        missing = [str(one) for one in paths if not one.exists()]
        if missing:
            raise ConfigError(f"there is no {', '.join(missing)}")
        job = Import(self.spool, paths)
        self.imports[job.import_id] = job
        job.start()
        return job

    def do(self, name: str, about: str = "") -> bool:
        """Carry out an order of the operator or the platform; False when there is no such order or nothing to do."""
        orders: dict[str, Callable[[], object]] = {
            "pause": lambda: self.desk.pause(on=True),
            "resume": lambda: self.desk.pause(on=False),
            "originals_later": lambda: self.crew.originals.hold(on=True),
            "originals_now": lambda: self.crew.originals.hold(on=False),
            "pick": lambda: self.spool.ledger.release(about),
            "retract": lambda: self.spool.ledger.retract(about or self._last_live()),
            "forgive_gaps": lambda: self.cameras.forgive(about),
            "mode": lambda: self.policy.switch(about, self.spool.ledger) if about in MODES else False,
            "raw": lambda: self.policy.switch_raw(about, self.spool.ledger) if about in RAW else False,
            "record": lambda: self.door.dialogue.switch(on=about != "off") if self.door else False,
            "want_original": self.spool.ledger.hurry,
        }
        order = orders.get(name)
        done = order is not None and order() is not False
        log.info("order name=%s about=%s done=%s", name, about, done)
        self.desk.nudge()
        return done

    def _last_live(self) -> str:
        found = self.spool.ledger.assets("WHERE preview_at IS NOT NULL ORDER BY asset_id DESC LIMIT 1")
        return found[0].asset_id if found else ""

    def state(self) -> dict[str, Any]:
        """The document of `GET /state`."""
        numbers, line = state.counts(self.spool.ledger), self.line.condition()
        backlog = state.backlog(self.spool.ledger)
        rate = self.pace.capacity
        left_s = backlog["bytes"] / rate if rate else None
        words = state.sentence(numbers, line, arriving=self.spool.arriving, left_s=left_s)
        return {
            "uptime_s": int(ticks() - self._began),
            "server": self.config.server,
            "server_ok": self.line.is_up,
            "line": {"state": line.state, "why": line.why, "since": line.since, "rtt_ms": line.rtt_ms},
            "ways": self.ways.report(),
            **self._addresses(),
            "forecast": forecast.ahead(self.spool.ledger, SHARE * rate),
            "preflight": self.test.progress() if self.test else None,
            "story_fault": self.crew.keeper.story.fault,
            "uplink": {"bytes_per_s": round(self.pace.carries), "pace": round(self.pace.rate), "left_s": left_s},
            "mode": self.policy.mode,
            "raw": self.policy.raw,
            "recording": bool(self.door and self.door.dialogue.on),
            "paused": self.desk.paused,
            "originals_held": self.crew.originals.held,
            "event": self.crew.keeper.policy.get("event"),
            "ftp": self._ftp_state(),
            "usb": {"body": self.tether.body} if self.tether else None,
            "inbox": [str(one) for one in self.config.inbox],
            "counts": numbers,
            "backlog": backlog,
            "last": [one | {"has_preview": self._has_preview(one)} for one in state.last(self.spool.ledger)],
            "troubles": self.door.porch.troubles() if self.door else [],
            "free_bytes": self.spool.free_bytes(),
            "room_photos": state.room_photos(self.spool.ledger, self._room()),
            "safe_to_close": words.safe_to_close,
            "sentence_zh": words.zh,
            "sentence_en": words.en,
        }

    def self_test(self) -> dict[str, Any]:
        """Visit our own door as a camera would."""
        if self.door is None or self.config.ftp is None:
            return {"ok": False, "why": "ftp is off"}
        host = self.config.ftp.host
        return selftest.visit(self.door, "127.0.0.1" if host in {"0.0.0.0", "::"} else host, self.line)  # noqa: S104

    def preflight(self, plan: Plan, seconds: float = 30.0) -> Preflight:
        """Test the uplink before the event; a test that runs already is given back."""
        if self.test is None or self.test.progress()["ended"]:
            self.test = Preflight(self._account, self._out, plan, seconds)
            self.test.start()
        return self.test

    def certificate(self) -> dict[str, Any]:
        """Draw up the account of the event, have it signed, keep it as JSON and as a page. Raises BridgeError."""
        self.crew.keeper.story.finish()
        platform = Platform(self._account)
        try:
            signed = platform.certificate(account.draw_up(self.spool.ledger, self.cameras))
        except UplinkError as trouble:
            raise BridgeError(f"not signed: {trouble}") from trouble
        finally:
            platform.wire.hang_up()
        account.write(self.certificate_page().parent, signed)
        return {"page": "/certificate", "url": signed.get("url"), "signed": "signature" in signed}

    def certificate_page(self) -> Path:
        return self.config.spool_dir / "certificate" / "certificate.html"

    def _has_preview(self, row: dict[str, Any]) -> bool:
        return self.spool.preview_path(str(row["asset_id"])).exists()

    def _ftp_state(self) -> dict[str, Any] | None:
        if self.door is None or self.config.ftp is None:
            return None
        return {
            "host": self.config.ftp.host,
            "port": self.door.port,
            "implicit_port": self.door.implicit_port,
            "sftp_port": self.sftp.port if self.sftp else None,
            "users": self._camera_state(),
        }

    def _camera_state(self) -> list[dict[str, Any]]:
        """Everybody who has a credential, with what their files tell."""
        if self.door is None:
            return []
        told = self.cameras.report()
        names = {one.user: one.camera for one in (self.config.ftp.users if self.config.ftp else ())}
        silent: dict[str, Any] = {"gaps": [], "clock_offset_ms": None, "per_minute": 0, "serial": None}
        return [
            {**one, "camera": names.get(str(one["user"]), one["user"]), **told.get(str(one["user"]), silent)}
            for one in self.door.porch.users()
        ]

    def _watch(self, asset_id: str, camera: str, name: str) -> Watcher:
        """Somebody starts to send us a file: decode along, and let guests know."""
        self.desk.claim(asset_id)
        developer = Developer(name, self._wish, self._deliver, lambda row: self._settled(asset_id, row))
        return developer if camera == SELF_TEST else self.crew.sightings.watch(asset_id, camera, developer)

    def _shown_at_once(self) -> bool:
        """Whether a photo that arrives now goes out by itself, on a line that has a moment for a word before it."""
        crawls = 0 < self.pace.carries < _CRAWL
        return self.policy.mode == "auto" and not self.desk.paused and not self.dial.armed and not crawls

    def _wish(self) -> Wish:
        """What the platform asks for, or less on a weak uplink."""
        return affordable(self.crew.keeper.wish(), self.pace.carries)

    def _deliver(self, asset: Asset, jpeg: bytes) -> None:
        if self.dial.armed and self._shows_the_clock(asset, jpeg):
            return
        if self.line.is_up and asset.state == "spooled":
            self.desk.deliver(asset, jpeg)
        self.spool.preview_path(asset.asset_id).write_bytes(jpeg)

    def _shows_the_clock(self, asset: Asset, jpeg: bytes) -> bool:
        """A photo of our own clock sets the camera's offset and is shown to nobody."""
        with Image.open(io.BytesIO(jpeg)) as picture:
            at = read(picture)
        if at is None:
            return False
        offset = self.cameras.read_clock(asset, at)
        log.info("clock_read camera=%s offset_ms=%s", asset.camera, offset)
        self.spool.ledger.note("clock", asset.asset_id, shown_at=at, offset_ms=offset)
        self._clock_frames.add(asset.asset_id)
        return True

    def _settled(self, asset_id: str, row: Asset | None) -> None:
        if asset_id in self._clock_frames:
            self._clock_frames.discard(asset_id)
            if row is not None:
                self.spool.ledger.set_aside(asset_id, "clock")
        self.desk.committed(asset_id)

    def _arrived(self, asset: Asset) -> None:
        self.cameras.arrived(asset)
        if asset.source == "ftp" and asset.camera != SELF_TEST and (now := own_address()) != self._address:
            self._address = now
            self.spool.ledger.keep("address", now)

    def _addresses(self) -> dict[str, str]:
        """Ours now, and the one cameras used last if it was another: they will not find us."""
        now, used = own_address(), self._address
        return {"address": now, "address_before": used if used and NOWHERE not in {now, used} and used != now else ""}

    def _room(self) -> int:
        return self.spool.free_bytes() - self.config.reserve_bytes

    def _about(self) -> dict[str, Any]:
        """The body of a heartbeat."""
        backlog, tip, line = state.backlog(self.spool.ledger), self.spool.ledger.tip(), self.line.condition()
        rate = self.pace.capacity
        return {
            "queued": backlog["files"],
            "queued_bytes": backlog["bytes"],
            "oldest_at": backlog["oldest_at"],
            "cameras": self._camera_state(),
            "counts": state.counts(self.spool.ledger),
            "alone": state.alone(self.spool.ledger),
            "troubles": self.door.porch.troubles() if self.door else [],
            "line": {"state": line.state, "why": line.why, "rtt_ms": line.rtt_ms},
            "free_bytes": self.spool.free_bytes(),
            "room_photos": state.room_photos(self.spool.ledger, self._room()),
            "bytes_per_s": round(rate),
            "left_s": backlog["bytes"] / rate if rate else None,
            "mode": self.policy.mode,
            "min_rating": self.policy.min_rating,
            "paused": self.desk.paused,
            "originals_held": self.crew.originals.held,
            "have": self.crew.orders.have,
            "ledger": {"id": story_id(self.spool.ledger), "n": tip.n, "chain": tip.chain},
            "version": _version(),
            "now": now_ms(),
        }

    def _identity(self) -> dict[str, Any] | None:
        """What a spare computer needs so that no camera has to be set up again."""
        ftp = self.config.ftp
        if ftp is None:
            return None
        users = [{"user": one.user, "password": one.password, "camera": one.camera} for one in ftp.users]
        ports = {"port": ftp.port, "implicit_port": ftp.implicit_port, "tls": ftp.tls, "old_tls": ftp.old_tls}
        return {"ftp": {**ports, "masquerade": ftp.masquerade, "users": users}}


class Stoppable(Protocol):
    """The SFTP door, whose library may be absent."""

    @property
    def port(self) -> int: ...

    def stop(self) -> None: ...


def sftp_door(config: FtpConfig, spool: Spool, porch: Porch) -> Stoppable | None:
    """Raises ConfigError that says what to install."""
    if config.sftp_port < 0:
        return None
    try:
        module = import_module("camera_bridge.sources.sftp")
    except ImportError as error:
        raise ConfigError('ftp.sftp_port: needs the package asyncssh (pip install "kuaimen[sftp]")') from error
    door: Stoppable = module.SftpDoor(config, spool, porch)
    return door


def _version() -> str:
    try:
        return version("kuaimen")
    except PackageNotFoundError:
        return "0"
