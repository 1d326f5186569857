"""Our own address on the network the cameras are in, as far as this computer can tell."""

from __future__ import annotations

import socket
import struct
import sys
from typing import Final

if sys.platform != "win32":
    import fcntl

NOWHERE: Final = "127.0.0.1"
_FAR: Final = ("192.0.2.1", 9)  # never reached: asking the way to it names our own address
_SIOCGIFADDR: Final = 0x8915  # of Linux


def own_address() -> str:
    """The address of the interface that leads out; on a hotspot that leads nowhere, the first one; else 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_FAR)
            return str(probe.getsockname()[0])
        except OSError:
            return next(iter(_of_interfaces(probe)), NOWHERE)


def _of_interfaces(probe: socket.socket) -> list[str]:
    if sys.platform != "linux":
        return []
    found = []
    for _, name in socket.if_nameindex():
        try:
            packed = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, struct.pack("256s", name[:15].encode()))
        except OSError:
            continue
        address = socket.inet_ntoa(packed[20:24])
        if not address.startswith("127."):
            found.append(address)
    return found
