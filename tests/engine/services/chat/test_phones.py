"""The phone: a number that hides theirs, in no page, log, history or export (scenario 36), and what happens without."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from sqlalchemy import select

from engine.queries.inspection import fetch_case
from engine.records.history import read_stream
from engine.runtime.errors import NotFound
from engine.services.chat.errors import PhoneNotReady
from engine.services.chat.masking import mask_phones
from engine.services.chat.phones.calling import begin_call
from engine.services.chat.phones.dypls import ADDRESS, DyplsConfig, DyplsPhones, sign
from engine.services.chat.phones.port import Bond, PhoneUnavailable
from engine.services.chat.phones.simulator import PhoneRules, change_phone_rules
from engine.services.chat.writing import write_text
from engine.storage.columns import metadata
from engine.storage.ids import new_id
from tests.support.errand_room import PHONES, open_room
from tests.support.stage import Stage


def test_they_call_each_other_until_two_hours_after_the_end(any_stage: Stage) -> None:
    room, token = open_room(any_stage), new_id()
    number = begin_call(room.engine, room.courier, room.order_id, token)
    assert number == room.see(room.requester).phone.number
    assert begin_call(room.engine, room.courier, room.order_id, token) == number
    for _ in range(4):
        any_stage.wait(minutes=1)
    said = room.said(room.requester)
    assert (said[2], said[3] in ("spoke", "missed"), len(said)) == ("called", True, 4)
    with pytest.raises(NotFound):
        begin_call(room.engine, any_stage.person("sam"), room.order_id, new_id())
    for element in ("buy", "change", "finish"):
        room.go_on(element)
    any_stage.wait(hours=1, minutes=59)
    assert begin_call(room.engine, room.third, room.order_id, new_id()) == room.see(room.third).phone.number
    any_stage.wait(minutes=2)
    assert (room.see(room.third).phone.state, room.see(room.third).phone.number) == ("released", None)
    with pytest.raises(PhoneNotReady):
        begin_call(room.engine, room.third, room.order_id, new_id())


@pytest.mark.parametrize("rules", [PhoneRules(is_down=True), PhoneRules(refused_bps=10_000)])
def test_without_a_provider_they_write_and_speak(any_stage: Stage, rules: PhoneRules) -> None:
    change_phone_rules(any_stage.engine.database, rules)
    room = open_room(any_stage)
    assert room.see(room.courier).phone.state == "asked"
    for _ in range(3):
        any_stage.wait(minutes=1)
    assert room.said(room.requester) == ["opened", "phone_down"]
    with pytest.raises(PhoneNotReady):
        begin_call(room.engine, room.requester, room.order_id, new_id())
    write_text(room.engine, room.requester, room.order_id, new_id(), "我在门口")


@pytest.mark.parametrize("rules", [PhoneRules(lost_answer_bps=10_000), PhoneRules(delay_seconds=8)])
def test_a_number_that_is_late_is_asked_for_again(any_stage: Stage, rules: PhoneRules) -> None:
    change_phone_rules(any_stage.engine.database, rules)
    room = open_room(any_stage)
    assert room.see(room.courier).phone.state == "asked"
    any_stage.wait(seconds=10)
    assert room.said(room.courier) == ["opened", "phone_ready"]


def test_real_numbers_are_nowhere(any_stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """Scenario 36: every table, the history, what the case view exports, the room and the log."""
    caplog.set_level(logging.DEBUG)
    change_phone_rules(any_stage.engine.database, PhoneRules(is_down=True))
    room = open_room(any_stage)
    any_stage.wait(seconds=10)
    change_phone_rules(any_stage.engine.database, PhoneRules())
    any_stage.wait(seconds=10)
    assert room.see(room.courier).phone.state == "bound"
    for digits in PHONES:
        for shown in (
            digits,
            f"+86 {digits[:3]} {digits[3:7]} {digits[7:]}",
            "".join(chr(0xFF10 + int(d)) for d in digits),
        ):
            assert write_text(room.engine, room.courier, room.order_id, new_id(), f"打我 {shown}").is_masked
    begin_call(room.engine, room.courier, room.order_id, new_id())
    for element in ("buy", "change", "finish"):
        room.go_on(element)
    any_stage.wait(hours=3)
    with room.engine.database.read() as connection:
        seen = [str(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
        seen += [str(row.events) for row in read_stream(connection, room.order_id)]
    seen += [str(room.see(actor)) for actor in (room.requester, room.courier, room.third)]
    seen += [str(fetch_case(room.engine, any_stage.staff("ada", "auditor"), room.order_id)), caplog.text]
    texts = "\n".join(seen)
    assert "打我 •••" in texts
    assert [number for number in PHONES if number in texts or number[-8:] in texts] == []


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("打我 138 0013 8000 吧", "打我 ••• 吧"),
        ("１３８００１３８０００", "•••"),
        ("一三八零零一三八零零零", "•••"),
        ("微信幺三八 0013-8000", "微信•••"),
        ("wx13800138000a", "wx•••a"),
        ("0571-8888 6666", "•••"),
        ("+44 7700 900123", "•••"),
        *((same, same) for same in ("ER-2026-031902", "SF1380013800012", "¥42.10 共 3 件", "702 室 15:30 到 13:30")),
        ("身份证 330106199506120018", "身份证 330106199506120018"),
    ],
)
def test_numbers_that_are_typed_are_taken_out(text: str, masked: str) -> None:
    assert mask_phones(text) == (masked, text != masked)


CONFIG = DyplsConfig("testId", "testSecret", "FC123456")
NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)


def test_the_adapter_binds_and_releases_as_documented() -> None:
    asked: list[dict[str, str]] = []

    def answer(url: str, body: bytes) -> bytes:
        assert url == ADDRESS
        asked.append({name: values[0] for name, values in parse_qs(body.decode()).items()})
        return (
            b'{"Code":"OK","Message":"OK","RequestId":"1",'
            b'"SecretBindDTO":{"Extension":"130","SecretNo":"17100000000","SubsId":"1000000768393849"}}'
        )

    phones = DyplsPhones(CONFIG, answer, lambda: NOW)
    bond = phones.bind("key", "+86 138-1234-5678", "13987654321", NOW + timedelta(hours=2))
    phones.release(bond)
    assert bond == Bond("1000000768393849", "17100000000")
    bound, released = asked
    assert (bound["Action"], bound["PhoneNoA"], bound["PhoneNoB"]) == ("BindAxb", "13812345678", "13987654321")
    assert (bound["Expiration"], bound["Timestamp"]) == ("2026-03-02 14:00:00", "2026-03-02T04:00:00Z")
    assert (released["Action"], released["SubsId"], released["SecretNo"]) == (
        "UnbindSubscription",
        bond.ref,
        bond.number,
    )
    signature = bound.pop("Signature")
    assert signature == sign(CONFIG.access_key_secret, bound)
    assert signature != sign(CONFIG.access_key_secret, {**bound, "PhoneNoB": "13900000000"})


@pytest.mark.parametrize(
    "answer", [b'{"Code":"isv.MOBILE_NUMBER_ILLEGAL","Message":"13812345678"}', b"<html>", b"[]", b'{"Code":"OK"}']
)
def test_the_adapter_never_tells_a_number_in_a_refusal(answer: bytes) -> None:
    phones = DyplsPhones(replace(CONFIG, pool_key="X"), lambda url, body: answer, lambda: NOW)
    with pytest.raises(PhoneUnavailable) as refused:
        phones.bind("key", "13812345678", "13987654321", NOW)
    assert "138" not in str(refused.value)
