"""The whole past of every demo case, rebuilt from history alone, is what its live state was after each step."""

import shutil
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
from engine.queries.keyframes import Past
from engine.queries.versions import tell_case
from engine.records.history import HistoryRow, read_between, read_stream
from engine.records.keyframes import add_keyframe
from engine.records.rebuild import TOKEN_KINDS, Picture
from engine.runtime.engine import Engine
from engine.storage.database import Database, UnitOfWork
from engine.storage.plain import PlainDict
from engine.storage.settings import Settings
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
            frame = orjson.dumps(picture.keyframe(_tasks(live)))
    database.close()


def test_a_story_from_a_keyframe_is_the_story_from_the_beginning(
    demo_folder: Path, former_instances: list[sqlite3.Row], tmp_path: Path
) -> None:
    """Every demo case gets a keyframe after every step, and each of its steps is told from the one before."""
    engine = Engine(Settings(data_dir=Path(shutil.copytree(demo_folder, tmp_path / "data"))))
    frames = list[tuple[str, int, PlainDict]]()
    with engine.database.read() as connection:
        for row, live, _ in _walk(connection, former_instances):
            past = _past(engine, connection, row.stream)
            frames.append((row.stream, row.seq, past.freeze(row.seq, _tasks(live))))

    def keep(unit: UnitOfWork) -> None:
        for frame in frames:
            add_keyframe(unit.connection, engine.keys, *frame)

    engine.database.transact(keep)
    with engine.database.read() as connection:
        for stream, seq, content in frames:
            past = _past(engine, connection, stream)
            told = past.tell(seq, {seq})
            whole = tell_case(engine, connection, past.process_key, read_between(connection, stream, 0, seq))
            whole.chapters = whole.chapters[-1:]
            assert told == whole, f"{stream} after step {seq}"
            assert [*told.elements] == [*whole.elements], "in the order it came to them"
            content = orjson.loads(orjson.dumps(past.freeze(seq, content["places"])))  # type: ignore[arg-type]
            assert past.freeze_again(seq, content) == content, "from the keyframe before, told twice"
    engine.close()


def _past(engine: Engine, connection: Connection, case: str) -> Past:
    row = connection.execute(select(instance).where(instance.c.id == case)).one()
    return Past(engine, connection, case, row.process_key)


def _tasks(live: Case) -> set[str]:
    return {task_id for scope in live.scopes for task_id in scope.tasks}


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
            yield row, thaw(then["state"], specs, SandboxEngine(SANDBOX), host), picture


def _token_events(row: HistoryRow) -> list[PlainDict]:
    return [event for event in row.events if event["kind"] in TOKEN_KINDS]
