"""The process dies anywhere between a notice and its receipt: the notice comes at least once and is seen once (R6).

Every connection taken and every commit is such a place: before and after the step that tells, before and after the
claim, after the message was handed over, before the receipt is written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from engine.commands.work import settle
from engine.records.jobs import LEASE_SECONDS
from engine.runtime.engine import Engine
from engine.runtime.host import StepOutbox
from engine.services.notifications.channels.port import MAIL
from engine.services.notifications.preferences import Address, Preferences, save_preferences
from engine.services.notifications.telling import Notice, tell
from engine.storage.actor import Actor
from tests.engine.services.notifications.receivers import Inbox, mail_server
from tests.engine.services.notifications.test_notifications import FACTS, NO_QUIET
from tests.reliability.conftest import report
from tests.support.clock import ManualClock
from tests.web.visitor import register


class Killed(BaseException):
    """The end of the process, as far as the code under test can tell: nobody catches it."""


class Failpoints:
    """Counts where transactions begin and where they are committed, and kills at one of these places."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._left = 0

    @contextmanager
    def armed(self, number: int) -> Iterator[None]:
        """Kills at the `number`-th place, once."""
        self._left = number
        writer = self._engine.database.writer
        for name in ("begin", "commit"):
            event.listen(writer, name, self._pass)
        try:
            yield
        finally:
            for name in ("begin", "commit"):
                event.remove(writer, name, self._pass)

    def _pass(self, _connection: Any) -> None:
        self._left -= 1
        if self._left == 0:
            raise Killed


@pytest.fixture
def inbox(any_engine: Engine) -> Iterator[Inbox]:
    with mail_server() as found:
        url = f"smtp://127.0.0.1:{found.port}"
        any_engine.settings = replace(any_engine.settings, smtp_url=url, mail_from="baton@example.org")
        yield found


def test_a_death_anywhere_between_a_notice_and_its_receipt(
    any_engine: Engine, clock: ManualClock, inbox: Inbox
) -> None:
    user_id = register(any_engine, "ann")
    wanted = Preferences({MAIL: Address("ann@example.org")}, NO_QUIET)
    save_preferences(any_engine, Actor(user_id, user_id, "individual"), wanted)
    failpoints, deaths = Failpoints(any_engine), 0
    while deliver(any_engine, failpoints, f"k{deaths}", user_id, deaths + 1):
        deaths += 1
        for _ in range(2):  # a lease ends, then that of what it had claimed
            clock.advance(seconds=LEASE_SECONDS + 1)
            say(any_engine, f"k{deaths - 1}", user_id)
            settle(any_engine)
        assert len(inbox.shown) == deaths, "each notice came, and a mailbox shows it once"
    report(f"died at {deaths} places; {len(inbox.arrivals) - len(inbox.shown)} mails came twice and are shown once")
    assert deaths >= 8
    assert len(inbox.arrivals) > len(inbox.shown), "no death came between sending and the receipt"


def deliver(engine: Engine, failpoints: Failpoints, key: str, user_id: str, number: int) -> bool:
    """Tells and sends; whether it died on the way."""
    try:
        with failpoints.armed(number):
            say(engine, key, user_id)
            settle(engine)
    except Killed:
        return True
    return False


def say(engine: Engine, key: str, user_id: str) -> None:
    """What is told under a key is told once."""
    notice = Notice(key, "task_reminder", {**FACTS}, f"case:{key}", "/tasks/1", [user_id])
    engine.database.transact(
        lambda unit: tell(StepOutbox(unit.connection, engine.keys, unit.now), engine.zone, [notice])
    )
