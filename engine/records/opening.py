"""Whether keys and database belong together, asked whenever an engine begins."""

from itertools import groupby
from operator import itemgetter
from pathlib import Path

from sqlalchemy import inspect, make_url, select, true
from sqlalchemy.exc import DBAPIError

from engine.records.history import check_stream
from engine.storage.database import Database
from engine.storage.keys import KeyRing, KeyUnfit, load_keys, read_keys
from engine.storage.tables import history

WITNESSES = 50  # rows; damaged ones among them say nothing against the keys, for `verify` to name
_ANY = select(true()).select_from(history).limit(1)
_FIRST = select(history).order_by(history.c.stream, history.c.seq).limit(WITNESSES)


class NotPrepared(Exception):
    """There is no database yet, or nothing in it."""

    def __init__(self, database: Database) -> None:
        super().__init__(f"There is nothing in {name_database(database.url)} yet: run `./run prepare` first")


def name_database(url: str) -> str:
    """The address of a database without what is secret."""
    return make_url(url).set(query={}).render_as_string(hide_password=True)


def open_keys(database: Database, folder: Path, *, may_be_new: bool) -> KeyRing:
    """The keys of a database. They are made where it `may_be_new` and holds nothing that others protect.

    Raises NotPrepared, KeyUnfit, OSError; nothing is written then.
    """
    is_filled = _is_filled(database)
    if is_filled is None and not may_be_new:
        raise NotPrepared(database)
    if not is_filled and may_be_new:
        return load_keys(folder)
    keys = read_keys(folder)  # after the look: who filled it meanwhile had made the keys before
    if is_filled and _are_foreign(database, keys):
        raise KeyUnfit(f"Expected the keys of this database in {folder}, but these are the keys of another one")
    return keys


def _is_filled(database: Database) -> bool | None:
    """Whether something has happened yet; None without a schema. SQLite would make a file that is not there."""
    if database.is_sqlite and not Path(make_url(database.url).database or "").exists():
        return None
    with database.read() as connection:
        if not inspect(connection).has_table(history.name):
            return None
        return connection.execute(_ANY).first() is not None


def _are_foreign(database: Database, keys: KeyRing) -> bool:
    """Whether none of the first rows was written with these keys. Rows that cannot be read are for `verify` to name."""
    try:
        with database.read() as connection:
            rows = connection.execute(_FIRST).mappings().all()
        for _, stream in groupby(rows, itemgetter("stream")):
            found = [dict(row) for row in stream]
            if len([*check_stream(found, keys)]) < len(found):
                return False
    except (DBAPIError, TypeError, ValueError, OverflowError):
        return False
    return True
