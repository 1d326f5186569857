"""Log lines of every process: one line each, to standard error, which the supervisor or the container keeps."""

from __future__ import annotations

import logging


def set_up(level: str) -> None:
    """Raises ValueError for an unknown level."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in ("rq.worker", "rq.job", "httpx"):  # they tell of every job and request
        logging.getLogger(name).setLevel(logging.WARNING)
