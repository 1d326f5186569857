"""Orders from the console: asked for by a request that waits until there is one, so that a switch acts within a second.

The platform numbers them; the number of the last one carried out is kept in the ledger, so that none is done twice
after a restart and none is missed. Heartbeats carry them as well, for platforms and networks where waiting fails.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Final

from camera_bridge.errors import Refusal, UplinkError
from camera_bridge.ledger import Ledger
from camera_bridge.uplink.line import Line
from camera_bridge.uplink.platform import Platform

log = logging.getLogger(__name__)

_WAIT_S: Final = 25
_RETRY_S: Final = 3.0
_UNKNOWN_S: Final = 60.0


class Orders:
    """`obey(answer)` may be called from several threads. `do(name, about)` carries one order out."""

    def __init__(self, ledger: Ledger, do: Callable[[str, str], object]) -> None:
        self._ledger, self._do = ledger, do
        self._lock = threading.Lock()
        kept = ledger.kept("orders_have") or "0"
        self.have = int(kept) if kept.isdigit() else 0

    def obey(self, answer: dict[str, Any]) -> None:
        """What an answer of the platform asks for. Unknown orders are left alone."""
        commands = answer.get("commands")
        with self._lock:
            for command in commands if isinstance(commands, list) else []:
                doc = command if isinstance(command, dict) else {"do": command}
                number = doc.get("n")
                if isinstance(number, int):
                    if number <= self.have:
                        continue
                    self._ledger.keep("orders_have", str(number))
                    self.have = number
                self._do(str(doc.get("do")), str(doc.get("about") or ""))


class Listener:
    """One thread that waits for orders."""

    def __init__(self, orders: Orders, line: Line, platform: Platform) -> None:
        self._orders, self._line, self._platform = orders, line, platform

    def run(self) -> None:
        """Until the bridge stops."""
        while not self._line.stopping.is_set():
            if not self._line.wait_up(1.0):
                continue
            try:
                self._orders.obey(self._platform.commands(self._orders.have, _WAIT_S))
            except Refusal as no:  # an older platform: heartbeats bring the orders
                log.info("no_orders code=%s", no.code)
                self._line.stopping.wait(_UNKNOWN_S)
            except UplinkError as trouble:
                log.debug("orders why=%s", trouble)
                self._line.stopping.wait(_RETRY_S)
        self._platform.wire.hang_up()
