"""Migrating running cases: a plan whose cases are tried, chosen, taken over, and put back.

A plan is worked off by jobs of at most 100 cases, one after the other; each case is a step of its own. Whatever is
killed and when, the cases say how far it came.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from engine.definitions.catalogue import PROCESS, Pins
from engine.language.errors import EngineError
from engine.records.history import append_system
from engine.records.jobs import enqueue
from engine.records.migrations import (
    CHOSEN,
    CLEAN,
    DIFFERS,
    DROPPED,
    ENDED,
    LEAVING,
    MIGRATED,
    NEW,
    PAUSED,
    PLANNED,
    REVERTED_FROM,
    REVERTING,
    RUNNING,
    SKIPPED,
    TRIED,
    TRYING,
    Filters,
    add_migration,
    change_items,
    change_migration,
    find_migration,
    list_running,
    lock_migration,
)
from engine.runtime.engine import Engine
from engine.runtime.errors import Forbidden, NotFound
from engine.storage.actor import Actor
from engine.storage.changes import WORK
from engine.storage.database import UnitOfWork
from engine.storage.plain import PlainDict
from engine.storage.tables import definition

KIND = "migrate"  # of the job, and of the step of a case
REVERT = "revert"
STREAM = "system:migrations"
ROLE = "analyst"


class PlanInvalid(EngineError):
    """A plan cannot be made; `field` names what is wrong: source, or renamed, with the `element` that does not fit."""

    def __init__(self, field: str, message: str, element: str = "") -> None:
        super().__init__(message, field=field, element=element)


class NotPossibleNow(EngineError):
    """A migration is in a state in which that cannot be asked of it."""

    def __init__(self, state: str) -> None:
        super().__init__(f"Expected a migration of which that can be asked, but it is {state}", state=state)


@dataclass(frozen=True)
class Draft:
    """What is asked for: versions of one process, where they go, and what is called otherwise there.

    `renamed` is `process/element` to the element of the target.
    """

    sources: tuple[str, ...]
    target: str
    renamed: Mapping[str, str]
    filters: Filters


def plan_migration(engine: Engine, actor: Actor, token: str, draft: Draft) -> str:
    """Makes a plan and begins to try its cases; gives its id, the same one for a repeated token.

    Raises Forbidden for whoever is no analyst, NotFound for a definition that is none of a process, PlanInvalid.
    """
    _require_analyst(actor)

    def work(unit: UnitOfWork) -> str:
        if find_migration(unit.connection, token) is not None:
            return token
        key = _check_draft(unit.connection, draft)
        pins = _pin_target(engine, unit, key, draft.target)
        _check_renamed(engine, unit.connection, pins, key, draft.renamed)
        found = list_running(unit.connection, key, draft.sources, pins.id, draft.filters)
        row = {
            "id": token,
            "process_key": key,
            "target_id": draft.target,
            "pin_set_id": pins.id,
            "sources": [*draft.sources],
            "renamed": dict(draft.renamed),
            "filters": draft.filters.write(),
            "state": TRYING,
            "actor_id": actor.user_id,
            "acting_role": actor.role,
            "created_at": unit.now,
            "ended_at": None,
        }
        add_migration(unit.connection, row, found)
        facts: PlainDict = {"migration": token, "to": draft.target, "sources": [*draft.sources], "cases": len(found)}
        append_system(unit, engine.keys, STREAM, actor, "migration_planned", facts | {"renamed": dict(draft.renamed)})
        go_on(engine, unit, token)
        return token

    return engine.database.transact(work)


def run_migration(
    engine: Engine, actor: Actor, migration_id: str, verdicts: Sequence[str], instance_ids: Sequence[str] | None
) -> int:
    """Takes the tried cases of these verdicts over, or those of them that are named; gives how many are to come.

    Blocked ones never go. Raises Forbidden, NotFound, NotPossibleNow.
    """
    allowed = sorted({CLEAN, DIFFERS} & set(verdicts))

    def work(unit: UnitOfWork) -> int:
        _require_state(unit.connection, actor, migration_id, TRIED, ENDED, RUNNING)
        chosen = change_items(unit.connection, migration_id, unit.now, PLANNED, CHOSEN, allowed or [""], instance_ids)
        if chosen:
            _begin(engine, unit, actor, migration_id, RUNNING, "migration_run", {"cases": chosen})
        return chosen

    return engine.database.transact(work)


def pause_migration(engine: Engine, actor: Actor, migration_id: str) -> None:
    """No further case is moved: it waits for the one that is under way. Raises Forbidden, NotFound, NotPossibleNow."""

    def work(unit: UnitOfWork) -> None:
        _require_state(unit.connection, actor, migration_id, RUNNING)
        change_migration(unit.connection, migration_id, state=PAUSED)
        _tell(engine, unit)

    engine.database.transact(work)


def resume_migration(engine: Engine, actor: Actor, migration_id: str) -> None:
    """Goes on after a pause. Raises Forbidden, NotFound, NotPossibleNow."""

    def work(unit: UnitOfWork) -> None:
        _require_state(unit.connection, actor, migration_id, PAUSED)
        _begin(engine, unit, actor, migration_id, RUNNING, "migration_resumed", {})

    engine.database.transact(work)


def cancel_migration(engine: Engine, actor: Actor, migration_id: str) -> None:
    """Leaves the cases that were not taken over as they are. Raises Forbidden, NotFound, NotPossibleNow."""

    def work(unit: UnitOfWork) -> None:
        _require_state(unit.connection, actor, migration_id, TRYING, TRIED, RUNNING, PAUSED)
        change_items(unit.connection, migration_id, unit.now, CHOSEN, PLANNED)
        change_items(unit.connection, migration_id, unit.now, NEW, SKIPPED)
        change_migration(unit.connection, migration_id, state=DROPPED, ended_at=unit.now)
        append_system(unit, engine.keys, STREAM, actor, "migration_cancelled", {"migration": migration_id})
        _tell(engine, unit)

    engine.database.transact(work)


def revert_migration(engine: Engine, actor: Actor, migration_id: str, instance_ids: Sequence[str] | None = None) -> int:
    """Puts cases back that have not gone on since, all or those named; gives how many are to be tried.

    Raises Forbidden, NotFound, NotPossibleNow.
    """

    def work(unit: UnitOfWork) -> int:
        _require_state(unit.connection, actor, migration_id, *REVERTED_FROM)
        count = change_items(unit.connection, migration_id, unit.now, MIGRATED, LEAVING, (), instance_ids)
        if count:
            change_items(unit.connection, migration_id, unit.now, CHOSEN, PLANNED)
            _begin(engine, unit, actor, migration_id, REVERTING, "migration_reverted", {"cases": count})
        return count

    return engine.database.transact(work)


# --- what a plan must be ------------------------------------------------------------------------------------------
def _require_analyst(actor: Actor) -> None:
    if actor.role != ROLE:
        raise Forbidden("Expected an analyst, but the actor is none", role=actor.role)


def _require_state(connection: Connection, actor: Actor, migration_id: str, *states: str) -> Any:
    """The migration, locked. Raises Forbidden, NotFound, NotPossibleNow."""
    _require_analyst(actor)
    found = lock_migration(connection, migration_id)
    if found is None:
        raise NotFound("migration", migration_id)
    if found.state not in states:
        raise NotPossibleNow(found.state)
    return found


def _check_draft(connection: Connection, draft: Draft) -> str:
    """The key of the process the draft is about. Raises NotFound, PlanInvalid."""
    query = select(definition.c.id, definition.c.key).where(
        definition.c.id.in_([*draft.sources, draft.target]), definition.c.kind == PROCESS
    )
    keys = {row.id: row.key for row in connection.execute(query)}
    if draft.target not in keys:
        raise NotFound("definition", draft.target)
    if not draft.sources or any(keys.get(one) != keys[draft.target] for one in draft.sources):
        raise PlanInvalid("source", "Expected versions of the process of the target, but there are none or others")
    return str(keys[draft.target])


def _pin_target(engine: Engine, unit: UnitOfWork, key: str, target: str) -> Pins:
    """The newest version of everything, of the process itself the one that was chosen."""
    return engine.catalogue.pin(unit.connection, {PROCESS: {key: target}})


def _check_renamed(engine: Engine, connection: Connection, pins: Pins, key: str, renamed: Mapping[str, str]) -> None:
    """No two elements become one, and each new name is one of the target. Raises PlanInvalid."""
    specs = engine.catalogue.process(connection, pins, key)
    there = {(process.partition("@")[0], element) for process, element in specs.elements}
    pairs = [(old.partition("/")[0], new) for old, new in renamed.items()]
    for process, new in pairs:
        if (process, new) not in there or pairs.count((process, new)) > 1:
            message = f"Expected an element of the target for one of the source, but got {new!r}"
            raise PlanInvalid("renamed", message, f"{process}/{new}")


def _begin(
    engine: Engine, unit: UnitOfWork, actor: Actor, migration_id: str, state: str, kind: str, facts: PlainDict
) -> None:
    """What is done from now on is done by this actor."""
    values = {"state": state, "ended_at": None, "actor_id": actor.user_id, "acting_role": actor.role}
    change_migration(unit.connection, migration_id, **values)
    append_system(unit, engine.keys, STREAM, actor, kind, {"migration": migration_id, **facts})
    go_on(engine, unit, migration_id)


def go_on(engine: Engine, unit: UnitOfWork, migration_id: str) -> None:
    """Asks for a job that does the next cases; at most one is open."""
    enqueue(unit.connection, unit.now, KIND, {"migration": migration_id}, key=f"{KIND}:{migration_id}")
    _tell(engine, unit)


def _tell(engine: Engine, unit: UnitOfWork) -> None:
    unit.after_commit.append(lambda: engine.changes.publish((WORK,)))
