"""The whole past of every demo case, rebuilt from history alone, is what its live state was after each step."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import orjson
from sqlalchemy import Connection, select

from engine.definitions.catalogue import Catalogue
from engine.language.script_engine import SandboxEngine
from engine.language.state import thaw
from engine.language.workflow import Case
from engine.records.history import HistoryRow, read_stream
from engine.records.rebuild import TOKEN_KINDS, Picture
from engine.runtime.step import decompress_state
from engine.storage.database import Database
from engine.storage.plain import PlainDict
from engine.storage.tables import instance
from tests.engine.language.trial import SANDBOX, TrialHost, describe_live, describe_tokens


def test_every_demo_case_is_rebuilt_at_every_step(demo_folder: Path, former_instances: list[sqlite3.Row]) -> None:
    """From the first row on, and from a keyframe of the step before."""
    database, seen = Database(f"sqlite:///{demo_folder / 'baton.db'}"), Counter[str]()
    with database.read() as connection:
        for row, live, whole in _walk(connection, former_instances):
            expected, where = describe_live(live), f"{row.stream} after step {row.seq}"
            assert describe_tokens(whole.tokens()) == expected, where
            seen[row.stream] += 1
        lengths = {row.id: row.history_seq for row in connection.execute(select(instance.c.id, instance.c.history_seq))}
    database.close()
    assert seen == lengths, "every step of every case"
    assert seen.total() > 200


def test_a_keyframe_of_any_step_is_all_the_next_one_needs(
    demo_folder: Path, former_instances: list[sqlite3.Row]
) -> None:
    database, frame = Database(f"sqlite:///{demo_folder / 'baton.db'}"), b""
    with database.read() as connection:
        for row, live, whole in _walk(connection, former_instances):
            picture = Picture() if row.seq == 1 else Picture(orjson.loads(frame))
            for event in _token_events(row):
                picture.apply(event)
            assert picture.tokens() == whole.tokens(), f"{row.stream} after step {row.seq}"
            frame = orjson.dumps(picture.keyframe({task_id for scope in live.scopes for task_id in scope.tasks}))
    database.close()


def _walk(connection: Connection, former: list[sqlite3.Row]) -> Iterator[tuple[HistoryRow, Case, Picture]]:
    """Each step of each case: what history says of it, the live case as it was saved, and the picture so far."""
    catalogue, host = Catalogue(), TrialHost()
    for case, versions in groupby(former, key=lambda row: row["id"]):
        states = {row["history_seq"]: row for row in versions}
        picture = Picture()
        for row in read_stream(connection, case):
            for event in _token_events(row):
                picture.apply(event)
            then = states[row.seq]
            pins = catalogue.pins(connection, then["pin_set_id"])
            specs = catalogue.process(connection, pins, then["process_key"])
            yield row, thaw(decompress_state(then["state"]), specs, SandboxEngine(SANDBOX), host), picture


def _token_events(row: HistoryRow) -> list[PlainDict]:
    return [event for event in row.events if event["kind"] in TOKEN_KINDS]
