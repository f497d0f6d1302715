"""Ten thousand reminders fall due in one minute: each is delivered, and seen once, also when a worker is killed."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import func, select

from engine.runtime.engine import Engine
from engine.services.notifications.tables import delivery, notification
from engine.storage.schema import upgrade_schema
from engine.storage.settings import Settings
from tests.engine.services.notifications.receivers import Inbox, mail_server
from tests.engine.services.todos.crowd import gather_crowd
from tests.reliability.conftest import report

pytestmark = pytest.mark.long

REMINDERS, HANDLERS = 10_000, 500
LEAD = timedelta(seconds=20)  # until they are due: the worker is up by then
LIMIT_SECONDS, PATIENCE_SECONDS = 60, 240
KILL_AFTER = 3_000
MESSAGE_ID = re.compile(rb"^Message-ID: (\S+)", re.MULTILINE)


@pytest.mark.parametrize("is_killed", [False, True])
def test_ten_thousand_reminders_on_sqlite(tmp_path: Path, is_killed: bool) -> None:
    check_delivery(Settings(data_dir=tmp_path), is_killed)


@pytest.mark.parametrize("is_killed", [False, True])
def test_ten_thousand_reminders_on_postgres(postgres_database: str, tmp_path: Path, is_killed: bool) -> None:
    check_delivery(Settings(data_dir=tmp_path, database_url=postgres_database), is_killed)


def check_delivery(settings: Settings, is_killed: bool) -> None:
    """Every handler gets each of his reminders and sees it once; nobody has to wait long unless a worker died."""
    engine = Engine(settings)
    upgrade_schema(engine.database)
    due_at = engine.clock() + LEAD
    gather_crowd(engine, REMINDERS, HANDLERS, due_at)
    with mail_server() as inbox:
        if is_killed:
            with running_worker(settings, inbox):
                _wait(inbox, KILL_AFTER)
        with running_worker(settings, inbox):
            _wait(inbox, REMINDERS)
    first = _first_times(inbox)
    delays = sorted((at - due_at).total_seconds() for at in first.values())
    p50, p99 = delays[len(delays) // 2], delays[len(delays) * 99 // 100]
    again = len(inbox.taken) - len(first)
    report(f"killed {is_killed}: p50 {p50:.1f} s, p99 {p99:.1f} s, last {delays[-1]:.1f} s, {again} came twice")
    assert len(first) == REMINDERS
    assert set(Counter(str(mail["To"]) for mail in inbox.shown.values()).values()) == {REMINDERS // HANDLERS}
    with engine.database.read() as connection:
        for table in (notification, delivery):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == REMINDERS
    engine.close()
    assert is_killed or (again, delays[-1] <= LIMIT_SECONDS) == (0, True)


@contextmanager
def running_worker(settings: Settings, inbox: Inbox) -> Iterator[None]:
    """A worker of its own, killed at the end, whatever it is doing then."""
    mailbox = f"smtp://127.0.0.1:{inbox.port}"
    command = [sys.executable, "-m", "tests.reliability.reminding", str(settings.data_dir), settings.url, mailbox]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        try:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
            yield
        finally:
            worker.kill()


def _first_times(inbox: Inbox) -> dict[bytes, datetime]:
    """When a mailbox showed each message."""
    found: dict[bytes, datetime] = {}
    for at, content in list(inbox.taken):
        name = MESSAGE_ID.search(content)
        assert name is not None
        found.setdefault(name[1], at)
    return found


def _wait(inbox: Inbox, count: int) -> None:
    """Until mailboxes show so many messages."""
    pause, end = Event(), datetime.now(UTC) + timedelta(seconds=PATIENCE_SECONDS)
    while len(_first_times(inbox)) < count and datetime.now(UTC) < end:
        pause.wait(1)
