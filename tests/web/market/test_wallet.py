"""The wallet: balances, statement, top-ups."""

import csv
import re

import pytest

from engine.services.payments.payments import list_payments
from engine.services.payments.payouts import list_payouts
from tests.web.bazaar import Bazaar
from tests.web.forms import fill_in, post, press
from web.market import wallet

TOP_UP, PAYOUT, METHOD = "/wallet/top-up", "/wallet/payout", "/wallet/payout-method"


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


def test_statement_is_narrowed_by_month_and_kind_and_begins_with_its_balance(bazaar: Bazaar) -> None:
    order_id = bazaar.publish()
    bazaar.stage.wait(days=10)
    bazaar.fund("li", 5_000)
    li = bazaar.visit("li")
    december = li.get("/wallet?month=2026-12").text
    for words in ("+50.00", "期初余额", "666.70", "2026年12月"):
        assert words in december
    assert "−333.30" not in december
    secured = li.get("/wallet?month=2026-11&kind=secured").text
    assert "−333.30" in secured
    assert "+1,000.00" not in secured
    assert "期初余额" not in secured
    assert "没有符合条件的收支" in li.get("/wallet?kind=payout").text
    assert "+1,000.00" in li.get("/wallet?month=2026-99&kind=nonsense").text
    frozen = li.get("/wallet").text
    assert "托管给哪些订单" in frozen
    assert f'href="/orders/{order_id}"' in frozen


def test_statement_for_a_spreadsheet(bazaar: Bazaar) -> None:
    order_id = bazaar.publish(title="=HYPERLINK(1)")
    bazaar.take(order_id)
    bazaar.start(order_id)
    bazaar.deliver(order_id)
    answer = bazaar.visit("zhou").get("/wallet/statement.csv?month=2026-11")
    assert answer.mimetype == "text/csv"
    assert 'filename="statement-2026-11.csv"' in answer.headers["Content-Disposition"]
    head, row = list(csv.reader(answer.text.removeprefix("\ufeff").splitlines()))
    assert head[-1] == "余额（元）"
    assert row[1] == "订单结算"
    assert row[3:] == ["'=HYPERLINK(1)", "333.30", "33.33", "299.97", "299.97"]
    assert len(bazaar.visit("wang").get("/wallet/statement.csv").text.splitlines()) == 1
    page = bazaar.visit("zhou").get("/wallet").text
    assert "¥333.30 酬金 − ¥33.33 服务费" in page


def payouts(bazaar: Bazaar, party_id: str) -> list[tuple[int, str]]:
    with bazaar.engine.database.read() as connection:
        return [(one.amount_fen, one.status) for one in list_payouts(connection, party_id)]


def test_money_is_paid_out_to_the_account_one_named(bazaar: Bazaar) -> None:
    li = bazaar.visit("li")
    account = {"method_kind": "bank", "account_no": "6222021234566021", "holder_name": "李文博"}
    assert press(li, METHOD, METHOD, **account).status_code == 303
    assert "尾号 6021" in li.get(PAYOUT).text
    assert "622202" not in li.get(PAYOUT).text + li.get("/wallet").text
    fields = fill_in(li, PAYOUT, PAYOUT, amount_fen="400")
    first, second = (post(li, PAYOUT, fields) for _ in range(2))
    assert (first.status_code, first.location) == (303, second.location)
    assert post(li, PAYOUT, {**fields, "amount_fen": "300"}).status_code == 409
    bazaar.stage.settle()
    page = li.get(first.location).text
    assert "提现申请已提交" in page
    assert "¥600.00" in page
    assert payouts(bazaar, bazaar.ids["li"]) == [(40_000, "held")]
    bazaar.stage.wait(days=2)  # the first payout to an account waits a day
    assert payouts(bazaar, bazaar.ids["li"]) == [(40_000, "booked")]
    assert "提现记录" not in bazaar.visit("wang").get("/wallet").text


def test_without_an_account_the_payout_asks_for_one(bazaar: Bazaar) -> None:
    li = bazaar.visit("li")
    press(li, PAYOUT, PAYOUT, amount_fen="10.50")
    bazaar.stage.settle()
    assert "设置收款方式" in li.get("/inbox").text
    assert payouts(bazaar, bazaar.ids["li"]) == [(1_050, "reversed")]
    assert "已退回钱包" in li.get("/wallet").text


@pytest.mark.parametrize(
    ("amount", "words"), [("1000.01", "可用余额是 ¥1,000.00"), ("0.99", "最小"), ("x", "不是金额")]
)
def test_an_amount_that_cannot_be_paid_out_changes_nothing(bazaar: Bazaar, amount: str, words: str) -> None:
    answer = press(bazaar.visit("li"), PAYOUT, PAYOUT, amount_fen=amount)
    assert answer.status_code == 422
    assert words in answer.text
    assert f'value="{amount}"' in answer.text
    assert payouts(bazaar, bazaar.ids["li"]) == []


def test_only_finance_pays_out_for_the_company(bazaar: Bazaar) -> None:
    bazaar.fund("chen", 50_000)
    operator, finance = bazaar.visit("chen"), bazaar.visit("lin", "enterprise_finance")
    assert 'href="/wallet/payout"' not in operator.get("/wallet").text
    for path in (PAYOUT, METHOD):
        assert operator.get(path).status_code == 403
    assert press(finance, PAYOUT, PAYOUT, amount_fen="500").status_code == 303
    bazaar.stage.settle()
    assert payouts(bazaar, bazaar.company) == [(50_000, "reversed")]
    assert payouts(bazaar, bazaar.ids["lin"]) == []
