"""The command `kuaimen-bridge`: run the bridge, ask how it is, send a folder.

Exit codes: 0 done · 1 could not · 2 the settings or a port must be changed first.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
import webbrowser
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from camera_bridge import account, audit, pairing
from camera_bridge import config as settings
from camera_bridge.awake import Awake
from camera_bridge.bridge import Bridge
from camera_bridge.cameras import Cameras
from camera_bridge.clock import pause
from camera_bridge.config import Config
from camera_bridge.errors import BridgeError, ConfigError, PortTaken, SpoolBusy, UplinkError
from camera_bridge.ledger import Ledger
from camera_bridge.running import Running
from camera_bridge.screen import Screen, plan
from camera_bridge.terminal import Bar, code_words, describe
from camera_bridge.uplink.platform import Account, Platform
from camera_bridge.welcome import Welcome

log = logging.getLogger(__name__)

_FORMAT: Final = "time=%(asctime)s level=%(levelname)s from=%(name)s %(message)s"
_LOOK_S: Final = 0.2
ORDERS: Final = (
    "pause", "resume", "originals_later", "originals_now", "mode", "raw", "pick", "retract", "forgive_gaps", "record",
)  # fmt: skip
_HOME: Final = Path.home() / "Kuaimen" / "bridge.json"
_UP_S: Final = 15.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `kuaimen-bridge`."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given or ["run"])
    logging.basicConfig(level=options.log_level.upper(), format=_FORMAT, stream=sys.stderr)
    logging.getLogger("pyftpdlib").setLevel(logging.WARNING)
    command: Callable[[argparse.Namespace, Config], int] = options.command
    try:
        return command(options, Config() if command in {pair, run} else settings.load(options.config))
    except (ConfigError, PortTaken) as error:
        print(f"kuaimen-bridge: {error}", file=sys.stderr)
        return 2
    except BridgeError as error:
        print(f"kuaimen-bridge: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def run(options: argparse.Namespace, config: Config) -> int:
    """Take photos in and send them on until somebody says stop; pair first when nobody did."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    screen = None
    if not settings.paired(options.config):
        screen = _welcome(options, stop)
        if screen is None:
            return 0
    config = settings.load(options.config)
    bridge = Bridge(replace(config, record=config.record or options.record))
    try:
        if screen is None:
            screen = _open(options, bridge, config.state_host, config.state_port)
        else:
            screen.show(bridge)
    except PortTaken:
        bridge.stop()
        raise
    bridge.start()
    log.info("ready state_port=%d spool=%s server=%s", screen.port, config.spool_dir, config.server)
    with Awake():
        stop.wait()
    log.info("stopping")
    screen.stop()
    bridge.stop()
    return 0


def _welcome(options: argparse.Namespace, stop: threading.Event) -> Screen | None:
    """Show a code, in the terminal and on the page, until somebody confirms it; None: somebody said stop."""
    host, port, server = settings.screen_of(options.config)
    welcome = Welcome(options.config, options.server or server)
    screen = _open(options, welcome, host, port)
    welcome.start()
    shown = ""
    while not welcome.paired.wait(_LOOK_S) and not stop.is_set():
        one = welcome.offer()
        if one is not None and one.code != shown:
            shown = one.code
            print(code_words(one), flush=True)
    welcome.stop()
    if welcome.paired.is_set():
        print(f"已配对 Paired. {options.config}", flush=True)
        return screen
    screen.stop()
    return None


def _open(options: argparse.Namespace, face: Bridge | Welcome, host: str, port: int) -> Screen:
    """The page, and a browser on it where somebody sits in front of this computer."""
    screen = Screen(face, host, port)
    screen.start()
    url = f"http://127.0.0.1:{screen.port}/"
    print(f"相机桥 Camera bridge: {url}", flush=True)
    if sys.stdout.isatty() and not options.no_browser:
        webbrowser.open(url)
    return screen


def status(options: argparse.Namespace, config: Config) -> int:
    """How the running bridge is."""
    running = Running(config)
    doc = running.get("/state")
    while doc is not None and options.watch:
        print(f"\x1b[H\x1b[2J{describe(doc)}\n\nCtrl-C", flush=True)
        pause(1.0)
        doc = running.get("/state")
    if doc is None:
        print("kuaimen-bridge: not running here; start it with: kuaimen-bridge run --config FILE", file=sys.stderr)
        return 1
    print(json.dumps(doc, ensure_ascii=False, indent=2) if options.json else describe(doc))
    return 0


def send(options: argparse.Namespace, config: Config) -> int:
    """Import a folder or files, through the running bridge or one of our own; wait until all are live or refused."""
    paths = [one.resolve() for one in options.paths]
    running = Running(config)
    if running.get("/state") is not None:
        job = running.post("/import", {"paths": [str(one) for one in paths]})
        return _follow(lambda: running.get(f"/import/{job['import_id']}") or {}, safe=False)
    try:
        bridge = Bridge(_alone(config))
    except SpoolBusy as error:
        raise SpoolBusy(f"{error}; is it still starting? Try again in a moment") from error
    bridge.start()
    try:
        return _follow(bridge.take_in(paths).progress, safe=not options.no_wait)
    finally:
        bridge.stop()


def check(options: argparse.Namespace, config: Config) -> int:
    """Hold a card against the ledger; name what is missing, cut off or altered."""
    bar = Bar(sys.stderr)
    report = audit.audit(config.spool_dir / "ledger.db", options.card, bar.count)
    bar.close()
    if options.json:
        print(json.dumps(report.document(), ensure_ascii=False, indent=2))
    else:
        for fault in report.faults:
            print(f"{fault.kind:10} {fault.path}  {fault.why}")
        if report.small_copies:
            print(f"{len(report.small_copies)} came only as small copies; send the card for the full files")
        print(f"{report.files} photos on the card: {_listed(report)}")
    return 1 if report.faults else 0


def _listed(report: audit.Report) -> str:
    parts = [f"{number} {name}" for name, number in sorted(report.counts.items()) if name != "not a photo"]
    faults = Counter(one.kind for one in report.faults)
    return ", ".join(parts + [f"{number} {kind}" for kind, number in sorted(faults.items())]) or "none"


def verify(options: argparse.Namespace, config: Config) -> int:
    """Is every line of the ledger and every object in the spool what it was when it was written?"""
    del options
    bar = Bar(sys.stderr)
    faults = audit.verify(config.spool_dir, bar.count)
    bar.close()
    for fault in faults:
        print(fault)
    print("nothing was altered" if not faults else f"{len(faults)} faults")
    return 1 if faults else 0


def certificate(options: argparse.Namespace, config: Config) -> int:
    """Draw up the account of the event and have the platform sign it."""
    ledger, cameras = Ledger(config.spool_dir / "ledger.db"), Cameras()
    cameras.remember(ledger)
    drawn = account.draw_up(ledger, cameras)
    ledger.close()
    platform = Platform(Account(config.server, config.token, config.ca_file))
    try:
        signed = platform.certificate(drawn)
    except UplinkError as trouble:
        print(f"kuaimen-bridge: not signed: {trouble}", file=sys.stderr)
        signed = {"certificate": {"account": drawn}}
    finally:
        platform.wire.hang_up()
    for path in account.write(options.out, signed):
        print(path)
    return 0 if "signature" in signed else 1


def order(options: argparse.Namespace, config: Config) -> int:
    """What the buttons of the page do, from a terminal."""
    Running(config).post("/do", {"do": options.order, "about": options.about}, "done")
    print(f"{options.order} {options.about}".rstrip())
    return 0


def preflight(options: argparse.Namespace, config: Config) -> int:
    """Half a minute of test traffic: go or no go, and how long originals will take after the event."""
    doc = {"photos_per_min": options.rate, "photo_bytes": int(options.mb * 1e6), "hours": options.hours}
    running = Running(config)
    if running.get("/state") is not None:
        running.post("/preflight", doc, "share")
        return _judged(lambda: (running.get("/state") or {}).get("preflight") or {}, options)
    bridge = Bridge(_alone(config))
    bridge.start()
    try:
        if not bridge.line.wait_up(_UP_S):
            raise BridgeError(f"no go: {bridge.line.condition().why}")
        return _judged(bridge.preflight(plan(doc)).progress, options)
    finally:
        bridge.stop()


def _judged(look: Callable[[], dict[str, Any]], options: argparse.Namespace) -> int:
    bar = Bar(sys.stderr)
    while not (now := look()).get("ended", True):
        bar.count(int(100 * now["share"]), 100)
        pause(_LOOK_S)
    bar.close()
    said = now.get("result")
    if said is None:
        raise BridgeError(f"no go: {now.get('why') or 'the bridge stopped'}")
    print(json.dumps(said, ensure_ascii=False) if options.json else f"{said['zh']}\n{said['en']}")
    return 1 if said["verdict"] == "no_go" else 0


def pair(options: argparse.Namespace, config: Config) -> int:
    """Show a code until somebody confirms it in the console or the mini-program; write the configuration."""
    del config
    doc = pairing.pair(options.server.rstrip("/"), options.config, lambda one: print(code_words(one), flush=True))
    print(f"已配对 Paired. {options.config}")
    for user in doc["ftp"]["users"]:
        print(f"  FTP {doc['ftp'].get('port', 2121)}  {user['user']}  {user['password']}")
    print(f"kuaimen-bridge run --config {options.config}")
    return 0


def _alone(config: Config) -> Config:
    """The same settings without doors: only the sender."""
    names = set(Config.__dataclass_fields__) - {"ftp", "inbox", "usb"}
    return Config(**{name: getattr(config, name) for name in names})


def _follow(look: Callable[[], dict[str, Any]], *, safe: bool) -> int:
    """Watch an import until it ended (and its originals are safe, when `safe`)."""
    bar = Bar(sys.stdout)
    while True:
        now = look()
        if not now:
            raise BridgeError("the bridge stopped before everything was sent; start it again, nothing is lost")
        bar.show(now)
        if now["ended"] and (not safe or now["safe"] >= now["live"]):
            break
        pause(_LOOK_S)
    bar.close()
    for trouble in now["troubles"]:
        print(f"  {trouble}")
    parts = [f"{now[name]} {name}" for name in ("live", "safe", "refused", "aside", "partial", "failed") if now[name]]
    print(f"{now['total']} files: {', '.join(parts) or 'nothing to do'}")
    return 1 if now["failed"] or now["partial"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kuaimen-bridge", description="From the camera to the platform, without losing a photo."
    )
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (command, words, more) in _COMMANDS.items():
        one = commands.add_parser(name, help=words, description=words)
        one.add_argument("--config", type=Path, default=_HOME, metavar="FILE", help=f"settings, TOML or JSON; {_HOME}")
        one.set_defaults(command=command)
        more(one)
    return parser


def _as_json(one: argparse.ArgumentParser) -> None:
    one.add_argument("--json", action="store_true", help="everything, as JSON")


def _status_options(one: argparse.ArgumentParser) -> None:
    _as_json(one)
    one.add_argument("--watch", action="store_true", help="stay and look again every second")


def _send_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("paths", nargs="+", type=Path, metavar="FOLDER", help="a folder, or files")
    one.add_argument("--no-wait", action="store_true", help="do not wait until the originals are safe")


def _audit_options(one: argparse.ArgumentParser) -> None:
    _as_json(one)
    one.add_argument("card", type=Path, metavar="CARD", help="the card's folder")


def _certificate_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--out", type=Path, default=Path(), metavar="FOLDER", help="where to put it")


def _order_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("order", choices=ORDERS, help="what to do")
    one.add_argument(
        "about", nargs="?", default="", help="mode: auto, pick, marked; raw: aside, send; an asset; a camera"
    )


def _preflight_options(one: argparse.ArgumentParser) -> None:
    _as_json(one)
    one.add_argument("--rate", type=float, default=10, metavar="N", help="photos per minute, all cameras together")
    one.add_argument("--mb", type=float, default=11, metavar="MB", help="size of one photo")
    one.add_argument("--hours", type=float, default=4, metavar="H", help="how long the event lasts")


def _pair_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--server", required=True, metavar="URL", help="the platform, https://…")


def _run_options(one: argparse.ArgumentParser) -> None:
    one.add_argument("--record", action="store_true", help="write down what cameras say, in spool/record")
    one.add_argument("--server", default="", metavar="URL", help="the platform to pair with, if there is no token yet")
    one.add_argument("--no-browser", action="store_true", help="do not open the page")


def _no_options(one: argparse.ArgumentParser) -> None:
    del one


_Command = Callable[[argparse.Namespace, Config], int]
_COMMANDS: Final[dict[str, tuple[_Command, str, Callable[[argparse.ArgumentParser], None]]]] = {
    "run": (run, "take photos in and send them on", _run_options),
    "do": (order, "what the page's buttons do: pause, mode, retract …", _order_options),
    "preflight": (preflight, "test the uplink before the event: go or no go", _preflight_options),
    "pair": (pair, "connect this computer with the platform", _pair_options),
    "status": (status, "how the running bridge is", _status_options),
    "send": (send, "import a folder or files", _send_options),
    "audit": (check, "hold a card against the ledger: missing, cut off, altered", _audit_options),
    "verify": (verify, "check that ledger and spool were not altered", _no_options),
    "certificate": (certificate, "the account of the event, signed by the platform", _certificate_options),
}


if __name__ == "__main__":
    sys.exit(main())
