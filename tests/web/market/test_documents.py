"""Documents: for whom they open, what they say, and how anybody checks them."""

import csv
import hashlib
import json
import re

import pytest

from tests.support.stage import Stage
from tests.web.bazaar import Bazaar
from tests.web.visitor import Visitor

SLIP = re.compile(r'href="(/settlements/[0-9a-f]+)"')
MONTH = "/wallet/statements/2026-11"


@pytest.fixture
def market(stage: Stage) -> Bazaar:
    """Li paid Zhou 333.30 in November; now it is December."""
    bazaar = Bazaar(stage)
    bazaar.fund("li")
    order_id = bazaar.publish()
    bazaar.take(order_id)
    bazaar.start(order_id)
    bazaar.deliver(order_id)
    stage.wait(days=14)
    return bazaar


def slip_of(bazaar: Bazaar) -> str:
    found = SLIP.search(bazaar.visit("zhou").get("/wallet").text)
    assert found is not None
    return found[1]


def test_a_statement_of_a_month_that_is_over(market: Bazaar) -> None:
    zhou = market.visit("zhou")
    assert f'href="{MONTH}"' in zhou.get("/wallet").text
    page = zhou.get(MONTH).text
    for words in ("月度对账单 · 2026年11月", "周航", "订单结算", "+299.97", "11月1日", "11月30日", "ST-202611-"):
        assert words in page
    document = zhou.get(f"{MONTH}.json").data
    assert hashlib.sha256(document).hexdigest() in page
    assert json.loads(document)["closing_fen"] == 29_997
    rows = list(csv.reader(zhou.get(f"{MONTH}.csv").data.decode("utf-8-sig").splitlines()))
    assert rows[1][1:] == ["订单结算", rows[1][2], rows[1][3], "333.30", "33.33", "299.97", "299.97"]
    for path in ("2026-12", "2026-10", "2026-13", "x"):
        assert zhou.get(f"/wallet/statements/{path}").status_code == 404
    assert market.visit("wang").get(MONTH).status_code == 404


def test_a_slip_opens_for_its_two_sides_and_for_the_company_s_members(market: Bazaar) -> None:
    path = slip_of(market)
    paid = market.visit("zhou").get(path).text
    for words in ("¥333.30", "−¥33.33", "¥1.89", "您实收", "¥299.97", "李文博"):
        assert words in paid
    assert "收款方实收" in market.visit("li").get(path).text
    for stranger in ("wang", "chen"):
        assert market.visit(stranger).get(path).status_code == 404
        assert market.visit(stranger).get(f"{path}.json").status_code == 404
    assert market.visit("gao").get(path).status_code == 403
    bought = market.publish("li")
    market.take(bought, "chen")
    market.start(bought, "chen")
    market.deliver(bought, "chen")
    found = SLIP.search(market.visit("chen").get("/wallet").text)
    assert found is not None
    for member in ("chen", "lin", "sun"):
        assert market.visit(member).get(found[1]).status_code == 200


def test_anybody_checks_a_document_by_number_and_hash(market: Bazaar) -> None:
    page = market.visit("zhou").get(slip_of(market)).text
    link = re.search(r'href="(/documents\?number=[^"]+)"', page)
    assert link is not None
    stranger = Visitor(market.app)
    path = link[1].replace("&amp;", "&")
    genuine = stranger.get(path).text
    assert "是真的，未被改动" in genuine
    assert "结算单，签发于" in genuine
    for names in ("周航", "李文博", "333.30"):
        assert names not in genuine
    assert "编号与 SHA-256 不相符" in stranger.get(f"{path[:-4]}0000").text
    assert "是真的" not in stranger.get("/documents").text
