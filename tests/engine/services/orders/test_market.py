"""Browsing, searching, filtering and paging the market, on both databases."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import insert

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.orders.queries import count_choices, count_orders, fetch_order, list_orders, my_orders
from engine.services.orders.search import SORTS, OrderFilter, cut_text, fold_text
from engine.services.orders.tables import hire_order
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.tables import party
from tests.engine.services.orders.rows import order_row

VISITOR = Actor("visitor", "visitor", "individual", frozenset({"individual"}))
PUBLISHER = Actor("publisher", "publisher", "individual", frozenset({"individual"}))


def fill(engine: Engine, *rows: dict[str, object]) -> list[str]:
    people = [
        {
            "id": name,
            "kind": "person",
            "name_zh": f"{name}中",
            "name_en": name,
            "is_certified": 1,
            "has_agreement": 1,
            "is_suspended": 0,
            "created_at": engine.clock(),
        }
        for name in ("publisher", "visitor")
    ]

    def work(unit: UnitOfWork) -> None:
        unit.connection.execute(insert(party), people)
        for row in rows:
            unit.connection.execute(insert(hire_order), row)

    engine.database.transact(work)
    return [str(row["id"]) for row in rows]


def found(engine: Engine, wanted: OrderFilter) -> set[str]:
    return {card.id for card in list_orders(engine, VISITOR, wanted).rows}


def test_only_open_orders_that_have_not_expired_are_on_the_market(any_engine: Engine) -> None:
    now = any_engine.clock()
    states = ("draft", "funding", "in_review", "expired", "locked", "started", "paid", "cancelled", "disputed")
    hidden = [order_row(now, state=state) for state in states]
    listed, _ = fill(any_engine, order_row(now), order_row(now, expires_at=now), *hidden)[:2]
    assert found(any_engine, OrderFilter()) == {listed}
    assert count_orders(any_engine, OrderFilter()) == 1


def test_every_word_of_a_search_must_be_there_whatever_its_width_and_case(any_engine: Engine) -> None:
    now = any_engine.clock()
    projector, cable = fill(
        any_engine,
        order_row(now, title="投影调试 HDMI", content="两间"),
        order_row(now, title="布线 100% 铜缆", content="HDMI_2"),
    )
    assert found(any_engine, OrderFilter(search="ｈｄｍｉ")) == {projector, cable}
    assert found(any_engine, OrderFilter(search="hdmi 投影")) == {projector}
    assert found(any_engine, OrderFilter(search="100%")) == {cable}
    assert found(any_engine, OrderFilter(search="hdmi_2")) == {cable}
    assert found(any_engine, OrderFilter(search="% _")) == set() or found(any_engine, OrderFilter(search="_")) == {
        cable
    }
    assert found(any_engine, OrderFilter(search="无此词")) == set()


def test_filters_narrow_by_category_place_kind_of_taker_and_net_pay(any_engine: Engine) -> None:
    now = any_engine.clock()
    remote, company, rich = fill(
        any_engine,
        order_row(now, category="study", place_mode="remote"),
        order_row(now, taker_kinds="organisation"),
        order_row(now, reward_fen=90_000, net_fen=81_000),
    )
    assert found(any_engine, OrderFilter(categories=frozenset({"study", "design"}))) == {remote}
    assert found(any_engine, OrderFilter(place_mode="on_site")) == {company, rich}
    assert found(any_engine, OrderFilter(taker_kind="person")) == {remote, rich}
    assert found(any_engine, OrderFilter(min_net_fen=81_000)) == {rich}
    assert found(any_engine, OrderFilter(min_net_fen=81_001)) == set()


@pytest.mark.parametrize("sort", SORTS)
def test_pages_show_every_order_once_and_in_order(any_engine: Engine, sort: str) -> None:
    pick, now = random.Random(20_261_123), any_engine.clock()
    rows = [
        order_row(
            now,
            listed_at=now - timedelta(hours=pick.randrange(5)),
            expires_at=now + timedelta(hours=1 + pick.randrange(5)),
            reward_fen=100 * pick.randrange(1, 5),
        )
        for _ in range(23)
    ]
    fill(any_engine, *rows)
    seen, after, sizes = [], None, []
    while True:
        page = list_orders(any_engine, VISITOR, OrderFilter(sort=sort), after, limit=5)
        seen += [card.id for card in page.rows]
        sizes.append(len(page.rows))
        after = page.after
        if after is None:
            break
    assert sizes == [5, 5, 5, 5, 3]
    column, sign = {"newest": ("listed_at", -1), "reward": ("reward_fen", -1), "ending": ("expires_at", 1)}[sort]
    ordered = sorted(rows, key=lambda row: (row[column], row["id"]), reverse=sign < 0)
    assert seen == [row["id"] for row in ordered]


def test_a_new_order_does_not_shift_the_pages_behind(engine: Engine) -> None:
    now = engine.clock()
    ids = fill(engine, *[order_row(now, listed_at=now - timedelta(minutes=n)) for n in range(4)])
    first = list_orders(engine, VISITOR, OrderFilter(), limit=2)
    engine.database.transact(lambda unit: unit.connection.execute(insert(hire_order), order_row(now)))
    second = list_orders(engine, VISITOR, OrderFilter(), first.after, limit=2)
    assert [card.id for card in second.rows] == ids[2:]


def test_a_visitor_sees_the_demand_and_the_pay_but_no_contact(engine: Engine) -> None:
    (order_id,) = fill(engine, order_row(engine.clock()))
    view = fetch_order(engine, VISITOR, order_id)
    assert (view.card.reward_fen, view.card.fee_fen, view.card.net_fen) == (10_000, 1_000, 9_000)
    assert (view.side, view.contact, view.obstacle) == ("", None, "")
    assert fetch_order(engine, PUBLISHER, order_id).obstacle == "own_order"


def test_an_order_off_the_market_exists_for_its_sides_only(engine: Engine) -> None:
    now = engine.clock()
    locked, drafted = fill(engine, order_row(now, state="locked", taker_id="taker"), order_row(now, state="funding"))
    for order_id in (locked, drafted, "nowhere"):
        with pytest.raises(NotFound):
            fetch_order(engine, VISITOR, order_id)
    assert fetch_order(engine, PUBLISHER, drafted).side == "publisher"
    taker = Actor("taker", "taker", "individual")
    assert fetch_order(engine, taker, locked).side == "taker"
    assert [card.id for card in my_orders(engine, taker, "taken").rows] == [locked]


def test_own_orders_come_in_pages_too(engine: Engine) -> None:
    ids = fill(engine, *[order_row(engine.clock(), state="paid") for _ in range(5)])
    first = my_orders(engine, PUBLISHER, "published", limit=3)
    second = my_orders(engine, PUBLISHER, "published", first.after, limit=3)
    assert [card.id for card in [*first.rows, *second.rows]] == sorted(ids, reverse=True)
    assert second.after is None


@pytest.mark.parametrize(("text", "folded"), [("  ＨＤＭＩ  线 ", "hdmi 线"), ("Straße", "strasse"), ("", "")])
def test_texts_are_folded_for_the_search(text: str, folded: str) -> None:
    assert fold_text(text) == folded


def test_an_unknown_sort_and_a_foreign_cursor_are_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match="Expected one of"):
        OrderFilter(sort="nearest")
    with pytest.raises(ValueError, match="Expected a cursor"):
        list_orders(engine, VISITOR, OrderFilter(), "nonsense")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("short enough", "short enough"),
        ("merged by our rules, which we will send", "merged by our rules…"),
        ("两间会议室各有一台新投影，请完成吊装微调和设置", "两间会议室各有一台新投影，请完成吊装微…"),
        ("两间会议室各有一台新投影仪型号 EB-X51", "两间会议室各有一台新投影仪型号…"),
        ("abcdefghijklmnopqrstuvwxyz", "abcdefghijklmnopqrs…"),
    ],
)
def test_excerpts_end_at_words(text: str, shown: str) -> None:
    assert cut_text(text, 20) == shown


def test_choices_are_counted_beside_the_other_filters(any_engine: Engine) -> None:
    now = any_engine.clock()
    rows = [
        *(order_row(now, category=category, net_fen=900) for category in ("design", "design", "event")),
        order_row(now, category="event", place_mode="remote", net_fen=5_000, service_to=now + timedelta(days=9)),
        order_row(now, category="event", state="locked"),
    ]
    fill(any_engine, *rows)
    wanted = OrderFilter(categories=frozenset({"design"}), place_mode="on_site", max_net_fen=1_000)
    assert count_choices(any_engine, wanted) == {"category": {"design": 2, "event": 1}, "place": {"on_site": 2}}
    late = OrderFilter(done_by=now + timedelta(days=5))
    assert count_choices(any_engine, late)["place"] == {"on_site": 3}
    assert count_orders(any_engine, OrderFilter(min_net_fen=1_000)) == 1
