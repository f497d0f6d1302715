"""Fixtures: databases of both kinds, an engine with a clock that stands still."""

import fcntl
import gc
import itertools
import os
import shutil
import sqlite3
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import create_engine

from engine.definitions.catalogue import Catalogue
from engine.runtime.engine import Engine
from engine.storage.database import Database
from engine.storage.schema import upgrade_schema
from engine.storage.settings import Settings
from tests.support.clock import ManualClock
from tests.support.former import keep_former_instances, read_former_instances
from tests.support.postgres import PostgresServer, own_server
from tests.support.stage import Stage, deploy_all
from web.demo.data import load_demo
from web.services import load_services

FORMER = "demo-former.db"  # beside the demo data: what its instance rows were
_numbers = itertools.count(1)
_parsed = Catalogue()  # of the copies of one deployment: parsed once for all tests of a worker, as it is in one server
# no test is timed; what failed is printed so that it can be kept as a regression
settings.register_profile("baton", deadline=None, print_blob=True)
settings.load_profile("baton")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="the long trials as well")
    parser.addoption("--minutes", type=int, default=30, help="how long the trial of endurance goes on")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays: the collector looks at none of it, neither meanwhile nor afterwards."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    selected = [item for item in items if not item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=[item for item in items if item not in selected])
    items[:] = selected


@pytest.fixture(scope="session", autouse=True)
def _services() -> None:
    load_services()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, _services: None) -> Path:
    path = tmp_path_factory.mktemp("template") / "baton.db"
    database = Database(f"sqlite:///{path}")
    upgrade_schema(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A server of the tests' own."""
    with own_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer, _services: None) -> str:
    """The URL of a server whose database `template_baton` has the newest schema."""
    url = postgres.url
    _run_sql(url, "CREATE DATABASE template_baton")
    database = Database(_database_of(url, "template_baton"))
    upgrade_schema(database)
    database.close()
    return url


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "baton.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_template: str) -> Iterator[str]:
    """A fresh database on PostgreSQL."""
    name = f"test_{next(_numbers)}"
    _copy_database(postgres_template, "template_baton", name)
    yield _database_of(postgres_template, name)
    _run_sql(postgres_template, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database of each kind in turn."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def engine(sqlite_url: str, tmp_path: Path, clock: ManualClock) -> Iterator[Engine]:
    """An engine on SQLite."""
    yield from _engine(sqlite_url, tmp_path, clock)


@pytest.fixture
def any_engine(database_url: str, tmp_path: Path, clock: ManualClock) -> Iterator[Engine]:
    """An engine on SQLite, then on PostgreSQL."""
    yield from _engine(database_url, tmp_path, clock)


@pytest.fixture(scope="session")
def deployed_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with its keys and a database in which the repository's definitions are deployed."""
    folder = tmp_path_factory.mktemp("deployed")
    shutil.copy(sqlite_template, folder / "baton.db")
    _deploy(Settings(data_dir=folder))
    return folder


@pytest.fixture(scope="session")
def deployed_postgres(postgres_template: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The same on PostgreSQL: the server's URL, whose database `template_deployed` it is, and the data folder."""
    folder = tmp_path_factory.mktemp("deployed_postgres")
    _copy_database(postgres_template, "template_baton", "template_deployed")
    _deploy(Settings(database_url=_database_of(postgres_template, "template_deployed"), data_dir=folder))
    return postgres_template, folder


@pytest.fixture(scope="session")
def demo_folder(deployed_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the demo data, to be copied; the first worker that needs it fills it for all of them."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, draft = shared / "demo", shared / "demo-draft"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            shutil.copytree(deployed_sqlite, draft)
            with keep_former_instances(draft / "baton.db", shared / FORMER):
                engine = Engine(Settings(data_dir=draft, password_cost=1))
                load_demo(engine)
                engine.close()
            draft.rename(folder)
    return folder


@pytest.fixture(scope="session")
def former_instances(demo_folder: Path) -> list[sqlite3.Row]:
    """Every instance row that ever stood in the demo data, by case and step."""
    return read_former_instances(demo_folder.with_name(FORMER))


@pytest.fixture
def stage(deployed_sqlite: Path, tmp_path: Path, clock: ManualClock) -> Iterator[Stage]:
    """A stage on SQLite."""
    yield from _stage_on_sqlite(deployed_sqlite, tmp_path, clock)


@pytest.fixture(params=["sqlite", "postgres"])
def any_stage(request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock) -> Iterator[Stage]:
    """A stage on SQLite, then on PostgreSQL."""
    if request.param == "sqlite":
        yield from _stage_on_sqlite(request.getfixturevalue("deployed_sqlite"), tmp_path, clock)
        return
    server, template = request.getfixturevalue("deployed_postgres")
    shutil.copytree(template, tmp_path / "data")
    name = f"test_{next(_numbers)}"
    _copy_database(server, "template_deployed", name)
    for engine in _engine(_database_of(server, name), tmp_path / "data", clock):
        engine.catalogue = _parsed
        yield Stage(engine, clock)
    _run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")


def _stage_on_sqlite(template: Path, folder: Path, clock: ManualClock) -> Iterator[Stage]:
    shutil.copytree(template, folder / "data")
    for engine in _engine(f"sqlite:///{folder / 'data' / 'baton.db'}", folder / "data", clock):
        engine.catalogue = _parsed
        yield Stage(engine, clock)


def _deploy(settings: Settings) -> None:
    engine = Engine(settings, ManualClock())
    deploy_all(engine)
    engine.database.transact(lambda unit: engine.catalogue.pin_newest(unit.connection))  # the same pins for every copy
    engine.close()


def _engine(url: str, folder: Path, clock: ManualClock) -> Iterator[Engine]:
    engine = Engine(Settings(database_url=url, data_dir=folder, password_cost=1), clock)
    yield engine
    engine.close()


def _database_of(url: str, name: str) -> str:
    return url.replace("/postgres?", f"/{name}?")


def _copy_database(server: str, template: str, name: str) -> None:
    """As files: page by page through the log, as is usual, costs more than twice as much."""
    _run_sql(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")


def _run_sql(url: str, sql: str) -> None:
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(sql)
    server.dispose()
