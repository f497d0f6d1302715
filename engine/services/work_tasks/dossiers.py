"""One engagement as its page shows it: how it stands, what was delivered, how that was accepted. Reading only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, or_, select

from engine.queries.page import MAX_LIMIT, Page
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.work_tasks.contacts import find_contact
from engine.services.work_tasks.facts import fact, offer_facts
from engine.services.work_tasks.states import fetch_engagement_row, fetch_task_row
from engine.services.work_tasks.tables import acceptance_record, deliverable, engagement, work_quantity, work_task
from engine.services.work_tasks.texts import open_text
from engine.storage.actor import Actor
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import party

ENTERPRISE, WORKER = "enterprise", "worker"
_NEVER_BEGUN = frozenset({"undertaker_rejected", "declined", "lapsed"})
_TERMS = tuple(engagement.c[name] for name in ("rework_count", "batch", "quantity_cap", "claim_kind", "confirmed_at"))


@dataclass(frozen=True)
class Reader:
    """Opens what is kept encrypted; see `reviews.subjects.Source`."""

    connection: Connection
    keys: KeyRing


@dataclass(frozen=True)
class EngagementCard:
    """An engagement as lists show it: with its work task, and the worker."""

    id: str
    task_id: str
    number: str
    title: str
    mode: str
    state: str
    worker_id: str
    worker_zh: str
    worker_en: str
    enterprise_zh: str
    enterprise_en: str
    instance_id: str | None
    pay_fen: int
    paid_fen: int
    net_fen: int
    offered_at: datetime
    start_by: datetime | None
    due_at: datetime | None
    acceptance_due: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True)
class Round:
    """A delivery and what became of it: `result` is None until it is answered. Counts of pieces: piecework only."""

    version: int
    batch: int
    quantity: int
    files: Sequence[PlainDict]
    links: str
    submitted_at: datetime
    result: str | None
    is_automatic: bool
    proposed_fen: int | None
    answered_at: datetime | None
    accepted: int | None
    rework: int | None
    scrap: int | None


@dataclass(frozen=True)
class Dossier:
    """One engagement for one of its sides, `worker` or `enterprise`. `facts`: the work as it was published, with place
    and contact as far as its worker may read them.
    """

    card: EngagementCard
    side: str
    rework_count: int
    batch: int
    quantity_cap: int
    claim_kind: str | None
    confirmed_at: datetime | None
    rounds: list[Round]
    facts: list[Plain]


def list_own_engagements(
    engine: Engine, actor: Actor, after: str | None = None, limit: int = 20
) -> Page[EngagementCard]:
    """The engagements of a worker, newest first."""
    query = _select_engagements().where(engagement.c.worker_id == actor.party_id)
    if after is not None:
        query = query.where(engagement.c.id < after)
    with engine.database.read() as connection:
        rows = connection.execute(query.order_by(engagement.c.id.desc()).limit(limit + 1)).mappings().all()
    cards = [EngagementCard(**row) for row in rows[:limit]]
    return Page(cards, cards[-1].id if len(rows) > limit else None)


def fetch_engagement(engine: Engine, actor: Actor, task_id: str, worker_id: str) -> Dossier:
    """One engagement, for its worker and for the members of its enterprise. Raises NotFound."""
    query = _select_engagements().where(engagement.c.task_id == task_id, engagement.c.worker_id == worker_id)
    with engine.database.read() as connection:
        row = connection.execute(query.where(_may_see(actor))).mappings().one_or_none()
        if row is None:
            raise NotFound("engagement", worker_id)
        card = EngagementCard(**row)
        terms = connection.execute(select(*_TERMS).where(engagement.c.id == card.id)).mappings().one()
        side = WORKER if actor.party_id == card.worker_id else ENTERPRISE
        rounds, facts = _list_rounds(connection, card.id), _list_facts(Reader(connection, engine.keys), card)
        return Dossier(card, side, **terms, rounds=rounds, facts=facts)


def _list_facts(reader: Reader, card: EngagementCard) -> list[Plain]:
    row = fetch_engagement_row(reader.connection, card.id)
    task = fetch_task_row(reader.connection, card.task_id)
    if row["state"] in _NEVER_BEGUN:
        return offer_facts(task)
    places = [
        fact("详细地址", "Exact address", "address", open_text(reader, task["address"])),
        fact("联系人", "Contact", "contact", open_text(reader, find_contact(task, row))),
        fact("保单号", "Insurance policy", "insurance_policy", task["insurance_policy"] or None),
    ]
    return [*offer_facts(task), *(one for one in places if isinstance(one, dict) and one["value"])]


def _may_see(actor: Actor) -> ColumnElement[bool]:
    return or_(engagement.c.worker_id == actor.party_id, engagement.c.enterprise_id == actor.party_id)


def _select_engagements() -> Select[Any]:
    worker, enterprise = party.alias("worker"), party.alias("enterprise")
    names = [name for name in EngagementCard.__dataclass_fields__ if name in engagement.c]
    return (
        select(
            *(engagement.c[name] for name in names),
            *(work_task.c[name] for name in ("number", "title", "mode")),
            worker.c.name_zh.label("worker_zh"),
            worker.c.name_en.label("worker_en"),
            enterprise.c.name_zh.label("enterprise_zh"),
            enterprise.c.name_en.label("enterprise_en"),
        )
        .join(work_task, work_task.c.id == engagement.c.task_id)
        .join(worker, worker.c.id == engagement.c.worker_id)
        .join(enterprise, enterprise.c.id == engagement.c.enterprise_id)
    )


def list_engagement_cards(
    connection: Connection, actor: Actor, task_id: str, is_enterprise: bool
) -> list[EngagementCard]:
    """The engagements of a work task: all for its enterprise, for others their own."""
    query = _select_engagements().where(engagement.c.task_id == task_id)
    if not is_enterprise:
        query = query.where(engagement.c.worker_id == actor.party_id)
    found = connection.execute(query.order_by(engagement.c.offered_at, engagement.c.id).limit(MAX_LIMIT)).mappings()
    return [EngagementCard(**one) for one in found]


def _list_rounds(connection: Connection, engagement_id: str) -> list[Round]:
    """Its deliveries, the latest first."""
    answered, judged = acceptance_record, work_quantity
    query = (
        select(
            *(deliverable.c[name] for name in ("version", "batch", "quantity", "files", "links", "submitted_at")),
            *(answered.c[name] for name in ("result", "proposed_fen")),
            answered.c.is_automatic,
            answered.c.at.label("answered_at"),
            *(judged.c[name] for name in ("accepted", "rework", "scrap")),
        )
        .outerjoin(answered, _same_version(answered))
        .outerjoin(judged, _same_version(judged))
        .where(deliverable.c.engagement_id == engagement_id)
    )
    rows = connection.execute(query.order_by(deliverable.c.version.desc())).mappings()
    return [Round(**{**row, "is_automatic": bool(row["is_automatic"])}) for row in rows]


def _same_version(table: Any) -> ColumnElement[bool]:
    return and_(table.c.engagement_id == deliverable.c.engagement_id, table.c.version == deliverable.c.version)
