"""`kuaimen certificate check`: is this certificate exactly what was signed? Needs no platform, only the public key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from backend import ledger
from launch.trouble import Trouble


def run(
    file: Annotated[Path, typer.Argument(help="The certificate, as JSON.")],
    key: Annotated[Path, typer.Option("--key", help="The platform's public key, PEM.")],
) -> None:
    """Exit status 0 when the signature holds, 1 when it does not."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        certificate, signature = dict(said["certificate"]), str(said["signature"])
        public = load_pem_public_key(key.read_bytes())
    except OSError as exc:
        raise Trouble(f"读不到 {exc.filename}", f"{exc.filename} cannot be read") from None
    except (ValueError, KeyError, TypeError):
        raise Trouble("文件不是证书或公钥", "The file is no certificate, or the key is no PEM") from None
    if not isinstance(public, Ed25519PublicKey):
        raise Trouble("公钥类型应为 Ed25519", "The key is not an Ed25519 key")
    if not ledger.checks(certificate, signature, public):
        typer.echo("✗ 签名不符：内容被改动，或不是用这把钥匙签的 / altered, or signed with another key")
        raise typer.Exit(1)
    counts = certificate.get("counts") or certificate.get("deleted") or {}
    typer.echo("✓ 签名有效 / the signature holds")
    typer.echo(f"  {certificate.get('event', {}).get('title', '')}")
    typer.echo("  " + "  ".join(f"{name} {n}" for name, n in counts.items()))
