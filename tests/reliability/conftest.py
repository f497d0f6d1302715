"""Fixtures of the trials: a platform with people, money and one order, prepared once."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from engine.commands.deployments import deploy
from engine.runtime.engine import Engine
from engine.storage.actor import SYSTEM
from engine.storage.schema import upgrade_schema
from engine.storage.settings import Settings
from web.demo.data import gather
from web.demo.demands import read_demands
from web.demo.player import Player
from web.repository import read_definitions

pytest.register_assert_rewrite("tests.reliability.trial")  # what it found is said
FUNDS_FEN = 900_000_000


def report(line: str) -> None:
    """What a trial measured: shown with `-s`, and by pytest where the trial fails."""
    sys.stdout.write(f"{line}\n")


def prepare(settings: Settings) -> None:
    """Schema, definitions, the people of the demo, more money than a trial can spend, one order on the market."""
    engine = Engine(settings)
    try:
        upgrade_schema(engine.database)
        deploy(engine, SYSTEM, read_definitions(), "trial")
    finally:
        engine.close()
    fill(settings)


def fill(settings: Settings) -> None:
    """What `prepare` puts into a database in which everything is deployed."""
    engine = Engine(settings)
    try:
        player = Player(engine)
        cast = gather(player)
        player.top_up(cast.chen, FUNDS_FEN)
        player.publish(cast.chen, read_demands(player.local_now())["tutoring"])
    finally:
        engine.close()


@pytest.fixture(scope="session")
def prepared_folder(tmp_path_factory: pytest.TempPathFactory, _services: None) -> Path:
    """A data folder with a prepared SQLite database."""
    folder = tmp_path_factory.mktemp("prepared") / "data"
    prepare(Settings(data_dir=folder, password_cost=1))
    return folder


@pytest.fixture
def data_folder(prepared_folder: Path, tmp_path: Path) -> Path:
    """A copy of it to be broken."""
    return Path(shutil.copytree(prepared_folder, tmp_path / "data"))


@pytest.fixture
def postgres_database(postgres_template: str) -> Iterator[str]:
    """The URL of an empty database."""
    server = create_engine(postgres_template, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE killed")
    yield postgres_template.replace("/postgres?", "/killed?")
    with server.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE killed WITH (FORCE)")
    server.dispose()


@pytest.fixture
def shared(deployed_postgres: tuple[str, Path], tmp_path: Path) -> Iterator[Settings]:
    """The settings of web processes and workers: a prepared database on PostgreSQL, a data folder."""
    url, template = deployed_postgres
    folder = Path(shutil.copytree(template, tmp_path / "data"))
    server = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)  # the server may be stopped meanwhile
    with server.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE shared TEMPLATE template_deployed")
    settings = Settings(database_url=url.replace("/postgres?", "/shared?"), data_dir=folder, password_cost=1)
    fill(settings)
    yield settings
    with server.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE shared WITH (FORCE)")
