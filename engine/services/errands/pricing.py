"""What an errand costs: quotes of professional orders by the table `errand_fee`, signed and good for a quarter of an
hour; the least and the usual fee of ordinary ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from statistics import quantiles
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, RowMapping, func, insert, select

from engine.definitions.registry import TopicCall
from engine.language.decisions.model import Decision
from engine.services.errands.notes import later
from engine.services.errands.tables import errand, errand_quote
from engine.storage.ids import new_id
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict
from engine.storage.seal import is_sealed, seal_row

ORDINARY, PROFESSIONAL = "ordinary", "professional"
PARTS = ("base_fen", "distance_fen", "weight_fen", "night_fen", "value_fen", "rounding_fen")
NIGHT_FROM, NIGHT_UNTIL = time(22), time(6)
HISTORY_SIZE, HISTORY_LEAST = 200, 5
HISTORY_METRES = 1500  # how much longer or shorter the way of a similar errand may be
_OVER = ("closed", "returned")
Decide = Callable[[str, Mapping[str, Plain]], Decision]


class QuoteUnsound(Exception):
    """A quote that is not ours was to be paid."""


class QuoteExpired(Exception):
    """A quote was to be paid that is not good any more."""


@dataclass(frozen=True)
class Suggestion:
    """What others paid for errands like this, in fen: the quarter that paid least, the middle, the quarter that paid
    most; `count` of them. Without history the price of the table stands for all three.
    """

    low_fen: int
    usual_fen: int
    high_fen: int
    count: int


def is_at_night(at: datetime, zone: ZoneInfo) -> bool:
    """Whether an errand at this instant bears the surcharge of the night."""
    local = at.astimezone(zone).time()
    return local >= NIGHT_FROM or local < NIGHT_UNTIL


def facts_of(row: Mapping[Any, Any]) -> PlainDict:
    """What the fee table asks of an errand."""
    return {
        "category": row["category"],
        "metres": row["metres"] or 0,
        "weight_kg": row["weight_kg"],
        "declared_fen": row["declared_fen"],
        "is_night": row["is_night"],
    }


def price(decide: Decide, facts: PlainDict) -> PlainDict:
    """Fee and parts in fen, as the table `errand_fee` says."""
    found = decide("errand_fee", facts).result
    assert isinstance(found, dict)
    parts = {name: found[name] for name in PARTS if name in found}
    rounding_fen = cast(int, found["fee_fen"]) - sum(cast(int, one) for one in parts.values())
    return {"fee_fen": found["fee_fen"], **parts, "rounding_fen": rounding_fen}


def least_fee(decide: Decide, category: str) -> int:
    """The least fee in fen an ordinary errand of a category may offer."""
    found = decide("errand_minimum", {"category": category}).result
    assert isinstance(found, dict)
    return cast(int, found["min_fen"])


def make_quote(call: TopicCall, row: RowMapping) -> RowMapping:
    """A new quote for an errand as it stands, signed; gives its row."""
    facts = facts_of(row)
    priced = price(call.decide, facts)
    of_order = errand_quote.c.order_id == row["id"]
    number = call.connection.execute(select(func.count()).where(of_order)).scalar_one() + 1
    values: dict[str, Any] = {
        "id": new_id(),
        "order_id": row["id"],
        "number": number,
        "order_class": PROFESSIONAL,
        "facts": facts,
        "parts": {name: priced[name] for name in PARTS},
        "fee_fen": priced["fee_fen"],
        "is_estimated": row["is_estimated"],
        "made_at": call.now,
        "valid_until": later(call, "errand_quote_validity"),
    }
    values["seal"] = seal_row(call.keys.mac, errand_quote.name, values)
    call.connection.execute(insert(errand_quote).values(values))
    return call.connection.execute(select(errand_quote).where(errand_quote.c.id == values["id"])).mappings().one()


def last_quote(connection: Connection, order_id: str) -> RowMapping | None:
    """The quote made last for an errand; None if there is none."""
    query = select(errand_quote).where(errand_quote.c.order_id == order_id)
    return connection.execute(query.order_by(errand_quote.c.number.desc()).limit(1)).mappings().one_or_none()


def check_quote(keys: KeyRing, quote: RowMapping | None, now: datetime) -> RowMapping:
    """The quote, if it is ours and still good. Raises QuoteUnsound, QuoteExpired."""
    if quote is None or not is_sealed(keys.mac, errand_quote.name, dict(quote)):
        raise QuoteUnsound("Expected a quote with our seal, but there is none")
    if now > quote["valid_until"]:
        raise QuoteExpired(f"Expected a quote that is good, but it was until {quote['valid_until']}")
    return quote


def suggest_fee(connection: Connection, row: Mapping[Any, Any], table_fen: int) -> Suggestion:
    """What to offer for an ordinary errand, from those of its category that found a courier over a like way.
    `table_fen`: what the fee table says, for want of history.
    """
    query = select(errand.c.fee_fen).where(
        errand.c.category == row["category"], errand.c.state.in_(_OVER), errand.c.courier_id.is_not(None)
    )
    if row["metres"] is not None:
        query = query.where(errand.c.metres.between(row["metres"] - HISTORY_METRES, row["metres"] + HISTORY_METRES))
    latest = query.order_by(errand.c.closed_at.desc()).limit(HISTORY_SIZE)
    paid = [int(fee_fen) for fee_fen in connection.execute(latest).scalars()]
    if len(paid) < HISTORY_LEAST:
        return Suggestion(table_fen, table_fen, table_fen, len(paid))
    low, usual, high = (round(value / 10) * 10 for value in quantiles(paid, n=4))
    return Suggestion(low, usual, high, len(paid))
