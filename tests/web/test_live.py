"""Live updates: what listeners hear of steps, between processes too, and who may listen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from engine.commands.deployments import deploy
from engine.commands.tasks import FormRejected
from engine.runtime.engine import Engine
from engine.storage.changes import WORK, Changes, case_topic
from engine.storage.database import UnitOfWork
from engine.storage.settings import Settings
from engine.storage.tables import subject_key
from tests.support.clock import ManualClock
from tests.support.definitions import two_tasks
from tests.support.stage import BOSS, Stage
from tests.web.bazaar import Bazaar
from web.live import SHARE_OF_THREADS, start_relay

HEARD_SECONDS = 10.0


@pytest.fixture
def trial(any_engine: Engine, clock: ManualClock) -> Stage:
    deploy(any_engine, BOSS, two_tasks())
    return Stage(any_engine, clock)


def test_listeners_hear_of_steps_that_were_committed(trial: Stage) -> None:
    ann = trial.person("ann")
    instance_id = trial.start(ann, "trial", {"who": "ann"})
    other_id = trial.start(ann, "trial", {"who": "ann"})
    changes = trial.engine.changes
    with changes.listen([WORK, case_topic(instance_id)]) as mine, changes.listen([case_topic(other_id)]) as other:
        with pytest.raises(FormRejected):
            trial.do(ann, instance_id, "fill", {"note": ""})
        assert mine.wait(0) == frozenset()
        trial.do(ann, instance_id, "fill", {"note": "hello"})
        assert mine.wait(0) == {WORK, case_topic(instance_id)}
        assert other.wait(0) == frozenset()


def test_listeners_hear_nothing_before_the_commit_and_nothing_of_what_was_rolled_back(any_engine: Engine) -> None:
    heard: list[frozenset[str]] = []
    with any_engine.changes.listen([WORK]) as listener:

        def work(unit: UnitOfWork, is_failing: bool) -> None:
            unit.connection.execute(insert(subject_key).values(subject_id=f"s{is_failing}"))
            unit.after_commit.append(lambda: any_engine.changes.publish([WORK]))
            heard.append(listener.wait(0))
            if is_failing:
                raise LookupError

        with pytest.raises(LookupError):
            any_engine.database.transact(lambda unit: work(unit, True))
        any_engine.database.transact(lambda unit: work(unit, False))
        heard.append(listener.wait(0))
    assert heard == [frozenset(), frozenset(), {WORK}]


def test_a_closed_bulletin_keeps_nobody_waiting() -> None:
    changes = Changes()
    early = changes.add([WORK])
    changes.close()
    for listener in (early, changes.add([WORK])):
        assert listener.wait(HEARD_SECONDS) == frozenset()
        assert listener.is_closed


@pytest.fixture
def neighbour(database_url: str, tmp_path: Path, any_engine: Engine) -> Iterator[Engine]:
    """A second process on the same database."""
    engine = Engine(Settings(database_url=database_url, data_dir=tmp_path), ManualClock())
    yield engine
    engine.close()


def test_processes_on_one_postgres_tell_each_other(trial: Stage, neighbour: Engine) -> None:
    relays = [start_relay(engine) for engine in (trial.engine, neighbour)]
    if trial.engine.database.is_sqlite:
        assert relays == [None, None]
        return
    started = [relay for relay in relays if relay]
    try:
        assert all(relay.is_listening.wait(HEARD_SECONDS) for relay in started)
        ann = trial.person("ann")
        with neighbour.changes.listen([WORK]) as listener:
            trial.start(ann, "trial", {"who": "ann"})
            assert listener.wait(HEARD_SECONDS) == {WORK}
    finally:
        for relay in started:
            relay.stop()


def test_streams_say_that_but_not_what_and_are_few(stage: Stage) -> None:
    bazaar = Bazaar(stage)
    order_id = bazaar.draft()
    task_id = stage.task_id(bazaar.actor("li"), order_id, "describe_demand")
    li, zhou = bazaar.visit("li"), bazaar.visit("zhou")
    places = stage.engine.settings.threads // SHARE_OF_THREADS
    assert zhou.get(f"/live/tasks/{task_id}").status_code == 404
    streams = [li.client.get(f"/live/tasks/{task_id}", buffered=False, **li.options) for _ in range(places)]
    assert zhou.get("/live/inbox").status_code == 204
    streams.pop().close()
    last = zhou.client.get("/live/inbox", buffered=False, **zhou.options)
    assert (last.status_code, last.mimetype) == (200, "text/event-stream")
    told = iter(last.response)
    assert next(told) == b"retry: 3000\n\n"
    bazaar.draft()
    assert next(told) == b"data: changed\n\n"
    stage.engine.changes.close()
    assert list(told) == []
    for stream in (*streams, last):
        stream.close()
