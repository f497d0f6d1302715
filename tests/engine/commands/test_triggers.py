"""Cases that begin by themselves: by a message, a signal or a timer, once each, in the newest version."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from engine.commands.deployments import DefinitionInvalid, deploy
from engine.commands.instances import cancel_instance
from engine.commands.messages import broadcast_signal, publish_message
from engine.commands.work import run_due_work, settle
from engine.definitions.registry import TOPICS, TopicCall, topic
from engine.records import jobs
from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.services.verification import verify
from engine.storage.plain import PlainDict
from engine.storage.tables import instance, process_start
from tests.support.clock import START, ManualClock
from tests.support.definitions import (
    FILES,
    diagram,
    flow,
    message,
    node,
    note_form,
    service,
    signal,
    taken,
    timer,
    user,
)
from tests.support.stage import BOSS, Stage

FILL = user("fill", camunda__candidateGroups="platform_reviewer")
HOURLY = timer("R/PT1H", "timeCycle")


def starts(*events: tuple[str, str], key: str = "trial", messages: str = "", signals: str = "") -> dict[str, bytes]:
    """A process with these start events, (id, content), that lead to one task."""
    names = [name for name, _ in events]
    body = (
        "".join(node("startEvent", name, content) for name, content in events)
        + node("exclusiveGateway", "merge")
        + FILL
        + node("endEvent", "done")
        + "".join(flow(f"{name} merge") for name in names)
        + flow("merge fill done")
    )
    if len(events) == 1:
        body = body.replace(node("exclusiveGateway", "merge"), "").replace(flow(f"{names[0]} merge"), "")
        body = body.replace(flow("merge fill done"), flow(f"{names[0]} fill done"))
    return {**FILES, **note_form(), **diagram(key, body, messages, signals, "")}


def cases(engine: Engine, process_key: str = "trial") -> list[tuple[str, str]]:
    """Id and status of all instances, in the order in which they began."""
    query = select(instance.c.id, instance.c.status).where(instance.c.process_key == process_key)
    with engine.database.read() as connection:
        return [(row.id, row.status) for row in connection.execute(query.order_by(instance.c.id))]


def begun(engine: Engine, instance_id: str) -> PlainDict:
    """What history says of how a case began."""
    with engine.database.read() as connection:
        return read_stream(connection, instance_id)[0].events[0]


def next_due(engine: Engine, element: str = "tick") -> datetime | None:
    query = select(process_start.c.next_due_at).where(process_start.c.element == element)
    with engine.database.read() as connection:
        due: datetime | None = connection.execute(query).scalar_one()
    return due


def work_at_once(engine: Engine, workers: int = 4) -> None:
    threads = [threading.Thread(target=run_due_work, args=(engine,)) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_message_begins_one_case_with_what_is_mapped(any_engine: Engine, clock: ManualClock) -> None:
    deploy(any_engine, BOSS, starts(("told", taken("who") + message("ping")), messages="ping"))
    for _ in range(3):
        publish_message(any_engine, BOSS, "ping", "order-7", {"who": "ann", "secret": 1}, message_id="m-1")
        work_at_once(any_engine)
    stage = Stage(any_engine, clock)
    stage.wait(minutes=2)
    ((case, _),) = cases(any_engine)
    assert stage.data(case, "fill") == {"who": "ann"}
    told = begun(any_engine, case)
    assert {name: told[name] for name in ("kind", "by", "element", "name", "key", "message", "sender")} == {
        "kind": "started",
        "by": "message",
        "element": "told",
        "name": "ping",
        "key": "order-7",
        "message": "m-1",
        "sender": "boss",
    }
    with any_engine.database.read() as connection:
        row = connection.execute(select(instance)).one()
    assert (row.business_key, row.started_by) == ("order-7", "system")
    assert list(verify(any_engine)) == []


def test_a_case_that_waits_comes_first_and_the_next_of_a_key_waits_for_its_turn(
    any_engine: Engine, clock: ManualClock
) -> None:
    body = (
        node("startEvent", "told", taken("peer") + message("ping"))
        + node("intermediateCatchEvent", "again", message("ping"), baton__correlationKey="${peer}")
        + FILL
        + node("endEvent", "done")
        + flow("told again fill done")
    )
    deploy(any_engine, BOSS, {**FILES, **note_form(), **diagram("trial", body, "ping", variables="")})
    stage = Stage(any_engine, clock)

    def send(key: str, count: int = 1) -> None:
        for _ in range(count):
            publish_message(any_engine, BOSS, "ping", key, {"peer": key or "none"})
        stage.settle()

    send("k")
    ((first, _),) = cases(any_engine)
    send("k", 2)
    assert cases(any_engine) == [(first, "active")], "the second went to the first case, the third waits"
    assert stage.open(first) == {"fill"}
    send("other")
    send("", 2)
    assert len(cases(any_engine)) == 4, "another key, and no key at all, need not wait"
    cancel_instance(any_engine, BOSS, first, "over", lambda _: None)
    stage.settle()
    assert len(cases(any_engine)) == 5, "it was the third one's turn"


def test_what_was_sent_before_the_deployment_begins_cases_too(any_engine: Engine, clock: ManualClock) -> None:
    publish_message(any_engine, BOSS, "ping", "k", {})
    stage = Stage(any_engine, clock)
    stage.settle()
    deploy(any_engine, BOSS, starts(("told", message("ping")), messages="ping"))
    stage.settle()
    assert len(cases(any_engine)) == 1


def test_one_broadcast_begins_a_case_of_every_process_in_its_newest_version(
    any_engine: Engine, clock: ManualClock
) -> None:
    for key in ("one", "two", "three"):
        deploy(any_engine, BOSS, starts(("rung", taken("who") + signal("gong")), key=key, signals="gong"))
    deploy(any_engine, BOSS, starts(("begun", ""), key="three"))
    stage = Stage(any_engine, clock)
    broadcast_signal(any_engine, BOSS, "gong", {"who": "ann"})
    for _ in range(2):
        work_at_once(any_engine)
        stage.wait(minutes=2)
    found = [cases(any_engine, key) for key in ("one", "two", "three")]
    assert [len(one) for one in found] == [1, 1, 0], "the newest version of the third begins by hand only"
    assert stage.data(found[1][0][0], "fill") == {"who": "ann"}
    told = begun(any_engine, found[0][0][0])
    assert (told["by"], told["name"], told["element"]) == ("signal", "gong", "rung")


def test_all_ways_to_begin_stand_beside_each_other(engine: Engine, clock: ManualClock) -> None:
    events = (("by_hand", ""), ("told", message("ping")), ("rung", signal("gong")), ("tick", HOURLY))
    deploy(engine, BOSS, starts(*events, messages="ping", signals="gong"))
    stage = Stage(engine, clock)
    stage.start(stage.person("ann"), "trial", {})
    publish_message(engine, BOSS, "ping", "k", {})
    stage.settle()
    broadcast_signal(engine, BOSS, "gong", {})
    stage.settle()
    stage.wait(hours=1)
    ways = [begun(engine, case).get("by") for case, _ in cases(engine)]
    assert ways == [None, "message", "signal", "timer"]
    assert [stage.path(case)[0] for case, _ in cases(engine)] == ["by_hand", "told", "rung", "tick"]
    assert [stage.open(case) for case, _ in cases(engine)] == [{"fill"}] * 4


def test_each_turn_begins_one_case_whoever_works_and_a_deployment_counts_anew(
    any_engine: Engine, clock: ManualClock
) -> None:
    deploy(any_engine, BOSS, starts(("tick", taken("due_at") + HOURLY)))
    clock.advance(minutes=59)
    work_at_once(any_engine)
    assert cases(any_engine) == []
    clock.advance(minutes=1)
    for _ in range(3):
        work_at_once(any_engine)
        clock.advance(minutes=2)  # longer than a lease
    ((case, _),) = cases(any_engine)
    assert Stage(any_engine, clock).data(case, "fill") == {"due_at": "2026-11-23T03:00:00Z"}
    clock.advance(minutes=24)
    deploy(any_engine, BOSS, starts(("tick", timer("R/PT2H", "timeCycle"))))
    assert next_due(any_engine) == START + timedelta(hours=3, minutes=30)
    deploy(any_engine, BOSS, starts(("begun", "")))
    Stage(any_engine, clock).wait(days=2)
    assert len(cases(any_engine)) == 1, "the newest version begins by hand only"


@pytest.mark.parametrize(
    ("text", "kind", "after", "due"),
    [
        ("PT4H", "timeDuration", {"hours": 4}, []),
        ("2026-11-24T09:00", "timeDate", {"hours": 23}, []),
        ("2026-11-23T09:59", "timeDate", None, []),  # it was a minute ago
        ("0 9 * * MON-FRI", "timeCycle", {"hours": 23}, ["2026-11-25T01:00", "2026-11-26T01:00"]),
        ("R2/WT:P1D", "timeCycle", {"days": 1}, ["2026-11-25T02:00"]),
        ("R/2026-01-31T10:00/P1M", "timeCycle", {"days": 7}, ["2026-12-31T02:00", "2027-01-31T02:00"]),
        ("R3/2026-01-31T10:00/P1D", "timeCycle", None, []),  # three turns, long ago
        ("R/PT1H/2026-11-23T11:30", "timeCycle", {"hours": 1}, []),
        ("R/PT1H/2026-11-23T09:00", "timeCycle", None, []),
    ],
)
def test_when_a_timer_start_is_due(
    engine: Engine, clock: ManualClock, text: str, kind: str, after: dict[str, int] | None, due: list[str]
) -> None:
    deploy(engine, BOSS, starts(("tick", timer(text, kind))))
    expected = [] if after is None else [START + timedelta(**after)]
    expected += [datetime.fromisoformat(f"{one}:00+00:00") for one in due]
    stage = Stage(engine, clock)
    for number, at in enumerate(expected, 1):
        assert next_due(engine) == at
        clock.at = at
        stage.settle()
        assert len(cases(engine)) == number
    if len(expected) < 3:
        assert next_due(engine) is None


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1)])
def test_clock_jumps_and_outages_neither_lose_nor_double_nor_storm(
    any_engine: Engine, clock: ManualClock, jump: timedelta
) -> None:
    deploy(any_engine, BOSS, starts(("tick", HOURLY)))
    stage = Stage(any_engine, clock)
    clock.at -= jump
    stage.settle()
    stage.wait(minutes=61)
    assert cases(any_engine) == [], "not before the clock shows its time"
    clock.at = START
    stage.wait(hours=1)
    assert len(cases(any_engine)) == 1
    clock.at += jump + timedelta(minutes=30)
    stage.settle()
    assert len(cases(any_engine)) == 2, "one for all that were missed"
    due = next_due(any_engine)
    assert due == clock.at + timedelta(minutes=30), "and then on its own schedule"
    clock.at -= jump
    stage.settle()
    assert (len(cases(any_engine)), next_due(any_engine)) == (2, due)
    clock.at = due
    stage.settle()
    assert len(cases(any_engine)) == 3


class Killed(BaseException):
    """The end of the process, as far as the code under test can tell: nobody catches it."""


@pytest.fixture
def dying() -> Iterator[list[str]]:
    """The service `trial.die`, which ends the process at its first two calls."""
    calls: list[str] = []

    @topic("trial.die")
    def die(call: TopicCall) -> PlainDict:
        calls.append(call.instance_id)
        if len(calls) <= 2:
            raise Killed
        return {}

    yield calls
    del TOPICS["trial.die"]


@pytest.mark.parametrize("way", ["message", "signal", "timer"])
def test_who_dies_while_a_case_begins_has_begun_none_and_another_begins_it(
    any_engine: Engine, clock: ManualClock, dying: list[str], way: str
) -> None:
    trigger = {"message": message("ping"), "signal": signal("gong"), "timer": timer("PT1H")}[way]
    body = node("startEvent", "told", trigger) + service("die", "trial.die") + FILL + node("endEvent", "done")
    process = diagram("trial", body + flow("told die fill done"), "ping", "gong", "")
    deploy(any_engine, BOSS, {**FILES, **note_form(), **process})
    publish_message(any_engine, BOSS, "ping", "k", {})
    broadcast_signal(any_engine, BOSS, "gong", {})
    clock.advance(hours=1)
    for death in range(2):
        with pytest.raises(Killed):
            settle(any_engine)
        assert (cases(any_engine), len(dying)) == ([], death + 1)
        clock.advance(seconds=jobs.LEASE_SECONDS)
    Stage(any_engine, clock).settle()
    assert len(cases(any_engine)) == 1
    assert list(verify(any_engine)) == []


def test_a_message_that_does_not_bring_what_is_mapped_is_an_incident_at_the_start(
    engine: Engine, clock: ManualClock
) -> None:
    deploy(engine, BOSS, starts(("told", taken("who") + message("ping")), messages="ping"))
    publish_message(engine, BOSS, "ping", "k", {"whom": "ann"})
    stage = Stage(engine, clock)
    stage.settle()
    ((case, status),) = cases(engine)
    assert status == "active"
    assert "who" in stage.incidents(case)[0]


def test_two_processes_may_not_begin_by_one_message(engine: Engine) -> None:
    deploy(engine, BOSS, starts(("told", message("ping")), key="one", messages="ping"))
    with pytest.raises(DefinitionInvalid) as refused:
        deploy(engine, BOSS, starts(("told", message("ping")), key="two", messages="ping"))
    assert [found.rule for found in refused.value.findings] == ["start-message-taken"]
