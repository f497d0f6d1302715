"""What an operator gets wrong is told in a line that names it; an error of the program keeps its traceback."""

import os
import shutil
import socket
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError

from engine.storage.settings import read_settings
from tests.support.postgres import PostgresServer
from tests.support.stage import ROOT
from web.cli import main
from web.refusals import tell_refusals

TABLE = str(ROOT / "bpmn" / "shared" / "fee_schedule.dmn")
READING = [["verify"], ["replay", "X"], ["deploy", TABLE]]
UNFIT = {
    "FOO": "1",
    "PORT": "abc",
    "PORT ": "99999",
    "THREADS": "0",
    "PASSWORD_COST": "-1",
    "SIMULATOR_SEED": "many",
    "TIMEZONE": "Mars/Phobos",
    "TIMEZONE ": "Asia",
    "DATABASE_URL": "nonsense",
    "DATABASE_URL ": "mysql://baton:secret@db/baton",
    "DATABASE_URL  ": "sqlite://",
    "CHECKPOINTS": "ftp://x",
    "PAYMENTS": "nonsense",
    "PHONES": "nonsense",
    "INVOICES": "nonsense",
    "CODES": "nonsense",
    "MESSENGERS": "zzz",
    "PUSH": "zzz",
    "ROUTES": "nonsense",
    "SMTP_URL": "user:secret@mail",
    "BASE_URL": "nonsense",
    "BASE_URL ": "http://x:y",
}
FIT = {
    "DATABASE_URL": ("", "postgresql+psycopg://a:b@c/d?connect_timeout=5", "postgresql://", "sqlite:////data/baton.db"),
    "CHECKPOINTS": ("", "/mnt/elsewhere/checkpoints.jsonl", "https://x.example/y"),
    "SMTP_URL": ("", "smtp://user:password@host:587", "smtps://host"),
    "ROUTES": ("simulator", "http://osrm:5000"),
    "BASE_URL": ("", "https://baton.example.org"),
    "TIMEZONE": ("UTC", "Asia/Shanghai"),
    "PAYMENTS": ("simulator", "alipay"),
}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the data folder is going to be."""
    monkeypatch.setenv("BATON_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def deployed(data: Path, deployed_sqlite: Path) -> Path:
    """A data folder of an installation."""
    return Path(shutil.copytree(deployed_sqlite, data))


def refuse(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    """The one line with which a verb is refused; its exit code and the standard output are as documented."""
    assert main(arguments) == (2 if arguments[0] == "replay" else 1)
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    return told.err.rstrip()


@pytest.mark.parametrize("verb", ["serve", "prepare", "verify"])
@pytest.mark.parametrize("name", UNFIT)
def test_a_setting_that_is_unfit_is_named(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, verb: str
) -> None:
    monkeypatch.setenv(f"BATON_{name.strip()}", UNFIT[name])
    words = refuse(capsys, [verb])
    assert f"BATON_{name.strip()}" in words
    assert "secret" not in words
    assert not data.exists()


@pytest.mark.parametrize("name", FIT)
def test_what_is_fit_is_taken(name: str) -> None:
    for value in FIT[name]:
        assert getattr(read_settings({f"BATON_{name}": value}), name.lower()) == value


@pytest.mark.parametrize("arguments", READING)
def test_what_is_not_there_is_not_made(data: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert refuse(capsys, arguments) == f"There is nothing in sqlite:///{data}/baton.db yet: run `./run prepare` first"
    assert not data.exists()


@pytest.mark.parametrize("arguments", [*READING, ["worker"], ["web"]])
def test_an_empty_database_is_to_be_prepared(
    postgres_url: str,
    data: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
) -> None:
    run_sql(postgres_url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    monkeypatch.setenv("BATON_DATABASE_URL", postgres_url)
    assert "`./run prepare`" in refuse(capsys, arguments)
    assert not data.exists()


@pytest.mark.parametrize("arguments", [*READING, ["prepare"], ["web"], ["worker"]])
@pytest.mark.parametrize("wrong", ["host=/nowhere", "database"])
def test_a_database_that_is_away_or_unknown_is_named(
    postgres: PostgresServer,
    data: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    wrong: str,
) -> None:
    place = postgres.url.partition("?")[2] if wrong == "database" else wrong
    monkeypatch.setenv("BATON_DATABASE_URL", f"postgresql+psycopg://postgres:secret@/absent?{place}")
    words = refuse(capsys, arguments)
    assert words.startswith("Database postgresql+psycopg://postgres:***@/absent: ")
    assert ("does not exist" in words) is (wrong == "database")
    assert not data.exists()


def test_a_database_of_somebody_else_is_named(
    postgres_url: str, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    role = f"guest_{os.getpid()}"
    run_sql(postgres_url, f"CREATE ROLE {role} LOGIN")
    monkeypatch.setenv("BATON_DATABASE_URL", postgres_url.replace("postgres@", f"{role}@"))
    try:
        assert "permission denied" in refuse(capsys, ["verify"])
    finally:
        run_sql(postgres_url, f"DROP ROLE {role}")


@pytest.mark.parametrize("arguments", [*READING, ["prepare"]])
@pytest.mark.parametrize("kind", ["garbage", "folder", "truncated"])
def test_a_file_that_is_no_database_is_named(
    deployed: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], kind: str
) -> None:
    path = deployed / "baton.db"
    if kind == "truncated":
        path.write_bytes(path.read_bytes()[:20_000])
    else:
        path.unlink()
        path.write_text("garbage " * 500) if kind == "garbage" else path.mkdir()
    assert refuse(capsys, arguments).startswith(f"Database sqlite:///{path}: ")


@pytest.mark.parametrize("verb", ["prepare", "verify"])
def test_a_data_folder_that_is_a_file_is_named(data: Path, capsys: pytest.CaptureFixture[str], verb: str) -> None:
    data.write_text("a file")
    assert str(data) in refuse(capsys, [verb])


@pytest.mark.parametrize("arguments", [*READING, ["prepare"], ["serve"]])
def test_a_key_that_is_gone_or_torn_is_named(
    deployed: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("BATON_PORT", str(find_free_port()))
    key = deployed / "keys" / "mac"
    key.write_bytes(key.read_bytes()[:12])
    assert f"{key}, but there are 12" in refuse(capfd, arguments)
    key.unlink()
    assert f"Expected the key {key} of this database, but it is gone" in refuse(capfd, arguments)
    assert not key.exists()


@pytest.mark.parametrize(
    ("verb", "is_there"), [("deploy", True), ("replay", True), ("deploy", False), ("replay", False), ("lint", False)]
)
def test_a_file_that_cannot_be_read_is_named(
    deployed: Path, capsys: pytest.CaptureFixture[str], verb: str, is_there: bool
) -> None:
    path = deployed.parent / "table.dmn"
    if is_there:
        path.mkdir()
    given = ["X", "--with", str(path)] if verb == "replay" else [str(path)]
    assert str(path) in refuse(capsys, [verb, *given])


def test_a_host_that_is_not_known_is_no_port_in_use(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("BATON_PORT", str(taken.getsockname()[1]))
        assert "in use" in refuse(capsys, ["serve"])
        monkeypatch.setenv("BATON_HOST", "nohost.invalid")
        words = refuse(capsys, ["serve"])
    assert ("in use" in words, "nohost.invalid" in words, "BATON_HOST" in words) == (False, True, True)
    assert not data.exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["replay"], "case"),
        (["replay", "X", "--all", "errand"], "--all"),
        (["replay", "X", "--last", "3"], "--last"),
        (["replay", "--all", "errand", "--last", "99999999999999999999999"], "--last"),
        (["demo", "errand", "--url", "http://127.0.0.1:1"], "--url"),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(
    data: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], named: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert named in capsys.readouterr().err.splitlines()[-1]
    assert not data.exists()


def test_errors_of_the_program_are_not_hidden() -> None:
    statement = ProgrammingError("SELEC 1", None, ValueError("syntax"))
    for error in (ValueError("a bug"), KeyError("a bug"), statement):

        def fail(error: Exception = error) -> int:
            raise error

        with pytest.raises(type(error)):
            tell_refusals(fail)


def find_free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def run_sql(url: str, sql: str) -> None:
    """Runs it past the application."""
    database = create_engine(url, isolation_level="AUTOCOMMIT")
    with database.connect() as connection:
        connection.execute(text(sql))
    database.dispose()
