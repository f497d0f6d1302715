"""Ten thousand reminders fall due in one minute: each is delivered, and seen once, also when a worker is killed."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from engine.records.jobs import enqueue
from engine.runtime.engine import Engine
from engine.services.notifications.preferences import Address, Preferences, save_preferences
from engine.services.notifications.tables import delivery, notification
from engine.services.todos.content import make_content
from engine.services.todos.reminding import REMIND
from engine.services.todos.tables import todo_handling, todo_item, todo_reminder
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.schema import upgrade_schema
from engine.storage.settings import Settings
from engine.storage.tables import party, user
from tests.engine.services.notifications.receivers import Inbox, mail_server

pytestmark = pytest.mark.long

REMINDERS, HANDLERS = 10_000, 500
LEAD = timedelta(seconds=20)  # until they are due: the worker is up by then
LIMIT_SECONDS, PATIENCE_SECONDS = 60, 240
KILL_AFTER = 3_000


@pytest.mark.parametrize("is_killed", [False, True])
def test_ten_thousand_reminders_of_one_minute(tmp_path: Path, is_killed: bool) -> None:
    engine = Engine(Settings(data_dir=tmp_path))
    upgrade_schema(engine.database)
    with mail_server() as inbox:
        due_at = _fill(engine)
        worker = _start(tmp_path, inbox)
        if is_killed:
            _wait(inbox, KILL_AFTER)
            worker.kill()
            worker = _start(tmp_path, inbox)
        _wait(inbox, REMINDERS)
        worker.kill()
        worker.wait()
    first = {str(key): at for key, at in reversed(inbox.times)}  # when a mailbox showed it
    delays = sorted((at - due_at).total_seconds() for at in first.values())
    p50, p99 = delays[len(delays) // 2], delays[len(delays) * 99 // 100]
    again = len(inbox.arrivals) - len(first)
    print(f"killed {is_killed}: p50 {p50:.1f} s, p99 {p99:.1f} s, last {delays[-1]:.1f} s, {again} came twice")
    assert len(first) == REMINDERS
    shown = Counter(str(mail["To"]) for mail in inbox.shown.values())
    assert set(shown.values()) == {REMINDERS // HANDLERS}
    with engine.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(notification)).scalar_one() == REMINDERS
        assert connection.execute(select(func.count()).select_from(delivery)).scalar_one() == REMINDERS
    engine.close()
    if not is_killed:
        assert (again, delays[-1] <= LIMIT_SECONDS) == (0, True)


def _fill(engine: Engine) -> datetime:
    """Handlers with mail addresses, and one open handling with a reminder for each message; gives when all are due."""
    people = [f"handler{number}" for number in range(HANDLERS)]
    item_id = new_id()
    content = make_content({"title": "每日核对", "body": "核对前一日流水。", "handlers": [*people], "due_rule": "P9D"})

    def work(unit: UnitOfWork) -> datetime:
        now, due_at = unit.now, unit.now + LEAD
        standing = {"is_certified": 0, "has_agreement": 0, "is_suspended": 0, "created_at": now}
        named = [{"id": one, "kind": "person", "name_zh": one, "name_en": one, **standing} for one in people]
        unit.connection.execute(insert(party), named)
        accounts = [
            {"id": one, "login": one, "password_hash": "-", "is_disabled": 0, "created_at": now} for one in people
        ]
        unit.connection.execute(insert(user), accounts)
        item: dict[str, Any] = {"id": item_id, "number": "TD-1", "source_id": "", "external_id": item_id, "version": 1}
        item |= {"state": "active", "title": content["title"], "content": content, "occurrences": REMINDERS}
        item |= {"created_by": "boss", "created_at": now, "updated_at": now}
        unit.connection.execute(insert(todo_item), item)
        handlings = [
            {
                "id": new_id(),
                "item_id": item_id,
                "occurrence": number,
                "number": f"TD-1-{number}",
                "item_version": 1,
                "state": "sent",
                "handlers": [people[number % HANDLERS]],
                "chain": [],
                "level": 0,
                "activated_at": now,
            }
            for number in range(REMINDERS)
        ]
        unit.connection.execute(insert(todo_handling), handlings)
        rest = {"template": "todo_reminder", "channels": ["mail"], "only_if": "open", "level": 0, "state": "planned"}
        reminders = [{"id": new_id(), "handling_id": one["id"], "due_at": due_at, **rest} for one in handlings]
        unit.connection.execute(insert(todo_reminder), reminders)
        enqueue(unit.connection, now, REMIND, {}, due_at, key=REMIND)
        return due_at

    due_at = engine.database.transact(work)
    for one in people:
        save_preferences(engine, Actor(one, one, "individual"), Preferences({"mail": Address(f"{one}@example.org")}))
    return due_at


def _start(folder: Path, inbox: Inbox) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.reliability.reminding", str(folder), f"smtp://127.0.0.1:{inbox.port}"]
    worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "ready\n"
    return worker


def _wait(inbox: Inbox, count: int) -> None:
    """Until mailboxes show so many messages."""
    pause, end = Event(), datetime.now(UTC) + timedelta(seconds=PATIENCE_SECONDS)
    while len({key for key, _ in list(inbox.times)}) < count and datetime.now(UTC) < end:
        pause.wait(0.2)
