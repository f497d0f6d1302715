"""What an ordinary errand is suggested to offer, and when the night begins."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, insert

from engine.runtime.engine import Engine
from engine.services.errands.pricing import Suggestion, is_at_night, suggest_fee
from engine.services.errands.tables import errand
from engine.storage.database import UnitOfWork

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ASKED = {"category": "buy", "metres": 4000}


def _add(connection: Connection, number: int, fee_fen: int, **differs: object) -> None:
    flags = dict.fromkeys(
        ("is_night", "may_leave", "needs_pickup_code", "needs_delivery_code", "is_insured", "is_estimated"), False
    )
    sums = dict.fromkeys(
        ("weight_kg", "declared_fen", "tip_fen", "goods_cap_fen", "spent_fen", "legs_fen", "case_count"), 0
    )
    texts = {"id": f"e{number}", "number": f"ER-{number}", "requester_id": "ann", "description": "-"}
    state = {"state": "closed", "order_class": "ordinary", "courier_id": "bob", "lock_version": 1, **ASKED}
    whole = {"range_m": 3000, "created_at": NOW, "closed_at": NOW + timedelta(minutes=number), "fee_fen": fee_fen}
    empty: dict[str, object] = {"images": [], "details": {}, "files": []}
    connection.execute(insert(errand).values({**flags, **sums, **texts, **state, **whole, **empty, **differs}))


def test_suggestion_follows_from_like_errands_that_were_carried_out(engine: Engine) -> None:
    def work(unit: UnitOfWork) -> tuple[Suggestion, Suggestion]:
        for number, fee_fen in enumerate((900, 1000, 1100, 1200)):
            _add(unit.connection, number, fee_fen)
        _add(unit.connection, 10, 9000, category="deliver")
        _add(unit.connection, 11, 9000, metres=9000)
        _add(unit.connection, 12, 9000, state="no_courier", courier_id=None)
        few = suggest_fee(unit.connection, ASKED, 1200)
        _add(unit.connection, 13, 1300)
        return few, suggest_fee(unit.connection, ASKED, 1200)

    few, enough = engine.database.transact(work)
    assert few == Suggestion(1200, 1200, 1200, 4)  # too few of them: the fee table
    assert enough == Suggestion(950, 1100, 1250, 5)


@pytest.mark.parametrize(("hour", "minute", "is_night"), [(21, 59, False), (22, 0, True), (5, 59, True), (6, 0, False)])
def test_night_is_from_ten_to_six_where_the_platform_is(hour: int, minute: int, is_night: bool) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    assert is_at_night(datetime(2026, 11, 23, hour, minute, tzinfo=zone).astimezone(UTC), zone) is is_night
