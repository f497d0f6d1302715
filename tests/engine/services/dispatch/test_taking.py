"""Taking: exactly one winner, who may take at all, how many he may hold, and giving back."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from engine.language.errors import EngineError
from engine.services.dispatch.couriers import become_ordinary, go_off_duty, save_profile
from engine.services.dispatch.errors import CourierRefused
from engine.services.dispatch.taking import take_offer
from engine.services.notifications.tables import notification
from engine.services.orders.errors import AlreadyTaken, OrderNotOpen
from engine.storage.actor import Actor
from engine.storage.ids import new_id
from engine.storage.tables import party
from tests.engine.services.dispatch.town import ENDED, RELEASED, Town, north


def refusal(town: Town, actor: Actor, order_id: str) -> str:
    """The code of the refusal."""
    with pytest.raises(EngineError) as refused:
        town.take(actor, order_id)
    return refused.value.code


def test_sixteen_couriers_at_once_make_one_winner_and_fifteen_clear_answers(any_town: Town) -> None:
    couriers = [any_town.courier(f"c{number}", "professional", number * 10) for number in range(16)]
    order_id = any_town.order()
    together = threading.Barrier(len(couriers))

    def run(actor: Actor) -> str:
        together.wait(30)
        try:
            take_offer(any_town.engine, actor, order_id, new_id())
        except AlreadyTaken as refused:
            return refused.code
        return actor.party_id

    with ThreadPoolExecutor(len(couriers)) as pool:
        results = list(pool.map(run, couriers))
    row = any_town.row(order_id)
    assert results.count("already_taken") == 15
    assert [one for one in results if one != "already_taken"] == [row["taker_id"]]
    assert (row["state"], row["lock_version"]) == ("taken", 1)


def test_a_repeated_take_is_answered_again(town: Town) -> None:
    courier, order_id, token = town.courier("nina", "ordinary"), town.order(), new_id()
    assert [take_offer(town.engine, courier, order_id, token) for _ in range(2)] == [1, 1]
    assert refusal(town, courier, order_id) == "already_taken"


def test_a_courier_holds_at_most_three_orders_until_one_is_over(any_town: Town) -> None:
    courier = any_town.courier("nina", "ordinary")
    first, *others = (any_town.order() for _ in range(4))
    for order_id in (first, *others[:2]):
        any_town.take(courier, order_id)
    assert refusal(any_town, courier, others[2]) == "not_eligible.too_many_orders"
    any_town.tell(ENDED, first)
    assert any_town.take(courier, others[2]) == 1


def test_a_dedicated_order_is_the_only_one_of_its_courier(town: Town) -> None:
    courier, busy = town.courier("nina", "ordinary"), town.courier("nico", "ordinary")
    dedicated, plain, other = town.order(is_dedicated=True), town.order(), town.order()
    town.take(busy, other)
    assert refusal(town, busy, dedicated) == "not_eligible.too_many_orders"
    town.take(courier, dedicated)
    assert refusal(town, courier, plain) == "not_eligible.dedicated_held"


def test_who_gave_an_order_back_does_not_get_it_again_and_the_others_do(any_town: Town) -> None:
    first, second = any_town.courier("pia", "professional"), any_town.courier("paul", "professional")
    order_id = any_town.order()
    any_town.take(first, order_id)
    assert any_town.pushed(second) == set()
    any_town.tell(RELEASED, order_id)
    assert any_town.told(order_id) == {"paul"}
    assert (any_town.pushed(first), any_town.pushed(second)) == (set(), {order_id})
    assert refusal(any_town, first, order_id) == "not_eligible.given_back"
    assert any_town.take(second, order_id) == 2


def test_what_was_pushed_is_taken_back_from_everybody_else_once_it_is_taken(any_town: Town) -> None:
    for name in ("pia", "paul"):
        any_town.courier(name, "professional")
    courier, order_id = any_town.courier("nina", "ordinary"), any_town.order()
    any_town.take(courier, order_id)
    with any_town.engine.database.read() as connection:
        left = connection.execute(select(notification.c.id).where(notification.c.withdrawn_at.is_(None))).all()
    assert (any_town.told(order_id), left) == (set(), [])


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("is_certified", 0, "not_eligible.not_certified"),
        ("has_agreement", 0, "not_eligible.no_agreement"),
        ("is_suspended", 1, "not_eligible.suspended"),
    ],
)
def test_who_is_not_fit_for_orders_takes_none(town: Town, column: str, value: int, code: str) -> None:
    courier, order_id = town.courier("nina", "ordinary"), town.order()
    change = update(party).where(party.c.id == "nina").values({column: value})
    town.engine.database.transact(lambda unit: unit.connection.execute(change))
    assert refusal(town, courier, order_id) == code


def test_class_place_and_duty_decide_who_takes(any_town: Town) -> None:
    ordinary, far = any_town.courier("nina", "ordinary"), any_town.courier("fay", "ordinary", 5000)
    professional = any_town.courier("pia", "professional")
    requester, stranger = any_town.courier("rob", "ordinary"), any_town.person("stan")
    dear, plain = any_town.order(order_class="professional"), any_town.order(requester="rob")
    assert refusal(any_town, ordinary, dear) == "not_eligible.professional_only"
    assert refusal(any_town, far, plain) == "not_eligible.out_of_range"
    assert refusal(any_town, requester, plain) == "not_eligible.own_order"
    assert refusal(any_town, stranger, plain) == "not_eligible.not_a_courier"
    any_town.move({"pia": north(4000)})  # it was pushed to him when he was near: that holds
    assert any_town.take(professional, dear) == 1
    go_off_duty(any_town.engine, ordinary)
    assert refusal(any_town, ordinary, plain) == "not_eligible.off_duty"
    assert refusal(any_town, ordinary, new_id()) == "not_found"


def test_an_order_that_is_over_is_not_open(town: Town) -> None:
    courier, order_id = town.courier("nina", "ordinary"), town.order()
    town.take(courier, order_id)
    town.tell(ENDED, order_id)
    with pytest.raises(OrderNotOpen):
        town.take(courier, order_id)


def test_a_certified_person_becomes_an_ordinary_courier_and_sets_sensible_values(any_town: Town) -> None:
    person = any_town.person("stan")
    for wrong in ((499, (), ""), (10_001, (), ""), (3000, ("gold",), ""), (3000, (), "rocket")):
        with pytest.raises(CourierRefused):
            save_profile(any_town.engine, person, *wrong)
    with pytest.raises(CourierRefused, match="not_a_courier"):
        save_profile(any_town.engine, person, 3000, (), "")
    for _ in range(2):
        become_ordinary(any_town.engine, person)
    save_profile(any_town.engine, person, 5000, ("buy",), "bicycle")
    change = update(party).where(party.c.id == "rita").values(is_certified=0)
    any_town.engine.database.transact(lambda unit: unit.connection.execute(change))
    with pytest.raises(CourierRefused, match="not_certified"):
        become_ordinary(any_town.engine, Actor("rita", "rita", "individual"))
