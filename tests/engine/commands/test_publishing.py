"""Messages and signals from outside: a sender's id counts once, a life is as long as said, the order is kept."""

import random
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from engine.commands.deployments import deploy
from engine.commands.instances import cancel_instance
from engine.commands.messages import Published, broadcast_signal, publish_message
from engine.commands.work import run_due_jobs, run_due_work
from engine.language.errors import ValueUnfit
from engine.records.history import read_stream
from engine.records.messages import add_message, wake_messages
from engine.runtime.engine import Engine
from engine.runtime.errors import SubmissionConflict
from engine.storage.actor import Actor
from engine.storage.changes import Changes, Listener
from engine.storage.database import UnitOfWork
from engine.storage.plain import PlainDict
from engine.storage.tables import job, message
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, boundary, diagram, flow, node, note_form, signal, taken, user
from tests.support.definitions import message as on_message
from tests.support.stage import BOSS, Stage

OTHER = Actor("other", "other", "individual", frozenset({"individual"}))


def _listener() -> dict[str, bytes]:
    """Waits for `ping`; afterwards any number of `nudge` and of the signal `gong` may come beside a task."""
    key = {"baton__correlationKey": "${peer}"}
    body = (
        node("startEvent", "begun")
        + node("intermediateCatchEvent", "pinged", taken("count") + on_message("ping"), **key)
        + user("fill")
        + boundary("nudged", "fill", taken("count") + on_message("nudge"), interrupting=False, **key)
        + boundary("heard", "fill", signal("gong"), interrupting=False)
        + node("endEvent", "noted")
        + node("endEvent", "rung")
        + node("endEvent", "done")
        + flow("begun pinged fill done")
        + flow("nudged noted")
        + flow("heard rung")
    )
    return {**FILES, **note_form(), **diagram("trial", body, "ping nudge", "gong")}


@pytest.fixture
def stage(any_engine: Engine, clock: ManualClock) -> Stage:
    deploy(any_engine, BOSS, _listener())
    return Stage(any_engine, clock)


def begin(stage: Stage, name: str, key: str) -> str:
    return stage.start(stage.person(name), "trial", {"who": name, "peer": key})


def send(stage: Stage, key: str, count: int, name: str = "ping", **options: object) -> Published:
    return publish_message(stage.engine, BOSS, name, key, {"count": count}, **options)  # type: ignore[arg-type]


def together(*work: Callable[[], object]) -> list[Exception]:
    """Does everything at once; gives what was raised."""
    raised: list[Exception] = []

    def run(one: Callable[[], object]) -> None:
        try:
            one()
        except Exception as error:  # noqa: BLE001  # whatever it is, the test fails by it
            raised.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def counts(stage: Stage, instance_id: str) -> list[object]:
    """What the messages an instance received said, in their order."""
    with stage.engine.database.read() as connection:
        events = [event for row in read_stream(connection, instance_id) for event in row.events]
    return [one["payload"]["count"] for one in events if one["kind"] == "message"]  # type: ignore[index,call-overload]


def buffered(stage: Stage) -> int:
    with stage.engine.database.read() as connection:
        query = select(func.count()).select_from(message).where(message.c.delivered_at.is_(None))
        return connection.scalar(query) or 0


def test_an_id_counts_once_for_its_sender_however_often_and_at_once_it_is_sent(stage: Stage) -> None:
    instance_id = begin(stage, "ann", "k")
    answers: list[Published] = []
    sending = [lambda: answers.append(send(stage, "k", 1, message_id="m-1"))] * 5
    assert together(*sending) == []
    assert sorted(answer.is_new for answer in answers) == [False] * 4 + [True]
    stage.settle()
    assert counts(stage, instance_id) == [1]
    assert send(stage, "k", 1, message_id="m-1") == Published("m-1", is_new=False), "delivered, and still remembered"
    others: list[PlainDict] = [{"count": 2}, {"count": True}, {}]
    for content in others:
        with pytest.raises(SubmissionConflict):
            publish_message(stage.engine, BOSS, "ping", "k", content, message_id="m-1")
    with pytest.raises(SubmissionConflict):
        send(stage, "k", 1, name="nudge", message_id="m-1")
    assert publish_message(stage.engine, OTHER, "ping", "k", {"count": 9}, message_id="m-1").is_new
    stage.wait(days=7, seconds=1)
    assert send(stage, "k", 2, message_id="m-1").is_new, "its life is over"


def test_a_message_lives_as_long_as_it_is_told(stage: Stage) -> None:
    send(stage, "k", 1, life=timedelta(hours=1), message_id="short")
    send(stage, "k", 2)
    stage.wait(minutes=59)
    assert buffered(stage) == 2
    stage.wait(minutes=1)
    assert buffered(stage) == 1
    with stage.engine.database.read() as connection:
        (row,) = read_stream(connection, "system:messages")
    assert {**row.events[0]} == {"kind": "expired", "message": "short", "name": "ping", "key": "k", "sender": "boss"}
    instance_id = begin(stage, "ann", "k")
    stage.settle()
    assert counts(stage, instance_id) == [2]


def test_messages_of_a_key_come_in_the_order_in_which_they_were_sent(stage: Stage) -> None:
    for count in range(6):
        send(stage, "k", count, name="nudge")
        stage.clock.advance(hours=-1)  # the clock is set back again and again
    send(stage, "k", 99)
    instance_id = begin(stage, "ann", "k")
    for _ in range(8):
        assert together(*[lambda: run_due_jobs(stage.engine, 1)] * 3) == []
    stage.clock.advance(hours=6)
    for _ in range(8):
        assert together(*[lambda: run_due_jobs(stage.engine, 1)] * 3) == []
    stage.wait(minutes=2)
    assert counts(stage, instance_id) == [99, 0, 1, 2, 3, 4, 5]
    assert stage.open(instance_id) == {"fill"}


def test_nothing_is_lost_or_doubled_while_receivers_end(stage: Stage) -> None:
    waiting = [begin(stage, f"p{number}", "k") for number in range(8)]
    for count in range(8):
        send(stage, "k", count)

    def cancel_some() -> None:
        for instance_id in waiting[::2]:
            cancel_instance(stage.engine, BOSS, instance_id, "not needed", lambda _: None)

    raised = together(cancel_some, *[lambda: run_due_jobs(stage.engine, 4)] * 2)
    assert raised == []
    stage.wait(minutes=2)
    delivered = [count for instance_id in waiting for count in counts(stage, instance_id)]
    assert len(delivered) == len(set(delivered)) >= 4
    assert len(delivered) + buffered(stage) == 8
    last = begin(stage, "last", "k")
    stage.settle()
    assert len(counts(stage, last)) == min(1, 8 - len(delivered))


def test_who_begins_to_wait_while_the_message_comes_sees_it(any_engine: Engine) -> None:
    """Neither side has committed when the other looks: the later one has to wait for the earlier one."""
    has_come, has_looked = threading.Event(), threading.Event()

    def come(unit: UnitOfWork) -> None:
        add_message(unit.connection, unit.now, "ping", "k", {})
        has_come.set()
        has_looked.wait(0.5)  # in vain: who looks waits for the commit

    def wait(unit: UnitOfWork) -> None:
        wake_messages(unit.connection, unit.now, "ping", "k")
        has_looked.set()

    def wait_later() -> None:
        has_come.wait()
        any_engine.database.transact(wait)

    assert together(lambda: any_engine.database.transact(come), wait_later) == []
    with any_engine.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(job)) == 2, "both had it delivered"


class Killed(BaseException):
    """The end of the process, as far as the code under test can tell: nobody catches it."""


class Deadly(Changes):
    """Ends the process right after a commit, before anybody hears of it."""

    def publish(self, topics: Iterable[str], sender: Listener | None = None) -> None:
        """See `Changes`."""
        raise Killed


def test_who_dies_after_the_commit_has_delivered_and_nobody_does_so_again(stage: Stage) -> None:
    instance_id = begin(stage, "ann", "k")
    send(stage, "k", 1, message_id="m-1")
    alive, stage.engine.changes = stage.engine.changes, Deadly()
    with pytest.raises(Killed):
        stage.settle()
    stage.engine.changes = alive
    assert not send(stage, "k", 1, message_id="m-1").is_new
    stage.wait(minutes=2)
    assert counts(stage, instance_id) == [1]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 20))])
def test_doubled_late_and_early_messages_have_their_effect_once(stage: Stage, seed: int) -> None:
    chance = random.Random(seed)
    engine, instances = stage.engine, dict[int, str]()
    acts = [("begin", number) for number in range(8)] + [("send", number) for number in range(10)] * 3
    chance.shuffle(acts)
    for act, number in acts:
        if act == "begin":
            instances[number] = begin(stage, f"p{number}", f"k{number}")
        else:
            send(stage, f"k{number}", number, message_id=f"m{number}")
        if chance.random() < 0.5:
            stage.wait(minutes=chance.choice([-30, 0, 1, 45]))
    stage.wait(hours=12)
    assert {number: counts(stage, one) for number, one in instances.items()} == {n: [n] for n in range(8)}
    assert buffered(stage) == 2, "nobody waits for two of them"
    stage.wait(days=8)
    with engine.database.read() as connection:
        assert len(read_stream(connection, "system:messages")) == 2
        assert connection.scalar(select(func.count()).select_from(message)) == 0


def test_a_signal_reaches_all_that_wait_now_once_each(stage: Stage) -> None:
    waiting = [begin(stage, f"p{number}", f"k{number}") for number in range(3)]
    for number in range(3):
        send(stage, f"k{number}", number)
    stage.settle()
    answers = [broadcast_signal(stage.engine, BOSS, "gong", {}, signal_id="g-1") for _ in range(3)]
    assert [answer.is_new for answer in answers] == [True, False, False]
    with pytest.raises(SubmissionConflict):
        broadcast_signal(stage.engine, BOSS, "gong", {"loud": True}, signal_id="g-1")
    assert together(*[lambda: run_due_work(stage.engine)] * 3) == []
    stage.settle()
    late = begin(stage, "late", "k9")
    send(stage, "k9", 9)
    stage.settle()
    assert [stage.path(one).count("rung") for one in [*waiting, late]] == [1, 1, 1, 0]
    broadcast_signal(stage.engine, BOSS, "gong", {})
    stage.settle()
    assert [stage.path(one).count("rung") for one in [*waiting, late]] == [2, 2, 2, 1]


def test_signals_in_a_row_reach_a_listener_that_does_not_interrupt_every_time(stage: Stage) -> None:
    """Each was broadcast before the one before it had been delivered, and the listener is armed anew each time."""
    instance_id = begin(stage, "ann", "k")
    send(stage, "k", 1)
    stage.settle()
    for _ in range(3):
        broadcast_signal(stage.engine, BOSS, "gong", {})
    stage.settle()
    assert stage.path(instance_id).count("rung") == 3


@pytest.mark.parametrize(
    ("name", "key", "payload", "options", "expected"),
    [
        ("", "k", {}, {}, "a name"),
        ("x" * 121, "k", {}, {}, "a name"),
        ("ping", "k" * 201, {}, {}, "a correlation key"),
        ("ping", "k", {}, {"message_id": ""}, "an id"),
        ("ping", "k", {}, {"life": timedelta()}, "a life"),
        ("ping", "k", {}, {"life": timedelta(days=400)}, "a life"),
        ("ping", "k", {"who": {"$vault": "somebody"}}, {}, "without references"),
        ("ping", "k", {"n": float("nan")}, {}, "plain data"),
        ("ping", "k", {"text": "x" * 300_000}, {}, "bytes"),
    ],
)
def test_what_cannot_be_sent(
    engine: Engine, name: str, key: str, payload: PlainDict, options: dict[str, object], expected: str
) -> None:
    with pytest.raises(ValueUnfit, match=expected):
        publish_message(engine, BOSS, name, key, payload, **options)  # type: ignore[arg-type]
    assert run_due_work(engine) == 0
