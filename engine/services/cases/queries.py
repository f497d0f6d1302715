"""The cases about one subject, as their two parties see them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, or_, select

from engine.runtime.engine import Engine
from engine.services.cases.tables import service_case
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.keys import KeyRing
from engine.storage.plain import PlainDict


@dataclass(frozen=True)
class CaseSummary:
    """A case and, once it is decided, how and why. Amounts and the ruling are None before.

    The arbiter is not named: the decision is the platform's.
    """

    ref: str
    state: str
    party_a: str
    party_b: str
    disputed_fen: int
    opened_at: datetime
    decided_at: datetime | None
    is_resumed: bool
    pay_fen: int | None
    refund_fen: int | None
    fee_waived: bool
    goodwill_fen: int | None
    goodwill_to: str | None
    fault: str | None
    reasons: str | None
    rule_refs: str | None


def list_cases(engine: Engine, actor: Actor, subject_id: str) -> list[CaseSummary]:
    """The cases about a subject in which the actor's party is one side, in the order they were opened."""
    is_side = or_(service_case.c.party_a == actor.party_id, service_case.c.party_b == actor.party_id)
    query = select(service_case).where(service_case.c.subject_id == subject_id, is_side)
    with engine.database.read() as connection:
        rows = connection.execute(query.order_by(service_case.c.opened_at, service_case.c.ref)).mappings().all()
        return [_summary(connection, engine.keys, row) for row in rows]


def _summary(connection: Connection, keys: KeyRing, row: RowMapping) -> CaseSummary:
    made = {"is_resumed", "fee_waived", "reasons", "rule_refs"}
    values = {name: row[name] for name in CaseSummary.__dataclass_fields__ if name not in made}
    return CaseSummary(
        is_resumed=bool(row["is_resumed"]),
        fee_waived=bool(row["fee_waived"]),
        reasons=_open(connection, keys, row["reasons"]),
        rule_refs=_open(connection, keys, row["rule_refs"]),
        **values,
    )


def _open(connection: Connection, keys: KeyRing, reference: PlainDict | None) -> str | None:
    return vault.open_reference(connection, keys, reference) if reference else None
