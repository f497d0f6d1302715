"""The codes by which a courier proves that he was handed the goods, or handed them over.

CONTRACT. A code is derived from the order's id and a secret key, so nothing that is stored tells it: whoever may know
it (the requester, the sender by him, the recipient by his signed link) has it made anew by `make_code`. It is never
shown to the courier. Five wrong tries lock it; then only a photo proves.
"""

import hmac
from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, select, update

from engine.services.errands.tables import errand, errand_code
from engine.storage.digests import authenticate
from engine.storage.keys import KeyRing

PICKUP, DELIVERY = "pickup", "delivery"
DIGITS = 4
TRIES = 5


def make_code(keys: KeyRing, order_id: str, purpose: str) -> str:
    """The digits of an order for one purpose, always the same."""
    mac = authenticate(keys.blind, f"errand:{purpose}:{order_id}".encode())
    return f"{int.from_bytes(mac[:8]) % 10**DIGITS:0{DIGITS}d}"


def find_code(connection: Connection, order_id: str, purpose: str) -> RowMapping | None:
    """How the code of an order stands; None before the first try."""
    query = select(errand_code).where(errand_code.c.order_id == order_id, errand_code.c.purpose == purpose)
    return connection.execute(query).mappings().one_or_none()


def try_code(connection: Connection, keys: KeyRing, order_id: str, purpose: str, typed: str, now: datetime) -> bool:
    """Whether these are the digits; a wrong guess costs a try, and once they were right they stay proved."""
    this = (errand_code.c.order_id == order_id, errand_code.c.purpose == purpose)
    row = find_code(connection, order_id, purpose)
    if row is None:
        fresh = {"order_id": order_id, "purpose": purpose, "tries_left": TRIES}
        connection.execute(insert(errand_code).values(fresh))
    elif row["proved_at"] is not None:
        return True
    spent = update(errand_code).where(*this, errand_code.c.tries_left > 0)
    if connection.execute(spent.values(tries_left=errand_code.c.tries_left - 1)).rowcount != 1:
        return False
    if not hmac.compare_digest(typed, make_code(keys, order_id, purpose)):
        return False
    connection.execute(update(errand_code).where(*this).values(proved_at=now))
    return True


def forget_tries(connection: Connection, order_id: str, purpose: str) -> None:
    """Another courier begins anew."""
    fresh = {"tries_left": TRIES, "proved_at": None}
    this = (errand_code.c.order_id == order_id, errand_code.c.purpose == purpose)
    connection.execute(update(errand_code).where(*this).values(fresh))


def code_of_recipient(connection: Connection, keys: KeyRing, order_id: str) -> str:
    """The digits that whoever holds the recipient's link tells the courier; empty where the order needs none."""
    query = select(errand.c.needs_delivery_code).where(errand.c.id == order_id)
    return make_code(keys, order_id, DELIVERY) if connection.execute(query).scalar_one_or_none() else ""
