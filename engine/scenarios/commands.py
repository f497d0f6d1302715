"""What people do beside their tasks, by the name a scenario calls it: the commands of the services."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache

from engine.commands.work import settle
from engine.records.jobs import enqueue
from engine.runtime.engine import Engine
from engine.scenarios.errands import lose_routes, report, take_errand
from engine.scenarios.items import begin_change, hand_out_checked_item, hand_out_item, resend_item, send_item
from engine.scenarios.lists import follow_link, import_express_list, leave_out_line
from engine.scenarios.pasts import (
    hold_code,
    hold_number,
    invite_person,
    owe_agreement,
    register_enterprise,
    register_individual,
    suspend,
)
from engine.scenarios.repairs import ask_for_repair, call_off_repair, leave_out, return_repairer
from engine.services.agreements.filling import sign_agreements
from engine.services.cases.commands import add_evidence, open_case, withdraw_case
from engine.services.errands.commands import cancel_errand, create_errand, dispute_errand, release_errand
from engine.services.express.commands import cancel_express_task, create_express_task
from engine.services.ledger import rules, settling
from engine.services.ledger.fees import BPS, FeeTerms, compute_settlement
from engine.services.ledger.rules import Book, Origin
from engine.services.onboarding.enterprises import withdraw_onboarding
from engine.services.onboarding.filling import enter_test_amount
from engine.services.orders.commands import (
    create_order,
    open_dispute,
    release_order,
    request_cancellation,
    take_order,
)
from engine.services.payments.limits import set_spend_limit
from engine.services.payments.methods import set_payout_method
from engine.services.payments.payments import start_top_up
from engine.services.payments.simulator import SIMULATOR
from engine.services.payments.withdrawals import request_payout
from engine.services.reconciliation.jobs import RECONCILE
from engine.services.reconciliation.lists import list_differences
from engine.services.repairs.commands import open_order
from engine.services.todos.commands import add_item
from engine.services.work_tasks.applications import apply_for_task, withdraw_application
from engine.services.work_tasks.commands import cancel_engagement, cancel_task, create_work_task, dispute_engagement
from engine.services.work_tasks.improving import improve_task
from engine.services.work_tasks.negotiating import revise_offer
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict


def limit_spending(engine: Engine, actor: Actor, user_id: str, limit_fen: int) -> None:
    """From this amount on, in fen, somebody's expense needs the consent of the actor's organisation."""
    engine.database.transact(lambda unit: set_spend_limit(unit.connection, actor.party_id, user_id, limit_fen))


def pay_fee(engine: Engine, actor: Actor, amount_fen: int) -> None:
    """The actor's wallet pays the platform a fee in full, for an order of the past; the money lies at the bank."""
    terms = FeeTerms(rate_bps=BPS, min_fen=0, max_fen=None, vat_bps=600)

    def work(unit: UnitOfWork) -> None:
        ref = new_id()
        book = Book(unit.connection, engine.keys, Origin(ref, unit.now, actor.user_id, ref, ref, "settle_reward"))
        rules.provider_settlement(book, provider=SIMULATOR, amount_fen=amount_fen, cost_fen=0)
        book = replace(book, origin=replace(book.origin, key=f"{ref}:freeze"))
        rules.freeze(book, payer=actor.party_id, escrow_ref=ref, amount_fen=amount_fen)
        split = compute_settlement(amount_fen, terms)
        whole = {"escrow_ref": ref, "payee": actor.party_id, "process_key": "hire_order"}
        settling.settle(book, terms=terms.as_plain(), split=split, **whole)

    engine.database.transact(work)


def spend(engine: Engine, actor: Actor, amount_fen: int) -> None:
    """The actor freezes money for something else."""

    def work(unit: UnitOfWork) -> None:
        ref = new_id()
        book = Book(unit.connection, engine.keys, Origin(ref, unit.now, actor.user_id, ref, ref, "freeze_funds"))
        rules.freeze(book, payer=actor.party_id, escrow_ref=ref, amount_fen=amount_fen)

    engine.database.transact(work)


def reconcile_today(engine: Engine, actor: Actor) -> str:
    """The provider's file of this day is read now, and from then on one every night; gives the case of the first
    difference, if there is one.
    """
    today = engine.clock().astimezone(engine.zone).date().isoformat()
    engine.database.transact(lambda unit: enqueue(unit.connection, unit.now, RECONCILE, {"day": today}, key=RECONCILE))
    settle(engine)
    with engine.database.read() as connection:
        found = list_differences(connection, is_open=True, limit=1)
    return found[0].instance_id or "" if found else ""


COMMANDS: Mapping[str, Callable[..., object]] = {
    command.__name__: command
    for command in (
        create_order,
        take_order,
        release_order,
        request_cancellation,
        open_dispute,
        open_case,
        add_evidence,
        withdraw_case,
        set_payout_method,
        limit_spending,
        create_work_task,
        apply_for_task,
        withdraw_application,
        cancel_task,
        cancel_engagement,
        dispute_engagement,
        revise_offer,
        improve_task,
        create_express_task,
        cancel_express_task,
        import_express_list,
        leave_out_line,
        follow_link,
        sign_agreements,
        pay_fee,
        spend,
        reconcile_today,
        request_payout,
        add_item,
        begin_change,
        send_item,
        resend_item,
        hand_out_item,
        hand_out_checked_item,
        start_top_up,
        register_individual,
        invite_person,
        hold_number,
        owe_agreement,
        suspend,
        register_enterprise,
        hold_code,
        enter_test_amount,
        withdraw_onboarding,
        ask_for_repair,
        open_order,
        leave_out,
        return_repairer,
        call_off_repair,
        create_errand,
        take_errand,
        release_errand,
        cancel_errand,
        dispute_errand,
        report,
        lose_routes,
    )
}
_GIVEN = frozenset({"engine", "actor", "token", "order_id", "task_id", "subject_id", "case_id"})


@lru_cache
def asks_for(name: str) -> Mapping[str, inspect.Parameter]:
    """What a scenario says of a command: its parameters but engine, actor, token and the case."""
    parameters = inspect.signature(COMMANDS[name]).parameters
    return {key: one for key, one in parameters.items() if key not in _GIVEN}


def run_command(engine: Engine, actor: Actor, name: str, case_id: str | None, values: PlainDict) -> object:
    """Runs a command of a person, on the case if it concerns one. Raises whatever the command raises."""
    command = COMMANDS[name]
    own = {"engine": engine, "actor": actor, "token": new_id()}
    own |= dict.fromkeys(("order_id", "task_id", "subject_id", "case_id"), case_id)
    wanted = inspect.signature(command).parameters
    return command(**{key: value for key, value in own.items() if key in wanted}, **values)
