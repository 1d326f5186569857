"""Passwords, tokens and rate limits: what proves who is asking, and how often they may."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import secrets
from dataclasses import dataclass
from typing import Final, Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from redis import Redis, RedisError

from backend.clock import now_ms
from backend.errors import TooMany, Unauthorized

log = logging.getLogger(__name__)
_passwords: Final = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)  # OWASP's argon2id profile
Audience = Literal["guest", "member", "report", "album"]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a valid token says. `epoch` must equal the row's, so that raising the row's ends old tokens."""

    subject: str
    epoch: int


class Signer:
    """Signed, expiring tokens (JWT HS256); one key, one audience per kind of caller."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._key = OctKey.import_key(hashlib.sha256(b"tokens:" + self._secret).digest())

    def issue(self, audience: Audience, subject: str, *, ttl_s: int, epoch: int = 0) -> str:
        now = now_ms() // 1000
        claims = {"aud": audience, "sub": subject, "iat": now, "exp": now + ttl_s, "ep": epoch}
        return jwt.encode({"alg": "HS256"}, claims, self._key, algorithms=["HS256"])

    def read(self, audience: Audience, token: str) -> Claims:
        """Raises Unauthorized: `bad_token`, or `token_expired` when only the time is over."""
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"]).claims
            subject, expires, epoch = str(claims["sub"]), int(claims["exp"]), int(claims["ep"])
        except (JoseError, ValueError, KeyError, TypeError):
            raise Unauthorized(code="bad_token") from None
        if claims.get("aud") != audience:
            raise Unauthorized(code="bad_token")
        if expires <= now_ms() // 1000:
            raise Unauthorized(code="token_expired")
        return Claims(subject, epoch)

    def bridge_token(self, pairing_id: str, secret_hash: str) -> str:
        """The token of a pairing: always the same, so that it need not be kept for a bridge that missed the answer."""
        made = hmac.new(self._secret, f"bridge-token:{pairing_id}:{secret_hash}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode()

    def certificate_key(self) -> Ed25519PrivateKey:
        """Signs certificates. Of the secret key, so that every process has the same and none need be kept."""
        return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"certificates:" + self._secret).digest())

    def seal(self, text: str) -> str:
        """For secrets that must be readable again: a copy of the database alone does not tell them."""
        return self._box().encrypt(text.encode()).decode()

    def unseal(self, sealed: str) -> str | None:
        """None when it was sealed under another secret key."""
        try:
            return self._box().decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None

    def _box(self) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"sealed:" + self._secret).digest()))


def hash_password(password: str) -> str:
    return _passwords.hash(password)


def password_matches(hashed: str, password: str) -> bool:
    """About 20 ms of CPU by intent."""
    try:
        return _passwords.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def new_token() -> str:
    """256 random bits, URL-safe; what is stored is its `token_hash`."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def proof(token_digest: str, nonce: str) -> str:
    """Shows to a bridge that we know its token, which a captive portal does not."""
    return hmac.new(token_digest.encode(), nonce.encode(), hashlib.sha256).hexdigest()


def future_id(token_digest: str, asset_id: str) -> str:
    """The id of the photo that a bridge's file will begin, known before the file is; nobody else can tell it."""
    digest = hmac.new(token_digest.encode(), b"photo:" + asset_id.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:12]).decode()


def phone_hash(secret: str, number: str) -> str:
    """A phone number as it is kept: digits only, without +86, keyed, because there are few enough to try them all."""
    digits = "".join(c for c in number if c.isdigit())
    key = hashlib.sha256(b"phones:" + secret.encode()).digest()
    return hmac.new(
        key, digits.removeprefix("86").encode() if len(digits) == 13 else digits.encode(), "sha256"
    ).hexdigest()


def slow_down(redis: Redis, name: str, *, free: int, wrong: bool) -> None:
    """For guesses. The first `free` wrong ones in an hour cost nothing, then each doubles the wait, up to 15 minutes.

    Call it with `wrong` False before looking (raises TooMany while the wait lasts), with True after a wrong guess.
    """
    tries, until = f"wrong:{name}", f"wait:{name}"
    try:
        if not wrong:
            if redis.exists(until):
                raise TooMany(name)
            return
        with redis.pipeline() as pipe:
            pipe.incr(tries)
            pipe.expire(tries, 3600)
            over = int(pipe.execute()[0]) - free
        if over >= 0:
            redis.set(until, 1, ex=min(2 ** min(over, 10), 900))
    except RedisError as exc:
        log.warning("guesses not counted: %s", type(exc).__name__)


def allow(redis: Redis, name: str, *, limit: int, window_s: int) -> None:
    """Count one try of `name` in a fixed window. Raises TooMany. With Redis down everything is allowed."""
    key = f"limit:{name}:{now_ms() // (window_s * 1000)}"
    try:
        with redis.pipeline() as pipe:
            pipe.incr(key)
            pipe.expire(key, window_s)
            tries = int(pipe.execute()[0])
    except RedisError as exc:
        log.warning("rate limit not counted: %s", type(exc).__name__)
        return
    if tries > limit:
        raise TooMany(name)
