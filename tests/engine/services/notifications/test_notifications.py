"""People are told at least once and see it once: in the browser always, elsewhere as they wish and when they wish."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import time

import pytest
from sqlalchemy import select, update

from engine.commands.work import run_due_work, settle
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.host import StepOutbox
from engine.services.identity.people import set_language
from engine.services.identity.sessions import find_session, open_session
from engine.services.notifications.channels.chosen import check_channel_address
from engine.services.notifications.channels.port import MAIL, MESSENGER, WEBHOOK, AddressUnfit
from engine.services.notifications.hours import Hours
from engine.services.notifications.preferences import Address, Preferences, fetch_preferences, save_preferences
from engine.services.notifications.queries import (
    list_outbox,
    list_told,
    note_shown,
    open_notification,
)
from engine.services.notifications.tables import delivery, notification, notification_address
from engine.services.notifications.telling import Notice, tell, withdraw
from engine.services.notifications.templates import TemplateUnfit
from engine.storage.actor import Actor
from engine.storage.tables import job
from tests.engine.services.notifications.receivers import Hook, Inbox, mail_server, webhook_server
from tests.support.clock import ManualClock
from tests.web.visitor import register

FACTS = {"subject_zh": "盘点", "subject_en": "Stocktaking"}
NO_QUIET = Hours(time(0), time(0), time(9))


@pytest.fixture
def ann(any_engine: Engine) -> Actor:
    user_id = register(any_engine, "ann")
    set_language(any_engine, user_id, "en")
    return Actor(user_id, user_id, "individual")


@pytest.fixture
def inbox(any_engine: Engine) -> Iterator[Inbox]:
    with mail_server() as found:
        url = f"smtp://127.0.0.1:{found.port}"
        any_engine.settings = replace(any_engine.settings, smtp_url=url, mail_from="baton@example.org")
        yield found


@pytest.fixture
def hook(any_engine: Engine) -> Iterator[Hook]:
    with webhook_server() as found:
        any_engine.settings = replace(any_engine.settings, webhook_hosts=found.host)
        yield found


def say(engine: Engine, *people: Actor, key: str = "k", subject: str = "case:1", **more: object) -> int:
    notice = Notice(key, "task_reminder", {**FACTS}, subject, "/tasks/1", [one.user_id for one in people])
    notice = replace(notice, **more)  # type: ignore[arg-type]  # the fields of a notice
    return engine.database.transact(
        lambda unit: tell(StepOutbox(unit.connection, engine.keys, unit.now), engine.zone, [notice])
    )


def states(engine: Engine) -> dict[str, str]:
    with engine.database.read() as connection:
        return {row.channel: row.state for row in connection.execute(select(delivery))}


def choose(engine: Engine, actor: Actor, hours: Hours = NO_QUIET, **addresses: Address) -> None:
    save_preferences(engine, actor, Preferences(addresses, hours))


def unread(engine: Engine, actor: Actor) -> int:
    """What the bell says to a person who signs in now."""
    secret = open_session(engine, actor.user_id)
    with engine.database.read() as connection:
        session = find_session(connection, secret, engine.clock())
    assert session is not None
    return session.unread


def test_what_is_told_twice_is_shown_once_and_only_to_whom_it_is_for(any_engine: Engine, ann: Actor) -> None:
    bob = replace(ann, user_id=register(any_engine, "bob"))
    assert [say(any_engine, ann), say(any_engine, ann)] == [1, 0]
    (told,) = list_told(any_engine, ann, "en", 10)
    assert (told.title, told.read_at) == ("A task waits for you: Stocktaking", None)
    assert list_told(any_engine, ann, "zh", 10)[0].title == "任务等待您处理：盘点"
    assert list_told(any_engine, bob, "zh", 10) == []
    with pytest.raises(NotFound):
        open_notification(any_engine, bob, told.id)
    note_shown(any_engine, ann)
    assert unread(any_engine, ann) == 1
    with any_engine.database.read() as connection:
        assert connection.execute(select(notification.c.delivered_at)).scalar_one() == any_engine.clock()
    assert open_notification(any_engine, ann, told.id) == "/tasks/1"
    assert unread(any_engine, ann) == 0
    assert settle(any_engine) == 0, "nothing leaves the machine of who has given no address"


def test_a_template_that_lacks_a_fact_is_refused_and_nothing_told(any_engine: Engine, ann: Actor) -> None:
    for wrong in ({"facts": {"subject_zh": "盘点"}}, {"template": "unknown"}):
        with pytest.raises(TemplateUnfit):
            say(any_engine, ann, **wrong)
    assert list_told(any_engine, ann, "en", 10) == []


def test_mail_and_webhook_reach_servers_and_leave_receipts(
    any_engine: Engine, ann: Actor, inbox: Inbox, hook: Hook
) -> None:
    url = f"http://{hook.host}/todo"
    choose(any_engine, ann, mail=Address("ann@example.org"), webhook=Address(url))
    action = {"key": "complete", "path": "/act/abc"}
    say(any_engine, ann, actions=lambda _user: [action])
    settle(any_engine)
    (mail,) = inbox.arrivals
    assert mail["To"] == "ann@example.org"
    assert mail["Subject"] == "A task waits for you: Stocktaking"
    assert "Mark as done: http://127.0.0.1:8000/act/abc" in str(mail.get_content())
    ((key, content),) = hook.arrivals
    assert content["id"] == key
    assert content["links"] == [{"words": "Mark as done", "url": "http://127.0.0.1:8000/act/abc"}]
    assert states(any_engine) == {MAIL: "sent", WEBHOOK: "delivered"}


def test_a_receiver_that_is_away_is_tried_again_then_the_fallback_taken(
    any_engine: Engine, clock: ManualClock, ann: Actor, inbox: Inbox, hook: Hook
) -> None:
    choose(any_engine, ann, mail=Address("ann@example.org"), webhook=Address(f"http://{hook.host}/"))
    hook.failures = 2
    say(any_engine, ann, channels=[WEBHOOK], fallback=MAIL)
    for _ in range(3):
        settle(any_engine)
        clock.advance(seconds=5)
    assert (len(hook.arrivals), states(any_engine)) == (1, {WEBHOOK: "delivered"})
    clock.advance(minutes=31)
    settle(any_engine)
    assert inbox.arrivals == [], "what was delivered needs no fallback"
    hook.failures = 99
    say(any_engine, ann, key="k2", channels=[WEBHOOK], fallback=MAIL)
    settle(any_engine)
    clock.advance(minutes=31)
    settle(any_engine)
    assert len(inbox.arrivals) == 1
    with any_engine.database.read() as connection:
        assert connection.execute(select(job.c.kind).where(job.c.kind == "notification.fallback")).all() == []


def test_whoever_died_after_sending_sends_again_and_the_mailbox_shows_it_once(
    any_engine: Engine, clock: ManualClock, ann: Actor, inbox: Inbox
) -> None:
    choose(any_engine, ann, mail=Address("ann@example.org"))
    say(any_engine, ann)
    run_due_work(any_engine)
    (row,) = inbox.arrivals
    # as if the process had been killed between sending and writing the receipt: the leases have run out
    back = {"state": "queued", "due_at": clock(), "sent_at": None}
    any_engine.database.transact(lambda unit: unit.connection.execute(update(delivery).values(back)))
    say(any_engine, ann, key="k2")
    settle(any_engine)
    assert len(inbox.arrivals) == 3
    assert len(inbox.shown) == 2
    assert row["Message-ID"] in inbox.shown


def test_one_address_that_is_refused_does_not_keep_the_others(any_engine: Engine, ann: Actor, inbox: Inbox) -> None:
    bob = replace(ann, user_id=register(any_engine, "bob"))
    choose(any_engine, ann, mail=Address("ann@example.org"))
    choose(any_engine, bob, mail=Address("bob@example.org"))
    inbox.refuses = {"ann@example.org"}
    say(any_engine, ann, bob)
    settle(any_engine)
    assert [mail["To"] for mail in inbox.arrivals] == ["bob@example.org"]


def test_quiet_hours_hold_what_is_not_urgent_and_a_digest_comes_once(
    any_engine: Engine, clock: ManualClock, ann: Actor, inbox: Inbox
) -> None:
    choose(any_engine, ann, Hours(time(22), time(7), time(9)), mail=Address("ann@example.org"))
    clock.advance(hours=13)  # 23:00
    say(any_engine, ann)
    say(any_engine, ann, key="urgent", is_urgent=True)
    settle(any_engine)
    assert len(inbox.arrivals) == 1
    clock.advance(hours=8)  # 07:00
    settle(any_engine)
    assert len(inbox.arrivals) == 2
    choose(any_engine, ann, Hours(time(22), time(7), time(9)), mail=Address("ann@example.org", is_digest=True))
    for number in range(3):
        say(any_engine, ann, key=f"d{number}")
    settle(any_engine)
    assert len(inbox.arrivals) == 2
    clock.advance(hours=2)
    settle(any_engine)
    assert [mail["Subject"] for mail in inbox.arrivals[2:]] == ["Your notifications"]
    assert str(inbox.arrivals[2].get_content()).count("Stocktaking") == 3


def test_what_is_withdrawn_leaves_the_list_and_is_not_sent(
    any_engine: Engine, clock: ManualClock, ann: Actor, inbox: Inbox
) -> None:
    choose(any_engine, ann, Hours(time(22), time(7), time(9)), mail=Address("ann@example.org"))
    say(any_engine, ann)
    settle(any_engine)
    clock.advance(hours=13)
    say(any_engine, ann, key="k2")
    reached = any_engine.database.transact(lambda unit: withdraw(unit.connection, unit.now, "case:1"))
    assert reached == [ann.user_id], "one mail had gone out before"
    clock.advance(hours=9)
    settle(any_engine)
    assert len(inbox.arrivals) == 1
    assert list_told(any_engine, ann, "en", 10) == []


def test_without_channels_everything_goes_to_the_outbox_without_signed_links(any_engine: Engine, ann: Actor) -> None:
    choose(any_engine, ann, mail=Address("ann@example.org"), messenger=Address("dingtalk://abcdef123"))
    say(any_engine, ann, actions=lambda _user: [{"key": "complete", "path": "/act/secret"}])
    settle(any_engine)
    with any_engine.database.read() as connection:
        written = list_outbox(connection, 10)
    assert {one.channel for one in written} == {MAIL, MESSENGER}
    assert not any("secret" in one.body for one in written)


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        (MAIL, "ann"),
        (MAIL, "a@b.org\nBcc: all@b.org"),
        (MESSENGER, "json://127.0.0.1:80/"),
        (MESSENGER, "file:///etc/passwd"),
        (MESSENGER, "slack://"),
        (WEBHOOK, "http://169.254.169.254/latest"),
        (WEBHOOK, "http://127.0.0.1:1@evil.example/"),
        (WEBHOOK, ""),
    ],
)
def test_addresses_that_lead_elsewhere_are_refused(engine: Engine, channel: str, address: str) -> None:
    settings = replace(engine.settings, webhook_hosts="127.0.0.1:1")
    with pytest.raises(AddressUnfit):
        check_channel_address(settings, channel, address)


def test_messengers_take_their_addresses(engine: Engine) -> None:
    for address in ("dingtalk://abcdef123", "wecombot://bot-key", "feishu://abcdef", "slack://T1JJ3T3L2/A1BRTD4JD/TI"):
        check_channel_address(engine.settings, MESSENGER, address)


def test_addresses_are_kept_sealed_and_read_again_by_their_person_alone(engine: Engine, clock: ManualClock) -> None:
    user_id = register(engine, "ann")
    ann = Actor(user_id, user_id, "individual")
    choose(engine, ann, mail=Address("ann@example.org", is_digest=True))
    assert fetch_preferences(engine, ann) == Preferences({MAIL: Address("ann@example.org", is_digest=True)}, NO_QUIET)
    assert fetch_preferences(engine, replace(ann, user_id="bob")) == Preferences()
    with engine.database.read() as connection:
        assert "example.org" not in str(connection.execute(select(notification_address.c.address)).scalar_one())
    assert NO_QUIET.find_time(clock(), engine.zone) == clock()
