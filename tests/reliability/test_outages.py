"""The database goes away while people work: they are told to come back, nothing is lost, and it goes on by itself."""

import random
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from time import monotonic
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import bindparam, create_engine, func, select
from sqlalchemy.exc import OperationalError

from engine.commands.deployments import deploy
from engine.definitions.registry import TOPICS, TopicCall, topic
from engine.runtime.engine import Engine
from engine.storage.actor import Actor
from engine.storage.plain import PlainDict
from engine.storage.prepared import Prepared
from engine.storage.settings import Settings
from engine.storage.tables import instance, party
from tests.reliability.conftest import report
from tests.reliability.server import TOGETHER, RunningServer
from tests.reliability.trial import check_trial, kill_processes, open_engine, run_trial
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, diagram, flow, node, note_form, service, user
from tests.support.postgres import PostgresServer
from tests.support.stage import BOSS, Stage
from tests.support.web import make_app
from tests.web.visitor import Visitor, register
from web.demo.remote import sign_in

PROBE_SECONDS = 20


@pytest.mark.parametrize(("troubles", "restart_every"), [(3, 2), pytest.param(100, 1, marks=pytest.mark.long)])
def test_restarts_of_postgresql_among_kills_lose_nothing(
    postgres: PostgresServer, shared: Settings, tmp_path: Path, troubles: int, restart_every: int
) -> None:
    server = RunningServer(shared.data_dir, {"BATON_DATABASE_URL": shared.url}, TOGETHER)
    restart, kill = Restarts(postgres, server), kill_processes(server, all_every=3)

    def trouble(number: int, chance: random.Random) -> None:
        (restart if number % restart_every == 0 else kill)(number, chance)

    trial = run_trial(server, tmp_path, trouble, troubles)
    waits = sorted(restart.waits)
    report(f"{len(waits)} restarts, back after {waits[len(waits) // 2]:.1f} s, at most {waits[-1]:.1f} s")
    with open_engine(shared) as engine:
        check_trial(trial, engine)
    assert trial.count_retried() > 0, "no request was under way when something was killed"


class Restarts:
    """Drops the database as a crash does and starts it again; asks for a page meanwhile and after."""

    def __init__(self, postgres: PostgresServer, server: RunningServer) -> None:
        self._postgres, self._server = postgres, server
        self._cookie = ""
        self.waits: list[float] = []  # seconds until a page came, once the database was there again

    def __call__(self, _number: int, chance: random.Random) -> None:
        if not self._cookie:
            cookies = sign_in(self._server.url, "chen", "individual").cookies
            self._cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self._postgres.stop(signal.SIGQUIT)
        for path in ("/inbox", "/health"):
            status, retry_after = self._ask(path)
            assert (status, path == "/health" or int(retry_after) > 0) == (503, True)
        Event().wait(chance.uniform(0, 2))
        self._postgres.start()
        begun, pause = monotonic(), Event()
        while self._ask("/inbox")[0] != 200:
            assert monotonic() < begun + PROBE_SECONDS, self._server.last_words()
            pause.wait(0.05)
        self.waits.append(monotonic() - begun)

    def _ask(self, path: str) -> tuple[int, str]:
        """The status, and after how many seconds to come back."""
        request = Request(self._server.url + path, headers={"Cookie": self._cookie})
        try:
            with urlopen(request, timeout=PROBE_SECONDS) as answer:
                return answer.status, "0"
        except HTTPError as error:
            return error.code, error.headers.get("Retry-After", "0")


@pytest.fixture
def losing() -> Iterator[list[str]]:
    """The service `trial.lose`, whose first call ends its own connection to the database."""
    calls: list[str] = []

    @topic("trial.lose")
    def lose(call: TopicCall) -> PlainDict:
        calls.append(call.instance_id)
        if len(calls) == 1:
            call.connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        return {}

    yield calls
    del TOPICS["trial.lose"]


def test_a_database_lost_within_a_service_is_no_incident_of_the_case(
    postgres_url: str, tmp_path: Path, clock: ManualClock, losing: list[str]
) -> None:
    engine = Engine(Settings(database_url=postgres_url, data_dir=tmp_path), clock)
    stage, ann = Stage(engine, clock), Actor("ann", "ann", "individual", frozenset({"individual"}))
    body = node("startEvent", "begun") + service("lose", "trial.lose") + user("fill") + node("endEvent", "done")
    deploy(engine, BOSS, {**FILES, **note_form(), **diagram("trial", body + flow("begun lose fill done"))})
    stage.person("ann")
    with pytest.raises(OperationalError):
        stage.start(ann, "trial", {"who": "ann"})
    instance_id = stage.start(ann, "trial", {"who": "ann"})
    assert (len(losing), stage.open(instance_id), stage.incidents(instance_id)) == (2, {"fill"}, [])
    with engine.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(instance)).scalar_one() == 1
    engine.close()


def test_nobody_meets_a_connection_that_was_dead_before_he_came(
    postgres_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    """However a statement is sent: by SQLAlchemy, prepared, or in a transaction that writes."""
    engine = Engine(Settings(database_url=postgres_url, data_dir=tmp_path), clock)
    find = Prepared(select(party.c.id).where(party.c.id == bindparam("id_")))
    with ExitStack() as together:
        for _ in range(4):
            together.enter_context(engine.database.read())
    engine.database.transact(lambda unit: None)
    _end_all_others(postgres_url)
    with ExitStack() as together:
        for number in range(4):
            connection = together.enter_context(engine.database.read())
            if number % 2:
                assert find.first(connection, {"id_": "x"}) is None
            else:
                assert connection.execute(select(party.c.id)).all() == []
    engine.database.transact(lambda unit: unit.connection.execute(select(party.c.id)).all())
    engine.close()


def _end_all_others(url: str) -> None:
    """Ends all connections of a database but this one, and waits until they are."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    database = create_engine(url, isolation_level="AUTOCOMMIT")
    with database.connect() as connection:
        connection.exec_driver_sql(f"SELECT pg_terminate_backend(pid, 10000) {others}")
        assert connection.exec_driver_sql(f"SELECT count(*) {others}").scalar_one() == 0
    database.dispose()


@pytest.mark.parametrize("patience", [0.2, pytest.param(30, marks=pytest.mark.long)])
def test_who_finds_sqlite_locked_by_another_program_is_told_to_come_back(
    sqlite_url: str, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    monkeypatch.setattr("engine.storage.database.BUSY_TIMEOUT_SECONDS", patience)
    engine = Engine(Settings(database_url=sqlite_url, data_dir=tmp_path, password_cost=1), clock)
    register(engine, "ann")
    ann = Visitor(make_app(engine))
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    refused = ann.sign_in("ann")
    assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (503, True)
    assert "只会办一次" in refused.text
    other.execute("ROLLBACK")
    other.close()
    assert ann.sign_in("ann").status_code == 303
    engine.close()
