"""The wallet: balances, statement, top-ups."""

import re

import pytest

from engine.services.payments.payments import list_payments
from tests.web.bazaar import Bazaar
from tests.web.forms import fill_in, post, press
from web.market import wallet

TOP_UP = "/wallet/top-up"


def test_wallet_says_what_is_free_and_what_is_frozen(bazaar: Bazaar) -> None:
    order_id = bazaar.publish()
    page = bazaar.visit("li").get("/wallet").text
    for words in ("¥666.70", "¥333.30", "充值", "+1,000.00", "托管酬金", "−333.30", f'href="/orders/{order_id}"'):
        assert words in page


def test_statement_tells_both_sides_of_a_settled_order(bazaar: Bazaar) -> None:
    order_id = bazaar.publish()
    bazaar.take(order_id)
    page = f"/orders/{order_id}/cancel"
    press(bazaar.visit("zhou"), page, page, reason="临时有事，无法到场。")
    assert "+333.30" in bazaar.visit("li").get("/wallet").text
    assert "还没有收支" in bazaar.visit("zhou").get("/wallet").text


def test_statement_comes_in_pages(bazaar: Bazaar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wallet, "PAGE_ROWS", 2)
    bazaar.fund("li", 100)
    bazaar.fund("li", 200)
    li = bazaar.visit("li")
    first = li.get("/wallet").text
    assert "+2.00" in first
    assert "+1,000.00" not in first
    following = re.search(r'href="(/wallet\?after=\d+)"', first)
    assert following is not None
    second = li.get(following[1]).text
    assert "+1,000.00" in second
    assert "+2.00" not in second
    assert li.get("/wallet?after=x").status_code == 400


def test_top_up_waits_for_the_provider_and_then_arrives(bazaar: Bazaar) -> None:
    zhou = bazaar.visit("zhou")
    assert "支付渠道是模拟的" in zhou.get(TOP_UP).text
    answer = press(zhou, TOP_UP, TOP_UP, amount_fen="120.50", method="online")
    assert answer.status_code == 303
    waiting = zhou.get(answer.location).text
    assert "正在等待支付渠道确认" in waiting
    assert "hx-get=" in waiting
    assert "充值 ¥120.50 处理中" in zhou.get("/wallet").text
    bazaar.stage.settle()
    arrived = zhou.get(answer.location).text
    assert "已到账" in arrived
    assert "hx-get=" not in arrived
    assert "¥120.50" in zhou.get("/wallet").text


def test_pressing_twice_pays_once(bazaar: Bazaar) -> None:
    zhou = bazaar.visit("zhou")
    fields = fill_in(zhou, TOP_UP, TOP_UP, amount_fen="50", method="bank_transfer")
    first, second = (post(zhou, TOP_UP, fields) for _ in range(2))
    assert (first.status_code, first.location) == (303, second.location)
    with bazaar.engine.database.read() as connection:
        assert len(list_payments(connection, bazaar.ids["zhou"])) == 1
    changed = post(zhou, TOP_UP, {**fields, "amount_fen": "60"})
    assert changed.status_code == 409


@pytest.mark.parametrize("amount", ["", "0", "-5", "viel", "0.001", "1000000.01"])
def test_wrong_amount_is_pointed_out_and_kept(bazaar: Bazaar, amount: str) -> None:
    zhou = bazaar.visit("zhou")
    answer = press(zhou, TOP_UP, TOP_UP, amount_fen=amount, method="online")
    assert answer.status_code == 422
    assert f'value="{amount}"' in answer.text
    with bazaar.engine.database.read() as connection:
        assert list_payments(connection, bazaar.ids["zhou"]) == []


def test_payment_is_nobody_elses_business(bazaar: Bazaar) -> None:
    answer = press(bazaar.visit("zhou"), TOP_UP, TOP_UP, amount_fen="50", method="online")
    assert bazaar.visit("wang").get(answer.location).status_code == 404


def test_finance_tops_up_for_the_company_and_others_look_on(bazaar: Bazaar) -> None:
    finance = bazaar.visit("lin", "enterprise_finance")
    assert press(finance, TOP_UP, TOP_UP, amount_fen="800", method="online").status_code == 303
    bazaar.stage.settle()
    operator = bazaar.visit("chen")
    page = operator.get("/wallet").text
    assert "¥800.00" in page
    assert 'href="/wallet/top-up"' not in page
    assert operator.get(TOP_UP).status_code == 403
    assert "¥800.00" not in bazaar.visit("li").get("/wallet").text


@pytest.mark.parametrize(("target", "kept"), [("/orders/abc", True), ("//evil.example/x", False)])
def test_after_a_top_up_one_goes_on_within_the_site_only(bazaar: Bazaar, target: str, kept: bool) -> None:
    zhou = bazaar.visit("zhou")
    answer = press(zhou, f"{TOP_UP}?next={target}", TOP_UP, amount_fen="50", method="online")
    bazaar.stage.settle()
    assert (f'href="{target}"' in zhou.get(answer.location).text) == kept
