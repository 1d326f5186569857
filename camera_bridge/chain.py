"""The ledger's story as a hash chain: an altered, removed or inserted line breaks every hash after it.

`verify` recomputes the chain and then holds the asset rows against what the story says about them. The platform is told
the tip with every heartbeat, so that cutting lines off the end shows as well.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import dataclass
from typing import Final

GENESIS: Final = "0" * 64
_OUTCOME: Final = {"safe": "safe", "owed_again": "spooled", "released": "spooled", "aside": "aside"}


@dataclass(frozen=True, slots=True)
class Tip:
    """The last line: its number and hash."""

    n: int = 0
    chain: str = GENESIS


@dataclass(frozen=True, slots=True)
class Line:
    at: int
    kind: str
    asset_id: str
    body: str

    def hash_after(self, tip: Tip) -> str:
        text = f"{tip.chain}\n{tip.n + 1}\n{self.at}\n{self.kind}\n{self.asset_id}\n{self.body}"
        return hashlib.sha256(text.encode()).hexdigest()


def tip(db: sqlite3.Connection) -> Tip:
    row = db.execute("SELECT n, chain FROM story ORDER BY n DESC LIMIT 1").fetchone()
    return Tip(*row) if row else Tip()


def append(tx: sqlite3.Connection, last: Tip, line: Line) -> Tip:
    """Write the next line; the answer is the new tip."""
    new = Tip(last.n + 1, line.hash_after(last))
    tx.execute(
        "INSERT INTO story VALUES(?, ?, ?, ?, ?, ?)", (new.n, line.at, line.kind, line.asset_id, line.body, new.chain)
    )
    return new


def verify(db: sqlite3.Connection) -> list[str]:
    """Everything that does not add up, in words; empty when the ledger is what it was."""
    faults: list[str] = []
    last = Tip()
    told: dict[str, dict[str, object]] = {}
    for n, at, kind, asset_id, body, digest in db.execute(
        "SELECT n, at, kind, asset_id, body, chain FROM story ORDER BY n"
    ):
        if n != last.n + 1:
            faults.append(f"line {last.n + 1} is missing")
        line = Line(at, kind, asset_id, body)
        if line.hash_after(Tip(n - 1, last.chain)) != digest:
            faults.append(f"line {n} was altered")
        last = Tip(n, digest)
        _retell(told, line)
    rows = db.execute("SELECT asset_id, sha256, size, state FROM asset").fetchall()
    present = {row[0] for row in rows}
    faults += [f"asset {asset_id} was removed" for asset_id in told if asset_id not in present]
    for asset_id, sha256, size, state in rows:
        faults += _against(told.get(asset_id), asset_id, {"sha256": sha256, "size": size, "state": state})
    return faults


def _retell(told: dict[str, dict[str, object]], line: Line) -> None:
    body = json.loads(line.body)
    if line.kind == "received":
        told[line.asset_id] = {"sha256": body["sha256"], "size": body["size"], "state": body["state"]}
        return
    known = told.get(line.asset_id)
    if known is None:
        return
    if line.kind == "refused" and body["artifact"] == "original":
        known["state"] = "refused"
    known["state"] = _OUTCOME.get(line.kind, known["state"])


def _against(told: dict[str, object] | None, asset_id: str, row: dict[str, object]) -> list[str]:
    if told is None:
        return [f"asset {asset_id} was inserted"]
    if row["state"] == "superseded":
        row = row | {"state": "partial"}
    return [f"asset {asset_id}: {key} was altered" for key in row if row[key] != told[key]]
