"""What the platform does with a room: customer service reads it with a reason, reports become cases, time deletes."""

import pytest

from engine.records.history import read_stream
from engine.runtime.errors import NotFound
from engine.services.cases.queries import fetch_case
from engine.services.chat.errors import MessageUnfit
from engine.services.chat.looking import STREAM, give_reason, list_looks
from engine.services.chat.media import Recording
from engine.services.chat.queries import fetch_attachment
from engine.services.chat.reporting import report_message
from engine.services.chat.writing import send_picture, send_voice, write_text
from engine.services.verification import verify
from engine.storage.ids import new_id
from tests.support.errand_room import VOICE, Room, open_room, photo
from tests.support.stage import Stage

REASON = "用户来电投诉配送员言语不当"


def test_customer_service_reads_with_a_reason_and_for_a_while(any_stage: Stage) -> None:
    room = open_room(any_stage)
    write_text(room.engine, room.courier, room.order_id, new_id(), "快点下来")
    service, other = any_stage.staff("cara", "customer_service"), any_stage.staff("cai", "customer_service")
    with pytest.raises(MessageUnfit):
        give_reason(room.engine, service, room.order_id, "看看")
    for nobody in (any_stage.staff("rev", "platform_reviewer"), room.third):
        with pytest.raises(NotFound):
            give_reason(room.engine, nobody, room.order_id, REASON)
    for _ in range(2):
        give_reason(room.engine, service, room.order_id, REASON)
    assert room.said(service) == ["opened", "phone_ready", "快点下来", "looked"]
    assert room.said(room.courier)[-1] == "looked"
    assert list_looks(room.engine, service, room.order_id) == [("customer_service", REASON)]
    with pytest.raises(NotFound):
        write_text(room.engine, service, room.order_id, new_id(), "您好")
    with pytest.raises(NotFound):
        room.see(other)
    with room.engine.database.read() as connection:
        [row] = read_stream(connection, STREAM)
    assert (row.actor_id, row.events[0]["order"], REASON in str(row.events)) == ("cara", room.order_id, False)
    any_stage.wait(hours=1, seconds=1)
    with pytest.raises(NotFound):
        room.see(service)


def test_a_report_becomes_a_case_of_customer_service(any_stage: Stage) -> None:
    room = open_room(any_stage)
    seq = write_text(room.engine, room.courier, room.order_id, new_id(), "加我微信，不走平台").seq
    for actor, wrong in ((room.courier, seq), (room.third, seq), (room.requester, 1), (room.requester, 99)):
        with pytest.raises(NotFound):
            report_message(room.engine, actor, room.order_id, wrong, "off_platform", "")
    case_ref = report_message(
        room.engine, room.requester, room.order_id, seq, "off_platform", "要求私下付款 13812345678"
    )
    assert report_message(room.engine, room.requester, room.order_id, seq, "abuse", "又一次") == case_ref
    any_stage.settle()
    view = fetch_case(room.engine, room.requester, case_ref)
    assert (view.summary.kind, view.summary.party_b, view.summary.turn) == ("complaint", "carl", "triage")
    assert "> 加我微信，不走平台\n要求私下付款 •••" in str(view.entries[0].text)
    any_stage.do(
        any_stage.staff("cara", "customer_service"), view.summary.instance_id, "triage", {"matter": "question"}
    )
    assert any_stage.incidents(view.summary.instance_id) == []


def test_what_was_said_is_deleted_when_its_time_is_over(any_stage: Stage) -> None:
    room = open_room(any_stage)
    seqs = _say_everything(room)
    for element in ("buy", "change", "finish"):
        room.go_on(element)
    any_stage.wait(days=179)
    assert "再见" in room.said(room.courier)
    any_stage.wait(days=2)
    view = room.see(room.courier)
    assert [one.is_gone for one in view.messages if one.seq in seqs] == [True, True, True]
    assert [one.text for one in view.messages if one.seq in seqs] == [None, None, None]
    for seq in seqs[1:]:
        with pytest.raises(NotFound):
            fetch_attachment(room.engine, room.courier, room.order_id, seq)
    assert [path for path in room.engine.files.folder.rglob("*") if path.is_file()] == []
    assert list(verify(room.engine)) == []


def test_what_a_case_needs_is_kept(any_stage: Stage) -> None:
    room = open_room(any_stage)
    _say_everything(room)
    for element in ("buy", "change", "finish"):
        room.go_on(element)
    any_stage.wait(days=179)
    report_message(room.engine, room.requester, room.order_id, room.see(room.courier).messages[2].seq, "abuse", "")
    any_stage.wait(days=2)
    assert "再见" in room.said(room.courier)


def _say_everything(room: Room) -> list[int]:
    picture, voice = room.upload(room.courier, photo()), room.upload(room.courier, VOICE)
    said = (room.engine, room.courier, room.order_id)
    return [
        write_text(*said, new_id(), "再见").seq,
        send_picture(*said, new_id(), picture).seq,
        send_voice(*said, new_id(), voice, Recording(3, (1, 2))).seq,
    ]
