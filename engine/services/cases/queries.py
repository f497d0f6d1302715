"""Cases as their two parties see them: both the same."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, RowMapping, func, or_, select

from engine.runtime.engine import Engine
from engine.services.cases.commands import fetch_own
from engine.services.cases.entries import list_entries
from engine.services.cases.subjects import find_subject
from engine.services.cases.tables import score_effect, service_case
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict

LIST_ROWS = 100


@dataclass(frozen=True)
class CaseSummary:
    """A case and, once it is decided, how and why. Amounts and the ruling are None before.

    `turn`: whose answer is awaited, `turn_party` where it is one party's, `turn_due_at` when silence counts.
    The arbiter is not named: the decision is the platform's.
    """

    ref: str
    number: str | None
    kind: str | None
    subject_id: str
    category: str
    instance_id: str
    state: str
    party_a: str
    party_b: str
    payer: str
    payee: str
    disputed_fen: int
    claim_fen: int | None
    opened_at: datetime
    turn: str | None
    turn_party: str | None
    turn_due_at: datetime | None
    outcome: str | None
    round: int | None
    decided_at: datetime | None
    closed_at: datetime | None
    is_resumed: bool
    pay_fen: int | None
    refund_fen: int | None
    fee_waived: bool
    goodwill_fen: int | None
    goodwill_to: str | None
    fault: str | None
    reasons: str | None
    rule_refs: str | None
    context_sha256: str | None


@dataclass(frozen=True)
class Entry:
    """A line of the timeline. `text`: None where nothing was said, or its author was erased."""

    number: int
    at: datetime
    kind: str
    party_id: str | None
    text: str | None
    files: list[Plain]
    pay_fen: int | None
    refund_fen: int | None


@dataclass(frozen=True)
class CaseView:
    """One case as its page shows it. `scores`: what the decision took from the score of each party, or gave it."""

    summary: CaseSummary
    title: str
    entries: list[Entry]
    scores: dict[str, int]


def list_cases(engine: Engine, actor: Actor, subject_id: str) -> list[CaseSummary]:
    """The cases about a subject in which the actor's party is one side, in the order they were opened."""
    return _list(engine, actor, service_case.c.subject_id == subject_id)


def list_own_cases(engine: Engine, actor: Actor) -> list[CaseSummary]:
    """The latest cases of the actor's party, newest first."""
    return _list(engine, actor)[::-1][:LIST_ROWS]


def _list(engine: Engine, actor: Actor, *conditions: ColumnElement[bool]) -> list[CaseSummary]:
    is_side = or_(service_case.c.party_a == actor.party_id, service_case.c.party_b == actor.party_id)
    query = select(service_case).where(is_side, *conditions).order_by(service_case.c.opened_at, service_case.c.ref)
    with engine.database.read() as connection:
        rows = connection.execute(query).mappings().all()
        return [_summary(connection, engine.keys, row) for row in rows]


def fetch_case(engine: Engine, actor: Actor, case_ref: str) -> CaseView:
    """One case with all that was said in it, for its two parties. Raises NotFound."""
    with engine.database.read() as connection:
        row = fetch_own(connection, actor, case_ref)
        subject = find_subject(connection, row["category"], row["subject_id"])
        points = select(score_effect.c.party_id, func.sum(score_effect.c.points)).where(
            score_effect.c.case_ref == case_ref
        )
        scores = connection.execute(points.group_by(score_effect.c.party_id)).all()
        return CaseView(
            _summary(connection, engine.keys, row),
            subject.title if subject else row["ref"],
            [_entry(connection, engine.keys, entry) for entry in list_entries(connection, case_ref)],
            {str(party_id): int(sum_) for party_id, sum_ in scores},
        )


def _entry(connection: Connection, keys: KeyRing, row: RowMapping) -> Entry:
    values = {name: row[name] for name in Entry.__dataclass_fields__ if name != "text"}
    return Entry(text=_open(connection, keys, row["text"]), **values)


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
