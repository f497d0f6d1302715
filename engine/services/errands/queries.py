"""One errand as its two sides and strangers may see it, and a party's own errands. Reading only; no instance is loaded.

CONTRACT. Phone numbers are in no answer: people call each other through the chat's masked numbers. Before an errand is
taken, and for everybody but its two sides, places are coarse (about 200 m) and have no address. The code for the
pickup is the requester's to pass on, that of the delivery his and the recipient's; the courier never sees either.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, or_, select

from engine.queries.inbox import find_tasks_of_case
from engine.queries.page import MAX_LIMIT, Page
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.errands import codes, states
from engine.services.errands.commands import COURIER, REQUESTER, list_requests, side_of
from engine.services.errands.exceptions import POSSIBLE
from engine.services.errands.pricing import last_quote
from engine.services.errands.tables import errand, errand_exception, errand_proof
from engine.services.ledger import accounts
from engine.services.ledger.posting import balance_of
from engine.services.places.geometry import Place, coarsen
from engine.services.places.stored import open_address
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.keys import KeyRing
from engine.storage.plain import PlainDict
from engine.storage.tables import party

ACTIVE, PAST = "active", "past"
_COPIED = (
    *("images", "declared_fen", "may_leave", "is_insured", "needs_pickup_code", "needs_delivery_code", "range_m"),
    *("spent_fen", "courier_id", "pickup_due", "picked_up_at", "handed_over_at"),
)


@dataclass(frozen=True)
class ErrandCard:
    """An errand as lists show it. `side`: requester, courier, or empty for a stranger; `other_zh`, `other_en`: the name
    of the other side, empty while there is none, and for strangers.
    """

    id: str
    number: str
    state: str
    outcome: str | None
    category: str
    order_class: str
    description: str
    fee_fen: int
    tip_fen: int
    goods_cap_fen: int
    metres: int | None
    is_estimated: bool
    weight_kg: int
    scheduled_at: datetime | None
    created_at: datetime
    taken_at: datetime | None
    promised_at: datetime | None
    closed_at: datetime | None
    side: str
    other_zh: str
    other_en: str


@dataclass(frozen=True)
class Spot:
    """Where something is to be done. A coarse one has no address, and stands for everything within about 200 m."""

    place: Place
    address: str
    is_coarse: bool


@dataclass(frozen=True)
class ErrandView:
    """One errand as its page shows it to the actor.

    `secured_fen` and `goods_fen`: what is frozen of fee and tip, and for goods. `pickup_code`, `delivery_code`: empty
    for all but the requester, and where none is asked. `tries_left`: of the delivery code. `tasks`: user tasks the
    actor may do now, task id by element. `may`: what he may ask for now (release, cancel, dispute, exception), and
    `exceptions`: the kinds he may report. `quote`: parts of the fee by name, of a professional errand, for its
    requester.
    """

    card: ErrandCard
    images: list[Any]
    pickup: Spot | None
    dropoff: Spot | None
    recipient_name: str
    station_code: str
    details: PlainDict
    files: list[Any]
    declared_fen: int
    may_leave: bool
    is_insured: bool
    needs_pickup_code: bool
    needs_delivery_code: bool
    range_m: int
    secured_fen: int
    goods_fen: int
    spent_fen: int
    pickup_code: str
    delivery_code: str
    tries_left: int
    courier_id: str | None
    pickup_due: datetime | None
    picked_up_at: datetime | None
    handed_over_at: datetime | None
    quote: PlainDict | None
    quote_until: datetime | None
    tasks: Mapping[str, str]
    may: frozenset[str]
    exceptions: tuple[str, ...]
    reported: list[RowMapping]
    proofs: list[RowMapping]


def fetch_errand(engine: Engine, actor: Actor, order_id: str) -> ErrandView:
    """One errand: for its two sides always, for everybody else while it looks for a courier. Raises NotFound."""
    with engine.database.read() as connection:
        row = connection.execute(states.SELECT_ERRAND, {"order_id": order_id}).mappings().one_or_none()
        side = side_of(row, actor) if row is not None else ""
        if row is None or not (side or row["state"] == "offering"):
            raise NotFound("errand", order_id)
        return _view(connection, engine.keys, actor, row, side)


def list_errands(
    engine: Engine, actor: Actor, side: str, group: str = ACTIVE, after: str | None = None, limit: int = 20
) -> Page[ErrandCard]:
    """The errands the actor's party has ordered (`requester`) or carries and carried out (`courier`), the newest first:
    those that are `active`, or `past`.
    """
    own = {REQUESTER: errand.c.requester_id, COURIER: errand.c.courier_id}[side]
    is_over = errand.c.closed_at.is_not(None)
    query = select(errand).where(own == actor.party_id, is_over if group == PAST else ~is_over)
    if after is not None:
        query = query.where(errand.c.id < after)
    limit = min(limit, MAX_LIMIT)
    with engine.database.read() as connection:
        rows = connection.execute(query.order_by(errand.c.id.desc()).limit(limit + 1)).mappings().all()
        cards = [_card(connection, row, side) for row in rows[:limit]]
    return Page(cards, cards[-1].id if len(rows) > limit else None)


def is_party(connection: Connection, order_id: str, party_id: str) -> bool:
    """Whether a party is one of the two sides of an errand."""
    own = or_(errand.c.requester_id == party_id, errand.c.courier_id == party_id)
    return connection.execute(select(errand.c.id).where(errand.c.id == order_id, own)).first() is not None


def _card(connection: Connection, row: RowMapping, side: str) -> ErrandCard:
    other = {REQUESTER: row["courier_id"], COURIER: row["requester_id"]}.get(side)
    named = connection.execute(select(party).where(party.c.id == other)).one_or_none() if other else None
    names = [name for name in ErrandCard.__dataclass_fields__ if name not in {"side", "other_zh", "other_en"}]
    other_zh, other_en = (named.name_zh, named.name_en) if named else ("", "")
    return ErrandCard(**{name: row[name] for name in names}, side=side, other_zh=other_zh, other_en=other_en)


def _view(connection: Connection, keys: KeyRing, actor: Actor, row: RowMapping, side: str) -> ErrandView:
    order_id, is_exact = row["id"], side == REQUESTER or (side == COURIER and row["state"] in states.HELD)
    code = codes.find_code(connection, order_id, codes.DELIVERY)
    quote = last_quote(connection, order_id) if side == REQUESTER else None
    may = list_requests(row, side)
    kinds = tuple(kind for kind, among in POSSIBLE.items() if row["state"] in among) if side == COURIER else ()
    is_shown_codes = side == REQUESTER and row["closed_at"] is None
    return ErrandView(
        card=_card(connection, row, side),
        **{name: row[name] for name in _COPIED},
        pickup=_spot(connection, keys, row["pickup"], is_exact),
        dropoff=_spot(connection, keys, row["dropoff"], is_exact),
        recipient_name=_open(connection, keys, row["recipient_name"]) if is_exact else "",
        station_code=_open(connection, keys, row["station_code"]) if is_exact else "",
        details=row["details"] if is_exact else {},
        files=row["files"] if is_exact else [],
        secured_fen=balance_of(connection, accounts.escrow(order_id)) if side else 0,
        goods_fen=balance_of(connection, accounts.goods(order_id)) if side else 0,
        pickup_code=codes.make_code(keys, order_id, codes.PICKUP)
        if is_shown_codes and row["needs_pickup_code"]
        else "",
        delivery_code=codes.make_code(keys, order_id, codes.DELIVERY)
        if is_shown_codes and row["needs_delivery_code"]
        else "",
        tries_left=code["tries_left"] if code is not None else codes.TRIES,
        quote=quote["parts"] if quote is not None else None,
        quote_until=quote["valid_until"] if quote is not None else None,
        tasks=find_tasks_of_case(connection, actor, order_id) if side else {},
        may=may if row["claim_kind"] is None else frozenset(),
        exceptions=kinds,
        reported=_rows(connection, errand_exception, order_id) if side else [],
        proofs=_rows(connection, errand_proof, order_id) if side else [],
    )


def _rows(connection: Connection, table: Any, order_id: str) -> list[RowMapping]:
    query = select(table).where(table.c.order_id == order_id).order_by(table.c.number)
    return [*connection.execute(query).mappings()]


def _spot(connection: Connection, keys: KeyRing, reference: PlainDict | None, is_exact: bool) -> Spot | None:
    found = open_address(connection, keys, reference)
    if found is None:
        return None
    return Spot(found.place, found.address, False) if is_exact else Spot(coarsen(found.place), "", True)


def _open(connection: Connection, keys: KeyRing, reference: PlainDict | None) -> str:
    return (vault.open_reference(connection, keys, reference) or "") if reference else ""
