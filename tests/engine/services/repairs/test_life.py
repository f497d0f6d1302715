"""The life of a repair order: team, information to the leader, photos to the server, report, verification, sign-off.

The acceptance scenarios 39 to 42 are here by number; 38 is a request, in `tests/web/repairs`.
"""

import hashlib

import orjson
import pytest
from sqlalchemy import func, select

from engine.commands.messages import publish_message
from engine.commands.tasks import FormRejected
from engine.runtime.errors import Forbidden, NotFound
from engine.services.repairs.commands import (
    REQUESTED,
    add_addendum,
    appoint_deputy,
    cancel_order,
    close_without,
    replace_member,
    request_repair,
)
from engine.services.repairs.components import is_drawable
from engine.services.repairs.errors import RepairNotPossible
from engine.services.repairs.inputs import read_report
from engine.services.repairs.queries import fetch_view, list_orders
from engine.services.repairs.tables import (
    repair_dissent,
    repair_info,
    repair_photo,
    repair_photo_facts,
    repair_report,
    repair_turn,
    repair_verdict,
)
from engine.storage.actor import SYSTEM
from engine.storage.ids import new_token
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import instance
from tests.engine.services.repairs.crew import ORDER, Crew
from tests.support.stage import Stage

SIGNED: dict[str, Plain] = {"sign_off": "sign", "signature-name": "陈曦", "signature-path": "M10 20L30 40L50 60"}


@pytest.fixture
def crew(stage: Stage) -> Crew:
    return Crew(stage)


@pytest.fixture
def any_crew(any_stage: Stage) -> Crew:
    return Crew(any_stage)


def test_an_order_goes_from_the_request_to_the_signature(any_crew: Crew) -> None:
    """Scenarios 39 (one fault, three sources), 40 (one photo of two members) and 41 (the same bytes) on the rows."""
    crew = any_crew
    engine, token = crew.stage.engine, new_token()
    for _ in range(2):  # a repeated request begins nothing more
        request_repair(engine, crew.people["cid"], token, "空调停机", "两台机组报警")
    crew.stage.settle()
    with engine.database.read() as connection:
        (crew.order,) = connection.execute(select(instance.c.id)).scalars()
    crew.do("dan", "create_repair_order", **ORDER | {"customer_party": ""})
    crew.do("dan", "choose_team", team_action="send", leader="leo", assistants=["ann", "bob"])
    assert (crew.row.customer_id, crew.row.source, crew.row.state) == ("cid", "customer", "sent")
    crew.begin()

    for name in ("leo", "ann", "bob"):
        crew.report(name, "01", "压缩机电容击穿", fault_code="E-11", measure_name="电容", measure_value="35")
    same = crew.upload("ann")
    crew.do("ann", "upload_photos", photos=[same], **{"photos-line": "01", "photos-stage": "after"})
    copy = crew.upload("bob", number=1)
    crew.do("bob", "upload_photos", photos=[copy], **{"photos-line": "01", "photos-stage": "after"})
    crew.do("leo", "upload_photos", no_photo_reason="未到现场")
    crew.do("leo", "merge_and_analyse", analysis="电容已更换。", **crew.decide())
    crew.do("ann", "ack_merge", ack="agree")
    crew.do("bob", "ack_merge", ack="dissent", dissent_note="电容是临时更换。")
    crew.do("leo", "submit_report", is_complete="true")
    with engine.database.read() as connection:
        report = read_report(connection, crew.order)
        assert read_report(connection, crew.order).to_bytes() == report.to_bytes()
    (statement,) = report.draft.statements
    assert set(statement.sources) == {"leader", "A1", "A2"}
    (photo,) = report.photos
    assert {one.mark for one in photo.uploads} == {"A1", "A2"}

    crew.do("leo", "fix_gaps", explanation="水泵下次维修。")
    crew.do("vera", "verify", verdict="accept")
    crew.do("cid", "customer_sign_off", **SIGNED)
    assert (crew.stage.outcome(crew.order), crew.row.state) == ("completed", "completed")
    rows = crew.rows(repair_report)
    assert [row.kind for row in rows] == ["submitted", "merged", "merged", "final"]
    assert all(hashlib.sha256(row.content).hexdigest() == row.sha256 for row in rows)
    assert orjson.loads(rows[-1].content)["dissents"]
    assert [row.note for row in crew.rows(repair_dissent)] == ["电容是临时更换。"]
    assert [row.kind for row in crew.rows(repair_verdict)] == ["verify", "sign_off"]
    assert len(crew.rows(repair_photo_facts)) == len(crew.rows(repair_photo)) == 2


def test_a_late_assistant_is_left_out_and_adds_later(any_crew: Crew) -> None:
    """Acceptance scenario 42."""
    crew = any_crew
    engine, leo, bob = crew.stage.engine, crew.people["leo"], crew.people["bob"]
    crew.send()
    crew.begin()
    crew.report("leo", "02")
    crew.report("ann")
    with pytest.raises(RepairNotPossible):
        add_addendum(engine, bob, crew.order, new_token(), "02", "还能提交时不是补充")
    turn = crew.turn("bob")
    with pytest.raises(RepairNotPossible):
        close_without(engine, leo, crew.order, turn, new_token(), " ")
    token = new_token()
    for _ in range(2):
        close_without(engine, leo, crew.order, turn, token, "联系不上")
    assert "merge_and_analyse" in crew.stage.open(crew.order)
    (left,) = [row for row in crew.rows(repair_turn) if row.info_state == "closed"]
    assert (left.id, left.close_reason) == (turn, "联系不上")

    with pytest.raises(RepairNotPossible):
        add_addendum(engine, bob, crew.order, new_token(), "77", "没有这一项")
    token = new_token()
    for _ in range(2):
        add_addendum(engine, bob, crew.order, token, "02", "轴承已磨损，建议更换")
    assert [row.is_addendum for row in crew.rows(repair_info)] == [0, 0, 1]
    with engine.database.read() as connection:
        report = read_report(connection, crew.order)
    assert [one.finding.text for one in report.addenda] == ["轴承已磨损，建议更换"]
    assert "轴承已磨损，建议更换" not in [said.text for one in report.draft.statements for said in one.sentences]
    assert [said.text for said in report.closed_without] == ["联系不上"]


def test_a_member_is_replaced_and_a_deputy_appointed_while_tasks_are_open(any_crew: Crew) -> None:
    crew = any_crew
    engine, dan, leo = crew.stage.engine, crew.people["dan"], crew.people["leo"]
    crew.send()
    crew.begin()
    crew.report("ann")
    members = crew.members()
    for member, user in ((members["ann"], "bob"), (members["ann"], "cid"), ("none", "zoe")):
        with pytest.raises(RepairNotPossible):
            replace_member(engine, dan, crew.order, member, user, new_token(), "请假")
    with pytest.raises(Forbidden):
        replace_member(engine, leo, crew.order, members["ann"], "zoe", new_token(), "请假")
    with pytest.raises(NotFound):
        fetch_view(engine, crew.people["zoe"], crew.order)
    replace_member(engine, dan, crew.order, members["ann"], "zoe", new_token(), "请假")
    with pytest.raises(LookupError):
        crew.photograph("ann")
    crew.photograph("zoe")
    assert fetch_view(engine, crew.people["ann"], crew.order).infos[0]["member_id"] == members["ann"]
    assert [one["user_id"] for one in (place.member for place in crew.view("leo").former)] == ["ann"]

    with pytest.raises(RepairNotPossible):
        appoint_deputy(engine, leo, crew.order, members["leo"], new_token())
    with pytest.raises(LookupError):
        crew.do("bob", "own_info")
    appoint_deputy(engine, leo, crew.order, members["bob"], new_token())
    crew.do("bob", "own_info", **crew.finding("02", "轴承磨损"))
    sent = {row.member_id for row in crew.rows(repair_info)}
    assert sent == {members["ann"], members["bob"]}, "what the deputy sends stays his"


def test_what_is_called_off_is_kept(crew: Crew) -> None:
    engine, dan = crew.stage.engine, crew.people["dan"]
    crew.send()
    crew.begin()
    crew.report("ann")
    with pytest.raises(RepairNotPossible):
        cancel_order(engine, dan, crew.order, new_token(), "")
    cancel_order(engine, dan, crew.order, new_token(), "客户停业")
    assert (crew.stage.outcome(crew.order), crew.row.state) == ("cancelled", "cancelled")
    (partial,) = crew.rows(repair_report)
    assert partial.kind == "partial"
    assert "压缩机电容击穿" in partial.content.decode()
    with pytest.raises(RepairNotPossible):
        cancel_order(engine, dan, crew.order, new_token(), "再次取消")
    with engine.database.read() as connection:
        listed = {name: len(list_orders(connection, crew.people[name])) for name in ("dan", "ann", "cid", "zoe")}
    assert listed == {"dan": 1, "ann": 1, "cid": 1, "zoe": 0}


def test_an_exception_of_a_to_do_item_becomes_an_order_without_a_customer(crew: Crew) -> None:
    payload: PlainDict = {"customer": "", "title": "配电箱跳闸", "description": "反复跳闸", "source": "todo"}
    publish_message(crew.stage.engine, SYSTEM, REQUESTED, "", {**payload, "source_ref": "TD-0001"})
    crew.stage.settle()
    with crew.stage.engine.database.read() as connection:
        (crew.order,) = connection.execute(select(instance.c.id)).scalars()
    shown = crew.stage.form_data(crew.people["dan"], crew.order, "create_repair_order")
    assert (shown["title"], shown["repair_request"]) == ("配电箱跳闸", [])
    past = {"repair_due": "2026-11-20T18:00"}
    with pytest.raises(FormRejected):
        crew.do("dan", "create_repair_order", **ORDER | {"customer_party": ""} | past)
    crew.do("dan", "create_repair_order", **ORDER | {"customer_party": ""})
    assert (crew.row.source, crew.row.source_ref, crew.row.customer_id) == ("todo", "TD-0001", None)


def test_staff_asks_for_no_repair_and_nobody_for_nothing(crew: Crew) -> None:
    for name, title in (("dan", "空调"), ("cid", "  ")):
        with pytest.raises(RepairNotPossible):
            request_repair(crew.stage.engine, crew.people[name], new_token(), title, "")
    with crew.stage.engine.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(instance)).scalar_one() == 0


@pytest.mark.parametrize(
    ("path", "is_fit"),
    [
        ("", True),
        ("M1 2L3 4", True),
        ("M0 0L600 200M5 5L5 5", True),
        ("M1 2", False),
        ("L3 4", False),
        ("M1 2L3 201", False),
        ("M1 2L601 4", False),
        ("M1 2L3 4Z", False),
        ('M1 2L3 4"/><script>', False),
        ("M1 2" + "L1 2" * 6000, False),
    ],
)
def test_a_signature_is_strokes_inside_its_field(path: str, *, is_fit: bool) -> None:
    assert is_drawable(path) == is_fit
