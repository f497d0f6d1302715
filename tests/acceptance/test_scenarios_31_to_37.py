"""The acceptance scenarios 31 to 37 of the specification and 53 for errands, as far as no browser is needed.

Those that are scenarios beside the diagram are played on SQLite with all the others, so here on PostgreSQL alone.
"""

from dataclasses import asdict
from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.commands.tasks import FormRejected
from engine.queries.inspection import fetch_case
from engine.records.history import read_stream
from engine.runtime.errors import NotFound
from engine.services.errands.codes import DELIVERY, make_code
from engine.services.errands.commands import cancel_errand, release_errand, report_exception
from engine.services.errands.errors import RequestNotPossible
from engine.services.errands.pricing import QuoteExpired, QuoteUnsound, check_quote, last_quote
from engine.services.errands.queries import fetch_errand, list_errands
from engine.services.errands.tables import errand
from engine.services.tracking.queries import read_track
from engine.storage.actor import Actor
from tests.acceptance.playing import Played
from tests.support.stage import Stage
from web.demo.errands import WANTED

ON_POSTGRES = pytest.mark.parametrize("any_stage", ["postgres"], indirect=True)
ON_SQLITE = pytest.mark.parametrize("any_stage", ["sqlite"], indirect=True)
PHONE, ROOM = "13800001111", "玉泉校区"


def _person(name: str, role: str = "individual") -> Actor:
    return Actor(name, name, role, frozenset({role}))


REQUESTER, COURIER = _person("requester"), _person("courier", "courier_ordinary")
STRANGER = _person("second", "courier_professional")


def _play(stage: Stage, name: str) -> str:
    """Plays a scenario beside the diagram; gives the errand."""
    Played(stage, name, "errand")
    with stage.engine.database.read() as connection:
        return str(connection.execute(select(errand.c.id)).scalar_one())


@ON_POSTGRES
def test_31_a_quote_is_estimated_made_anew_signed_and_short_lived(any_stage: Stage) -> None:
    order_id, keys, now = _play(any_stage, "requoted"), any_stage.engine.keys, any_stage.clock()
    with any_stage.engine.database.read() as connection:
        quote = last_quote(connection, order_id)
    assert quote is not None
    assert check_quote(keys, quote, now)["number"] == 2
    with pytest.raises(QuoteUnsound):
        check_quote(keys, {**quote, "fee_fen": 1}, now)  # type: ignore[arg-type]
    with pytest.raises(QuoteExpired):
        check_quote(keys, quote, now + timedelta(minutes=2))


@ON_SQLITE
def test_31_a_quote_confirmed_too_late_lapses(any_stage: Stage) -> None:
    order_id = _play(any_stage, "described")
    any_stage.do(REQUESTER, order_id, "set_fee", {"fee_decision": "change"})
    wanted = WANTED["fetch_parcel"] | {"category": "fetch_parcel", "order_class": "professional"}  # type: ignore[operator]
    any_stage.do(REQUESTER, order_id, "describe_errand", wanted)
    any_stage.clock.advance(minutes=16)  # the timer has not gone off yet
    any_stage.do(REQUESTER, order_id, "confirm_quote", {"fee_decision": "order"})
    assert (any_stage.outcome(order_id), any_stage.incidents(order_id)) == ("end_unpaid", [])


@ON_POSTGRES
def test_32_five_wrong_codes_lock_it_and_a_photo_proves(any_stage: Stage) -> None:
    order_id, engine = _play(any_stage, "under_way"), any_stage.engine
    any_stage.do(COURIER, order_id, "deliver", {})
    right = make_code(engine.keys, order_id, DELIVERY)
    wrong = f"{(int(right) + 1) % 10_000:04d}"
    for _ in range(5):
        with pytest.raises(FormRejected):
            _hand_over(any_stage, order_id, code=wrong)
    assert fetch_errand(engine, REQUESTER, order_id).tries_left == 0
    with pytest.raises(FormRejected):
        _hand_over(any_stage, order_id, code=right)
    offered = any_stage.form_data(COURIER, order_id, "hand_over")["errand_delivery_proofs"]
    assert [one["id"] for one in offered if isinstance(one, dict)] == ["photo"]  # type: ignore[union-attr]
    with pytest.raises(FormRejected):  # a photo needs a place and a reason
        any_stage.do(COURIER, order_id, "hand_over", {"delivery_proof": "photo"})
    assert "hand_over" in any_stage.open(order_id)


def _hand_over(stage: Stage, order_id: str, code: str) -> None:
    stage.do(COURIER, order_id, "hand_over", {"delivery_proof": "code", "delivery_code": code})


@ON_SQLITE
def test_who_is_not_at_the_pickup_proves_it_by_a_photo(any_stage: Stage) -> None:
    order_id = _play(any_stage, "taken")
    for elsewhere in ({}, {"place-known": "east_station"}):
        with pytest.raises(FormRejected):
            any_stage.do(COURIER, order_id, "go_to_pickup", elsewhere)
    any_stage.do(COURIER, order_id, "go_to_pickup", {"place-known": "wensan_road"})
    assert "pick_up" in any_stage.open(order_id)


@ON_POSTGRES
@pytest.mark.parametrize("name", ["extra_refused", "relayed", "cancelled_on_the_way"])
def test_33_34_35_money_of_what_goes_wrong(any_stage: Stage, name: str) -> None:
    played = Played(any_stage, name, "errand")
    assert max(played.transitions()) == 1  # no service function makes more than one transition of F.3


@ON_SQLITE
def test_36_37_53_who_sees_what_of_an_errand(any_stage: Stage) -> None:
    order_id, engine = _play(any_stage, "under_way"), any_stage.engine
    own, other = fetch_errand(engine, REQUESTER, order_id), fetch_errand(engine, COURIER, order_id)
    with pytest.raises(NotFound):
        fetch_errand(engine, STRANGER, order_id)
    assert (len(own.delivery_code), other.delivery_code) == (4, "")
    assert (other.station_code, other.pickup and other.pickup.is_coarse) == ("3-1-2046", False)
    assert [card.id for card in list_errands(engine, COURIER, "courier").rows] == [order_id]
    auditor = Actor("aud", "platform", "auditor", frozenset({"auditor"}))
    case = fetch_case(engine, auditor, order_id)
    with engine.database.read() as connection:
        history = [step.events for step in read_stream(connection, order_id)]
    told = repr([asdict(own), asdict(other), case, history, any_stage.form_data(COURIER, order_id, "deliver")])
    assert PHONE not in told
    assert ROOM not in repr([case, history])  # no address either
    assert read_track(engine, REQUESTER, order_id).stage == "to_dropoff"
    with pytest.raises(RequestNotPossible):
        release_errand(engine, COURIER, order_id, "late")
    with pytest.raises(NotFound):
        cancel_errand(engine, STRANGER, order_id, "stranger")
    with pytest.raises(RequestNotPossible):  # only the courier reports
        report_exception(engine, REQUESTER, order_id, "own", "prohibited")
    any_stage.do(COURIER, order_id, "deliver", {})
    _hand_over(any_stage, order_id, make_code(engine.keys, order_id, DELIVERY))
    closed = read_track(engine, REQUESTER, order_id)
    assert (closed.stage, closed.here, closed.line) == ("closed", None, ())
    assert fetch_errand(engine, COURIER, order_id).pickup.is_coarse  # type: ignore[union-attr]
