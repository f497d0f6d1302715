"""What people do beside their tasks, by the name a scenario calls it: the commands of the services."""

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache

from engine.runtime.engine import Engine
from engine.services.orders.commands import (
    create_order,
    open_dispute,
    release_order,
    request_cancellation,
    take_order,
)
from engine.services.payments.limits import set_spend_limit
from engine.services.payments.methods import set_payout_method
from engine.services.work_tasks.applications import apply_for_task, withdraw_application
from engine.services.work_tasks.commands import cancel_engagement, cancel_task, create_work_task, dispute_engagement
from engine.services.work_tasks.negotiating import revise_offer
from engine.storage.actor import Actor
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict


def limit_spending(engine: Engine, actor: Actor, user_id: str, limit_fen: int) -> None:
    """From this amount on, in fen, somebody's expense needs the consent of the actor's organisation."""
    engine.database.transact(lambda unit: set_spend_limit(unit.connection, actor.party_id, user_id, limit_fen))


COMMANDS: Mapping[str, Callable[..., object]] = {
    command.__name__: command
    for command in (
        create_order,
        take_order,
        release_order,
        request_cancellation,
        open_dispute,
        set_payout_method,
        limit_spending,
        create_work_task,
        apply_for_task,
        withdraw_application,
        cancel_task,
        cancel_engagement,
        dispute_engagement,
        revise_offer,
    )
}
_GIVEN = frozenset({"engine", "actor", "token", "order_id", "task_id"})


@lru_cache
def asks_for(name: str) -> Mapping[str, inspect.Parameter]:
    """What a scenario says of a command: its parameters but engine, actor, token and the case."""
    parameters = inspect.signature(COMMANDS[name]).parameters
    return {key: one for key, one in parameters.items() if key not in _GIVEN}


def run_command(engine: Engine, actor: Actor, name: str, case_id: str | None, values: PlainDict) -> object:
    """Runs a command of a person, on the case if it concerns one. Raises whatever the command raises."""
    command = COMMANDS[name]
    own = {"engine": engine, "actor": actor, "token": new_id(), "order_id": case_id, "task_id": case_id}
    wanted = inspect.signature(command).parameters
    return command(**{key: value for key, value in own.items() if key in wanted}, **values)
