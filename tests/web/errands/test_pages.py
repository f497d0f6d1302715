"""The pages of errands without scripts: beginning one, who sees what, what it costs, who comes too late."""

import re
from dataclasses import replace
from itertools import chain, combinations
from typing import cast

import pytest
from sqlalchemy import func, select

from engine.services.dispatch.couriers import go_on_duty
from engine.services.dispatch.positions import update_places
from engine.services.dispatch.taking import take_offer
from engine.services.errands.commands import create_errand
from engine.services.errands.tables import errand
from engine.services.identity.people import grant_role
from engine.services.places.city import LANDMARKS
from engine.storage.actor import SYSTEM, Actor
from engine.storage.plain import PlainDict
from engine.storage.tables import instance
from tests.support.clock import START
from tests.support.stage import Stage
from tests.web.bazaar import Bazaar
from tests.web.visitor import Visitor
from web.demo.demands import Fields
from web.demo.errands import WANTED
from web.demo.player import PIXEL, Player
from web.errands.looks import CATEGORIES, list_steps

COURIER = "courier_ordinary"
TASK = re.compile(r"/tasks/([0-9a-f]{32})")


@pytest.fixture
def bazaar(stage: Stage) -> Bazaar:
    """Li orders; Zhou and Wang are couriers on duty near by."""
    bazaar = Bazaar(stage)
    bazaar.fund("li")
    for login in ("zhou", "wang"):
        grant_role(bazaar.engine, SYSTEM, bazaar.ids[login], bazaar.ids[login], COURIER)
        actor = courier(bazaar, login)
        go_on_duty(bazaar.engine, actor)
        stand(bazaar, actor)
    return bazaar


def stand(bazaar: Bazaar, actor: Actor) -> None:
    """He tells that he is where errands begin here."""
    here = {actor.party_id: LANDMARKS["wulin_square"][2]}
    bazaar.engine.database.transact(lambda unit: update_places(unit, here))


def courier(bazaar: Bazaar, login: str) -> Actor:
    return replace(bazaar.actor(login), role=COURIER, groups=frozenset({COURIER}))


def begin(visitor: Visitor, **fields: str) -> str:
    """Presses a button of the first page; gives where it leads."""
    answer = visitor.send("/errands/new", {"token": "first", **fields}, page="/errands")
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def publish(bazaar: Bazaar) -> str:
    """An errand of Li's that couriers see."""
    begin(bazaar.visit("li"), category="fetch_parcel")
    with bazaar.engine.database.read() as connection:
        order_id = str(connection.execute(select(func.max(instance.c.id))).scalar_one())
    li = bazaar.actor("li")
    wanted: PlainDict = {"category": "fetch_parcel", "order_class": "ordinary"}
    wanted |= cast(PlainDict, WANTED["fetch_parcel"])
    bazaar.stage.do(li, order_id, "describe_errand", wanted)
    bazaar.stage.do(li, order_id, "set_fee", {"fee_decision": "order", "fee_fen": "12", "tip_fen": "3"})
    return order_id


def test_an_errand_begins_with_its_category_once_and_another_like_an_earlier_one(bazaar: Bazaar) -> None:
    li = bazaar.visit("li")
    page = begin(li, category="print")
    assert begin(li, category="print") == page  # pressed twice
    assert re.search(r'value="print"[^>]*checked', li.get(page).text)
    refused = li.send("/errands/new", {"token": "second", "category": "burgle"}, page="/errands")
    assert refused.status_code == 400

    order_id = publish(bazaar)
    again = li.get(begin(li, token="again", like=order_id)).text
    assert str(WANTED["fetch_parcel"]["description"]) in again
    assert "武林广场 3 号 菜鸟驿站" in again
    assert "8-2-3017" not in again  # of that parcel only
    stranger = bazaar.visit("sun", "enterprise_operator")
    assert stranger.client.get("/errands", **stranger.options).status_code == 403
    gao = bazaar.visit("zhou")
    assert gao.send("/errands/new", {"token": "third", "like": order_id}, page="/errands").status_code == 404


def test_each_side_sees_what_is_its_own_and_a_stranger_nothing(bazaar: Bazaar) -> None:
    order_id = publish(bazaar)
    zhou, wang, li = bazaar.visit("zhou", COURIER), bazaar.visit("wang", COURIER), bazaar.visit("li")
    offered = zhou.get("/courier").text
    assert "¥12.60" in offered  # 12.00 less a fifth, and the tip
    for secret in ("武林广场 3 号", "8-2-3017", "陈思远", "13857100246"):
        assert secret not in offered
    assert zhou.get(f"/errands/{order_id}").status_code == 404  # it is not his yet
    assert "帮拿快递" not in zhou.get("/courier?category=buy").text.partition('id="offers"')[2]

    take = f"/errands/{order_id}/take"
    for _ in range(2):
        taken = zhou.send(take, {"token": "take"}, page="/courier")
        assert taken.headers["Location"] == f"/errands/{order_id}?done=take"
    late = wang.send(take, {"token": "late"}, page="/courier")
    assert (late.status_code, "这个订单已被他人接走" in late.text) == (409, True)
    bazaar.stage.settle()

    carried, own = zhou.get(f"/errands/{order_id}").text, li.get(f"/errands/{order_id}").text
    code = re.search(r'class="code" role="img" aria-label="(\d \d \d \d)"', own)
    assert code is not None
    assert code[1] not in carried
    assert code[1].replace(" ", "") not in carried
    for told in ("武林广场 3 号", "8-2-3017", "陈思远", "¥12.60", "已到取件点"):
        assert told in carried
    assert "13857100246" not in carried + own
    for path in ("", "/cancel", "/report", "/release", "/dispute"):
        assert wang.get(f"/errands/{order_id}{path}").status_code in (403, 404)
    assert wang.get(f"/live/errands/{order_id}").status_code == 404
    assert li.get(f"/errands/{order_id}/report").status_code == 403


def test_what_cancelling_costs_is_told_before_and_is_what_is_charged(bazaar: Bazaar) -> None:
    order_id = publish(bazaar)
    zhou, li, cancel = bazaar.visit("zhou", COURIER), bazaar.visit("li"), f"/errands/{order_id}/cancel"
    assert "¥15.00" in li.get(cancel).text.partition("退回您的钱包")[2][:40]  # nobody has it yet
    zhou.send(f"/errands/{order_id}/take", {"token": "take"}, page="/courier")
    bazaar.stage.settle()
    bazaar.stage.wait(minutes=6)
    page = li.get(cancel).text
    assert "¥2.00" in page.partition("取消费")[2][:40]
    assert "¥13.00" in page.partition("退回您的钱包")[2][:40]
    for _ in range(2):
        answer = li.send(cancel, {"token": "cancel"}, page=cancel)
        assert answer.headers["Location"].startswith(f"/errands/{order_id}?done=cancel")
    bazaar.stage.settle()
    ended = li.get(f"/errands/{order_id}").text
    assert "已取消（收费）" in ended
    with bazaar.engine.database.read() as connection:
        assert connection.execute(select(errand.c.outcome)).scalar_one() == "cancelled_with_fee"
    assert "¥987.00" not in ended
    assert "¥998.00" in li.get("/wallet").text


def test_a_courier_gives_back_and_reports_only_what_fits(bazaar: Bazaar) -> None:
    order_id = publish(bazaar)
    zhou = bazaar.visit("zhou", COURIER)
    zhou.send(f"/errands/{order_id}/take", {"token": "take"}, page="/courier")
    bazaar.stage.settle()
    report = f"/errands/{order_id}/report"
    assert "收件人不在" not in zhou.get(report).text  # he has nothing yet
    assert zhou.send(report, {"token": "r1", "kind": "bored", "reason": "无"}, page=report).status_code == 422
    release = f"/errands/{order_id}/release"
    answer = zhou.send(release, {"token": "r2", "reason": "电动车没电了"}, page=release)
    assert answer.headers["Location"] == "/courier?done=release"
    bazaar.stage.settle()
    assert order_id not in zhou.get("/courier").text  # it is offered to others
    assert order_id in bazaar.visit("wang", COURIER).get("/courier").text


def test_who_breaks_down_is_led_home_and_paid_for_his_part(bazaar: Bazaar) -> None:
    order_id = publish(bazaar)
    zhou, li = bazaar.visit("zhou", COURIER), bazaar.visit("li")
    _carry(bazaar, zhou, order_id)
    report = f"/errands/{order_id}/report"
    for _ in range(2):
        answer = zhou.send(report, {"token": "r1", "kind": "breakdown", "reason": "链条断了"}, page="/courier")
        assert answer.headers["Location"] == "/courier?done=relayed"
    bazaar.stage.settle()
    assert "订单已转交他人" in zhou.get("/courier?done=relayed").text
    assert "¥3.84" in zhou.get("/courier/deliveries").text.partition("转交给他人的订单")[2]
    waiting = li.get(f"/errands/{order_id}").text
    assert "正在为您找另一位配送员接力" in waiting
    assert "已到取件点" not in waiting.partition('id="way"')[2]  # the next one has to come first


def test_on_the_way_back_no_code_is_asked_and_the_money_is_that_of_the_end(bazaar: Bazaar) -> None:
    order_id = publish(bazaar)
    zhou, li = bazaar.visit("zhou", COURIER), bazaar.visit("li")
    _carry(bazaar, zhou, order_id)
    li.send(f"/errands/{order_id}/cancel", {"token": "c1", "reason": "不用了"}, page=f"/errands/{order_id}/cancel")
    bazaar.stage.settle()
    own, carried = (visitor.get(f"/errands/{order_id}").text for visitor in (li, zhou))
    for page in (own, carried):
        assert "退回途中" in page.partition('id="way"')[2]
        assert 'class="code"' not in page
    assert "¥12.60" not in carried
    sun, player = courier(bazaar, "zhou"), Player(bazaar.engine)
    returned: Fields = {"return_proof": "photo", "return_photos": [_photo(player, sun, "door")]}
    player.do(sun, order_id, "return_goods", returned)
    assert "¥14.40" in zhou.get(f"/errands/{order_id}").text.partition("您的收入")[2][:40]
    assert "¥18.00" in li.get(f"/errands/{order_id}").text.partition("您共支付")[2][:40]


def test_an_answer_is_told_on_its_page_at_each_of_its_steps(bazaar: Bazaar) -> None:
    li, zhou, player = bazaar.actor("li"), courier(bazaar, "zhou"), Player(bazaar.engine)
    order_id = create_errand(bazaar.engine, li, "question")
    asked = {"category": "answer", "order_class": "ordinary", **WANTED["answer"]}
    player.do(li, order_id, "describe_errand", asked)
    player.do(li, order_id, "set_fee", {"fee_decision": "order", "fee_fen": "8", "tip_fen": "0"})
    for told, go_on in (
        ("等待配送员接单", lambda: take_offer(bazaar.engine, zhou, order_id, "take")),
        ("正在解答", lambda: player.do(zhou, order_id, "give_answer", {"note": "分部积分"})),
        ("等待确认解答", lambda: player.do(li, order_id, "accept_answer", {"answer_decision": "accept"})),
    ):
        own = bazaar.visit("li").get(f"/errands/{order_id}").text
        assert told in own.partition('aria-current="step"')[2].partition("</li>")[0]
        player.send(go_on)
    ended = bazaar.visit("zhou", COURIER).get(f"/errands/{order_id}").text
    assert "¥6.40" in ended.partition("您的收入")[2][:40]


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_way_has_one_present_step_wherever_the_errand_is(category: str) -> None:
    known = ("offer", "take", "arrive", "buy", "pick_up", "answer", "hand_over", "bring_back")
    for done in chain.from_iterable(combinations(known, count) for count in range(len(known) + 1)):
        at = dict.fromkeys(done, START)
        for is_returning in (False, True):
            steps = list_steps(category, at, is_running=True, is_returning=is_returning)
            assert [step.mark for step in steps].count("now") <= 1
            assert list_steps(category, at, is_running=False, is_returning=is_returning) == [
                step for step in steps if step.mark == "done"
            ]


def _carry(bazaar: Bazaar, visitor: Visitor, order_id: str) -> None:
    """He takes it and picks it up."""
    visitor.send(f"/errands/{order_id}/take", {"token": "take"}, page="/courier")
    bazaar.stage.settle()
    zhou, player = courier(bazaar, "zhou"), Player(bazaar.engine)
    player.do(zhou, order_id, "go_to_pickup", {"arrival_photo": [_photo(player, zhou, "arrival")]})
    proved: Fields = {"pickup_proof": "photo", "pickup_photos": [_photo(player, zhou, "goods")]}
    player.do(zhou, order_id, "pick_up", {"condition": "good", "is_checked": "true", **proved})


def _photo(player: Player, actor: Actor, name: str) -> str:
    return player.upload(actor, f"{name}.png", PIXEL + name.encode())
