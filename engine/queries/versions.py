"""On which versions a case ran, and when: those it pinned at its start, then those of every migration."""

from collections.abc import Sequence

from sqlalchemy import Connection

from engine.queries.story import Story, Teller, Versions
from engine.records.history import HistoryRow
from engine.runtime.engine import Engine

STARTED, MIGRATED = "started", "migrated"


def list_pins(rows: Sequence[HistoryRow]) -> list[str]:
    """The pinned sets a case ran on, one after the other, as its rows tell of them."""
    return [str(event["pins"]) for row in rows for event in row.events if event["kind"] in (STARTED, MIGRATED)]


def specs_of(engine: Engine, connection: Connection, process_key: str) -> Versions:
    """The diagrams of a process and all it calls, by pinned set."""
    catalogue = engine.catalogue
    return lambda pin_set_id: catalogue.process(connection, catalogue.pins(connection, pin_set_id), process_key)


def tell_case(engine: Engine, connection: Connection, process_key: str, rows: Sequence[HistoryRow]) -> Story:
    """The story of a case, each of its steps in the diagrams it had then."""
    find, first = specs_of(engine, connection, process_key), list_pins(rows)[0]
    return Teller(find(first), first, find).tell_all(rows)
