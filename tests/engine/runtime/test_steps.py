"""One step after the other, on what the one before has left."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from bench import world
from bench.diagrams import pair
from engine.commands.deployments import deploy
from engine.runtime.engine import Engine
from engine.runtime.step import Command, Step
from engine.storage.actor import SYSTEM
from engine.storage.database import UnitOfWork
from engine.storage.tables import history, instance, task


def test_a_step_on_what_was_before_another_step_is_refused_and_leaves_nothing(any_engine: Engine) -> None:
    """No command makes one: it would have read the row without its lock."""
    deploy(any_engine, SYSTEM, pair())
    case = world.start(any_engine, "pair")
    before = _look(any_engine)
    world.complete_next(any_engine, case)
    after = _look(any_engine)

    def cancel(unit: UnitOfWork) -> None:
        step = Step(any_engine, unit, dict(before[0][0]), Command("cancel", SYSTEM, lambda _: None))
        step.case.cancel()
        step.close({})

    with pytest.raises(IntegrityError, match="history"):
        any_engine.database.transact(cancel)
    assert _look(any_engine) == after
    world.complete_next(any_engine, case)
    assert _look(any_engine)[0][0]["status"] == "completed"


def _look(engine: Engine) -> list[list[Any]]:
    with engine.database.read() as connection:
        return [[*connection.execute(select(one)).mappings()] for one in (instance, task, history)]
