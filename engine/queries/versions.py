"""On which versions a case ran, and when: those it pinned at its start, then those of every migration."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from engine.language.parser import ProcessSpecs
from engine.queries.story import VERSIONED, Story, tell_story
from engine.records.history import HistoryRow
from engine.runtime.engine import Engine


def list_pins(rows: Sequence[HistoryRow]) -> list[str]:
    """The pinned sets a case ran on, one after the other, as its rows tell of them."""
    return [str(event["pins"]) for row in rows for event in row.events if event["kind"] in VERSIONED]


def specs_of(engine: Engine, connection: Connection, process_key: str) -> Callable[[str], ProcessSpecs]:
    """The diagrams of a process and all it calls, by pinned set."""
    catalogue = engine.catalogue
    return lambda pin_set_id: catalogue.process(connection, catalogue.pins(connection, pin_set_id), process_key)


def tell_case(engine: Engine, connection: Connection, process_key: str, rows: Sequence[HistoryRow]) -> Story:
    """The story of a case, each of its steps in the diagrams it had then."""
    find = specs_of(engine, connection, process_key)
    return tell_story(rows, find(list_pins(rows)[0]), find)
