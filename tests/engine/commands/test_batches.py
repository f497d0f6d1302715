"""Batches: chunks of at most 100 items, each in a transaction of its own, done once whatever dies and when."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import insert, select

from engine.commands import batches
from engine.commands.batches import CHUNK_ATTEMPTS
from engine.commands.deployments import deploy
from engine.commands.incidents import retry_incident
from engine.commands.instances import cancel_instance
from engine.commands.work import run_due_jobs
from engine.definitions.registry import TOPICS, ChunkCall, TopicCall, batch_topic
from engine.language.errors import BpmnError
from engine.records import jobs
from engine.records.batches import END_BATCH
from engine.runtime.engine import Engine
from engine.services.verification import verify
from engine.storage.outside import batch
from engine.storage.plain import Plain
from engine.storage.tables import incident, job, party
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, boundary, diagram, flow, node, note_form, service, timer, user
from tests.support.stage import BOSS, Stage


class Killed(BaseException):
    """The end of the process: nobody catches it."""


class Post:
    """A service that writes a row for each item, with what is wrong with it."""

    def __init__(self) -> None:
        self.broken: set[int] = set()  # chunks
        self.refused: set[int] = set()
        self.keys: list[str] = []
        self.sizes: list[int] = []
        self.kill_at: str = ""

    def plan(self, call: TopicCall, *, count: int) -> list[Plain]:
        """Sends letters."""
        return list(range(count))

    def send(self, call: ChunkCall, items: list[Plain]) -> Plain:
        self.keys.append(call.key)
        self.sizes.append(len(items))
        if self.kill_at == "before":
            raise Killed
        for item in items:
            if item in (113, 205):
                call.reject(item, "no address")
                continue
            row = {"id": f"letter-{item}", "kind": "person", "name_zh": "x", "name_en": "x", "created_at": call.now}
            call.connection.execute(
                insert(party).values(row | {"is_certified": 0, "has_agreement": 0, "is_suspended": 0})
            )
        if call.number in self.refused:
            raise BpmnError("STRIKE", "the post is on strike")
        if call.number in self.broken:
            raise OSError("the van is broken")
        if self.kill_at == "after":
            raise Killed
        return len(items)


@pytest.fixture
def post() -> Iterator[Post]:
    found = Post()
    batch_topic("trial.post")(found.plan).chunk(found.send)
    yield found
    del TOPICS["trial.post"]


@pytest.fixture
def stage(any_engine: Engine, clock: ManualClock, post: Post) -> Stage:
    error = '<bpmn:errorEventDefinition errorRef="e_strike"/>'
    outputs = "sent=${sum(results)}\nfailed=${len(rejected)}"
    body = (
        node("startEvent", "begun")
        + service("post", "trial.post", "count=${count}", outputs)
        + boundary("strike", "post", error)
        + boundary("late", "post", timer("P2D"))
        + user("look", camunda__assignee="ann")
        + node("endEvent", "done")
        + node("endEvent", "on_strike")
        + node("endEvent", "too_late")
        + flow("begun post look done")
        + flow("strike on_strike")
        + flow("late too_late")
    )
    declared = b'<bpmn:error id="e_strike" name="STRIKE" errorCode="STRIKE"/><bpmn:process '
    files = {path: xml.replace(b"<bpmn:process ", declared) for path, xml in diagram("trial", body).items()}
    files = {path: xml.replace(b'"who peer"', b'"count"') for path, xml in files.items()}
    deploy(any_engine, BOSS, {**FILES, **note_form(), **files})
    return Stage(any_engine, clock)


def begin(stage: Stage, count: int) -> str:
    return stage.start(BOSS, "trial", {"count": count})


def letters(stage: Stage) -> int:
    with stage.engine.database.read() as connection:
        return len([one for one in connection.execute(select(party.c.id)).scalars() if one.startswith("letter-")])


def progress(stage: Stage) -> tuple[int, int] | None:
    with stage.engine.database.read() as connection:
        row = connection.execute(select(batch.c.done, batch.c.chunks)).one_or_none()
    return None if row is None else (row.done, row.chunks)


def open_jobs(stage: Stage) -> Counter[str]:
    with stage.engine.database.read() as connection:
        return Counter(connection.execute(select(job.c.kind)).scalars())


def open_incidents(stage: Stage) -> list[str]:
    with stage.engine.database.read() as connection:
        return list(connection.execute(select(incident.c.id).where(incident.c.resolved_at.is_(None))).scalars())


def test_items_are_done_in_chunks_and_the_last_one_completes_the_task(stage: Stage, post: Post) -> None:
    instance_id = begin(stage, 250)
    assert progress(stage) == (0, 3)
    assert post.sizes == [], "nothing is done in the step itself"
    run_due_jobs(stage.engine, limit=1)
    assert (progress(stage), letters(stage), stage.open(instance_id)) == ((1, 3), 100, set())
    stage.settle()
    assert post.sizes == [100, 100, 50]
    assert len(set(post.keys)) == 3
    data = stage.data(instance_id, "look")
    assert (data["sent"], data["failed"], letters(stage)) == (250, 2, 248), "a bad item does not stop the rest"
    assert "results" not in data, "only what is mapped comes out"
    assert (progress(stage), open_jobs(stage)) == (None, Counter())
    assert list(verify(stage.engine)) == []


def test_nothing_to_do_is_done_at_once(stage: Stage) -> None:
    instance_id = begin(stage, 0)
    assert stage.open(instance_id) == {"look"}
    assert open_jobs(stage) == Counter()


def test_a_chunk_that_fails_is_an_incident_and_the_others_are_kept(
    stage: Stage, post: Post, clock: ManualClock
) -> None:
    post.broken = {2}
    instance_id = begin(stage, 250)
    for attempt in range(1, CHUNK_ATTEMPTS + 1):
        stage.settle()
        assert (progress(stage), letters(stage)) == ((2, 3), 149), "what the broken chunk did is rolled back"
        assert len(stage.incidents(instance_id)) == (attempt == CHUNK_ATTEMPTS)
        clock.advance(seconds=2**attempt)
    stage.settle()
    assert stage.incidents(instance_id) == [
        "Expected chunk 2 of 3 of trial.post to be done, but OSError: the van is broken"
    ]
    assert Counter(post.keys).most_common(1)[0][1] == CHUNK_ATTEMPTS
    post.broken = set()
    (incident_id,) = open_incidents(stage)
    retry_incident(stage.engine, BOSS, incident_id)
    assert stage.incidents(instance_id) == []
    stage.settle()
    assert stage.open(instance_id) == {"look"}
    assert (stage.data(instance_id, "look")["sent"], letters(stage)) == (250, 248)
    assert list(verify(stage.engine)) == []


def test_two_chunks_that_fail_are_tried_again_together(stage: Stage, post: Post, clock: ManualClock) -> None:
    post.broken = {1, 3}
    instance_id = begin(stage, 250)
    for _ in range(CHUNK_ATTEMPTS):
        stage.settle()
        clock.advance(minutes=1)
    assert len(open_incidents(stage)) == 2
    post.broken = set()
    retry_incident(stage.engine, BOSS, open_incidents(stage)[0])
    assert open_incidents(stage) == []
    stage.settle()
    assert stage.data(instance_id, "look")["sent"] == 250


def test_a_business_error_leaves_the_task_and_stops_what_is_left(stage: Stage, post: Post) -> None:
    post.refused = {1}
    instance_id = begin(stage, 250)
    run_due_jobs(stage.engine, limit=1)
    assert stage.outcome(instance_id) == "on_strike"
    stage.settle()
    assert (letters(stage), open_jobs(stage), progress(stage)) == (0, Counter(), None)


@pytest.mark.parametrize("how", ["cancelled", "timed out"])
def test_a_task_that_is_left_stops_what_is_left(stage: Stage, post: Post, clock: ManualClock, how: str) -> None:
    instance_id = begin(stage, 250)
    run_due_jobs(stage.engine, limit=1)
    if how == "cancelled":
        cancel_instance(stage.engine, BOSS, instance_id, "not wanted", lambda _: None)
    else:
        post.broken = {2, 3}
        stage.wait(days=2)
        assert stage.outcome(instance_id) == "too_late"
    stage.settle()
    stage.wait(hours=1)
    assert (letters(stage), open_jobs(stage), progress(stage)) == (100, Counter(), None)


@pytest.mark.parametrize("border", ["before", "after"])
def test_a_worker_killed_with_a_chunk_loses_and_doubles_nothing(
    stage: Stage, post: Post, clock: ManualClock, border: str
) -> None:
    instance_id = begin(stage, 250)
    post.kill_at = border
    for _ in range(3):
        with pytest.raises(Killed):
            run_due_jobs(stage.engine, limit=1)
        assert (letters(stage), progress(stage)) == (0, (0, 3))
    post.kill_at = ""
    stage.settle()
    assert letters(stage) == 0, "the leases of the dead still hold"
    stage.wait(minutes=1)
    assert (letters(stage), stage.data(instance_id, "look")["sent"]) == (248, 250)


@pytest.mark.parametrize("border", ["settle_job", "collect_results"])
def test_a_worker_killed_while_it_ends_the_task_loses_and_doubles_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, border: str
) -> None:
    instance_id = begin(stage, 250)
    run_due_jobs(stage.engine, limit=3)
    assert open_jobs(stage) == {END_BATCH: 1}
    with monkeypatch.context() as patch:
        patch.setattr(batches, border, lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            run_due_jobs(stage.engine)
    assert (progress(stage), stage.open(instance_id)) == ((3, 3), set())
    stage.wait(minutes=1)
    assert stage.data(instance_id, "look")["sent"] == 250
    assert stage.path(instance_id).count("post") == 1


def test_who_lost_the_lease_of_a_chunk_does_nothing(stage: Stage, clock: ManualClock) -> None:
    begin(stage, 50)

    def claim() -> jobs.Job:
        (claimed,) = stage.engine.database.transact(lambda unit: jobs.claim_due(unit.connection, unit.now))
        return claimed

    slow = claim()
    clock.advance(minutes=1)
    fast = claim()
    with pytest.raises(jobs.LeaseLost):
        batches.run_chunk(stage.engine, slow)
    assert letters(stage) == 0
    batches.run_chunk(stage.engine, fast)
    batches.run_chunk(stage.engine, slow)
    assert (letters(stage), progress(stage), open_jobs(stage)) == (50, (1, 1), {END_BATCH: 1})


def test_of_chunks_that_end_at_once_one_is_the_last(stage: Stage, post: Post) -> None:
    begin(stage, 200)
    claimed = stage.engine.database.transact(lambda unit: jobs.claim_due(unit.connection, unit.now))
    together, send = Barrier(len(claimed)), post.send

    def wait_for_the_other(call: ChunkCall, items: list[Plain]) -> Plain:
        result = send(call, items)
        if not stage.engine.database.is_sqlite:  # which has one writer at a time
            together.wait(timeout=20)
        return result

    TOPICS.pop("trial.post")
    batch_topic("trial.post")(post.plan).chunk(wait_for_the_other)
    with ThreadPoolExecutor(len(claimed)) as pool:
        assert list(pool.map(lambda one: batches.run_chunk(stage.engine, one), claimed)) == [None, None]
    assert (progress(stage), open_jobs(stage)) == ((2, 2), {END_BATCH: 1})
