"""The page of an order for everybody who may or may not see it, and taking it."""

import io
import threading

import pytest
from werkzeug.test import TestResponse

from engine.services.orders.queries import fetch_order
from engine.storage.files import store_file
from tests.support.stage import Stage
from tests.web.bazaar import ADDRESS, MASKED_PHONE, PHONE, Bazaar
from tests.web.forms import fill_in, post, press, read_forms
from tests.web.visitor import Visitor
from web.security import HEADERS


def take_fields(visitor: Visitor, order_id: str) -> dict[str, str]:
    return fill_in(visitor, f"/orders/{order_id}", f"/orders/{order_id}/take")


def test_before_taking_everything_is_shown_but_address_and_contact(bazaar: Bazaar) -> None:
    order_id = bazaar.publish(qualification_reqs="低压电工证")
    page = bazaar.visit("zhou").get(f"/orders/{order_id}").text
    shown = ("¥333.30", "平台服务费 10%", "−¥33.33", "¥1.89", "¥299.97", "需登梯 2.4 m。", "办公楼 7 层，有电梯。")
    for words in (*shown, "完工照片不少于 6 张", "低压电工证", "杭州 西湖区", "李文博", "还没有评价", "接单并锁定"):
        assert words in page
    for secret in (ADDRESS, PHONE, MASKED_PHONE):
        assert secret not in page


def test_phone_and_address_are_on_no_page_of_another(bazaar: Bazaar) -> None:
    """Scenario 36: before the lock nothing, afterwards the phone is masked and only the taker has the rest."""
    order_id = bazaar.publish()
    zhou, wang = bazaar.visit("zhou"), bazaar.visit("wang")
    fields = take_fields(wang, order_id)
    for path in ("/market", f"/orders/{order_id}", "/orders", "/inbox", "/wallet"):
        assert not any(secret in zhou.get(path).text for secret in (PHONE, MASKED_PHONE, ADDRESS)), path
    page = post(zhou, f"/orders/{order_id}/take", take_fields(zhou, order_id))
    seen = zhou.get(page.location).text
    assert ADDRESS in seen
    assert MASKED_PHONE in seen
    task_id = bazaar.stage.task_id(bazaar.actor("zhou"), order_id, "start_work")
    for path in (page.location, f"/tasks/{task_id}", "/orders?side=taken", "/inbox"):
        assert PHONE not in zhou.get(path).text, path
    lost = post(wang, f"/orders/{order_id}/take", fields)
    for text in (lost.text, *(wang.get(path).text for path in ("/market", "/orders", "/inbox"))):
        assert not any(secret in text for secret in (PHONE, MASKED_PHONE, ADDRESS))


def test_of_two_takers_one_wins_and_the_other_is_told(bazaar: Bazaar) -> None:
    order_id, other_id = bazaar.publish(), bazaar.publish(title="另一间会议室")
    bazaar.publish(title="宣传册校对", category="design")
    browsers = [bazaar.visit("zhou"), bazaar.visit("wang")]
    forms = [take_fields(browser, order_id) for browser in browsers]
    won, lost = (post(one, f"/orders/{order_id}/take", form) for one, form in zip(browsers, forms, strict=True))
    assert won.status_code == 303
    assert won.location == f"/orders/{order_id}?done=take"
    assert lost.status_code == 409
    assert "已被他人接单" in lost.text
    assert f"/orders/{other_id}" in lost.text
    assert "相近的订单" in lost.text
    assert "宣传册校对" not in lost.text
    assert "周航" not in lost.text
    assert fetch_order(bazaar.engine, bazaar.actor("li"), order_id).taker_id == bazaar.ids["zhou"]


def test_loser_without_alike_orders_is_shown_any(bazaar: Bazaar) -> None:
    order_id, other_id = bazaar.publish(), bazaar.publish(title="宣传册校对", category="design")
    wang = bazaar.visit("wang")
    fields = take_fields(wang, order_id)
    bazaar.take(order_id)
    shown = post(wang, f"/orders/{order_id}/take", fields).text
    assert f"/orders/{other_id}" in shown
    assert "其他开放的订单" in shown
    bazaar.take(other_id)
    bare = post(wang, f"/orders/{order_id}/take", fields)
    assert bare.status_code == 409
    assert "回到任务大厅" in bare.text


def test_takers_at_the_same_moment(any_stage: Stage) -> None:
    bazaar = Bazaar(any_stage)
    bazaar.fund("li")
    order_id = bazaar.publish()
    browsers = [bazaar.visit(login) for login in ("zhou", "wang", "chen")]
    forms = [take_fields(browser, order_id) for browser in browsers]
    gate, answers = threading.Barrier(len(browsers)), list[TestResponse]()

    def run(browser: Visitor, fields: dict[str, str]) -> None:
        gate.wait()
        answers.append(post(browser, f"/orders/{order_id}/take", fields))

    threads = [threading.Thread(target=run, args=pair) for pair in zip(browsers, forms, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409]


def test_pressing_twice_gives_the_same_answer(bazaar: Bazaar) -> None:
    order_id, zhou = bazaar.publish(), bazaar.visit("zhou")
    fields = take_fields(zhou, order_id)
    first, second = (post(zhou, f"/orders/{order_id}/take", fields) for _ in range(2))
    assert (first.status_code, first.location) == (second.status_code, second.location)
    assert fetch_order(bazaar.engine, bazaar.actor("zhou"), order_id).lock_version == 1


def test_taking_again_in_another_window_leads_to_ones_own_order(bazaar: Bazaar) -> None:
    order_id, zhou = bazaar.publish(), bazaar.visit("zhou")
    forms = [take_fields(zhou, order_id) for _ in range(2)]
    answers = [post(zhou, f"/orders/{order_id}/take", form) for form in forms]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert fetch_order(bazaar.engine, bazaar.actor("zhou"), order_id).lock_version == 1


def test_nobody_takes_his_own_order(bazaar: Bazaar) -> None:
    order_id, li = bazaar.publish(), bazaar.visit("li")
    page = li.get(f"/orders/{order_id}").text
    assert f"/orders/{order_id}/take" not in read_forms(page)
    fields = fill_in(li, "/orders/new", "/orders/new")
    refused = post(li, f"/orders/{order_id}/take", fields)
    assert refused.status_code == 403
    assert "不能接自己发布的订单" in refused.text
    assert bazaar.state(order_id) == "open"


@pytest.mark.parametrize("missing", ["token", "csrf_token"])
def test_form_without_its_tokens_is_refused(bazaar: Bazaar, missing: str) -> None:
    order_id, zhou = bazaar.publish(), bazaar.visit("zhou")
    fields = {name: value for name, value in take_fields(zhou, order_id).items() if name != missing}
    assert post(zhou, f"/orders/{order_id}/take", fields).status_code == 400
    assert bazaar.state(order_id) == "open"


def test_who_may_not_take_it_is_told_why(bazaar: Bazaar) -> None:
    order_id = bazaar.publish(taker_kinds="organisation")
    page = bazaar.visit("zhou").get(f"/orders/{order_id}").text
    assert "这一单只限另一类接单方" in page
    assert f"/orders/{order_id}/take" not in read_forms(page)


def test_colleagues_share_an_order_and_only_those_who_trade_act_on_it(bazaar: Bazaar) -> None:
    order_id = bazaar.publish()
    bazaar.take(order_id, "chen")
    for login in ("chen", "sun", "lin"):
        page = bazaar.visit(login).get(f"/orders/{order_id}").text
        assert ADDRESS in page
        assert (f'href="/orders/{order_id}/release"' in page) == (login != "lin")
    assert bazaar.visit("lin").get(f"/orders/{order_id}/release").status_code == 403
    acceptor = bazaar.visit("lin", "enterprise_acceptor")
    assert post(acceptor, f"/orders/{order_id}/take", fill_in(acceptor, "/menu", "/preferences")).status_code == 403


def test_stranger_sees_nothing_after_the_lock(bazaar: Bazaar) -> None:
    order_id = bazaar.publish()
    bazaar.take(order_id)
    wang = bazaar.visit("wang")
    for path in ("", "/release", "/cancel", "/dispute", "/attachments/any"):
        assert wang.get(f"/orders/{order_id}{path}").status_code == 404


def test_publisher_sees_how_it_stands(bazaar: Bazaar) -> None:
    order_id = bazaar.publish()
    bazaar.take(order_id)
    page = bazaar.visit("li").get(f"/orders/{order_id}").text
    for words in ("已锁定", "周航", "您支付", "接单方开始执行", "如无人处理", "等待另一方或平台处理", "订单被接"):
        assert words in page
    assert "data-diagram=" in page
    assert "&#34;now&#34;" in page or '"now"' in page


def test_taker_finds_his_task_on_the_page(bazaar: Bazaar) -> None:
    order_id = bazaar.publish()
    bazaar.take(order_id)
    task_id = bazaar.stage.task_id(bazaar.actor("zhou"), order_id, "start_work")
    page = bazaar.visit("zhou").get(f"/orders/{order_id}").text
    assert f'href="/tasks/{task_id}?next=/orders/{order_id}"' in page
    assert "等待您处理" in page
    assert f"/tasks/{task_id}" not in bazaar.visit("li").get(f"/orders/{order_id}").text


def test_attachments_are_for_everybody_while_the_order_is_listed(bazaar: Bazaar) -> None:
    engine, content = bazaar.engine, b"\x89PNG\r\n\x1a\n" + b"0" * 40
    stored = engine.database.transact(
        lambda unit: store_file(unit, engine.keys, engine.files, "图纸.png", io.BytesIO(content), bazaar.ids["li"])
    )
    order_id = bazaar.publish(attachments=[stored.id])
    zhou, path = bazaar.visit("zhou"), f"/orders/{order_id}/attachments/{stored.id}"
    assert f'href="{path}"' in zhou.get(f"/orders/{order_id}").text
    answer = zhou.get(path)
    assert answer.data == content
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert zhou.get(f"/orders/{order_id}/attachments/{order_id}").status_code == 404
    bazaar.take(order_id, "wang")
    assert zhou.get(path).status_code == 404
    assert bazaar.visit("wang").get(path).data == content


def test_pages_hold_no_script_and_no_style_of_their_own(bazaar: Bazaar) -> None:
    order_id, zhou = bazaar.publish(), bazaar.visit("zhou")
    press(zhou, f"/orders/{order_id}", f"/orders/{order_id}/take")
    task_id = bazaar.stage.task_id(bazaar.actor("zhou"), order_id, "start_work")
    order_pages = [f"/orders/{order_id}{end}" for end in ("", "/release", "/cancel", "/dispute")]
    for path in ("/market", "/orders", "/orders/new", "/wallet", "/wallet/top-up", f"/tasks/{task_id}", *order_pages):
        answer = zhou.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
        for inline in (" style=", "<style", "<script>", " onclick=", "javascript:"):
            assert inline not in answer.text, (path, inline)
