"""Instances started at the same moment, on both databases."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from engine.services.orders.commands import create_order
from engine.storage.ids import new_id
from engine.storage.tables import instance, pin_set
from tests.support.stage import Stage

THREADS = 8


def at_once(work: Callable[[], str]) -> list[str]:
    """What each of THREADS threads got that did the same at the same moment."""
    together = threading.Barrier(THREADS)

    def run(_number: int) -> str:
        together.wait(30)
        return work()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_the_first_starts_after_a_deployment_share_their_pins(any_stage: Stage) -> None:
    ann = any_stage.person("ann")
    started = at_once(lambda: create_order(any_stage.engine, ann, new_id()))
    assert len(set(started)) == THREADS
    with any_stage.engine.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(pin_set)).scalar_one() == 1


def test_a_start_sent_several_times_at_once_happens_once(any_stage: Stage) -> None:
    ann, token = any_stage.person("ann"), new_id()
    started = at_once(lambda: create_order(any_stage.engine, ann, token))
    assert len(set(started)) == 1
    with any_stage.engine.database.read() as connection:
        assert connection.execute(select(instance.c.id)).scalars().all() == started[:1]
