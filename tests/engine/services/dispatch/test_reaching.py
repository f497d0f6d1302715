"""Which orders reach whom: both ranges, classes, categories; pushed at once, or when a courier comes near."""

import pytest
from sqlalchemy import select, update

from engine.commands.work import settle
from engine.services.dispatch.couriers import go_off_duty, read_profile
from engine.services.dispatch.queries import list_pullable
from engine.services.dispatch.rows import courier_topic
from engine.services.dispatch.tables import courier_place
from engine.services.notifications.tables import notification
from engine.services.orders.errors import NotEligible
from engine.services.places.geometry import coarsen
from engine.storage.tables import party
from tests.engine.services.dispatch.town import ENDED, LAKE, Town, north
from tests.support.clock import ManualClock


def test_ordinary_couriers_pull_what_is_theirs_and_professional_ones_get_everything_in_both_ranges(
    any_town: Town,
) -> None:
    """Scenario 30."""
    town = any_town
    near = town.courier("nina", "ordinary", 900, categories=("buy", "print"))
    narrow = town.courier("nico", "ordinary", 900, range_m=500)
    professional = town.courier("pia", "professional", 2500)
    far = town.courier("paul", "professional", 3500, range_m=10_000)
    buying, printing = town.order(category="buy"), town.order(category="print")
    fetching, dear = town.order(category="fetch_parcel"), town.order(order_class="professional", category="buy")
    close, asking = town.order(category="buy", range_m=800), town.order(category="answer", pickup=None)
    assert town.pulled(near) == {buying, printing}
    assert town.pulled(near, "print") == {printing}
    assert town.pulled(near, "fetch_parcel") == set()
    assert town.pulled(narrow) == {asking}  # his own range is shorter than the way, and an answer has no place
    assert town.pushed(professional) == {buying, printing, fetching, dear, asking}
    assert town.pushed(far) == {asking}
    assert town.told(close) == set()
    assert town.told(dear) == {"pia"}
    assert town.told(asking) == {"pia", "paul"}
    assert (town.pushed(near), town.pulled(professional)) == (set(), set())


def test_nobody_sees_his_own_order_or_one_he_is_kept_from(any_town: Town) -> None:
    mine, kept = any_town.courier("pia", "professional"), any_town.courier("paul", "professional")
    order_id = any_town.order(requester="pia", excluded=["paul"])
    assert (any_town.pushed(mine), any_town.pushed(kept), any_town.told(order_id)) == (set(), set(), set())
    with pytest.raises(NotEligible) as refused:
        any_town.take(kept, order_id)
    assert refused.value.reason == "excluded"


def test_an_offer_is_widened_step_by_step_and_reaches_more(any_town: Town, clock: ManualClock) -> None:
    courier = any_town.courier("pia", "professional", 4400, range_m=10_000)
    order_id = any_town.order()
    assert any_town.told(order_id) == set()
    ranges = []
    for _ in range(5):
        clock.advance(minutes=3)
        settle(any_town.engine)
        ranges.append(any_town.row(order_id)["range_m"])
    assert ranges == [4500, 6750, 10_125, 10_125, 10_125]
    assert any_town.told(order_id) == {"pia"}
    assert any_town.pushed(courier) == {order_id}


def test_a_courier_who_comes_near_is_told_once(any_town: Town) -> None:
    any_town.courier("pia", "professional", 8000)
    order_id = any_town.order()
    with any_town.engine.changes.listen([courier_topic("pia")]) as listener:
        assert any_town.told(order_id) == set()
        for metres in (2800, 2000, 1000):
            any_town.move({"pia": north(metres)})
        assert listener.wait(0) == {courier_topic("pia")}
    with any_town.engine.database.read() as connection:
        told = connection.execute(select(notification.c.user_id, notification.c.template)).all()
    assert [tuple(row) for row in told] == [("pia", "errand_offered")]


def test_before_it_is_taken_an_order_shows_areas_and_no_places(town: Town) -> None:
    courier = town.courier("nina", "ordinary", 740)
    town.order(dropoff=north(2000).as_plain())
    [card] = list_pullable(town.engine, courier)
    assert (card.pickup, card.dropoff) == (coarsen(LAKE), coarsen(north(2000)))
    assert (card.metres, card.distance_m, card.weight_g, card.fee_fen, card.tip_fen) == (700, 2600, 1500, 800, 200)
    assert LAKE.lat not in vars(card).values()


def test_where_a_courier_is_is_gone_when_he_goes_off_duty_and_not_kept_afterwards(any_town: Town) -> None:
    courier = any_town.courier("pia", "professional")
    assert any_town.count(courier_place) == 1
    go_off_duty(any_town.engine, courier)
    assert any_town.count(courier_place) == 0
    assert any_town.move({"pia": LAKE, "nobody": LAKE}) == frozenset()
    assert any_town.count(courier_place) == 0
    order_id = any_town.order()
    assert (any_town.told(order_id), any_town.pushed(courier)) == (set(), set())
    assert read_profile(any_town.engine, courier).seen_at is None


def test_a_courier_who_is_silent_for_half_an_hour_is_taken_off_duty_and_told(
    any_town: Town, clock: ManualClock
) -> None:
    silent, talking = any_town.courier("pia", "professional"), any_town.courier("paul", "professional")
    for _ in range(4):
        clock.advance(minutes=9)
        any_town.move({"paul": LAKE})
    duties = [read_profile(any_town.engine, one).on_duty_since is not None for one in (silent, talking)]
    assert (duties, any_town.count(courier_place)) == ([False, True], 1)
    with any_town.engine.database.read() as connection:
        told = connection.execute(select(notification.c.user_id, notification.c.template)).all()
    assert [tuple(row) for row in told] == [("pia", "courier_off_duty")]


def test_a_courier_who_is_suspended_is_taken_off_duty(town: Town, clock: ManualClock) -> None:
    courier = town.courier("pia", "professional")
    change = update(party).where(party.c.id == "pia").values(is_suspended=1)
    town.engine.database.transact(lambda unit: unit.connection.execute(change))
    clock.advance(minutes=6)
    settle(town.engine)
    profile = read_profile(town.engine, courier)
    assert (profile.on_duty_since, profile.obstacle, town.count(courier_place)) == (None, "suspended", 0)


def test_where_an_order_begins_is_forgotten_once_it_is_taken(any_town: Town) -> None:
    courier = any_town.courier("nina", "ordinary")
    order_id = any_town.order()
    assert any_town.take(courier, order_id) == 1
    row = any_town.row(order_id)
    assert (row["state"], row["lat"], row["lng"], row["cell_7"]) == ("taken", None, None, None)
    any_town.tell(ENDED, order_id)
    assert any_town.row(order_id)["state"] == "closed"
