"""`kuaimen platform-admin LOGIN`: somebody who runs the installation."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer
from sqlalchemy import select

from backend import security
from backend.models import Member, Organization, Role
from launch import here, logs
from launch.stage import open_stage
from launch.trouble import Trouble

NAME = "平台 Platform"


def run(login: Annotated[str, typer.Argument(help="What they sign in with.")]) -> None:
    """Make a platform admin; the password is shown this once."""
    settings = here.joined()
    logs.set_up("WARNING")
    stage, password = open_stage(settings), secrets.token_urlsafe(12)
    with stage.db.writing() as tx:
        if tx.scalars(select(Member.id).filter_by(login=login)).first() is not None:
            raise Trouble(f"账号 {login} 已存在", f"There is a {login} already")
        home = tx.scalars(select(Organization).filter_by(name=NAME)).first()
        if home is None:
            home = Organization(name=NAME)
            tx.add(home)
            tx.flush()
        hashed = security.hash_password(password)
        tx.add(Member(organization_id=home.id, login=login, name=login, role=Role.PLATFORM, password_hash=hashed))
    typer.echo(f"{login} / {password}")
