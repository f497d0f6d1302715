"""Positions as a courier's page sends them, several at once, each with a token of its own."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from engine.services.places.geometry import Place
from engine.services.tracking.batch import Fix

MAX_POSITIONS = 500
MAX_ACCURACY_M = 5_000
MAX_AGE = timedelta(hours=12)


class PositionsRefused(ValueError):
    """What was sent are no positions; the text says why."""


def read_positions(sent: Any, now: datetime) -> list[Fix]:
    """The positions of a message `{"sent": ms, "positions": [{"token": ms, "lat", "lng", "accuracy"}]}`: tokens are the
    instants of the sender's clock, which is not believed but for the time that lies between them and the sending.

    Raises PositionsRefused.
    """
    if not isinstance(sent, dict) or not isinstance(sent.get("positions"), list):
        raise PositionsRefused("Expected positions, but got something else")
    if len(sent["positions"]) > MAX_POSITIONS:
        raise PositionsRefused(f"Expected at most {MAX_POSITIONS} positions, but got {len(sent['positions'])}")
    sent_at = _whole(sent, "sent")
    return [_read(one, sent_at, now) for one in sent["positions"]]


def _read(one: Any, sent_at: int, now: datetime) -> Fix:
    if not isinstance(one, dict):
        raise PositionsRefused("Expected a position, but got something else")
    token = _whole(one, "token")
    age = min(max(timedelta(milliseconds=sent_at - token), timedelta()), MAX_AGE)
    try:
        place = Place(_whole(one, "lat"), _whole(one, "lng"))
    except ValueError as error:
        raise PositionsRefused(str(error)) from error
    return Fix(token, now - age, place, min(max(_whole(one, "accuracy"), 0), MAX_ACCURACY_M))


def _whole(values: Mapping[str, Any], name: str) -> int:
    value = values.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**53:
        raise PositionsRefused(f"Expected {name} to be a whole number, but got {value!r}"[:200])
    return value
