"""Asking for a code, and proving that it came: five tries, a few minutes, and only so many an hour."""

import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, Row, insert, select, update

from engine.language.errors import EngineError
from engine.runtime.engine import Engine
from engine.services.one_time_codes.sending import sender_of
from engine.services.one_time_codes.tables import one_time_code
from engine.services.policy import end_of
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.clock import format_instant
from engine.storage.database import UnitOfWork
from engine.storage.digests import authenticate
from engine.storage.ids import new_id
from engine.storage.keys import KeyRing
from engine.storage.tables import instance

DIGITS = 6
HOUR = timedelta(hours=1)


class TooManyCodes(EngineError):
    """No code was sent: the last one is too recent, or there were too many. `again_at` says when the next may be."""

    def __init__(self, again_at: datetime) -> None:
        super().__init__("Expected some time between two codes", again_at=format_instant(again_at))
        self.again_at = again_at


def send_code(engine: Engine, actor: Actor, instance_id: str) -> None:
    """A new code for who acts, for one case; earlier ones of that case are void. Raises TooManyCodes.

    The policy the case pinned says how long it holds and how many there may be.
    """
    sender, code_id = sender_of(engine), new_id()
    digits = "".join(secrets.choice("0123456789") for _ in range(DIGITS))

    def work(unit: UnitOfWork) -> None:
        pin_set_id = unit.connection.execute(
            select(instance.c.pin_set_id).where(instance.c.id == instance_id).with_for_update()
        ).scalar_one()
        policy = engine.catalogue.policy(unit.connection, engine.catalogue.pins(unit.connection, pin_set_id))
        pause = end_of(str(policy["code_pause"]), unit.now, engine.zone) - unit.now
        _check_rate(unit, actor.user_id, pause, int(str(policy["codes_per_hour"])))
        row = {
            "id": code_id,
            "purpose": instance_id,
            "user_id": actor.user_id,
            "digest": _digest(engine.keys, code_id, digits),
            "tries_left": int(str(policy["code_tries"])),
            "sent_at": unit.now,
            "expires_at": end_of(str(policy["code_validity"]), unit.now, engine.zone),
        }
        unit.connection.execute(insert(one_time_code), row)
        sender.send(unit, engine.keys, code_id, actor.user_id, digits)

    engine.database.transact(work)


def _check_rate(unit: UnitOfWork, user_id: str, pause: timedelta, most: int) -> None:
    """So many an hour; and a pause after one that has not come back yet."""
    recent = select(one_time_code.c.sent_at, one_time_code.c.verified_at).where(
        one_time_code.c.user_id == user_id, one_time_code.c.sent_at > unit.now - HOUR
    )
    sent = unit.connection.execute(recent.order_by(one_time_code.c.sent_at)).all()
    again_at = unit.now
    if sent and sent[-1].verified_at is None:
        again_at = sent[-1].sent_at + pause
    if len(sent) >= most:
        again_at = max(again_at, sent[-most].sent_at + HOUR)
    if again_at > unit.now:
        raise TooManyCodes(again_at)


def check_code(unit: UnitOfWork, keys: KeyRing, actor: Actor, instance_id: str, digits: str) -> bool:
    """Whether these are the digits last sent to who acts for that case; a wrong guess costs a try.

    Once they were right they stay proved, until another code is asked for.
    """
    row = find_code(unit.connection, actor.user_id, instance_id)
    if row is None or row.verified_at:
        return row is not None
    one, codes = one_time_code.c.id == row.id, one_time_code.c
    is_open = one & (codes.tries_left > 0) & (codes.expires_at > unit.now) & codes.verified_at.is_(None)
    tried = update(one_time_code).where(is_open).values(tries_left=codes.tries_left - 1)
    if unit.connection.execute(tried).rowcount != 1 or not hmac.compare_digest(
        row.digest, _digest(keys, row.id, digits)
    ):
        return False
    values: dict[str, Any] = {"verified_at": unit.now}
    if actor.origin is not None:
        told = orjson.dumps({"address": actor.origin.address, "user_agent": actor.origin.user_agent}).decode()
        values["origin"] = vault.put(unit.connection, keys, actor.user_id, told)
    unit.connection.execute(update(one_time_code).where(one).values(values))
    return True


def spend_code(connection: Connection, code_id: str, instance_id: str, use: str) -> None:
    """A proved code has served for one use and proves nothing else in its case. Raises ValueError for any other."""
    proved = (one_time_code.c.id == code_id) & (one_time_code.c.purpose == instance_id)
    spent = update(one_time_code).where(proved, one_time_code.c.verified_at.is_not(None))
    if connection.execute(spent.values(purpose=f"{instance_id}:{use}")).rowcount != 1:
        raise ValueError(f"Expected a code proved for this case, but {code_id} is not")


def find_code(connection: Connection, user_id: str, instance_id: str) -> Row[Any] | None:
    """The code last sent to somebody for a case."""
    same = (one_time_code.c.user_id == user_id) & (one_time_code.c.purpose == instance_id)
    query = select(one_time_code).where(same).order_by(one_time_code.c.sent_at.desc(), one_time_code.c.id.desc())
    return connection.execute(query.limit(1)).one_or_none()


def _digest(keys: KeyRing, code_id: str, digits: str) -> str:
    return authenticate(keys.blind, f"code:{code_id}:{digits}".encode()).hex()
