"""Children that cannot outlive their parent, not even when it is killed with -9."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1


def die_with_parent(parent_pid: int) -> None:
    """Call in the child, before it execs: the kernel kills it when the thread that forked it ends.

    Linux only; elsewhere a child of a parent that was killed with -9 stays.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it died before the line above
        os._exit(1)
