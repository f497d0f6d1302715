"""Recorded cases played again, one or many, on their own versions or on others. Nothing is written."""

from collections.abc import Iterator, Sequence

from sqlalchemy import bindparam, select

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.replay import Replay, Target, read_cases, replay
from engine.runtime.step import ACTIVE, CANCELLED, COMPLETED
from engine.storage.actor import SYSTEM, Actor
from engine.storage.prepared import Prepared
from engine.storage.tables import instance

REPLAYERS = frozenset({"analyst", "auditor", "platform_operator", SYSTEM.role})
READ_AT_ONCE = 50
STATUSES = (ACTIVE, COMPLETED, CANCELLED)
_LAST = Prepared(
    select(instance.c.id)
    .where(instance.c.process_key == bindparam("process_key"), instance.c.status == bindparam("status"))
    .order_by(instance.c.id.desc())
    .limit(bindparam("limit"))
)


def replay_case(engine: Engine, actor: Actor, instance_id: str, target: Target) -> Replay:
    """One case. Raises NotFound, and as `replay_cases` does."""
    found = next(replay_cases(engine, actor, [instance_id], target), None)
    if found is None:
        raise NotFound("case", instance_id)
    return found


def list_last_cases(engine: Engine, actor: Actor, process_key: str, limit: int) -> list[str]:
    """The ids of the cases of a process begun last, the newest first. Raises NotFound for who may not replay."""
    _require_replayer(actor)
    wanted = {"process_key": process_key, "limit": limit}
    with engine.database.read() as connection:  # one look into the index for each status, however many there are
        found = [row.id for status in STATUSES for row in _LAST.all(connection, wanted | {"status": status})]
    return sorted(found, reverse=True)[:limit]


def replay_cases(engine: Engine, actor: Actor, instance_ids: Sequence[str], target: Target) -> Iterator[Replay]:
    """One result after the other, in the order of the ids, so that whoever asks can tell how far it is.

    Few cases are in memory at once, and no connection is held while one is played. Ids that are not there are left
    out. Raises NotFound for who may not replay, DefinitionUnparsable and UnknownDefinition for what cannot be
    replayed on, and SandboxBusy.
    """
    _require_replayer(actor)
    for start in range(0, len(instance_ids), READ_AT_ONCE):
        with engine.database.read() as connection:
            cases = read_cases(connection, instance_ids[start : start + READ_AT_ONCE])
        for case in cases:
            yield replay(case, target, engine.replay_sandbox)


def _require_replayer(actor: Actor) -> None:
    if actor.role not in REPLAYERS:
        raise NotFound("case", "")
