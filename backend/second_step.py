"""The second step of signing in: a code of an authenticator app (TOTP), or one of ten recovery codes.

Optional, per member. The app's secret is kept sealed: a copy of the database alone makes no codes. A code counts once,
also when two requests bring it at the same moment; recovery codes are kept as hashes and each counts once.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from typing import Any, Final

import pyotp
from sqlalchemy import or_, update

from backend import security
from backend.clock import now_ms
from backend.db import Tx
from backend.errors import Conflict, Unauthorized
from backend.models import Member
from backend.security import Signer

ISSUER: Final = "Kuaimen"
STEP_S: Final = 30
DRIFT: Final = 1  # steps a phone's clock may be off
RECOVERY_CODES: Final = 10
_LETTERS: Final = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is read as something else


def propose(member: Member, signer: Signer) -> tuple[str, str]:
    """A new secret, not in force yet, and the address that a QR code carries to the app. Raises Conflict."""
    if member.totp_at is not None:
        raise Conflict("second step is on", code="step_on")
    secret = pyotp.random_base32()
    member.sealed_totp = signer.seal(secret)
    return secret, pyotp.TOTP(secret).provisioning_uri(name=member.login, issuer_name=ISSUER)


def switch_on(member: Member, signer: Signer, code: str) -> list[str]:
    """The app shows the right code: from now on it is asked for. Returns the recovery codes, which are not kept."""
    if member.totp_at is not None or member.sealed_totp is None:
        raise Conflict("nothing was proposed", code="step_on")
    step = _step(member, signer, code)
    if step is None:
        raise Unauthorized(code="bad_code")
    member.totp_at = step
    return renew_recovery(member)


def renew_recovery(member: Member) -> list[str]:
    """Ten new codes; the old ones count no more."""
    codes = ["-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in "12") for _ in range(RECOVERY_CODES)]
    member.recovery = {"hashes": [security.token_hash(code) for code in codes]}
    return codes


def switch_off(member: Member) -> None:
    member.sealed_totp = member.totp_at = member.recovery = None


def demand(tx: Tx, member: Member, signer: Signer, code: str) -> None:
    """Raises Unauthorized: `code_needed` without a code, `bad_code` for a wrong one or one that was used."""
    if member.totp_at is None:
        return
    if not code:
        raise Unauthorized(code="code_needed")
    if not (_use_step(tx, member, signer, code) or _use_recovery(tx, member, code)):
        raise Unauthorized(code="bad_code")


def left(member: Member) -> int:
    """How many recovery codes are still good."""
    return len((member.recovery or {"hashes": []})["hashes"])


def _use_step(tx: Tx, member: Member, signer: Signer, code: str) -> bool:
    step = _step(member, signer, code)
    if step is None:
        return False
    once = update(Member).where(Member.id == member.id, or_(Member.totp_at < step))
    return tx.execute(once.values(totp_at=step).returning(Member.id)).first() is not None


def _use_recovery(tx: Tx, member: Member, code: str) -> bool:
    digest = security.token_hash(code.strip().lower())
    tx.refresh(member, with_for_update=True)
    kept: list[Any] = (member.recovery or {"hashes": []})["hashes"]
    if digest not in kept:
        return False
    member.recovery = {"hashes": [one for one in kept if one != digest]}
    return True


def _step(member: Member, signer: Signer, code: str) -> int | None:
    """Which half minute's code this is; None: of none around now."""
    secret = signer.unseal(member.sealed_totp or "")
    if secret is None:
        return None
    totp, now = pyotp.TOTP(secret), now_ms() // 1000 // STEP_S
    said = unicodedata.normalize("NFKC", code).replace(" ", "").encode()  # １２３ of a Chinese keyboard is 123
    steps = range(now - DRIFT, now + DRIFT + 1)
    return next((step for step in steps if hmac.compare_digest(totp.generate_otp(step).encode(), said)), None)
