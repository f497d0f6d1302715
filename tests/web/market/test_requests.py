"""Giving an order back, cancelling it, disputing it: asked on a page of its own, sent once."""

import pytest

from engine.services.orders.queries import fetch_order
from tests.web.bazaar import Bazaar
from tests.web.forms import fill_in, post, press

REASON = "临时有事，无法按时到场。"


@pytest.fixture
def taken(bazaar: Bazaar) -> str:
    """An order Li published and Zhou took, past the time of grace."""
    order_id = bazaar.publish()
    bazaar.take(order_id)
    bazaar.stage.wait(hours=2)
    return order_id


def test_order_given_back_is_listed_again_for_others(bazaar: Bazaar, taken: str) -> None:
    zhou, page = bazaar.visit("zhou"), f"/orders/{taken}/release"
    asked = zhou.get(page).text
    assert "订单重新上架" in asked
    answer = press(zhou, page, page, reason=REASON)
    assert (answer.status_code, answer.location) == (303, "/orders?side=taken&done=release")
    assert "您已放弃这一单" in zhou.get(answer.location).text
    assert bazaar.state(taken) == "open"
    assert "您不能接" in zhou.get(f"/orders/{taken}").text or "没有邀请您" in zhou.get(f"/orders/{taken}").text
    assert taken in bazaar.visit("wang").get("/market").text


def test_reason_is_asked_for_and_what_was_written_is_kept(bazaar: Bazaar, taken: str) -> None:
    bazaar.start(taken)
    zhou, page = bazaar.visit("zhou"), f"/orders/{taken}/cancel"
    missing = press(zhou, page, page, progress_percent="140", reason="")
    assert missing.status_code == 422
    assert 'value="140"' in missing.text
    assert 'aria-invalid="true"' in missing.text
    assert press(zhou, page, page, reason="x" * 1001, progress_percent="40").status_code == 422
    assert bazaar.stage.open(taken) == {"hand_over"}


def test_pressing_twice_gives_the_same_answer(bazaar: Bazaar, taken: str) -> None:
    zhou, page = bazaar.visit("zhou"), f"/orders/{taken}/release"
    fields = fill_in(zhou, page, page, reason=REASON)
    first, second = (post(zhou, page, fields) for _ in range(2))
    assert (first.status_code, first.location) == (second.status_code, second.location) == (303, first.location)
    assert fetch_order(bazaar.engine, bazaar.actor("li"), taken).release_count == 1


def test_publisher_cancels_before_anybody_took_it(bazaar: Bazaar) -> None:
    order_id, li = bazaar.publish(), bazaar.visit("li")
    page = f"/orders/{order_id}/cancel"
    assert "托管的酬金全额退回您的钱包" in li.get(page).text
    fields = fill_in(li, page, page, reason="")
    first, second = (post(li, page, fields) for _ in range(2))
    assert (first.status_code, first.location) == (303, f"/orders/{order_id}?done=cancel")
    assert (second.status_code, second.location) == (303, first.location)
    assert bazaar.state(order_id) == "cancelled"
    assert "+333.30" in li.get("/wallet").text


def test_cancellation_asked_before_the_order_was_taken_is_asked_again(bazaar: Bazaar) -> None:
    order_id, li = bazaar.publish(), bazaar.visit("li")
    page = f"/orders/{order_id}/cancel"
    fields = fill_in(li, page, page, reason=REASON)
    bazaar.take(order_id)
    answer = post(li, page, fields)
    assert answer.status_code == 409
    for words in ("还没有提交", "由对方答复", REASON):
        assert words in answer.text
    assert bazaar.state(order_id) == "locked"
    assert bazaar.stage.open(order_id) == {"start_work"}


def test_cancellation_of_begun_work_goes_to_the_other_side(bazaar: Bazaar, taken: str) -> None:
    bazaar.start(taken)
    li, page = bazaar.visit("li"), f"/orders/{taken}/cancel"
    answer = press(li, page, page, reason=REASON, progress_percent="40")
    assert (answer.status_code, answer.location) == (303, f"/orders/{taken}?done=cancel")
    assert bazaar.stage.open(taken) == {"answer_cancellation"}
    task_id = bazaar.stage.task_id(bazaar.actor("zhou"), taken, "answer_cancellation")
    task = bazaar.visit("zhou").get(f"/tasks/{task_id}").text
    assert REASON in task
    assert "40 %" in task


@pytest.mark.parametrize("login", ["li", "zhou"])
def test_both_sides_may_open_a_dispute(bazaar: Bazaar, taken: str, login: str) -> None:
    visitor, page = bazaar.visit(login), f"/orders/{taken}/dispute"
    answer = press(visitor, page, page, reason=REASON)
    assert (answer.status_code, answer.location) == (303, f"/orders/{taken}?done=dispute")
    assert bazaar.state(taken) == "disputed"
    shown = visitor.get(answer.location).text
    assert "争议已提交平台" in shown
    assert "争议中" in shown


@pytest.mark.parametrize(
    ("login", "kind", "status"),
    [
        ("li", "release", 409),  # only the taker gives an order back
        ("wang", "release", 404),
        ("wang", "cancel", 404),
        ("wang", "dispute", 404),
        ("chen", "dispute", 404),
        ("gao", "dispute", 403),
    ],
)
def test_who_may_not_ask_is_refused_on_both_ways(
    bazaar: Bazaar, taken: str, login: str, kind: str, status: int
) -> None:
    visitor, page = bazaar.visit(login), f"/orders/{taken}/{kind}"
    assert visitor.get(page).status_code == status
    question = {"release": "release", "cancel": "cancel_locked", "dispute": "dispute"}[kind]
    tokens = fill_in(visitor, "/menu", "/preferences", token="t-1", question=question, reason=REASON)
    assert post(visitor, page, tokens).status_code == status
    assert bazaar.state(taken) == "locked"


def test_colleague_of_the_publisher_may_cancel(bazaar: Bazaar) -> None:
    bazaar.fund("chen")
    order_id = bazaar.publish("chen")
    page = f"/orders/{order_id}/cancel"
    assert press(bazaar.visit("sun"), page, page, reason="").status_code == 303
    assert bazaar.state(order_id, "chen") == "cancelled"


@pytest.mark.parametrize("question", ["", "top_up", "dispute", "../release"])
def test_question_of_another_page_is_refused(bazaar: Bazaar, taken: str, question: str) -> None:
    zhou, page = bazaar.visit("zhou"), f"/orders/{taken}/release"
    assert press(zhou, page, page, reason=REASON, question=question).status_code == 400
    assert bazaar.state(taken) == "locked"


def test_nothing_can_be_asked_of_a_closed_order(bazaar: Bazaar) -> None:
    order_id, li = bazaar.publish(), bazaar.visit("li")
    page = f"/orders/{order_id}/cancel"
    press(li, page, page, reason="")
    again = fill_in(li, "/menu", "/preferences", token="t-2", question="cancel_open")
    assert li.get(page).status_code == 409
    assert post(li, page, again).status_code == 409
    shown = li.get(f"/orders/{order_id}").text
    assert f"/orders/{order_id}/cancel" not in shown
