"""What an enterprise sees of a work task of its own: who signed up, and where its money is. Reading only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from engine.queries.page import MAX_LIMIT
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.ledger import accounts
from engine.services.ledger.tables import account, journal, posting
from engine.services.work_tasks.candidates import Record, find_features, read_records
from engine.services.work_tasks.states import FINAL_ENGAGEMENT, SELECT_TASK
from engine.services.work_tasks.tables import application, engagement
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.tables import party

PAID = frozenset({"settled", "settled_partially", "disputed_paid"})
CASES = frozenset({"disputed", "disputed_paid", "disputed_refunded"})


@dataclass(frozen=True)
class Applicant:
    """Somebody who signed up. Before the award his name is masked, and he has no page (B.6.7). `completion_bps` and
    `stars` are None for who has not worked before; `reason` is why he was awarded a seat, or not.
    """

    sequence: int
    state: str
    name_zh: str
    name_en: str
    worker_id: str | None
    message: str | None
    amount_fen: int | None
    quantity: int
    waiting_rank: int | None
    stars: float | None
    completion_bps: int | None
    match_bps: int | None
    reason: Mapping[str, Any]


@dataclass(frozen=True)
class Money:
    """Where the money of a work task is, in fen: frozen for it and its engagements, paid out (gross, and what workers
    received of it), and given back.
    """

    frozen_fen: int
    paid_fen: int
    net_fen: int
    returned_fen: int


@dataclass(frozen=True)
class Oversight:
    """All of it."""

    applicants: list[Applicant]
    money: Money


@dataclass(frozen=True)
class Reliability:
    """How an enterprise treats its workers: engagements it paid, those in dispute or decided, of all that ended."""

    paid: int
    disputed: int
    ended: int


def oversee(engine: Engine, actor: Actor, task_id: str) -> Oversight:
    """A work task for its enterprise. Raises NotFound."""
    with engine.database.read() as connection:
        task = connection.execute(SELECT_TASK, {"task_id": task_id}).mappings().one_or_none()
        if task is None or task["enterprise_id"] != actor.party_id:
            raise NotFound("work_task", task_id)
        return Oversight(_list_applicants(engine, connection, task), _read_money(connection, task))


def read_reliability(connection: Connection, enterprise_id: str) -> Reliability:
    """See `Reliability`."""
    query = select(engagement.c.state, func.count()).where(engagement.c.enterprise_id == enterprise_id)
    counts = {str(state): int(count) for state, count in connection.execute(query.group_by(engagement.c.state))}
    paid, disputed, ended = (
        sum(counts.get(state, 0) for state in states) for states in (PAID, CASES, FINAL_ENGAGEMENT)
    )
    return Reliability(paid, disputed, ended)


def _list_applicants(engine: Engine, connection: Connection, task: RowMapping) -> list[Applicant]:
    query = (
        select(application, party.c.name_zh, party.c.name_en)
        .join(party, party.c.id == application.c.worker_id)
        .where(application.c.task_id == task["id"], application.c.state != "withdrawn")
        .order_by(application.c.sequence)
        .limit(MAX_LIMIT)
    )
    rows = connection.execute(query).mappings().all()
    records = read_records(connection, [row["worker_id"] for row in rows])
    return [_read_applicant(engine, connection, task, row, records[row["worker_id"]]) for row in rows]


def _read_applicant(
    engine: Engine, connection: Connection, task: RowMapping, row: RowMapping, record: Record
) -> Applicant:
    is_known = row["state"] == "awarded"
    features, reason, message = find_features(task, row, record), row["award_reason"], row["message"]
    return Applicant(
        sequence=row["sequence"],
        state=row["state"],
        name_zh=row["name_zh"] if is_known else f"{row['name_zh'][:1]}**",
        name_en=row["name_en"] if is_known else f"{row['name_en'][:1]}**",
        worker_id=row["worker_id"] if is_known else None,
        message=vault.open_reference(connection, engine.keys, message) if isinstance(message, dict) else None,
        amount_fen=row["agreed_fen"] or row["offer_fen"],
        quantity=row["quantity_wish"],
        waiting_rank=row["waiting_rank"],
        stars=record.stars / record.ratings if record.ratings else None,
        completion_bps=features["completion"] if record.ended else None,
        match_bps=features["qualification"] if task["qualification_reqs"] else None,
        reason=reason if isinstance(reason, dict) else {},
    )


def _read_money(connection: Connection, task: RowMapping) -> Money:
    mine = engagement.c.task_id == task["id"]
    ids = [task["id"], *connection.execute(select(engagement.c.id).where(mine)).scalars()]
    codes = [code for one in ids for code in (accounts.escrow(one), accounts.guarantee(one))]
    frozen_fen = sum(
        connection.execute(select(func.coalesce(func.sum(account.c.balance_fen), 0)).where(account.c.code.in_(part)))
        .scalars()
        .one()
        for part in _in_parts(codes)
    )
    paid = connection.execute(
        select(
            func.coalesce(func.sum(engagement.c.paid_fen), 0), func.coalesce(func.sum(engagement.c.net_fen), 0)
        ).where(mine)
    ).one()
    back = (
        select(func.coalesce(func.sum(-posting.c.amount_fen), 0))
        .join(journal, journal.c.id == posting.c.journal_id)
        .where(posting.c.account == accounts.wallet(task["enterprise_id"]), posting.c.amount_fen < 0)
    )
    returned_fen = sum(
        int(connection.execute(back.where(journal.c.order_ref.in_(part))).scalars().one()) for part in _in_parts(ids)
    )
    return Money(int(frozen_fen), int(paid[0]), int(paid[1]), returned_fen)


def _in_parts(values: list[str], size: int = 500) -> list[list[str]]:
    """Databases take a limited number of values at a time."""
    return [values[start : start + size] for start in range(0, len(values), size)]
