"""Statements are compiled once per process, whatever database they are sent to.

SQLAlchemy keeps what it compiled per engine, and under the dialect object of that engine: reader and writer, and every
database of a scenario or a test, would compile all statements anew (a third of the time of the shipped scenarios). A
process talks to servers of one version only, so dialects of one kind are equal here and engines share one cache.
"""

import re
from typing import Any

from sqlalchemy import URL, BindParameter, make_url
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGCompiler_psycopg, PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

COMPILED: LRUCache[object, object] = LRUCache(2_000)
_DRIVER = "shared"
_WORD = re.compile(r"\w+", re.ASCII)


class _AllEqual:
    """Equal to every other of its class."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))


class SharedSQLite(_AllEqual, SQLiteDialect_pysqlite):
    """SQLite by the driver of the standard library."""

    supports_statement_cache = True


class SharedPostgreSQL(_AllEqual, PGDialect_psycopg):
    """PostgreSQL by psycopg."""

    supports_statement_cache = True


class _SayingConstants(PGCompiler_psycopg):
    """Words and numbers that are always the same stand in the text: the server plans by them, and nobody sends them."""

    def visit_bindparam(self, bindparam: BindParameter[Any], *arguments: Any, **options: Any) -> str:
        options["literal_binds"] = _is_constant(bindparam) or options.get("literal_binds", False)
        text: str = super().visit_bindparam(bindparam, *arguments, **options)  # type: ignore[no-untyped-call]
        return text


class _HidingValues(_SayingConstants):
    """PostgreSQL cannot see the values before it runs, and so does not plan anew for each of them."""

    def visit_bindparam(self, bindparam: BindParameter[Any], *arguments: Any, **options: Any) -> str:
        text = super().visit_bindparam(bindparam, *arguments, **options)
        return text if bindparam.expanding or _is_constant(bindparam) else f"(SELECT {text})"


def _is_constant(bindparam: BindParameter[Any]) -> bool:
    value = bindparam.value  # not yet known: a symbol, which is an integer as well
    return type(value) is int or (type(value) is str and _WORD.fullmatch(value) is not None)


def _numbered(compiler: type[PGCompiler_psycopg]) -> SharedPostgreSQL:
    dialect = SharedPostgreSQL(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # as all of SQLAlchemy's
    dialect.statement_compiler = compiler
    return dialect


# For compiling only: of no driver, so that bytes stay bytes; and with numbered places, as the server itself takes them.
PLAIN = SharedSQLite()
NUMBERED, NUMBERED_UNSEEN = _numbered(_SayingConstants), _numbered(_HidingValues)

registry.register(f"sqlite.{_DRIVER}", __name__, SharedSQLite.__name__)
registry.register(f"postgresql.{_DRIVER}", __name__, SharedPostgreSQL.__name__)


def share_dialect(url: str | URL) -> URL:
    """The same address with the dialect that shares what it compiled. For engines with `COMPILED` as their cache."""
    known = make_url(url)
    return known.set(drivername=f"{known.get_backend_name()}+{_DRIVER}")
