"""External tasks: fetched, locked and answered by workers outside, once, by whoever holds the lock."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.commands.deployments import deploy
from engine.commands.external import (
    ExternalTaskFailed,
    LockLost,
    RequestUnfit,
    Worker,
    complete_external,
    extend_lock,
    fail_external,
    fetch_and_lock,
    throw_external,
    unlock,
)
from engine.commands.incidents import retry_incident
from engine.commands.instances import cancel_instance
from engine.language.workflow import Case
from engine.records.external import LockedTask
from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound, SubmissionConflict
from engine.services.verification import verify
from engine.storage.actor import PLATFORM, Actor
from engine.storage.outside import external_task
from engine.storage.plain import PlainDict
from engine.storage.tables import incident
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, boundary, diagram, flow, node, note_form, service, timer, user
from tests.support.stage import BOSS, Stage

MINUTE = timedelta(minutes=1)
TOPIC = frozenset({"trial.print"})
PRESS = Worker(Actor("token_press", PLATFORM, "external_worker"), TOPIC)
OTHER = Worker(Actor("token_other", PLATFORM, "external_worker"), TOPIC)
STRANGER = Worker(Actor("token_stranger", PLATFORM, "external_worker"), frozenset({"trial.cut"}))


@pytest.fixture
def stage(any_engine: Engine, clock: ManualClock) -> Stage:
    error = '<bpmn:errorEventDefinition errorRef="e_paper"/>'
    body = (
        node("startEvent", "begun")
        + service("print", "trial.print", "text=${who}", "pages=${pages}")
        + boundary("no_paper", "print", error)
        + boundary("late", "print", timer("P2D"))
        + user("look", camunda__assignee="ann")
        + node("endEvent", "done")
        + node("endEvent", "out_of_paper")
        + node("endEvent", "too_late")
        + flow("begun print look done")
        + flow("no_paper out_of_paper")
        + flow("late too_late")
    )
    declared = b'<bpmn:error id="e_paper" name="NO_PAPER" errorCode="NO_PAPER"/><bpmn:process '
    files = {path: xml.replace(b"<bpmn:process ", declared) for path, xml in diagram("trial", body).items()}
    deploy(any_engine, BOSS, {**FILES, **note_form(), **files})
    return Stage(any_engine, clock)


class Killed(BaseException):
    """The end of the process: nobody catches it."""


def die(*_arguments: object) -> None:
    raise Killed


def begin(stage: Stage, who: str = "ann") -> str:
    return stage.start(BOSS, "trial", {"who": who, "peer": "secret"})


def fetch(stage: Stage, worker: Worker = PRESS, limit: int = 10) -> list[LockedTask]:
    return fetch_and_lock(stage.engine, worker, "press 1", worker.topics, MINUTE, limit)


def complete(stage: Stage, held: LockedTask, variables: PlainDict, worker: Worker = PRESS) -> None:
    complete_external(stage.engine, worker, held.id, held.lock, variables)


def rows(stage: Stage) -> int:
    with stage.engine.database.read() as connection:
        return len(connection.execute(select(external_task)).all())


def test_a_worker_gets_what_is_mapped_and_gives_what_is_mapped(stage: Stage) -> None:
    instance_id = begin(stage)
    (held,) = fetch(stage)
    assert (held.instance_id, held.element, held.topic) == (instance_id, "print", "trial.print")
    assert held.inputs == {"text": "ann"}
    assert fetch(stage, OTHER) == []
    complete(stage, held, {"pages": 3, "who": "mallory", "other": [1]})
    data = stage.data(instance_id, "look")
    assert (data["pages"], data["who"], "other" in data) == (3, "ann", False)
    assert rows(stage) == 0
    assert list(verify(stage.engine)) == []


def test_the_oldest_come_first_and_no_more_than_asked(stage: Stage, clock: ManualClock) -> None:
    started = []
    for _ in range(3):
        started.append(begin(stage))
        clock.advance(seconds=1)
    first, second = fetch(stage, limit=2), fetch(stage, OTHER, limit=2)
    assert [one.instance_id for one in first + second] == started


def test_workers_that_fetch_at_once_never_get_the_same_task(stage: Stage) -> None:
    for _ in range(6):
        begin(stage)
    with ThreadPoolExecutor(4) as pool:
        fetched = list(pool.map(lambda worker: fetch(stage, worker, limit=2), [PRESS, OTHER] * 4))
    ids = [one.id for some in fetched for one in some]
    assert (len(ids), len(set(ids))) == (6, 6)


def test_a_death_while_a_task_is_completed_leaves_it_as_it_was(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    instance_id = begin(stage)
    (held,) = fetch(stage)
    for border in ("complete_service", "is_completed"):  # before and after the case went on
        with monkeypatch.context() as patch:
            patch.setattr(Case, border, die)
            with pytest.raises(Killed):
                complete(stage, held, {"pages": 3})
        assert (rows(stage), stage.open(instance_id)) == (1, set())
    complete(stage, held, {"pages": 3})
    assert stage.path(instance_id).count("print") == 1


def test_a_lock_that_ran_out_goes_to_the_next(stage: Stage, clock: ManualClock) -> None:
    instance_id = begin(stage)
    (held,) = fetch(stage)
    clock.advance(seconds=59)
    assert fetch(stage, OTHER) == []
    assert extend_lock(stage.engine, PRESS, held.id, held.lock, MINUTE) == clock() + MINUTE
    clock.advance(seconds=60)
    (taken,) = fetch(stage, OTHER)
    for late in (
        lambda: complete(stage, held, {"pages": 1}),
        lambda: extend_lock(stage.engine, PRESS, held.id, held.lock, MINUTE),
        lambda: unlock(stage.engine, PRESS, held.id, held.lock),
        lambda: fail_external(stage.engine, PRESS, held.id, held.lock, "x", "", 1, MINUTE),
        lambda: complete(stage, taken, {"pages": 1}),  # another's lock
    ):
        with pytest.raises(LockLost):
            late()
    complete(stage, taken, {"pages": 2}, OTHER)
    assert stage.data(instance_id, "look")["pages"] == 2


def test_a_lock_that_ran_out_cannot_be_extended_but_its_work_still_counts(stage: Stage, clock: ManualClock) -> None:
    instance_id = begin(stage)
    (held,) = fetch(stage)
    clock.advance(minutes=2)
    with pytest.raises(LockLost):
        extend_lock(stage.engine, PRESS, held.id, held.lock, MINUTE)
    complete(stage, held, {"pages": 2})
    assert stage.open(instance_id) == {"look"}


def test_an_answer_sent_again_is_answered_and_another_one_refused(stage: Stage) -> None:
    instance_id = begin(stage)
    (held,) = fetch(stage)
    complete(stage, held, {"pages": 3})
    complete(stage, held, {"pages": 3})
    with pytest.raises(SubmissionConflict):
        complete(stage, held, {"pages": 4})
    assert stage.path(instance_id).count("print") == 1
    with pytest.raises(NotFound):
        unlock(stage.engine, PRESS, held.id, held.lock)


def test_a_task_given_back_is_free_at_once(stage: Stage) -> None:
    begin(stage)
    (held,) = fetch(stage)
    unlock(stage.engine, PRESS, held.id, held.lock)
    assert [one.id for one in fetch(stage, OTHER)] == [held.id]


def test_other_topics_are_as_if_they_were_not(stage: Stage) -> None:
    begin(stage)
    (held,) = fetch(stage)
    assert fetch(stage, STRANGER) == []
    with pytest.raises(NotFound):
        complete(stage, held, {"pages": 1}, STRANGER)
    with pytest.raises(RequestUnfit, match=r"trial\.print"):
        fetch_and_lock(stage.engine, STRANGER, "x", TOPIC, MINUTE, 1)


def test_a_business_error_goes_to_its_boundary(stage: Stage) -> None:
    instance_id = begin(stage)
    (held,) = fetch(stage)
    throw_external(stage.engine, PRESS, held.id, held.lock, "NO_PAPER", "the tray is empty", {})
    assert stage.outcome(instance_id) == "out_of_paper"
    throw_external(stage.engine, PRESS, held.id, held.lock, "NO_PAPER", "the tray is empty", {})
    assert rows(stage) == 0


def test_a_business_error_nobody_catches_is_an_incident_and_the_retry_offers_the_task_anew(stage: Stage) -> None:
    instance_id = begin(stage)
    (held,) = fetch(stage)
    throw_external(stage.engine, PRESS, held.id, held.lock, "FIRE", "it burns", {})
    assert "FIRE" in stage.incidents(instance_id)[0]
    assert rows(stage) == 0
    retry_incident(stage.engine, BOSS, _incident(stage))
    complete(stage, fetch(stage)[0], {"pages": 1})
    assert stage.open(instance_id) == {"look"}


def test_failures_are_tried_again_after_a_while_and_at_last_are_an_incident(stage: Stage, clock: ManualClock) -> None:
    instance_id = begin(stage)
    (held,) = fetch(stage)
    fail_external(stage.engine, PRESS, held.id, held.lock, "jammed", "page 2", 1, 10 * MINUTE)
    clock.advance(minutes=9)
    assert fetch(stage) == []
    clock.advance(minutes=1)
    (again,) = fetch(stage)
    assert (again.id, again.retries, again.lock == held.lock) == (held.id, 1, False)
    with pytest.raises(SubmissionConflict):
        complete(stage, held, {"pages": 1})
    fail_external(stage.engine, PRESS, again.id, again.lock, "jammed", "page 2", 0, MINUTE)
    assert stage.incidents(instance_id) == ["jammed"]
    assert fetch(stage) == []
    retry_incident(stage.engine, BOSS, _incident(stage))
    assert stage.incidents(instance_id) == []
    (anew,) = fetch(stage)
    assert anew.retries is None
    complete(stage, anew, {"pages": 1})
    with stage.engine.database.read() as connection:
        kinds = [event["kind"] for row in read_stream(connection, instance_id) for event in row.events]
    assert [kinds.count(kind) for kind in ("external", "worker_failed", "incident", "retried", "worked")] == [
        2,
        2,
        1,
        1,
        1,
    ]
    assert list(verify(stage.engine)) == []


@pytest.mark.parametrize("how", ["cancelled", "timed out"])
def test_a_task_that_is_left_is_there_no_more(stage: Stage, how: str) -> None:
    instance_id = begin(stage)
    (held,) = fetch(stage)
    if how == "cancelled":
        cancel_instance(stage.engine, BOSS, instance_id, "not wanted", lambda _: None)
    else:
        stage.wait(days=2)
    assert rows(stage) == 0
    with pytest.raises(NotFound):
        complete(stage, held, {"pages": 1})


def test_an_incident_of_what_is_left_is_closed_with_it(stage: Stage) -> None:
    instance_id = begin(stage)
    (held,) = fetch(stage)
    fail_external(stage.engine, PRESS, held.id, held.lock, "jammed", "", 0, MINUTE)
    stage.wait(days=2)
    assert stage.outcome(instance_id) == "too_late"
    assert stage.incidents(instance_id) == []


def _deep() -> PlainDict:
    value: PlainDict = {}
    for _ in range(60):
        value = {"a": value}
    return value


Send = Callable[[Engine, LockedTask], object]


REFUSED: list[tuple[str, Send]] = [
    ("variables", lambda e, t: complete_external(e, PRESS, t.id, t.lock, {"page": 1})),
    ("variables", lambda e, t: complete_external(e, PRESS, t.id, t.lock, {"pages": {"$vault": "another"}})),
    ("variables", lambda e, t: complete_external(e, PRESS, t.id, t.lock, {"pages": 2**70})),
    ("variables", lambda e, t: complete_external(e, PRESS, t.id, t.lock, _deep())),
    ("code", lambda e, t: throw_external(e, PRESS, t.id, t.lock, "", "x", {})),
    ("retries", lambda e, t: fail_external(e, PRESS, t.id, t.lock, "x", "", -1, MINUTE)),
    ("retry_after_seconds", lambda e, t: fail_external(e, PRESS, t.id, t.lock, "x", "", 1, -MINUTE)),
    ("lock_seconds", lambda e, t: extend_lock(e, PRESS, t.id, t.lock, timedelta(days=2))),
    ("max", lambda e, t: fetch_and_lock(e, PRESS, "x", TOPIC, MINUTE, 0)),
]


def test_what_cannot_be_used_is_refused_by_name_and_changes_nothing(stage: Stage) -> None:
    instance_id = begin(stage)
    (held,) = fetch(stage)
    for field, send in REFUSED:
        with pytest.raises(RequestUnfit) as refused:
            send(stage.engine, held)
        assert refused.value.facts["field"] == field
    complete(stage, held, {"pages": 3})
    assert stage.data(instance_id, "look")["pages"] == 3


def test_personal_data_are_not_handed_out(any_engine: Engine, clock: ManualClock) -> None:
    body = node("startEvent", "begun") + user("fill") + service("call", "trial.call", "number=${phone}")
    body += node("endEvent", "done") + flow("begun fill call done")
    deploy(any_engine, BOSS, {**FILES, **note_form(), **diagram("trial", body)})
    stage = Stage(any_engine, clock)
    ann = stage.person("ann")
    instance_id = stage.start(ann, "trial", {"who": "ann", "peer": ""})
    stage.do(ann, instance_id, "fill", {"note": "x", "phone": "13800001234"})
    assert stage.incidents(instance_id) == ["Expected no personal data for a worker outside, but number is"]
    assert rows(stage) == 0


def _incident(stage: Stage) -> str:
    with stage.engine.database.read() as connection:
        query = select(incident.c.id, incident.c.code, incident.c.facts).where(incident.c.resolved_at.is_(None))
        row = connection.execute(query).one()
    assert row.code in (ExternalTaskFailed("").code, "bpmn_error")
    return str(row.id)
