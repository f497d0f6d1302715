"""The jobs of a migration: at most 100 cases each, one job after the other, each case in a step of its own.

Whatever is killed and when, the cases themselves say how far it came.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from engine.commands.migrations import KIND, REVERT, go_on
from engine.language.errors import TryAgain
from engine.language.migration import MigrationBlocked
from engine.records.jobs import Job, settle_job
from engine.records.migrations import (
    BLOCKED,
    CHOSEN,
    CLEAN,
    DIFFERS,
    ENDED,
    FAILED,
    LEAVING,
    MIGRATED,
    PLANNED,
    REVERTED,
    REVERTING,
    RUNNING,
    SKIPPED,
    TO_DO,
    TRIED,
    TRYING,
    change_item,
    change_migration,
    drop_items,
    find_item,
    find_migration,
    hold_state,
    lock_migration,
    next_items,
)
from engine.runtime.engine import Engine
from engine.runtime.errors import InstanceClosed
from engine.runtime.migration import Goal, migrate, revert
from engine.runtime.migration_trial import Trial, Verdict
from engine.runtime.reconsidering import read_renamed
from engine.runtime.step import Command, Step, run_step
from engine.storage.actor import PLATFORM, Actor
from engine.storage.changes import WORK
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain
from engine.storage.tables import instance

log = logging.getLogger(__name__)


def work_on_migration(engine: Engine, claimed: Job) -> None:
    """Does the next hundred cases of a migration, and asks for the job after this one."""
    migration_id = str(claimed.payload["migration"])
    with engine.database.read() as connection:
        plan = find_migration(connection, migration_id)
        wanted = TO_DO.get(plan.state)
        items = next_items(connection, migration_id, wanted) if wanted else []
        goal = Goal(plan.process_key, engine.catalogue.pins(connection, plan.pin_set_id), read_renamed(plan.renamed))
    if plan.state == TRYING and items:
        _try_items(engine, plan, goal, items)
    with suppress(_Stopped):
        for one in items if plan.state == RUNNING else ():
            _take_over(engine, plan, goal, one)
        for one in items if plan.state == REVERTING else ():
            _put_back(engine, plan, one)

    def settle(unit: UnitOfWork) -> None:
        settle_job(unit.connection, claimed)
        now = lock_migration(unit.connection, migration_id)
        if now.state in TO_DO and next_items(unit.connection, migration_id, TO_DO[now.state]):
            go_on(engine, unit, migration_id)
        elif now.state in TO_DO:
            after = TRIED if now.state == TRYING else ENDED
            ended = {} if after == TRIED else {"ended_at": unit.now}
            change_migration(unit.connection, migration_id, state=after, **ended)
        unit.after_commit.append(lambda: engine.changes.publish((WORK,)))

    engine.database.transact(settle)


def _try_items(engine: Engine, plan: Any, goal: Goal, ids: Sequence[str]) -> None:
    """Judges cases on copies; those that wait elsewhere than the filter says are taken out of the plan."""
    trial, wanted = Trial(engine, goal, engine.clock()), plan.filters.get("element")
    verdicts: dict[str, Verdict | None] = {}
    versions: dict[str, int] = {}
    with engine.database.read() as connection:
        for found in connection.execute(select(instance).where(instance.c.id.in_(ids))):
            row = found._asdict()
            is_open = row["status"] == "active" and row["pin_set_id"] != plan.pin_set_id
            verdict = _judge(trial, connection, row) if is_open else None
            if verdict is not None and (not wanted or wanted in (*verdict.places, *verdict.around)):
                verdicts[row["id"]], versions[row["id"]] = verdict, row["version"]

    def work(unit: UnitOfWork) -> None:
        if hold_state(unit.connection, plan.id) != TRYING:
            return
        drop_items(unit.connection, plan.id, [one for one in ids if verdicts.get(one) is None])
        for instance_id, verdict in verdicts.items():
            assert verdict is not None
            values = _describe(verdict) | {"state": PLANNED, "version": versions[instance_id]}
            change_item(unit.connection, plan.id, instance_id, unit.now, **values)

    engine.database.transact(work)


def _judge(trial: Trial, connection: Connection, row: Mapping[str, Any]) -> Verdict:
    """What is wrong with one case must not stop the others."""
    try:
        return trial.judge(connection, row)
    except (DBAPIError, TryAgain):
        raise
    except Exception as error:
        log.exception("trial of case %s failed", row["id"])
        return Verdict(BLOCKED, reason=FAILED, facts={"problem": str(error)[:500]})


def _take_over(engine: Engine, plan: Any, goal: Goal, instance_id: str) -> None:
    """One case in a step of its own. If it moved since the trial it is tried anew under its lock."""

    def act(step: Step) -> Plain:
        _go_on_only(step, plan.id, RUNNING)
        found = find_item(step.connection, plan.id, instance_id)
        if found is None or found.state != CHOSEN:
            raise _Skipped("")
        if step.row["pin_set_id"] == plan.pin_set_id:
            raise _Skipped("there")
        verdict = None
        if step.row["version"] != found.version:
            verdict = Trial(engine, goal, step.now).judge(step.connection, step.row)
            if verdict.kind == BLOCKED or (verdict.kind == DIFFERS and found.verdict == CLEAN):
                raise _Skipped("moved_on", verdict)
        snapshot = migrate(step, goal, plan.id)
        values = {"state": MIGRATED, "version": step.row["version"] + 1, "snapshot": snapshot}
        values |= {} if verdict is None else _describe(verdict)
        change_item(step.connection, plan.id, instance_id, step.now, **values)
        return None

    _do(engine, plan, instance_id, Command(KIND, _actor_of(plan), act))


def _put_back(engine: Engine, plan: Any, instance_id: str) -> None:
    """One case in a step of its own, if nothing has happened since it was taken over."""

    def act(step: Step) -> Plain:
        _go_on_only(step, plan.id, REVERTING)
        found = find_item(step.connection, plan.id, instance_id)
        if found is None or found.state != LEAVING:
            raise _Skipped("")
        if found.snapshot is None or step.row["version"] != found.version:
            raise _Skipped("gone_on")
        revert(step, found.snapshot, plan.id)
        change_item(step.connection, plan.id, instance_id, step.now, state=REVERTED, snapshot=None, reason=None)
        return None

    _do(engine, plan, instance_id, Command(REVERT, _actor_of(plan), act))


class _Stopped(Exception):
    """The migration was paused or cancelled: no further case of it."""


def _go_on_only(step: Step, migration_id: str, state: str) -> None:
    """Whoever pauses waits for the case that is under way, and none comes after it. Raises _Stopped."""
    if hold_state(step.connection, migration_id) != state:
        raise _Stopped


class _Skipped(Exception):
    """A case is left as it is; without a reason its item is as well."""

    def __init__(self, reason: str, verdict: Verdict | None = None) -> None:
        super().__init__(reason)
        self.reason, self.verdict = reason, verdict


def _do(engine: Engine, plan: Any, instance_id: str, command: Command) -> None:
    """What is wrong with one case must not stop the others."""
    stays = MIGRATED if command.kind == REVERT else SKIPPED
    values: dict[str, object]
    try:
        run_step(engine, instance_id, command)
        return
    except (DBAPIError, TryAgain, _Stopped):
        raise
    except _Skipped as skipped:
        if not skipped.reason:
            return
        values = {} if skipped.verdict is None else _describe(skipped.verdict)
        values |= {"state": stays} | ({} if skipped.verdict is not None else {"reason": skipped.reason})
    except InstanceClosed:
        values = {"state": stays, "reason": "closed"}
    except MigrationBlocked as blocked:
        values = {"state": stays, "verdict": BLOCKED, "reason": blocked.reason}
        values |= {"process_key": blocked.process, "element": blocked.element, "facts": blocked.facts}
    except Exception as error:
        log.exception("migration of case %s failed", instance_id)
        values = {"state": FAILED, "reason": FAILED, "facts": {"problem": str(error)[:500]}}
    engine.database.transact(lambda unit: change_item(unit.connection, plan.id, instance_id, unit.now, **values))


def _describe(verdict: Verdict) -> dict[str, object]:
    return {
        "verdict": verdict.kind,
        "reason": verdict.reason or None,
        "process_key": verdict.process_key or None,
        "element": verdict.element or None,
        "facts": verdict.facts or None,
        "places": [*verdict.places],
    }


def _actor_of(plan: Any) -> Actor:
    return Actor(plan.actor_id, PLATFORM, plan.acting_role)
