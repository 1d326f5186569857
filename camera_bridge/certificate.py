"""The bridge's own certificate for FTPS: made once, kept in the spool, trusted by the camera when its owner says so."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from camera_bridge.clock import now_ms

_DAYS: Final = 3650
_NAME: Final = "Kuaimen camera bridge"


@dataclass(frozen=True, slots=True)
class Files:
    """Where certificate and key lie, PEM."""

    certificate: Path
    key: Path


def make_sure(root: Path) -> Files:
    """The certificate's files; made when absent. RSA 2048, because old bodies know nothing newer."""
    files = Files(root / "ftp-cert.pem", root / "ftp-key.pem")
    if files.certificate.exists() and files.key.exists():
        return files
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _NAME)])
    today = dt.datetime.fromtimestamp(now_ms() / 1000, dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=365))  # cameras' clocks are often wrong
        .not_valid_after(today + dt.timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(files.key, key.private_bytes(*_PEM, serialization.NoEncryption()))
    _write(files.certificate, certificate.public_bytes(serialization.Encoding.PEM))
    return files


_PEM: Final = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)


def _write(path: Path, content: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
