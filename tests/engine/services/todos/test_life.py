"""The life of an item: reviewed by a second person, brought to its handler, handled, transferred, escalated, closed.

The acceptance scenarios 43 to 49 are here by number.
"""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from engine.commands.tasks import complete_task
from engine.runtime.errors import NotFound
from engine.services.notifications.preferences import Address, Preferences, save_preferences
from engine.services.notifications.queries import list_outbox, open_notification
from engine.services.todos.acting import act, look
from engine.services.todos.commands import (
    change_item,
    end_absence,
    enter_absence,
    take_in_item,
    withdraw_item,
)
from engine.services.todos.errors import ChangeOpen, ItemUnfit
from engine.services.todos.links import LinkUnfit, read_link
from engine.services.todos.queries import fetch_handling_view
from engine.services.todos.tables import todo_exception, todo_item, todo_reminder, todo_transfer, todo_version
from engine.storage.actor import EXTERNAL_WORKER, PLATFORM, Actor
from engine.storage.ids import new_id
from engine.storage.plain import Plain
from tests.engine.services.todos.office import ITEM, Office
from tests.support.stage import Stage

LINK = "/act/"
EXCEPTION = {"action": "exception", "event_type": "system_outage", "description": "核心系统无法登录，全部停办。"}


@pytest.fixture
def office(stage: Stage) -> Office:
    return Office(stage)


@pytest.fixture
def any_office(any_stage: Stage) -> Office:
    return Office(any_stage)


def transfer(office: Office, item: str, by: str, to: str, answer: str = "accept") -> None:
    office.do(
        by, item, "handle", action="transfer", transfer_to=to, transfer_reason="他更熟悉此账户", keep_informed="on"
    )
    if answer:
        office.do(to, item, "accept_transfer", answer=answer, decline_reason="本周无法处理")


def link_of(office: Office, name: str, action: str) -> str:
    found = [one for told in office.told(name) for one in told.actions if one["key"] == action]
    return str(found[0]["path"]).removeprefix(LINK)


def test_an_item_is_reviewed_brought_to_its_handler_and_closed_everywhere(any_office: Office) -> None:
    office = any_office
    item = office.add()
    (handling,) = office.handlings(item)
    (told,) = office.told("han")
    assert told.title.endswith("核对九月对账单")
    assert "第 3 页的差额" in told.body, "the item itself is sent with its reminder"
    assert handling.due_at == office.stage.clock() + timedelta(days=2)
    office.do("han", item, "handle", action="complete", result="done", comment="差额为手续费")
    (handling,) = office.handlings(item)
    assert (handling.state, handling.handled_by, handling.result["comment"]) == ("done", "han", "差额为手续费")
    assert office.stage.outcome(handling.instance_id) == "done"
    assert office.told("han") == []
    office.run_on(days=6)
    assert office.told("han") == office.told("sue") == [], "nothing that was planned comes any more"


def test_43_a_change_is_not_approved_by_its_maker_and_one_is_open_at_a_time(any_office: Office) -> None:
    office, stage = any_office, any_office.stage
    item = office.add()
    case = office.change(item, "modify", title="核对九月与十月对账单")
    as_reviewer = stage.staff("mia", "todo_reviewer")
    with pytest.raises(LookupError):
        stage.task_id(as_reviewer, case, "four_eyes")
    task_id = stage.task_id(office.rob, case, "four_eyes")
    with pytest.raises(NotFound):
        complete_task(stage.engine, as_reviewer, task_id, new_id(), MultiDict({"review_decision": "approve"}))
    with pytest.raises(ChangeOpen):
        change_item(stage.engine, office.people["max"], new_id(), item, "delete")
    shown = stage.form_data(office.rob, case, "four_eyes")["todo_difference"]
    assert isinstance(shown, dict)
    assert [(row["name"], row["before"], row["after"]) for row in shown["rows"]] == [  # type: ignore[index,union-attr,call-overload]
        ("title", "核对九月对账单", "核对九月与十月对账单")
    ]
    office.approve(case)
    with stage.engine.database.read() as connection:
        versions = connection.execute(select(todo_version).order_by(todo_version.c.version)).all()
    assert [(one.version, one.maker_id, one.reviewer_id) for one in versions] == [(1, "mia", "rob"), (2, "mia", "rob")]


def test_a_change_that_is_returned_refused_or_never_reviewed_leaves_the_item_as_it_was(office: Office) -> None:
    stage = office.stage
    item = office.add()
    case = office.change(item, "modify", title="另一个标题")
    remark = {"review_remark": "标题请写明月份"}
    stage.do(office.rob, case, "four_eyes", {"review_decision": "return", **remark})
    notes = stage.form_data(office.mia, case, "edit_item")["todo_notes"]
    assert "标题请写明月份" in str(notes)
    assert office.titles("mia") == ["Change returned"]
    stage.do(office.mia, case, "edit_item", ITEM | {"title": "九月对账"})
    stage.do(office.rob, case, "four_eyes", {"review_decision": "reject", **remark})
    assert stage.outcome(case) == "rejected"
    case = office.change(item, "modify", title="再一个标题")
    stage.wait(days=5)
    assert stage.open(case) == {"edit_item"}, "nobody has reviewed it for three working days"
    stage.wait(days=8)
    assert stage.outcome(case) == "dropped"
    with stage.engine.database.read() as connection:
        row = connection.execute(select(todo_item)).one()
    assert (row.version, row.title) == (1, "核对九月对账单")


def test_44_an_item_changed_while_handled_is_shown_anew_and_planned_anew(any_office: Office) -> None:
    office = any_office
    item = office.add()
    due = office.stage.clock() + timedelta(days=5)
    local = due.astimezone(office.stage.engine.zone)
    parts = {"due_at": f"{local:%Y-%m-%dT%H:%M}", "due_at-date": f"{local:%Y-%m-%d}", "due_at-time": f"{local:%H:%M}"}
    office.approve(office.change(item, "modify", body="请核对第 4 页。", due_rule="", **parts))
    (handling,) = office.handlings(item)
    assert (handling.item_version, handling.due_at) == (2, due)
    assert office.titles("han") == ["Changed"], "what was told of the old version is gone"
    assert "第 4 页" in office.told("han")[0].body
    data = office.stage.form_data(office.han, handling.instance_id, "handle")
    assert "请核对第 4 页。" in str(data["todo_item"])
    with office.stage.engine.database.read() as connection:
        planned = connection.execute(select(todo_reminder.c.due_at).where(todo_reminder.c.state == "planned"))
        assert due in planned.scalars().all()


def test_45_a_transfer_reminds_its_target_and_goes_on_neither_for_ever_nor_in_circles(any_office: Office) -> None:
    office = any_office
    item = office.add()
    (before,) = office.handlings(item)
    transfer(office, item, "han", "hal", answer="")
    assert office.titles("hal") == ["han transfers to you"]
    assert office.told("han") == [], "it is not with him any more"
    office.do("hal", item, "accept_transfer", answer="decline", decline_reason="本周无法处理")
    assert office.titles("han") == ["Transfer declined"]
    transfer(office, item, "han", "hal", answer="")
    office.run_on(hours=9)
    (handling,) = office.handlings(item)
    assert (handling.handlers, handling.due_at) == (["hal"], before.due_at), "silence is consent, the due time stays"
    transfer(office, item, "hal", "han")
    transfer(office, item, "han", "hue")
    case = office.handlings(item)[0].instance_id
    refused = {"action": "transfer", "transfer_to": "han", "transfer_reason": "请再处理一次"}
    office.stage.do(office.hue, case, "handle", refused)
    assert "两次经手" in str(office.stage.form_data(office.hue, case, "handle")["todo_notes"])
    transfer(office, item, "hue", "hal")
    transfer(office, item, "hal", "hue")
    office.people["ida"] = office.hire("ida")
    office.stage.do(office.hue, case, "handle", {**refused, "transfer_to": "ida"})
    assert "流转次数已达上限" in str(office.stage.form_data(office.hue, case, "handle")["todo_notes"])
    office.do("hue", item, "handle", action="complete", result="done")
    assert "Done" in office.titles("han"), "who transferred it stays informed"
    with office.stage.engine.database.read() as connection:
        states = connection.execute(select(todo_transfer.c.state).order_by(todo_transfer.c.id)).scalars().all()
    assert states == ["declined", "silent", "accepted", "accepted", "accepted", "accepted"]


def test_46_a_link_acts_once_and_is_answered_when_pressed_again_expired_or_forged(any_office: Office) -> None:
    office, engine = any_office, any_office.stage.engine
    item = office.add()
    link = read_link(engine.keys, link_of(office, "han", "complete"))
    assert (link.user_id, look(engine, link).outcome) == ("han", "ready")
    with pytest.raises(LinkUnfit):
        read_link(engine.keys, link_of(office, "han", "complete")[:-2] + "xx")
    first, again = act(engine, link), act(engine, link)
    assert [(one.outcome, one.handling["result"]["result"]) for one in (first, again)] == [("done", "done")] * 2
    office.stage.settle()
    assert office.handlings(item)[0].state == "done"
    second = office.add(title="第二个事项", due_rule="WT:P9D")
    late = read_link(engine.keys, link_of(office, "han", "complete"))
    office.stage.clock.advance(hours=73)
    assert act(engine, late).outcome == "expired"
    assert office.handlings(second)[0].result is None


def test_a_link_of_a_transfer_accepts_it_and_one_of_a_person_who_left_does_nothing(office: Office) -> None:
    item = office.add()
    complete = read_link(office.stage.engine.keys, link_of(office, "han", "complete"))
    transfer(office, item, "han", "hal", answer="")
    accept = read_link(office.stage.engine.keys, link_of(office, "hal", "accept"))
    act(office.stage.engine, accept)
    assert office.handlings(item)[0].handlers == ["hal"]
    assert act(office.stage.engine, complete).outcome == "gone"
    office.fire("hal")
    assert act(office.stage.engine, accept).outcome == "gone"


def test_47_a_system_outage_pauses_the_item_and_informs_all_at_once(any_office: Office) -> None:
    office = any_office
    item = office.add()
    office.stage.clock.advance(minutes=5)
    office.do("han", item, "handle", **EXCEPTION)
    for name in ("eve", "sue", "hal", "hue", "mia", "ops"):
        assert office.titles(name)[0] == "Exception (P1)", name
        assert office.told(name)[0].created_at == office.stage.clock(), "at once, not within a minute"
    with office.stage.engine.database.read() as connection:
        assert "planned" not in connection.execute(select(todo_reminder.c.state)).scalars().all(), "paused"
        row = connection.execute(select(todo_exception)).one()
    assert (row.owner_group, row.is_paused, row.closed_at) == ("exception_owner", 1, None)
    office.run_on(hours=3)
    assert office.handlings(item)[0].level == 2, "the exception itself is late"
    resolved = {"outcome": "resume", "resolution": "系统已恢复，可继续办理。"}
    office.do("eve", item, "resolve_exception", **resolved)
    assert office.handlings(item)[0].state == "sent"
    office.do("han", item, "handle", action="complete", result="done")
    assert office.handlings(item)[0].state == "done"


def test_48_overdue_over_a_weekend_escalates_on_monday_morning_only(any_office: Office) -> None:
    office = any_office
    office.stage.clock.advance(days=4, hours=2)  # Friday, 27 November, 12:00
    item = office.add(due_rule="PT20H")  # due on Saturday at 08:00
    office.run_on(hours=67)  # Monday, 07:00
    assert office.handlings(item)[0].level == 0
    assert office.told("sue") == []
    office.run_on(hours=2.5)
    assert office.handlings(item)[0].level == 1
    monday = datetime(2026, 11, 30, 1, tzinfo=office.stage.clock().tzinfo)
    assert office.told("sue")[0].created_at == monday, "at nine o'clock"
    assert "Overdue" in office.titles("han")
    office.run_on(hours=5)
    assert "supervisor_action" in office.tasks("sue", item)
    reason = {"decision_reason": "han 本周出差，改派。"}
    office.do("sue", item, "supervisor_action", decision="reassign", reassign_to="hal", **reason)
    (handling,) = office.handlings(item)
    assert (handling.handlers, handling.level) == (["hal"], 0)
    assert "handle" in office.tasks("hal", item)
    assert office.tasks("han", item) == set()


def test_48_a_supervisor_extends_or_takes_over_and_the_third_level_goes_further_up(office: Office) -> None:
    item = office.add(due_rule="PT1H")
    office.run_on(hours=6)
    until = (office.stage.clock() + timedelta(days=2)).astimezone(office.stage.engine.zone)
    parts = {"extended_to-date": f"{until:%Y-%m-%d}", "extended_to-time": f"{until:%H:%M}"}
    parts["extended_to"] = f"{until:%Y-%m-%dT%H:%M}"
    office.do("sue", item, "supervisor_action", decision="extend", decision_reason="等待银行回复。", **parts)
    assert office.handlings(item)[0].due_at == until.replace(second=0, microsecond=0)
    office.run_on(days=4)
    assert (office.handlings(item)[0].level, office.titles("mia")[0]) == (3, "Escalation level 3")
    office.do("sue", item, "supervisor_action", decision="take_over", decision_reason="我来处理。")
    assert "handle" in office.tasks("sue", item)


def test_49_a_withdrawn_item_disappears_from_every_channel(any_office: Office) -> None:
    office, engine = any_office, any_office.stage.engine
    save_preferences(engine, office.han, Preferences({"mail": Address("han@example.org")}))
    item = office.add()
    link = read_link(engine.keys, link_of(office, "han", "complete"))
    office.stage.settle()
    office.approve(office.change(item, "delete", delete_reason="业务已取消"))
    (handling,) = office.handlings(item)
    assert (handling.state, office.stage.outcome(handling.instance_id)) == ("withdrawn", "withdrawn")
    assert office.tasks("han", item) == set()
    assert office.titles("han") == ["Withdrawn"], "the reminder is gone; who got it by mail is told"
    assert act(engine, link).outcome == "gone"
    office.run_on(days=4)
    with engine.database.read() as connection:
        written = [one.title for one in list_outbox(connection, 20)]
    assert [title.split("：")[0] for title in written] == ["已撤回", "待处理事项"]


def test_one_each_any_and_in_turn(office: Office) -> None:
    both: dict[str, Plain] = {"handlers": ["hal", "han"]}
    each = office.add(assignment="each", title="每人各办", **both)
    assert [one.handlers for one in office.handlings(each)] == [["hal"], ["han"]]
    any_ = office.add(assignment="any", title="任一人", **both)
    assert "handle" in office.tasks("hal", any_)
    office.do("han", any_, "handle", action="complete", result="done")
    assert office.tasks("hal", any_) == set()
    turn = office.add(
        title="每日核对", recurrence="RRULE:FREQ=DAILY;COUNT=3\nEXDATE:20261124T100000", due_rule="PT4H", **both
    )
    assert [one.handlers for one in office.handlings(turn)] == [["hal"]]
    office.run_on(days=3)
    assert [(one.occurrence, one.handlers) for one in office.handlings(turn)] == [(1, ["hal"]), (2, ["han"])]


def test_an_absent_handler_has_a_substitute_who_may_act_and_is_told(any_office: Office) -> None:
    office, engine, token = any_office, any_office.stage.engine, new_id()
    item = office.add(due_rule="WT:P9D")
    start, end = office.stage.clock() + timedelta(hours=1), office.stage.clock() + timedelta(days=2)
    for _ in range(2):
        enter_absence(engine, office.han, token, "hal", start, end)
    assert office.tasks("hal", item) == set()
    office.run_on(hours=1.5)
    assert "handle" in office.tasks("hal", item)
    assert office.titles("hal") == ["To-do"]
    with pytest.raises(NotFound):
        end_absence(engine, office.hal, token)
    end_absence(engine, office.han, token)
    office.stage.settle()
    assert office.tasks("hal", item) == set()


def test_a_result_that_is_checked_comes_back_or_counts(office: Office) -> None:
    item = office.add(needs_check="on")
    assert all(one.actions == [] for one in office.told("han")), "no single press ends what is checked afterwards"
    office.do("han", item, "handle", action="complete", result="partly")
    office.do("sue", item, "check_result", check_decision="return", check_note="请补充凭证号")
    assert office.titles("han")[0] == "Returned to you"
    office.do("han", item, "handle", action="complete", result="done")
    office.do("sue", item, "check_result", check_decision="accept")
    assert office.handlings(item)[0].state == "done"


def test_unread_is_reminded_and_read_is_not(office: Office) -> None:
    item = office.add(reminder_rule="urgent", due_rule="P9D")
    other = office.add(reminder_rule="urgent", due_rule="P9D", title="已读事项")
    told = next(one for one in office.told("han") if "已读" in one.title)
    open_notification(office.stage.engine, office.han, told.id)
    office.run_on(hours=1)
    assert office.titles("han").count("Reminder") == 1
    assert office.handlings(item)[0].state == office.handlings(other)[0].state == "sent"


def test_another_system_sends_changes_and_withdraws_items(any_office: Office) -> None:
    office, engine = any_office, any_office.stage.engine
    source = Actor("erp", PLATFORM, EXTERNAL_WORKER)
    sent = {name: ITEM[name] for name in ("title", "body", "due_rule", "handlers")}
    number = take_in_item(engine, source, new_id(), "E-1", sent)
    office.stage.settle()
    item = office.newest_item()
    assert "handle" in office.tasks("han", item), "routine items of a known system need no review"
    assert take_in_item(engine, source, new_id(), "E-1", sent) == number
    with pytest.raises(ItemUnfit, match="handler_inactive"):
        take_in_item(engine, source, new_id(), "E-2", {**sent, "handlers": ["nobody"]})
    mine = office.change(item, "modify", title="管理人员的标题")
    take_in_item(engine, source, new_id(), "E-1", {**sent, "title": "系统的标题"})
    office.stage.settle()
    assert office.handlings(item)[0].item_version == 2
    office.approve(mine)
    assert office.stage.open(mine) == {"edit_item"}, "changed meanwhile: merge"
    assert "系统的标题" in str(office.stage.form_data(office.mia, mine, "edit_item")["todo_conflict"])
    office.stage.do(office.mia, mine, "edit_item", ITEM | {"change_action": "discard"})
    withdraw_item(engine, source, new_id(), "E-1")
    office.stage.settle()
    assert office.handlings(item)[0].state == "withdrawn"
    with pytest.raises(NotFound):
        withdraw_item(engine, Actor("crm", PLATFORM, EXTERNAL_WORKER), new_id(), "E-1")


def test_a_handling_is_seen_by_those_it_concerns(office: Office) -> None:
    item = office.add()
    (handling,) = office.handlings(item)
    engine = office.stage.engine
    assert fetch_handling_view(engine, office.han, handling.id).task_id is not None
    assert fetch_handling_view(engine, office.mia, handling.id).task_id is None
    for stranger in (office.hal, office.stage.person("zoe")):
        with pytest.raises(NotFound):
            fetch_handling_view(engine, stranger, handling.id)
