"""What all tables share: their metadata, and columns that hold instants, plain data and digests."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import orjson
from sqlalchemy import (
    BigInteger,
    Dialect,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
)

from engine.storage.plain import Plain

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NEVER = datetime(9999, 12, 31, tzinfo=UTC)  # in columns that order by an instant and may have none


class Instant(TypeDecorator[datetime]):
    """A UTC instant as microseconds since 1970: the same order and the same value on every database."""

    impl = BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], int | None]:
        """The conversion itself, where a decorator would call it from another one."""
        return lambda value: None if value is None else (value - EPOCH) // MICROSECOND

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], datetime | None]:
        """Likewise."""
        return lambda value: None if value is None else EPOCH + timedelta(0, 0, value)  # microseconds


class Json(TypeDecorator[Plain]):
    """Plain JSON as text; never a database's own JSON type, which may reorder keys."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Plain, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Plain:
        return None if value is None else orjson.loads(value)


class Hex(TypeDecorator[str]):
    """Hexadecimal digits, kept as the bytes they stand for."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else bytes.fromhex(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else value.hex()


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = String(32)
APPEND_ONLY = {"append_only": True}  # triggers refuse UPDATE and DELETE, see engine.storage.schema
