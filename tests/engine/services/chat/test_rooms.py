"""Rooms: who may read and write, what is said once, what the system says, how it ends."""

import io

import pytest
from PIL import Image
from sqlalchemy import insert

from engine.queries.files import fetch_file
from engine.runtime.errors import NotFound, SubmissionConflict
from engine.services.chat.errors import MessageUnfit, RoomClosed
from engine.services.chat.media import Recording
from engine.services.chat.queries import count_unread, fetch_attachment
from engine.services.chat.rooms import room_topic
from engine.services.chat.writing import mark_read, send_picture, send_voice, write_text
from engine.services.notifications.queries import list_told
from engine.storage.ids import new_id
from engine.storage.tables import user
from tests.support.errand_room import VOICE, leave_by_itself, open_room, photo
from tests.support.stage import Stage


def test_two_talk_and_nobody_else_hears_it(any_stage: Stage) -> None:
    room = open_room(any_stage)
    with room.engine.changes.listen([room_topic(room.order_id)]) as listener:
        write_text(room.engine, room.requester, room.order_id, new_id(), "低糖的还有吗？")
        assert listener.wait(0) == {room_topic(room.order_id)}
    with room.engine.database.read() as connection:
        assert count_unread(connection, room.courier, [room.order_id]) == {room.order_id: 1}
        assert count_unread(connection, room.requester, [room.order_id]) == {}
    room.go_on("buy")
    assert room.said(room.courier) == room.said(room.requester) == ["opened", "phone_ready", "低糖的还有吗？", "bought"]
    view = room.see(room.courier)
    assert [one.is_own for one in view.messages] == [False] * 4
    assert view.messages[-1].content["facts"] == {"amount_fen": 4210}
    mark_read(room.engine, room.courier, room.order_id, view.last_seq + 5)
    assert room.see(room.requester).read_seq == view.last_seq
    for stranger in (any_stage.person("sam"), room.third, any_stage.staff("cara", "customer_service")):
        with pytest.raises(NotFound):
            room.see(stranger)
        with pytest.raises(NotFound):
            write_text(room.engine, stranger, room.order_id, new_id(), "hello")


def test_what_is_sent_again_is_said_once(any_stage: Stage) -> None:
    room, token = open_room(any_stage), new_id()
    first = write_text(room.engine, room.requester, room.order_id, token, "两瓶")
    assert write_text(room.engine, room.requester, room.order_id, token, "两瓶 ") == first
    for actor, text in ((room.requester, "三瓶"), (room.courier, "两瓶")):
        with pytest.raises(SubmissionConflict):
            write_text(room.engine, actor, room.order_id, token, text)
    token, picture = new_id(), photo()
    sent = [
        send_picture(room.engine, room.courier, room.order_id, token, room.upload(room.courier, picture))
        for _ in range(2)
    ]
    assert sent[0] == sent[1]
    assert room.said(room.courier) == ["opened", "phone_ready", "两瓶", "picture"]


def test_unfit_texts_are_refused(stage: Stage) -> None:
    room = open_room(stage)
    for text, problem in ((" \n", "empty"), ("字" * 1001, "too_long"), ("a\x00b", "control_character")):
        with pytest.raises(MessageUnfit) as refused:
            write_text(room.engine, room.requester, room.order_id, new_id(), text)
        assert refused.value.code == f"message_unfit.{problem}"
    assert room.said(room.courier) == ["opened", "phone_ready"]


def test_the_other_side_sees_a_picture_without_what_the_camera_wrote(stage: Stage) -> None:
    room = open_room(stage)
    stored = room.upload(room.courier, photo(), "IMG_20261128_北门.jpg")
    seq = send_picture(room.engine, room.courier, room.order_id, new_id(), stored).seq
    shown = fetch_attachment(room.engine, room.requester, room.order_id, seq)
    assert isinstance(shown.content, bytes)
    with Image.open(io.BytesIO(shown.content)) as image:
        assert (image.size, dict(image.getexif())) == ((1600, 720), {})
    for stranger in (room.third, stage.staff("ada", "auditor")):
        with pytest.raises(NotFound):
            fetch_attachment(room.engine, stranger, room.order_id, seq)
    with pytest.raises(NotFound):  # nor the file itself, which still says where it was taken
        fetch_file(room.engine, room.requester, stored.id)


def test_a_voice_is_played_as_what_it_is(stage: Stage) -> None:
    room = open_room(stage)
    stored = room.upload(room.courier, VOICE)
    recording = Recording(7, (3, 9, 15))
    seq = send_voice(room.engine, room.courier, room.order_id, new_id(), stored, recording).seq
    assert room.see(room.requester).messages[-1].content == {"seconds": 7, "bars": [3, 9, 15]}
    assert fetch_attachment(room.engine, room.requester, room.order_id, seq).media_type == "audio/webm"
    with pytest.raises(MessageUnfit, match="too_long_voice"):
        send_voice(room.engine, room.courier, room.order_id, new_id(), stored, Recording(61))
    page = room.upload(room.courier, b"<html><script>alert(1)</script>")
    with pytest.raises(MessageUnfit, match="not_shown"):
        send_picture(room.engine, room.courier, room.order_id, new_id(), page)
    with pytest.raises(MessageUnfit, match="not_shown"):
        send_voice(room.engine, room.courier, room.order_id, new_id(), page, Recording())


def test_who_takes_over_sees_what_comes_after_him(any_stage: Stage) -> None:
    room = open_room(any_stage)
    write_text(room.engine, room.courier, room.order_id, new_id(), "车坏了")
    for element in ("buy", "change"):
        room.go_on(element)
    write_text(room.engine, room.third, room.order_id, new_id(), "我来送")
    assert room.said(room.courier) == ["opened", "phone_ready", "车坏了", "bought"]
    assert room.said(room.third) == ["joined", "phone_ready", "我来送"]
    assert room.said(room.requester)[-3:] == ["joined", "phone_ready", "我来送"]
    assert room.see(room.requester).names["courier"] == ("tom", "tom")
    by = {one.text or one.content.get("line"): one.by[0] for one in room.see(room.requester).messages}
    assert (by["车坏了"], by["joined"], by["我来送"]) == ("carl", "tom", "tom")
    with pytest.raises(NotFound):
        write_text(room.engine, room.courier, room.order_id, new_id(), "还在吗")


def test_who_gives_the_order_back_hears_nothing_more(any_stage: Stage) -> None:
    room = open_room(any_stage)
    write_text(room.engine, room.courier, room.order_id, new_id(), "接不了")
    for _ in range(2):
        leave_by_itself(room.engine, room.order_id, "courier")
    assert room.said(room.courier) == ["opened", "phone_ready", "接不了"]
    assert room.said(room.requester)[-2:] == ["接不了", "left"]
    with pytest.raises(NotFound):
        write_text(room.engine, room.courier, room.order_id, new_id(), "还在吗")


def test_after_the_end_it_is_read_only(any_stage: Stage) -> None:
    room = open_room(any_stage)
    for element in ("buy", "change", "finish"):
        room.go_on(element)
    assert any_stage.outcome(room.order_id) == "done"
    view = room.see(room.third)
    assert (view.is_closed, view.may_write, view.messages[-1].content["line"]) == (True, False, "closed")
    with pytest.raises(RoomClosed):
        write_text(room.engine, room.requester, room.order_id, new_id(), "谢谢")


def test_who_is_away_is_told_once_until_he_has_read_it(any_stage: Stage) -> None:
    room = open_room(any_stage)
    row = {"id": "carl", "login": "carl", "password_hash": "-", "is_disabled": 0, "created_at": any_stage.clock()}
    room.engine.database.transact(lambda unit: unit.connection.execute(insert(user), row))

    def told() -> list[str]:
        return [one.title for one in list_told(room.engine, room.courier, "zh", 10)]

    write_text(room.engine, room.requester, room.order_id, new_id(), "在吗？")
    assert told() == []
    for text in ("我在门口", "北门"):
        any_stage.wait(seconds=40)
        write_text(room.engine, room.requester, room.order_id, new_id(), text)
    any_stage.wait(seconds=40)
    assert told() == ["rita给您发了消息"]
    mark_read(room.engine, room.courier, room.order_id, 99)
    assert told() == []
    write_text(room.engine, room.requester, room.order_id, new_id(), "看到了吗")
    mark_read(room.engine, room.courier, room.order_id, 99)
    any_stage.wait(seconds=40)
    assert told() == []
