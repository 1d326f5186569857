"""What can go wrong on the bridge, by what the reader must do about it.

BridgeError
├── ConfigError   the settings are wrong: say which one and what to write instead
├── PortTaken     somebody else listens on our port
├── SpoolBusy     another bridge already works in this spool
├── Unreadable    the spool's own copy cannot be read
├── NoRoom        the disk is nearly full: take nothing new
└── UplinkError
    ├── Offline   nobody (or not the platform) answered: try again, nothing is lost
    ├── Revoked   the platform no longer knows our token: pair again
    ├── Busy      429 or 5xx: try again after `wait_s`
    ├── Stopped   the bridge is closing: the item stays owed
    └── Refusal   the platform said no for good to this one thing: `code`, `reason`
"""

from __future__ import annotations


class BridgeError(Exception):
    """An expected failure; its text may be shown to the operator."""


class ConfigError(BridgeError):
    """A setting cannot be used."""


class PortTaken(BridgeError):
    """The port of a listener is in use; the text names the setting."""


class SpoolBusy(BridgeError):
    """Another process holds this spool."""


class Unreadable(BridgeError):
    """A file in the spool is gone, shortened or cannot be read."""


class NoRoom(BridgeError):
    """Less than the reserve is free on the spool's disk."""


class UplinkError(BridgeError):
    """A request to the platform or its store did not succeed."""


class Offline(UplinkError):
    """No answer, or an answer that is not the platform's (`portal` when it looks like a log-in page)."""

    def __init__(self, reason: str, *, portal: bool = False) -> None:
        super().__init__(reason)
        self.portal = portal


class Revoked(UplinkError):
    """401: the token is not (any longer) valid."""


class Busy(UplinkError):
    """The platform cannot take this now."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class Stopped(UplinkError):
    """We ourselves broke off, because the bridge is closing."""


class Refusal(UplinkError):
    """A final no. `code` is the platform's, `reason` its words for people."""

    def __init__(self, status: int, code: str, reason: str, missing: tuple[int, ...] = ()) -> None:
        super().__init__(f"{code} {reason}".strip())
        self.status = status
        self.code = code
        self.reason = reason
        self.missing = missing
