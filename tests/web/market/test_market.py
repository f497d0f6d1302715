"""Looking for orders: what is listed, how it is found, and what is never shown."""

import re

import pytest

from engine.definitions.forms import parse_form
from engine.services.orders.states import TRANSITIONS
from engine.services.payments.methods import KINDS as METHOD_KINDS
from engine.services.payments.payouts import BOOKED, FAILED, HELD, REVERSED, SENT, SUCCEEDED
from tests.support.stage import ROOT
from tests.web.bazaar import ADDRESS, PHONE, Bazaar
from web.market import hall, wallet
from web.market.find import CATEGORIES
from web.market.questions import FOLDER, read_question
from web.market.statements import BOTH_WAYS, KINDS, RULE_ICONS
from web.market.states import LOOKS, QUESTIONS_OF, SECURED, STEPS
from web.texts import catalogue

TITLE = re.compile(r'<h2 class="lg"><a href="/orders/[^"]+">([^<]+)</a>')
NEXT = re.compile(r'href="(/market\?[^"]*after=[^"]+)"')
HALL = "会议室投影调试（两间）"


def titles(page: str) -> list[str]:
    return TITLE.findall(page)


@pytest.fixture
def stocked(bazaar: Bazaar) -> Bazaar:
    """Four orders of two publishers."""
    bazaar.fund("chen", 500_000)
    bazaar.publish()
    bazaar.publish("chen", title="宣传册校对", category="design", place_mode="remote", reward_fen="1200.00")
    bazaar.publish(
        "chen", title="布展搬运", category="event", district="杭州 萧山区", reward_fen="880.00", taker_kinds="person"
    )
    bazaar.publish(title="厨房清洁", category="housekeeping", reward_fen="99.00", list_until="2026-11-25T12:00")
    return bazaar


def test_listed_order_says_what_it_is_and_what_one_receives(bazaar: Bazaar) -> None:
    bazaar.publish()
    page = bazaar.visit("zhou").get("/market").text
    for words in (HALL, "已托管", "安装与维修", "杭州 西湖区", "¥333.30", "实收 ¥299.97", "李文博", "1 个开放"):
        assert words in page
    assert ADDRESS not in page
    assert PHONE not in page


def test_market_reads_in_english(bazaar: Bazaar) -> None:
    bazaar.publish()
    visitor = bazaar.visit("zhou")
    bazaar.read_in(visitor, "en")
    page = visitor.get("/market").text
    for words in (
        "Funds secured",
        "Installation and repair",
        "net ¥299.97",
        "Li Wenbo",
        "1 order matches, newest first",
    ):
        assert words in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["厨房清洁", "布展搬运", "宣传册校对", HALL]),
        ("sort=reward", ["宣传册校对", "布展搬运", HALL, "厨房清洁"]),
        ("sort=ending", ["厨房清洁", HALL, "宣传册校对", "布展搬运"]),
        ("sort=nonsense", ["厨房清洁", "布展搬运", "宣传册校对", HALL]),
        ("q=萧山", ["布展搬运"]),
        ("q=萧山 校对", []),
        ("category=design&category=event", ["布展搬运", "宣传册校对"]),
        ("category=nonsense", ["厨房清洁", "布展搬运", "宣传册校对", HALL]),
        ("place=remote", ["宣传册校对"]),
        ("taker=organisation", ["厨房清洁", "宣传册校对", HALL]),
        ("min_net=700", ["布展搬运", "宣传册校对"]),
        ("min_net=1,080", ["宣传册校对"]),
        ("min_net=-5", ["厨房清洁", "布展搬运", "宣传册校对", HALL]),
    ],
)
def test_search_filters_and_sorts(stocked: Bazaar, query: str, expected: list[str]) -> None:
    assert titles(stocked.visit("zhou").get(f"/market?{query}").text) == expected


def test_pages_by_key_show_every_order_once(stocked: Bazaar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hall, "PAGE_ROWS", 1)
    visitor, found = stocked.visit("zhou"), list[str]()
    path = "/market?sort=reward&taker=person"
    for _ in range(6):
        page = visitor.get(path).text
        found += titles(page)
        following = NEXT.search(page)
        if following is None:
            break
        path = following[1].replace("&amp;", "&")
        assert "sort=reward" in path
        assert "taker=person" in path
    assert found == ["宣传册校对", "布展搬运", HALL, "厨房清洁"]


def test_filters_in_force_can_be_taken_off_one_by_one(stocked: Bazaar) -> None:
    page = stocked.visit("zhou").get("/market?category=design&place=remote&min_net=100").text
    assert 'href="/market?place=remote&amp;min_net=100"' in page
    assert 'href="/market?category=design&amp;min_net=100"' in page
    assert 'href="/market?category=design&amp;place=remote"' in page


def test_wrong_amount_is_pointed_out_and_does_not_filter(bazaar: Bazaar) -> None:
    bazaar.publish()
    page = bazaar.visit("zhou").get("/market?min_net=viel").text
    assert "这不是金额" in page
    assert titles(page) == [HALL]


@pytest.mark.parametrize("cursor", ["x", "~", "nonsense~id"])
def test_address_somebody_has_cut_off_is_refused(bazaar: Bazaar, cursor: str) -> None:
    assert bazaar.visit("zhou").get(f"/market?after={cursor}").status_code == 400


def test_empty_pages_say_what_to_do_next(bazaar: Bazaar) -> None:
    visitor = bazaar.visit("zhou")
    assert "现在没有开放的订单" in visitor.get("/market").text
    bazaar.publish()
    page = visitor.get("/market?q=没有这样的").text
    assert "没有符合条件的订单" in page
    assert "去掉全部条件后有 1 个" in page


@pytest.mark.parametrize("query", ["", "sort=reward", "sort=ending", "q=投影", "category=installation", "min_net=1"])
def test_order_without_funds_is_never_visible(bazaar: Bazaar, query: str) -> None:
    """Scenario 23."""
    order_id = bazaar.publish("wang")
    visitor = bazaar.visit("zhou")
    page = visitor.get(f"/market?{query}").text
    assert titles(page) == []
    assert HALL not in page
    assert visitor.get(f"/orders/{order_id}").status_code == 404
    assert bazaar.state(order_id, "wang") == "funding"
    assert "待付款" in bazaar.visit("wang").get(f"/orders/{order_id}").text


def test_order_that_is_no_longer_open_is_not_listed(bazaar: Bazaar) -> None:
    order_id = bazaar.publish()
    bazaar.take(order_id)
    visitor = bazaar.visit("wang")
    assert titles(visitor.get("/market").text) == []
    assert visitor.get(f"/orders/{order_id}").status_code == 404


def test_staff_of_the_platform_has_no_market(bazaar: Bazaar) -> None:
    visitor = bazaar.visit("gao")
    for path in ("/market", "/orders", "/wallet"):
        assert visitor.get(path).status_code == 403


def test_categories_are_those_of_the_form() -> None:
    form = parse_form("describe_demand", (ROOT / "forms/hire_order/describe_demand.form").read_bytes())
    choices = form.fields["category"].choices
    assert tuple(choice.value for choice in choices) == CATEGORIES
    for choice in choices:
        assert catalogue()[f"market.category.{choice.value}"] == {"zh": choice.label.zh, "en": choice.label.en}


def test_keys_put_together_at_run_time_are_defined() -> None:
    final = {state for state, following in TRANSITIONS.items() if not following}
    keys = {f"order.{kind}.{state}" for kind in ("state", "next") for state in TRANSITIONS}
    keys |= {f"order.silence.{state}" for state in set(TRANSITIONS) - final}
    keys |= {
        f"request.{question}.{n}" for questions in QUESTIONS_OF.values() for question in questions for n in (1, 2, 3)
    }
    keys |= {f"request.{kind}{end}" for kind in QUESTIONS_OF for end in ("", ".send")}
    keys |= {f"order.done.{kind}{end}" for kind in (*hall.DONE, "release") for end in ("", ".next")}
    keys |= {f"wallet.kind.{kind}" for kind in KINDS} | {f"order.step.{step}" for step in STEPS}
    keys |= {f"wallet.done.{done}{end}" for done in wallet.DONE for end in ("", ".next")}
    keys |= {f"order.turn.{turn}" for turn in ("you", "other", "platform", "market")}
    keys |= {f"payout.status.{one}" for one in (HELD, SENT, SUCCEEDED, FAILED, BOOKED, REVERSED)}
    keys |= {f"payout.method.{kind}" for kind in METHOD_KINDS}
    keys |= {
        f"wallet.rule.{rule}{end}" for rule in RULE_ICONS for end in ((".in", ".out") if rule in BOTH_WAYS else ("",))
    }
    assert sorted(keys - set(catalogue())) == []
    assert set(LOOKS) == set(TRANSITIONS)
    assert set(TRANSITIONS) >= SECURED


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.form")))
def test_forms_of_pages_can_be_read(name: str) -> None:
    assert read_question(name).inputs


def test_filters_in_force_are_chips_and_choices_say_what_they_would_find(stocked: Bazaar) -> None:
    visitor = stocked.visit("zhou")
    page = visitor.get("/market?category=design&max_net=5000&done_by=2026-12-01&min_net=x").text
    assert titles(page) == ["宣传册校对"]
    for words in ("设计与创作", "实收 ≤ ¥5,000.00", "12月1日 前完成", "这不是金额，没有按它筛选"):
        assert words in page, words
    without = re.findall(r'<a class="chip on" href="([^"]+)"', page)
    assert len(without) == 3
    assert len(titles(visitor.get(without[0].replace("&amp;", "&")).text)) == 4
    counts = re.findall(r'name="category" value="(\w+)"[^>]*>.*?<span class="muted num">(\d+)</span>', page)
    found = {category: count for category, count in counts if count != "0"}
    assert found == {"installation": "1", "design": "1", "event": "1", "housekeeping": "1"}


def test_limits_narrow_and_what_is_none_is_pointed_out(stocked: Bazaar) -> None:
    visitor, everything = stocked.visit("zhou"), ["厨房清洁", "布展搬运", "宣传册校对", HALL]
    for query, expected in {
        "max_net=100": ["厨房清洁"],
        "min_net=100&max_net=800": ["布展搬运", HALL],
        "done_by=2026-11-27": [],
        "done_by=2026-11-28": everything,
    }.items():
        assert titles(visitor.get(f"/market?{query}").text) == expected, query
    for query in ("max_net=-1", "max_net=abc", "done_by=2026-13-01", "done_by=tomorrow"):
        page = visitor.get(f"/market?{query}").text
        assert titles(page) == everything, query
        assert page.count('aria-invalid="true"') == 1, query
