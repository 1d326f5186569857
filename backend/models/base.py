"""What every table is made of: the declarative base, JSON columns, ids, codes, salts."""

from __future__ import annotations

import enum
import json
import secrets
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Dialect, Enum, Integer, MetaData, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine
from typing_extensions import override

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Json(TypeDecorator[Any]):
    """JSONB on PostgreSQL, text elsewhere; `with_variant` would make Alembic write a migration that cannot run."""

    impl = Text
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else Text())

    @override
    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return value if value is None or dialect.name == "postgresql" else json.loads(value)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger().with_variant(Integer, "sqlite"),
        enum.StrEnum: Enum(
            enum.StrEnum, native_enum=False, length=16, values_callable=lambda kinds: [k.value for k in kinds]
        ),
        dict[str, Any]: Json,
    }


def new_id() -> str:
    """96 random bits, URL-safe, 16 characters."""
    return secrets.token_urlsafe(12)


def new_code() -> str:
    """A share code: 10 characters of base62, short enough for a mini-program code's scene."""
    return "".join(secrets.choice(BASE62) for _ in range(10))


def new_salt() -> str:
    return secrets.token_hex(4)


def own_id() -> Mapped[str]:
    return mapped_column(String(16), primary_key=True, default=new_id)
