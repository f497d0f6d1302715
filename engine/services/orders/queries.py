"""The market, one order, and a party's own orders. Reading only; no instance is loaded."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, case, func, select

from engine.queries.page import MAX_LIMIT, Page
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.orders import search, states
from engine.services.orders.eligibility import count_held, find_obstacle
from engine.services.orders.milestones import list_milestones
from engine.services.orders.search import OrderFilter, cut_text
from engine.services.orders.tables import hire_order, order_milestone
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain
from engine.storage.tables import party

EXCERPT_CHARACTERS = 160
PUBLISHED, TAKEN = "published", "taken"
_MILESTONES = select(func.count()).where(order_milestone.c.order_id == hire_order.c.id)
_WITH_PUBLISHER = select(
    hire_order,
    party.c.name_zh.label("publisher_zh"),
    party.c.name_en.label("publisher_en"),
    _MILESTONES.scalar_subquery().label("milestone_count"),
    _MILESTONES.where(order_milestone.c.paid_at.is_not(None)).scalar_subquery().label("milestones_paid"),
).join(party, party.c.id == hire_order.c.publisher_id)


@dataclass(frozen=True)
class OrderCard:
    """An order as lists show it. Fee and net pay are those fixed at its listing; none before that."""

    id: str
    number: str
    state: str
    category: str
    title: str
    excerpt: str
    place_mode: str
    district: str
    service_from: datetime
    service_to: datetime
    taker_kinds: str
    reward_fen: int
    fee_fen: int | None
    net_fen: int | None
    publisher_id: str
    publisher_zh: str
    publisher_en: str
    listed_at: datetime | None
    expires_at: datetime
    milestone_count: int
    milestones_paid: int
    is_own: bool


@dataclass(frozen=True)
class Contact:
    """What only the taker of an order sees besides its publisher; None where it was not given or the person erased."""

    address: str | None
    name: str | None
    phone: str | None


@dataclass(frozen=True)
class MilestoneView:
    """A part of the reward that is released by itself. Fee and net pay are None before the listing."""

    number: int
    title: str
    share_bps: int
    reward_fen: int
    fee_fen: int | None
    net_fen: int | None
    paid_at: datetime | None


@dataclass(frozen=True)
class OrderView:
    """One order as its page shows it.

    `side`: publisher, taker, or empty for a visitor. `contact`: for the publisher, and for the taker while he holds it.
    `obstacle`: why the actor may not take it, empty when he may or when it is not open. `held_count`: how many orders
    his party holds, of at most `lock_limit`; counted while the order is open.
    """

    card: OrderCard
    content: str
    environment: str
    safety_notes: str
    result_spec: str
    qualification_reqs: str
    attachments: list[Plain]
    vat_fen: int | None
    side: str
    contact: Contact | None
    obstacle: str
    held_count: int
    lock_limit: int
    milestones: list[MilestoneView]
    taker_id: str | None
    lock_version: int
    release_count: int
    rework_count: int
    locked_at: datetime | None
    start_by: datetime | None
    handover_due: datetime | None
    closed_at: datetime | None

    @property
    def secured_fen(self) -> int:
        """What is still to be released of the reward."""
        if not self.milestones:
            return self.card.reward_fen
        return sum(part.reward_fen for part in self.milestones if part.paid_at is None)

    @property
    def present_milestone(self) -> MilestoneView | None:
        """The milestone being worked on, or to be worked on first; None when all are paid, or there are none."""
        return next((part for part in self.milestones if part.paid_at is None), None)


def list_orders(
    engine: Engine, actor: Actor, wanted: OrderFilter, after: str | None = None, limit: int = 20
) -> Page[OrderCard]:
    """A page of the orders on the market. `after` is the `after` of the page before."""
    sort = search.SORTS[wanted.sort]
    query = _WITH_PUBLISHER.where(*search.conditions(wanted, engine.clock()))
    if after is not None:
        query = query.where(sort.behind(after))
    limit = min(limit, MAX_LIMIT)
    with engine.database.read() as connection:
        rows = connection.execute(query.order_by(*sort.ordering).limit(limit + 1)).mappings().all()
    cards = [_card(row, actor) for row in rows[:limit]]
    return Page(cards, sort.cursor_of(dict(rows[limit - 1])) if len(rows) > limit else None)


def count_orders(engine: Engine, wanted: OrderFilter) -> int:
    """How many orders on the market a filter finds."""
    query = select(func.count()).select_from(hire_order).where(*search.conditions(wanted, engine.clock()))
    with engine.database.read() as connection:
        return int(connection.execute(query).scalar_one())


def count_choices(engine: Engine, wanted: OrderFilter) -> dict[str, dict[str, int]]:
    """How many orders each category and place would find beside the other filters: what a choice would show."""
    columns = {"category": hire_order.c.category, "place": hire_order.c.place_mode}
    without = {"category": replace(wanted, categories=frozenset()), "place": replace(wanted, place_mode="")}
    now, counts = engine.clock(), {}
    with engine.database.read() as connection:
        for name, column in columns.items():
            query = select(column, func.count()).where(*search.conditions(without[name], now)).group_by(column)
            counts[name] = {str(value): int(count) for value, count in connection.execute(query)}
    return counts


def my_orders(engine: Engine, actor: Actor, side: str, after: str | None = None, limit: int = 20) -> Page[OrderCard]:
    """The orders the actor's party has published, or taken and not given back; newest first."""
    own = {PUBLISHED: hire_order.c.publisher_id, TAKEN: hire_order.c.taker_id}[side]
    query = _WITH_PUBLISHER.where(own == actor.party_id)
    if after is not None:
        query = query.where(hire_order.c.id < after)
    limit = min(limit, MAX_LIMIT)
    with engine.database.read() as connection:
        rows = connection.execute(query.order_by(hire_order.c.id.desc()).limit(limit + 1)).mappings().all()
    cards = [_card(row, actor) for row in rows[:limit]]
    return Page(cards, cards[-1].id if len(rows) > limit else None)


def secured_for(connection: Connection, party_id: str) -> tuple[int, int]:
    """What a party will receive for the orders it holds, in fen as far as it is not paid yet, and how many they are."""
    unpaid = select(func.coalesce(func.sum(order_milestone.c.net_fen), 0)).where(
        order_milestone.c.order_id == hire_order.c.id, order_milestone.c.paid_at.is_(None)
    )
    has_milestones = select(order_milestone.c.order_id).where(order_milestone.c.order_id == hire_order.c.id).exists()
    due_fen = case((has_milestones, unpaid.scalar_subquery()), else_=hire_order.c.net_fen)
    held = (hire_order.c.taker_id == party_id, hire_order.c.state.in_(sorted(states.HELD)))
    row = connection.execute(select(func.coalesce(func.sum(due_fen), 0), func.count()).where(*held)).one()
    return int(row[0]), int(row[1])


def fetch_order(engine: Engine, actor: Actor, order_id: str) -> OrderView:
    """One order: for everybody while it is on the market, else for its two sides. Raises NotFound."""
    with engine.database.read() as connection:
        row = connection.execute(_WITH_PUBLISHER.where(hire_order.c.id == order_id)).mappings().one_or_none()
        side = _side(row, actor) if row else ""
        is_listed = row is not None and row["state"] == "open" and row["expires_at"] > engine.clock()
        if row is None or not (side or is_listed):
            raise NotFound("order", order_id)
        obstacle = find_obstacle(connection, actor, row) or "" if is_listed else ""
        held_count = count_held(connection, actor.party_id) if is_listed else 0
        is_shown = side == "publisher" or (side == "taker" and row["state"] in states.HELD)
        contact = read_contact(connection, engine.keys, row) if is_shown else None
        milestones = [_milestone(part) for part in list_milestones(connection, order_id)]
        made = {"side": side, "obstacle": obstacle, "held_count": held_count, "contact": contact}
        return _view(row, actor, **made, milestones=milestones)


def read_contact(connection: Connection, keys: KeyRing, row: RowMapping) -> Contact:
    """Where to go and whom to call, decrypted. The caller has checked that it is for one side of a locked order."""
    address, name, phone = (
        vault.open_reference(connection, keys, row[column]) if row[column] else None
        for column in ("address", "contact_name", "contact_phone")
    )
    return Contact(address, name, phone)


def _side(row: RowMapping, actor: Actor) -> str:
    sides = {row["taker_id"]: "taker", row["publisher_id"]: "publisher"}
    return sides.get(actor.party_id, "")


def _card(row: RowMapping, actor: Actor) -> OrderCard:
    names = [name for name in OrderCard.__dataclass_fields__ if name not in {"excerpt", "is_own"}]
    excerpt = cut_text(row["content"], EXCERPT_CHARACTERS)
    return OrderCard(
        **{name: row[name] for name in names}, excerpt=excerpt, is_own=row["publisher_id"] == actor.party_id
    )


def _milestone(row: RowMapping) -> MilestoneView:
    return MilestoneView(**{name: row[name] for name in MilestoneView.__dataclass_fields__})


def _view(row: RowMapping, actor: Actor, **made: Any) -> OrderView:
    names = [name for name in OrderView.__dataclass_fields__ if name not in {*made, "card"}]
    return OrderView(card=_card(row, actor), **made, **{name: row[name] for name in names})
