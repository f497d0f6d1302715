"""Several processes on one database: what one does the others see, and what is due is done once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Semaphore
from time import monotonic

import pytest
from sqlalchemy import create_engine, func, make_url, select

from engine.commands.deployments import deploy
from engine.commands.messages import publish_message
from engine.commands.work import is_work_due
from engine.definitions.registry import JOB_HANDLERS, JobRun, job_handler
from engine.records import jobs
from engine.records.history import read_stream
from engine.records.workers import SILENT, note_worker
from engine.runtime.engine import Engine
from engine.storage.plain import Plain
from engine.storage.settings import Settings
from engine.storage.tables import instance, worker
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, boundary, diagram, flow, message, node, note_form, taken, timer, user
from tests.support.postgres import PostgresServer
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


def is_worker_known(engine: Engine) -> bool:
    """Whether a worker has said that it is there."""
    with engine.database.read() as connection:
        return connection.execute(select(worker.c.id)).first() is not None


def run_sql(url: str, sql: str) -> None:
    """Runs it past the application."""
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(sql)
    server.dispose()


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


def test_who_looks_for_work_while_the_database_is_away_says_so_in_a_line_and_goes_on_by_itself(
    postgres: PostgresServer,
    postgres_url: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("web.workers.FAILED_SECONDS", 0.1)
    monkeypatch.setattr("web.workers.MOST_FAILED_SECONDS", 0.3)
    engine = Engine(Settings(database_url=postgres_url, data_dir=tmp_path))
    name, done = make_url(postgres_url).database, Event()

    @job_handler("trial.done")
    def finish(_run: JobRun) -> Plain:
        done.set()
        return None

    workers = Workers(engine, threads=4).start()
    try:
        wait_until(lambda: is_worker_known(engine))
        run_sql(postgres.url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        run_sql(postgres.url, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        wait_until(lambda: len(caplog.records) >= 5)
        run_sql(postgres.url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        again = Engine(engine.settings)
        again.database.transact(lambda unit: jobs.enqueue(unit.connection, unit.now, "trial.done", {}))
        assert done.wait(HEARD_SECONDS)
        again.close()
    finally:
        workers.stop()
        engine.close()
        del JOB_HANDLERS["trial.done"]
    lines = [record.getMessage() for record in caplog.records if record.name == "web.workers"]
    assert [line.partition(" s:")[0] for line in lines[:4]] == [
        f"looking for work failed, again in {pause}" for pause in (0.1, 0.2, 0.3, 0.3)
    ], "one look at a time, whatever the number of threads"
    assert all("\n" not in line for line in lines)
    assert [record for record in caplog.records if record.exc_info] == []


def test_to_stop_takes_no_longer_with_many_threads(
    any_engine: Engine, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, patience = 6, 0.5
    monkeypatch.setattr("web.workers.STOP_SECONDS", patience)
    begun, may_end = Semaphore(0), Event()

    @job_handler("trial.long")
    def wait(_run: JobRun) -> Plain:
        begun.release()
        may_end.wait(HEARD_SECONDS)
        return None

    workers = Workers(any_engine, threads=threads).start()
    try:
        for _ in range(threads):  # one after the other: who looks takes all that is due
            any_engine.database.transact(lambda unit: jobs.enqueue(unit.connection, unit.now, "trial.long", {}))
            assert begun.acquire(timeout=HEARD_SECONDS)
        at = monotonic()
        workers.stop()
        took = monotonic() - at
    finally:
        may_end.set()
        workers.stop()
        del JOB_HANDLERS["trial.long"]
    assert patience <= took < threads * patience
