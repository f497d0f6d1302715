"""A room without scripts: plain forms, who may do what, and the stream that misses nothing."""

import io
import re
from typing import Any, cast

import pytest
from werkzeug.test import TestResponse

from engine.services.chat.writing import write_text
from engine.services.identity.people import grant_role
from engine.storage.actor import PLATFORM, SYSTEM
from engine.storage.ids import new_id
from tests.support.errand_room import PHONES, certify, end_by_itself, open_by_itself, photo
from tests.support.stage import Stage
from tests.web.bazaar import Bazaar
from tests.web.visitor import Visitor


@pytest.fixture
def bazaar(stage: Stage) -> Bazaar:
    return Bazaar(stage)


@pytest.fixture
def order_id(bazaar: Bazaar) -> str:
    """Li's order, which Zhou carries out."""
    for login, number in zip(("li", "zhou"), PHONES, strict=False):
        certify(bazaar.engine, bazaar.ids[login], number)
    parties = {"requester": bazaar.ids["li"], "courier": bazaar.ids["zhou"]}
    order_id = open_by_itself(bazaar.engine, parties)
    bazaar.stage.settle()
    return order_id


def test_they_talk_by_plain_forms(bazaar: Bazaar, order_id: str) -> None:
    li, zhou, room = bazaar.visit("li"), bazaar.visit("zhou"), f"/chat/{order_id}"
    for _ in range(2):
        answer = li.send(f"{room}/say", {"token": "t1", "text": "<b>几点到？</b> 打 13812345678"}, page=room)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{room}#chat-end")
    page = zhou.get(room).text
    assert page.count("&lt;b&gt;几点到？&lt;/b&gt; 打 •••") == 1
    assert "消息中的电话号码已隐藏" in page
    assert "模拟" in page
    _upload(zhou, room, "t2", photo(), "image/jpeg")
    seq = re.findall(rf'src="{room}/files/(\d+)"', li.get(room).text)[-1]
    shown = li.get(f"{room}/files/{seq}")
    assert (shown.mimetype, b"Exif" in shown.data) == ("image/jpeg", False)
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    refused = _upload(zhou, room, "t3", b"%PDF-1.4 nothing", "image/jpeg")
    assert (refused.status_code, "不是照片" in refused.text) == (422, True)
    kept = zhou.send(f"{room}/say", {"token": "t4", "text": "字" * 1001}, page=room)
    assert (kept.status_code, "字" * 1001 in kept.text, "最多 1000 个字" in kept.text) == (422, True, True)
    assert "对方已读" in li.get(room).text


def test_who_may_do_what(bazaar: Bazaar, order_id: str) -> None:
    seq = write_text(bazaar.engine, bazaar.actor("zhou"), order_id, new_id(), "快点").seq
    room, wang, li = f"/chat/{order_id}", bazaar.visit("wang"), bazaar.visit("li")
    for path in (room, f"{room}/messages", f"{room}/files/{seq}", f"{room}/report", f"/live/chat/{order_id}"):
        assert wang.get(path).status_code == 404
    for path in ("say", "read", "call", "report"):
        fields = {"token": "t", "text": "hello", "seq": str(seq), "reason": "abuse"}
        assert wang.send(f"{room}/{path}", fields, page="/wallet").status_code == 404
    dialled = li.send(f"{room}/call", {"token": "c1"}, page=room)
    assert re.search(r'href="tel:1700000\d{4}"', dialled.text)
    assert not [number for number in PHONES if number in dialled.text]
    reported = li.send(f"{room}/report", {"seq": str(seq), "reason": "abuse", "note": "骂人"}, page=f"{room}/report")
    bazaar.stage.settle()
    case = li.get(reported.headers["Location"])
    assert (case.status_code, "&gt; 快点" in case.text) == (200, True)


def test_customer_service_says_why_first(bazaar: Bazaar, order_id: str) -> None:
    write_text(bazaar.engine, bazaar.actor("zhou"), order_id, new_id(), "快点下来")
    grant_role(bazaar.engine, SYSTEM, bazaar.ids["wang"], PLATFORM, "customer_service")
    service, room = Visitor(bazaar.app), f"/chat/{order_id}"
    service.sign_in("wang")
    service.act_as(PLATFORM, "customer_service")
    asked = service.get(room)
    assert (asked.status_code, "快点下来" in asked.text) == (200, False)
    assert service.send(f"{room}/look", {"reason": "看"}, page=room).status_code == 422
    assert service.send(f"{room}/look", {"reason": "用户投诉言语不当"}, page=room).status_code == 303
    read = service.get(room).text
    assert ("快点下来" in read, 'name="text"' in read) == (True, False)
    assert service.send(f"{room}/say", {"token": "t", "text": "您好"}, page="/inbox").status_code == 403


def test_the_stream_brings_back_who_was_away(bazaar: Bazaar, order_id: str) -> None:
    li, room = bazaar.visit("li"), f"/chat/{order_id}"
    found = re.search(r'data-live-chat="([^"]+)"', li.get(room).text)
    assert found is not None
    stream = li.client.get(found[1], buffered=False, **li.options)
    told = iter(stream.response)
    assert [next(told), next(told)] == [b"retry: 3000\n\n", b":\n\n"]  # nothing since the page was drawn
    last = write_text(bazaar.engine, bazaar.actor("zhou"), order_id, new_id(), "到了").seq
    note = cast(bytes, next(told)).decode()
    mark = note.split("\n")[0].removeprefix("id: ")
    assert mark.startswith(f"{last}.")
    stream.close()
    write_text(bazaar.engine, bazaar.actor("zhou"), order_id, new_id(), "在北门")
    again = li.client.get(found[1], buffered=False, headers={"Last-Event-ID": mark}, **li.options)
    told = iter(again.response)
    assert (next(told), cast(bytes, next(told)).startswith(f"id: {last + 1}.".encode())) == (b"retry: 3000\n\n", True)
    again.close()
    part = li.get(f"{room}/messages?after={last}").text
    assert ("在北门" in part, "到了" in part) == (True, False)


def test_after_the_end_there_is_nothing_to_write_with(bazaar: Bazaar, order_id: str) -> None:
    end_by_itself(bazaar.engine, order_id)
    li, room = bazaar.visit("li"), f"/chat/{order_id}"
    page = li.get(room).text
    assert ("订单已结束" in page, 'name="text"' in page) == (True, False)
    assert li.send(f"{room}/say", {"token": "t", "text": "谢谢"}, page=room).status_code == 409


def _upload(visitor: Visitor, room: str, token: str, content: bytes, media_type: str) -> TestResponse:
    fields: dict[str, Any] = {"token": token, "text": "", "file": (io.BytesIO(content), "file", media_type)}
    return visitor.send(f"{room}/say", fields, page=room)
