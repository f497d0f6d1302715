"""Several processes on one database: what one does the others see, and what is due is done once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from time import monotonic

import pytest
from sqlalchemy import func, select

from engine.commands.deployments import deploy
from engine.commands.messages import publish_message
from engine.commands.work import is_work_due
from engine.records.history import read_stream
from engine.records.workers import SILENT, note_worker
from engine.runtime.engine import Engine
from engine.storage.settings import Settings
from engine.storage.tables import instance, worker
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, boundary, diagram, flow, message, node, note_form, taken, timer, user
from tests.support.stage import BOSS, Stage
from tests.support.web import make_app
from tests.web.visitor import Visitor, register
from web.live import start_relay
from web.workers import Workers

HEARD_SECONDS = 20.0
CASES = 6


@pytest.fixture
def neighbour(database_url: str, tmp_path: Path, any_engine: Engine, clock: ManualClock) -> Iterator[Engine]:
    """A second process on the same database."""
    engine = Engine(Settings(database_url=database_url, data_dir=tmp_path), clock)
    yield engine
    engine.close()


def patient() -> dict[str, bytes]:
    """Begins by a message; its task has a timer that does not interrupt and leaves a job each time."""
    body = (
        node("startEvent", "told", taken("who") + message("ping"))
        + user("fill")
        + boundary("late", "fill", timer("PT1H"), interrupting=False)
        + node("endEvent", "noted")
        + node("endEvent", "done")
        + flow("told fill done")
        + flow("late noted")
    )
    return {**FILES, **note_form(), **diagram("trial", body, "ping", "", "")}


def test_workers_of_several_processes_do_what_is_due_once(
    any_engine: Engine, neighbour: Engine, clock: ManualClock
) -> None:
    deploy(any_engine, BOSS, patient())
    workers = [Workers(engine, threads=2).start() for engine in (any_engine, neighbour)]
    try:
        for number in range(CASES):
            publish_message(any_engine, BOSS, "ping", f"k{number}", {"who": "ann"})
        wait_until(lambda: count_cases(any_engine) == CASES)
        assert Visitor(make_app(any_engine)).get("/health").json == {
            "status": "ok",
            "database": "ok",
            "workers": 2,
            "seen_seconds": 0,
            "overdue_seconds": 0,
        }
        clock.advance(hours=1)
        wait_until(lambda: not is_work_due(any_engine))
    finally:
        for one in workers:
            one.stop()
    with any_engine.database.read() as connection:
        cases = connection.execute(select(instance.c.id)).scalars().all()
        steps = [[row.kind for row in read_stream(connection, case)] for case in cases]
        assert connection.execute(select(worker.c.id)).all() == [], "who ends takes his name off the list"
    assert steps == [["start", "timer"]] * CASES


def test_a_deployment_in_one_process_is_used_by_the_other(
    any_engine: Engine, neighbour: Engine, clock: ManualClock
) -> None:
    here, there = Stage(any_engine, clock), Stage(neighbour, clock)
    ann = here.person("ann")
    for element in ("first", "second"):
        body = node("startEvent", "begun") + user(element) + node("endEvent", "done") + flow(f"begun {element} done")
        deploy(any_engine, BOSS, {**FILES, **note_form(), **diagram("trial", body)})
        assert there.open(there.start(ann, "trial", {"who": "ann"})) == {element}


def test_a_page_open_in_one_process_hears_of_what_the_other_did(
    postgres_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    engines = [Engine(Settings(database_url=postgres_url, data_dir=tmp_path, password_cost=1), clock) for _ in range(2)]
    here, there = engines
    relays = [relay for engine in engines if (relay := start_relay(engine))]
    try:
        assert [relay.is_listening.wait(HEARD_SECONDS) for relay in relays] == [True, True]
        deploy(here, BOSS, patient())
        ann_id, ann = register(here, "ann"), Visitor(make_app(there))
        ann.sign_in("ann")
        stream = ann.client.get("/live/inbox", buffered=False, **ann.options)
        told = iter(stream.response)
        assert next(told) == b"retry: 3000\n\n"
        publish_message(here, BOSS, "ping", "k", {"who": ann_id})
        Stage(here, clock).settle()
        assert next(told) == b"data: changed\n\n"
        there.changes.close()
        stream.close()
    finally:
        for relay in relays:
            relay.stop()
        for engine in engines:
            engine.close()


def test_health_says_that_nobody_works_and_that_something_waits(any_engine: Engine, clock: ManualClock) -> None:
    app = make_app(any_engine)
    assert Visitor(app).get("/health").status_code == 503
    look_for_work(any_engine)
    assert Visitor(app).get("/health").status_code == 200
    deploy(any_engine, BOSS, patient())
    publish_message(any_engine, BOSS, "ping", "k", {"who": "ann"})
    clock.advance(minutes=6)
    look_for_work(any_engine)
    answer = Visitor(app).get("/health")
    assert (answer.status_code, answer.json and answer.json["overdue_seconds"]) == (503, 360)
    clock.advance(seconds=SILENT.total_seconds() + 1)
    assert (Visitor(app).get("/health").json or {})["workers"] == 0


def look_for_work(engine: Engine) -> None:
    """What a worker leaves behind while it looks."""
    engine.database.transact(lambda unit: note_worker(unit.connection, unit.now, "w"))


def count_cases(engine: Engine) -> int:
    """How many cases have begun."""
    with engine.database.read() as connection:
        return connection.execute(select(func.count()).select_from(instance)).scalar_one()


def wait_until(is_so: Callable[[], bool]) -> None:
    """Gives the workers time. Fails if it never comes to pass."""
    end, pause = monotonic() + HEARD_SECONDS, Event()
    while not is_so():
        assert monotonic() < end, "the workers did not do it"
        pause.wait(0.02)
