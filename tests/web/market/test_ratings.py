"""The page of ratings: received ones once they are published, given ones at once, nobody else's ever."""

from tests.web.bazaar import Bazaar


def settled(bazaar: Bazaar) -> str:
    order_id = bazaar.publish()
    bazaar.take(order_id)
    bazaar.start(order_id)
    bazaar.deliver(order_id)
    return order_id


def test_ratings_are_shown_to_their_two_sides_when_both_are_in(bazaar: Bazaar) -> None:
    order_id = settled(bazaar)
    li, zhou, wang = bazaar.visit("li"), bazaar.visit("zhou"), bazaar.visit("wang")
    assert "还没有收到评价" in zhou.get("/ratings").text
    bazaar.stage.do(bazaar.actor("li"), order_id, "rate_a", {"stars": "4", "comment": "又快又稳。"})
    assert "又快又稳。" not in zhou.get("/ratings").text
    given = li.get("/ratings?side=given").text
    assert "又快又稳。" in given
    assert "对方评价之后，或期限过后才公开" in given
    bazaar.stage.do(bazaar.actor("zhou"), order_id, "rate_b", {"stars": "5"})
    page = zhou.get("/ratings").text
    for words in ("4.0", "1 次评价", "李文博", "又快又稳。", f'href="/orders/{order_id}"'):
        assert words in page
    assert "还没有收到评价" in wang.get("/ratings").text
    assert "还没有给出评价" in wang.get("/ratings?side=given").text
    assert bazaar.visit("gao").get("/ratings").status_code == 403


def test_each_side_is_asked_to_rate_the_other(bazaar: Bazaar) -> None:
    settled(bazaar)
    for login in ("li", "zhou"):
        page = bazaar.visit(login).get("/inbox").text
        assert "评价对方" in page
        assert "方评价" not in page.replace("评价对方", "")
