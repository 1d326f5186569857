"""Who may do what: the account's own key, and temporary ones (STS) narrowed by a RAM policy."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from launch.sandbox.oss.wire import Refusal

Policy = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Grant:
    """An access key. Without a policy it may do everything; with a token it is temporary."""

    access_key_id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    until_s: int | None = None
    policy: Policy | None = None

    def check(self, action: str, resource: str, prefix: str | None) -> None:
        """Raises Refusal AccessDenied. `resource`: `bucket/key`; `prefix`: of a listing."""
        if self.policy is not None and not _allowed(self.policy, action, f"acs:oss:*:*:{resource}", prefix):
            raise Refusal(403, "AccessDenied", "Access denied by authorizer's policy.", ec="0003-00000001")


class KeyRing:
    """The keys the sandbox knows."""

    def __init__(self, access_key_id: str, secret: str) -> None:
        self._grants = {access_key_id: Grant(access_key_id, secret)}

    def issue(self, policy: Policy, until_s: int) -> Grant:
        """What AssumeRole answers: a key and a token that `policy` narrows."""
        grant = Grant(f"STS.{secrets.token_hex(8)}", secrets.token_hex(16), secrets.token_hex(64), until_s, policy)
        self._grants[grant.access_key_id] = grant
        return grant

    def find(self, access_key_id: str, token: str, now_s: int) -> Grant:
        """Raises Refusal: an unknown key, a token that is not this key's, one that is over."""
        grant = self._grants.get(access_key_id)
        if grant is None:
            said = "The OSS Access Key Id you provided does not exist in our records."
            raise Refusal(403, "InvalidAccessKeyId", said, extra={"OSSAccessKeyId": access_key_id}, ec="0002-00000902")
        if not secrets.compare_digest(grant.token.encode(), token.encode()):
            raise Refusal(403, "InvalidSecurityToken", "The security token you provided is invalid.")
        if grant.until_s is not None and grant.until_s <= now_s:
            raise Refusal(403, "SecurityTokenExpired", "The security token you provided has expired.")
        return grant


def _allowed(policy: Policy, action: str, resource: str, prefix: str | None) -> bool:
    """RAM's rule: a Deny that fits wins, else some Allow must fit."""
    statements = policy.get("Statement", [])
    assert isinstance(statements, Sequence)
    fitting = {str(one["Effect"]) for one in statements if _fits(one, action, resource, prefix)}
    return fitting == {"Allow"}


def _fits(statement: Mapping[str, object], action: str, resource: str, prefix: str | None) -> bool:
    return (
        any(fnmatchcase(action, pattern) for pattern in _several(statement["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in _several(statement["Resource"]))
        and _condition_holds(statement.get("Condition"), prefix)
    )


def _condition_holds(condition: object, prefix: str | None) -> bool:
    """Of all conditions only `StringLike` `oss:Prefix` is known; any other never holds."""
    if condition is None:
        return True
    if not isinstance(condition, Mapping) or list(condition) != ["StringLike"]:
        return False
    wanted = condition["StringLike"]
    if not isinstance(wanted, Mapping) or list(wanted) != ["oss:Prefix"]:
        return False
    return prefix is not None and any(fnmatchcase(prefix, pattern) for pattern in _several(wanted["oss:Prefix"]))


def _several(value: object) -> list[str]:
    return [value] if isinstance(value, str) else [str(one) for one in value] if isinstance(value, Sequence) else []
