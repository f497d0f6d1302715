"""A long case is told from its keyframes, and tells the same without them."""

import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any

from sqlalchemy import delete, insert, select, update

from bench import world
from bench.diagrams import loop
from engine.commands.deployments import deploy
from engine.commands.work import settle
from engine.queries.inspection import CaseView, Look, fetch_case
from engine.queries.progress import Progress
from engine.queries.side import fetch_side
from engine.records.history import LAST
from engine.records.keyframes import EVERY_ROWS
from engine.records.packing import unpack_events
from engine.runtime.engine import Engine
from engine.services.verification import verify
from engine.storage.actor import PLATFORM, SYSTEM, Actor
from engine.storage.proving import keyframe
from tests.support.vandalism import execute_unguarded

AUDITOR = Actor("audit", PLATFORM, "auditor", frozenset({"auditor"}))
TURNS = EVERY_ROWS + 20
LOOKS = [
    Look(),
    Look(at=EVERY_ROWS + 5),
    Look(at=EVERY_ROWS),
    Look(at=7),
    Look(before=60),
    Look(element="turn", before=40),
    Look(variable="nothing"),
]


def test_what_is_told_does_not_depend_on_keyframes(any_engine: Engine) -> None:
    deploy(any_engine, SYSTEM, loop())
    case = world.start(any_engine, "loop")
    world.complete_next(any_engine, case, TURNS)
    assert settle(any_engine) == 1

    def look_at_all() -> list[CaseView]:
        return [fetch_case(any_engine, AUDITOR, case, look) for look in LOOKS]

    assert _frames(any_engine) == [(case, EVERY_ROWS)]
    assert list(verify(any_engine)) == []
    told, rows = look_at_all(), _count_rows(lambda: fetch_case(any_engine, AUDITOR, case))
    assert _find_forged(any_engine) == {f"{case}/50", f"{case}/51", f"{case}/52", "another/53"}
    execute_unguarded(any_engine, update(keyframe).values(seal=b"x"))
    assert look_at_all() == told, "one that was touched is not believed"
    execute_unguarded(any_engine, delete(keyframe))
    assert look_at_all() == told
    last = TURNS + 1
    again = (last - EVERY_ROWS + 1, last + 1)  # for the marks of the slider, and the first row for its versions
    assert (rows, _count_rows(lambda: fetch_case(any_engine, AUDITOR, case))) == (last + again[0], last + again[1])
    assert len(told[0].forms) == len(told[0].story.chapters) == 50
    assert told[0].counts["form"] == TURNS


def test_what_stands_beside_a_task_reads_what_is_new(any_engine: Engine) -> None:
    deploy(any_engine, SYSTEM, loop())
    case = world.start(any_engine, "loop")
    world.complete_next(any_engine, case, 2 * EVERY_ROWS + 20)
    assert settle(any_engine) == 2

    def look(newest: int = LAST) -> Progress:
        return fetch_side(any_engine, world.PERSON, case, newest).progress

    whole, rows = look(), _count_rows(look)
    newest, fewer = look(50), _count_rows(lambda: look(50))
    assert newest == replace(whole, steps=whole.steps[-50:], is_whole=False)
    assert (rows, fewer) == (2 * EVERY_ROWS + 21, EVERY_ROWS + 21), "from the keyframe before"
    assert look(rows) == whole


def test_only_long_cases_have_any(any_engine: Engine) -> None:
    deploy(any_engine, SYSTEM, loop())
    world.complete_next(any_engine, world.start(any_engine, "loop"), 20)
    assert settle(any_engine) == 0
    assert _frames(any_engine) == []


def _find_forged(engine: Engine) -> set[str]:
    """What a verification says when keyframes were copied to other places, with other contents and seals."""
    with engine.database.read() as connection:
        row = dict(connection.execute(select(keyframe)).mappings().one())
    moves: list[dict[str, Any]] = [{}, {"content": b"x"}, {"seal": b"x"}, {"stream": "another"}]
    forged = [{**row, **move, "seq": seq} for seq, move in enumerate(moves, start=50)]
    engine.database.transact(lambda unit: unit.connection.execute(insert(keyframe), forged))
    found = list(verify(engine))
    execute_unguarded(engine, delete(keyframe).where(keyframe.c.seq < EVERY_ROWS))
    assert {one.table for one in found} == {"keyframe"}
    return {one.row for one in found}


def _frames(engine: Engine) -> list[tuple[str, int]]:
    with engine.database.read() as connection:
        return [(row.stream, row.seq) for row in connection.execute(select(keyframe))]


def _count_rows(look: Callable[[], object]) -> int:
    """How many rows of history are unpacked for a look."""
    count = 0

    def note(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call" and frame.f_code is unpack_events.__code__

    former = sys.getprofile()
    sys.setprofile(note)
    try:
        look()
    finally:
        sys.setprofile(former)
    return count
