"""The pages of platform finance: custody, differences, postings; for finance only."""

import re

import pytest

from engine.services.identity.people import grant_role
from engine.services.payments.simulator import SimulatorRules, change_rules
from engine.services.reconciliation.jobs import schedule_reconciliation
from engine.services.reconciliation.lists import list_differences
from engine.storage.actor import PLATFORM, SYSTEM, Actor
from tests.support.stage import Stage
from tests.web.bazaar import Bazaar
from tests.web.visitor import Visitor, register

PAGES = (
    "/finance",
    "/finance/differences",
    "/finance/differences?state=closed",
    "/finance/postings",
    "/finance/income",
)
TASK = re.compile(r'href="(/tasks/[^"]+)"')


class Office:
    """Tang and Meng are platform finance in a market whose provider's files are wrong about every order."""

    def __init__(self, stage: Stage) -> None:
        self.bazaar = Bazaar(stage)
        self.stage = stage
        engine = stage.engine
        change_rules(engine.database, SimulatorRules(file_fault_bps=10_000))
        schedule_reconciliation(engine)
        self.ids = {}
        for login, names in {"tang": ("唐丽", "Tang Li"), "meng": ("孟佳", "Meng Jia")}.items():
            self.ids[login] = register(engine, login, *names)
            grant_role(engine, SYSTEM, self.ids[login], PLATFORM, "platform_finance")

    def visit(self, login: str) -> Visitor:
        visitor = Visitor(self.bazaar.app)
        visitor.sign_in(login)
        visitor.act_as(PLATFORM, "platform_finance")
        return visitor

    def actor(self, login: str) -> Actor:
        return Actor(self.ids[login], PLATFORM, "platform_finance", frozenset({"platform_finance"}))

    def differ(self) -> None:
        """Days on which the files are wrong, until money nobody knows has come in."""
        for _ in range(100):
            self.bazaar.fund("li", 10_000)
            self.stage.wait(days=1)
            with self.stage.engine.database.read() as connection:
                if any(one.kind == "missing_here" for one in list_differences(connection, is_open=True)):
                    return
        raise AssertionError("Expected money nobody knows, but none came")


@pytest.fixture
def office(stage: Stage) -> Office:
    return Office(stage)


def test_custody_shows_that_both_sides_are_equal(office: Office) -> None:
    office.bazaar.fund("li", 100_000)
    page = office.visit("tang").get("/finance").text
    assert "会员款项完整" in page
    totals = re.findall(r'<tr class="total"><th scope="row">合计</th><td>(.*?)</td>', page)
    assert totals == ["¥1,000.00", "¥1,000.00"]
    assert "还没有。对账文件在每天结束后四小时读取。" in page
    office.stage.wait(days=1)
    assert "全部成立" not in office.visit("tang").get("/finance").text  # the nightly proof is not planned in this test


def test_a_difference_is_cleared_up_by_two_persons(office: Office) -> None:
    office.differ()
    tang, meng = office.visit("tang"), office.visit("meng")
    listed = tang.get("/finance/differences").text
    row = next(part for part in listed.split("<tr>") if "我方没有" in part)
    found = TASK.search(row)
    assert found is not None
    path = found[1].replace("&amp;", "&")
    task = path.partition("?")[0]
    fields = {"resolution": "credit", "member": "zhou", "resolution_reason": "付款人来电确认"}
    assert tang.send(f"{task}", {**fields, "token": _token(tang, task)}, page=task).status_code == 303
    assert "等待另一位复核" in tang.get("/finance/differences").text
    second = TASK.findall(next(p for p in meng.get("/finance/differences").text.split("<tr>") if "我方没有" in p))
    approve = second[0].replace("&amp;", "&").partition("?")[0]
    assert tang.get(approve).status_code == 404
    sent = {"resolution_decision": "approve", "token": _token(meng, approve)}
    assert meng.send(approve, sent, page=approve).status_code == 303
    office.stage.settle()
    assert "已入账" in meng.get("/finance/differences?state=closed").text
    assert "查明的款项入账" in office.bazaar.visit("zhou").get("/wallet").text


def _token(visitor: Visitor, path: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', visitor.get(path).text)
    assert found is not None
    return found[1]


def test_postings_are_empty_until_somebody_proposes_one(office: Office) -> None:
    tang = office.visit("tang")
    page = tang.get("/finance/postings").text
    assert "还没有申请" in page
    assert 'href="/start/manual_posting"' in page
    assert "另一位平台财务复核后才会记账" in tang.get("/start/manual_posting").text


@pytest.mark.parametrize("path", PAGES)
def test_only_finance_opens_them(office: Office, path: str) -> None:
    assert office.visit("tang").get(path).status_code == 200
    for login in ("li", "chen", "gao"):
        assert office.bazaar.visit(login).get(path).status_code == 403
    assert Visitor(office.bazaar.app).get(path).status_code == 303


def test_the_income_report_is_chosen_and_downloaded(office: Office) -> None:
    tang, page = office.visit("tang"), "/finance/income"
    fields = {"quarter": "2026-Q4", "column": "worker_id", "kind": "csv"}
    answer = tang.send(page, fields, page=page)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="income-2026-Q4.csv"'
    assert answer.data.decode("utf-8-sig").splitlines()[0] == "平台编号"
    refused = tang.send(page, {**fields, "unmask": "yes", "reason": ""}, page=page)
    assert refused.status_code == 422
    assert "请写明需要完整身份的原因" in refused.text
    assert tang.send(page, {"quarter": "2026-Q4", "kind": "json"}, page=page).status_code == 422
    assert tang.send(page, {**fields, "quarter": "x"}, page=page).status_code == 400
