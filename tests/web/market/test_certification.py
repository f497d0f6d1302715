"""My certification: for a person, about himself, and the way to it from what he may not do yet."""

import re

from sqlalchemy import update

from engine.services.onboarding.persons import request_onboarding
from engine.storage.ids import new_id
from engine.storage.tables import party
from tests.processes.individual_onboarding.joining import NAME, NUMBER, Joining
from tests.web.bazaar import Bazaar
from tests.web.forms import press

PAGE, METHOD = "/certification", "/wallet/payout-method"


def test_page_leads_from_nothing_to_the_first_task_and_back(bazaar: Bazaar) -> None:
    order_id = bazaar.publish()
    fresh = update(party).where(party.c.id == bazaar.ids["zhou"]).values(is_certified=0, has_agreement=0)
    bazaar.engine.database.transact(lambda unit: unit.connection.execute(fresh))
    zhou = bazaar.visit("zhou")
    assert f'href="{PAGE}"' in zhou.get(f"/orders/{order_id}").text
    begin = zhou.get(PAGE).text
    for words in ("开始认证", "身份核验是模拟的", "未完成"):
        assert words in begin
    answer = press(zhou, PAGE, PAGE)
    assert re.match(r"/tasks/\w+\?next=%2Fcertification|/tasks/\w+\?next=/certification", answer.location)
    assert "证件号码" in zhou.get(answer.location).text
    under_way = zhou.get(PAGE).text
    assert "开始认证" not in under_way
    assert "进行中" in under_way
    bazaar.read_in(zhou, "en")
    assert "Under way" in zhou.get(PAGE).text


def test_only_a_person_himself_sees_and_begins_it(bazaar: Bazaar) -> None:
    zhou, wang = bazaar.visit("zhou"), bazaar.visit("wang")
    press(zhou, PAGE, PAGE)
    assert "进行中" not in wang.get(PAGE).text
    again = zhou.send(PAGE, {"token": new_id()}, page=PAGE)
    assert again.status_code == 409
    assert "认证已经在进行中" in again.text
    assert "已认证，可以发布任务" in bazaar.visit("chen").get("/company").text
    assert wang.get("/company").status_code == 403
    for login in ("chen", "gao"):
        stranger = bazaar.visit(login)
        assert stranger.get(PAGE).status_code == 403
        assert stranger.send(PAGE, {"token": new_id()}, page="/inbox").status_code == 403


def test_refusal_says_why_and_certified_people_use_accounts_of_their_own(bazaar: Bazaar) -> None:
    joining, zhou, wang = Joining(bazaar.stage), bazaar.actor("zhou"), bazaar.actor("wang")
    for actor in (zhou, wang):
        joining.fill_in(actor, request_onboarding(bazaar.engine, actor, new_id()))
    assert "该证件号码已在另一个账号完成认证" in bazaar.visit("wang").get(PAGE).text
    visitor = bazaar.visit("zhou")
    page = visitor.get(PAGE).text
    assert "已完成" in page
    assert NUMBER not in page
    account = {"method_kind": "bank", "account_no": "6222020000001234"}
    refused = press(visitor, METHOD, METHOD, **account, holder_name="张三")
    assert refused.status_code == 422
    assert "户名与认证姓名不一致" in refused.text
    assert press(visitor, METHOD, METHOD, **account, holder_name=NAME).status_code == 303
