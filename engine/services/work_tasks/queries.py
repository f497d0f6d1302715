"""Work tasks as their pages show them: the market, one work task, a party's own. Reading only."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, select

from engine.queries.page import MAX_LIMIT, Page
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.ledger.fees import Settlement, compute_settlement, read_terms
from engine.services.orders.search import cut_text
from engine.services.work_tasks import market
from engine.services.work_tasks.dossiers import EngagementCard, list_engagement_cards
from engine.services.work_tasks.eligibility import find_signup_obstacle, takes_signups
from engine.services.work_tasks.facts import offer_facts, public_facts
from engine.services.work_tasks.market import TaskFilter
from engine.services.work_tasks.notes import NEGOTIABLE, PIECEWORK, PREPAYMENT
from engine.services.work_tasks.prices import pay_of_pieces
from engine.services.work_tasks.tables import application, award_run, offer, work_task
from engine.storage.actor import Actor
from engine.storage.plain import Plain
from engine.storage.tables import party

EXCERPT_CHARACTERS = 160
ENTERPRISE, WORKER, APPLICANT = "enterprise", "worker", "applicant"
_IN_FORCE = ("applied", "waiting", "awarded", "closed")
_WITH_ENTERPRISE = select(
    work_task, party.c.name_zh.label("enterprise_zh"), party.c.name_en.label("enterprise_en")
).join(party, party.c.id == work_task.c.enterprise_id)


@dataclass(frozen=True)
class TaskCard:
    """A work task as lists show it. `net_fen`: what one seat brings, of piecework a full share; None where the price
    is still to be agreed, or the fee not fixed yet.
    """

    id: str
    number: str
    state: str
    mode: str
    category: str
    title: str
    place_mode: str
    district: str
    headcount: int
    seats_taken: int
    application_count: int
    pay_fen: int
    unit_name: str
    unit_price_fen: int
    cap_per_worker: int
    price_min_fen: int | None
    price_max_fen: int | None
    award_method: str | None
    award_strategy: str
    signup_deadline: datetime
    start_by: datetime
    due_at: datetime
    published_at: datetime | None
    closed_at: datetime | None
    enterprise_id: str
    enterprise_zh: str
    enterprise_en: str
    excerpt: str
    net_fen: int | None
    is_own: bool

    @property
    def is_secured(self) -> bool:
        """Whether the pay was frozen before the publication."""
        return self.mode in (PREPAYMENT, PIECEWORK)

    @property
    def seats_left(self) -> int:
        """How many may still be awarded a seat."""
        return max(0, self.headcount - self.seats_taken)


@dataclass(frozen=True)
class OfferView:
    """One offer of a negotiation."""

    version: int
    side: str
    amount_fen: int
    state: str
    made_at: datetime
    valid_until: datetime


@dataclass(frozen=True)
class SignUpView:
    """The reader's own application: how it stands, and why it was or was not awarded."""

    state: str
    sequence: int
    applied_at: datetime
    waiting_rank: int | None
    agreed_fen: int | None
    award_reason: Mapping[str, Any]
    offers: list[OfferView]

    @property
    def may_withdraw(self) -> bool:
        """Whether it can be taken back: any time before the award."""
        return self.state in ("applied", "waiting")

    @property
    def open_offer(self) -> OfferView | None:
        """The worker's offer that waits for an answer."""
        latest = self.offers[-1] if self.offers else None
        return latest if latest and latest.side == WORKER and latest.state == "open" else None


@dataclass(frozen=True)
class AwardView:
    """An automatic award with what it rests on."""

    number: int
    strategy: str
    seats: int
    candidates: int
    seed: str
    nonce: str
    at: datetime


@dataclass(frozen=True)
class TaskView:
    """One work task as its page shows it.

    `side`: enterprise, worker, applicant, or empty for a visitor. `obstacle`: why the reader may not sign up; empty
    when he may, None when nobody may any more. `split`: what a seat costs and brings; None for an open price.
    `application_ids`: those a side may negotiate about.
    """

    card: TaskCard
    description: str
    quality_rule: str
    facts: list[Plain]
    qualifications: list[str]
    terms_version: int
    is_offer_required: bool
    acceptance_days: int
    rework_limit: int
    award_commitment: str | None
    cancelled_at: datetime | None
    side: str
    obstacle: str | None
    split: Settlement | None
    sign_up: SignUpView | None
    engagements: list[EngagementCard]
    awards: list[AwardView]


def list_tasks_on_market(
    engine: Engine, actor: Actor, wanted: TaskFilter, after: str | None = None, limit: int = 20
) -> Page[TaskCard]:
    """A page of the work tasks that take sign-ups. `after` is the `after` of the page before. Raises ValueError."""
    sort = market.SORTS[wanted.sort]
    query = _WITH_ENTERPRISE.where(*market.conditions(wanted, engine.clock()))
    if after is not None:
        query = query.where(sort.behind(after))
    limit = min(limit, MAX_LIMIT)
    with engine.database.read() as connection:
        rows = connection.execute(query.order_by(*sort.ordering).limit(limit + 1)).mappings().all()
    cards = [_card(row, actor) for row in rows[:limit]]
    return Page(cards, sort.cursor_of(dict(rows[limit - 1])) if len(rows) > limit else None)


def count_tasks_on_market(engine: Engine, wanted: TaskFilter) -> int:
    """How many work tasks a filter finds."""
    query = select(func.count()).select_from(work_task).where(*market.conditions(wanted, engine.clock()))
    with engine.database.read() as connection:
        return int(connection.execute(query).scalar_one())


def count_task_choices(engine: Engine, wanted: TaskFilter) -> dict[str, dict[str, int]]:
    """How many work tasks each category and mode would find beside the other filters."""
    columns: dict[str, tuple[ColumnElement[Any], TaskFilter]] = {
        "category": (work_task.c.category, replace(wanted, categories=frozenset())),
        "mode": (work_task.c.mode, replace(wanted, mode="")),
        "place": (work_task.c.place_mode, replace(wanted, place_mode="")),
    }
    counts: dict[str, dict[str, int]] = {}
    with engine.database.read() as connection:
        for name, (column, without) in columns.items():
            query = select(column, func.count()).where(*market.conditions(without, engine.clock())).group_by(column)
            counts[name] = {str(value): int(count) for value, count in connection.execute(query)}
    return counts


def list_own_tasks(engine: Engine, actor: Actor, after: str | None = None, limit: int = 20) -> Page[TaskCard]:
    """The work tasks of the actor's enterprise, newest first."""
    return _list(engine, actor, _WITH_ENTERPRISE.where(work_task.c.enterprise_id == actor.party_id), after, limit)


def list_signed_up(engine: Engine, actor: Actor, after: str | None = None, limit: int = 20) -> Page[TaskCard]:
    """The work tasks the actor signed up for and was not awarded a seat of, newest first."""
    mine = select(application.c.task_id).where(
        application.c.worker_id == actor.party_id, application.c.state.in_(("applied", "waiting", "closed"))
    )
    return _list(engine, actor, _WITH_ENTERPRISE.where(work_task.c.id.in_(mine)), after, limit)


def _list(engine: Engine, actor: Actor, query: Select[Any], after: str | None, limit: int) -> Page[TaskCard]:
    if after is not None:
        query = query.where(work_task.c.id < after)
    with engine.database.read() as connection:
        rows = connection.execute(query.order_by(work_task.c.id.desc()).limit(limit + 1)).mappings().all()
    cards = [_card(row, actor) for row in rows[:limit]]
    return Page(cards, cards[-1].id if len(rows) > limit else None)


def fetch_task(engine: Engine, actor: Actor, task_id: str) -> TaskView:
    """One work task: for everybody once it is published, before that for its enterprise. Raises NotFound.

    Engagements are shown to their worker and to the enterprise, awards to whoever signed up and to the enterprise.
    """
    with engine.database.read() as connection:
        row = connection.execute(_WITH_ENTERPRISE.where(work_task.c.id == task_id)).mappings().one_or_none()
        is_enterprise = row is not None and row["enterprise_id"] == actor.party_id
        if row is None or not (is_enterprise or row["published_at"]):
            raise NotFound("work_task", task_id)
        mine = _fetch_own_application(connection, actor, task_id)
        engagements = list_engagement_cards(connection, actor, task_id, is_enterprise)
        side = ENTERPRISE if is_enterprise else WORKER if engagements else APPLICANT if mine else ""
        if not side and not takes_signups(row, engine.clock()):
            raise NotFound("work_task", task_id)
        return TaskView(
            card=_card(row, actor),
            **{name: row[name] for name in ("description", "quality_rule", "terms_version", "acceptance_days")},
            **{name: row[name] for name in ("rework_limit", "award_commitment", "cancelled_at")},
            facts=offer_facts(row) if side in (ENTERPRISE, WORKER) else public_facts(row),
            qualifications=[line.strip() for line in row["qualification_reqs"].splitlines() if line.strip()],
            is_offer_required=bool(row["is_offer_required"]),
            side=side,
            obstacle=_find_obstacle(connection, actor, row, engine.clock()) if not side else None,
            split=_split(row),
            sign_up=_read_sign_up(connection, mine) if mine else None,
            engagements=engagements,
            awards=_list_awards(connection, task_id) if side else [],
        )


def _fetch_own_application(connection: Connection, actor: Actor, task_id: str) -> RowMapping | None:
    query = select(application).where(application.c.task_id == task_id, application.c.worker_id == actor.party_id)
    return connection.execute(query.where(application.c.state.in_(_IN_FORCE))).mappings().one_or_none()


def _read_sign_up(connection: Connection, row: RowMapping) -> SignUpView:
    query = select(offer).where(offer.c.application_id == row["id"]).order_by(offer.c.version)
    offers = [
        OfferView(**{name: one[name] for name in OfferView.__dataclass_fields__})
        for one in connection.execute(query).mappings()
    ]
    names = ("state", "sequence", "applied_at", "waiting_rank", "agreed_fen")
    reason = row["award_reason"] if isinstance(row["award_reason"], dict) else {}
    return SignUpView(**{name: row[name] for name in names}, award_reason=reason, offers=offers)


def _list_awards(connection: Connection, task_id: str) -> list[AwardView]:
    query = select(award_run).where(award_run.c.task_id == task_id).order_by(award_run.c.number)
    names = ("number", "strategy", "seats", "seed", "nonce", "at")
    found = connection.execute(query).mappings()
    return [AwardView(**{name: one[name] for name in names}, candidates=len(one["inputs"])) for one in found]


def _find_obstacle(connection: Connection, actor: Actor, row: RowMapping, now: datetime) -> str | None:
    return (find_signup_obstacle(connection, actor, row) or "") if takes_signups(row, now) else None


def _split(row: RowMapping) -> Settlement | None:
    gross_fen = row["pay_fen"] or pay_of_pieces(row, row["cap_per_worker"])
    if row["mode"] == NEGOTIABLE or not gross_fen or not row["fee"]:
        return None
    return compute_settlement(gross_fen, read_terms(row["fee"]), fee_bearer=row["fee_bearer"])


def _card(row: RowMapping, actor: Actor) -> TaskCard:
    split = _split(row)
    made = {"excerpt", "net_fen", "is_own"}
    return TaskCard(
        **{name: row[name] for name in TaskCard.__dataclass_fields__ if name not in made},
        excerpt=cut_text(row["description"], EXCERPT_CHARACTERS),
        net_fen=split.net_fen if split else None,
        is_own=row["enterprise_id"] == actor.party_id,
    )
