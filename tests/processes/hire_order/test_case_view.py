"""The life of an order as the case view tells it at every record: what was live then, and nothing that came later."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from engine.language.model import read_bpmn, read_frames
from engine.language.script_engine import SandboxEngine
from engine.language.state import thaw
from engine.queries.inspection import CaseView, Look, fetch_case
from engine.queries.marks import mark_elements
from engine.queries.waits import CALLED_OFF, HAPPENED
from engine.runtime.errors import NotFound
from engine.storage.plain import PlainDict
from engine.storage.tables import instance
from tests.engine.language.trial import TrialHost, describe_live
from tests.processes.hire_order.hiring import Hiring

Tokens = dict[str, tuple[str, str | None, PlainDict]]


def look(hiring: Hiring, order_id: str, at: int | None = None) -> CaseView:
    return fetch_case(hiring.stage.engine, hiring.stage.staff("auditor", "auditor"), order_id, Look(at=at))


def told(view: CaseView) -> Tokens:
    return {one.task: (one.element.id, one.scope, one.data) for one in view.story.tokens}


def live(hiring: Hiring, order_id: str) -> Tokens:
    """The tokens of the case itself, from its saved state."""
    engine = hiring.stage.engine
    with engine.database.read() as connection:
        row = connection.execute(select(instance).where(instance.c.id == order_id)).one()
        specs = engine.catalogue.process(connection, engine.catalogue.pins(connection, row.pin_set_id), row.process_key)
    return describe_live(thaw(row.state, specs, SandboxEngine(engine.sandbox), TrialHost()))


def marks(view: CaseView, process_key: str = "hire_order") -> dict[str, str]:
    drawing = next(one for one in view.drawings if one.process_key == process_key)
    return mark_elements(view.story, process_key, read_frames(read_bpmn(drawing.xml)))


def test_every_record_shows_what_was_live_then(any_hiring: Hiring) -> None:
    """With parallel branches, called processes, a loop, and timers that interrupt."""
    hiring = any_hiring
    seen: dict[int, Tokens] = {}

    def remember(order_id: str) -> CaseView:
        view = look(hiring, order_id)
        seen[view.moment.seq] = live(hiring, order_id)
        assert told(view) == seen[view.moment.seq]
        return view

    order_id = hiring.draft()
    assert marks(remember(order_id))["describe_demand"] == "now"
    order_id = hiring.to_inspection()
    seen.clear()
    inspected = remember(order_id)
    hiring.review(order_id, "return")
    remember(order_id)
    hiring.answer(order_id, "confirm")
    remember(order_id)
    hiring.hand_over(order_id)
    remember(order_id)
    hiring.review(order_id, "approve")
    remember(order_id)
    hiring.stage.wait(days=3, minutes=1)  # nobody objects: the window closes, and money moves
    remember(order_id)
    hiring.stage.wait(days=15)
    last = remember(order_id)

    for seq, tokens in seen.items():
        then = look(hiring, order_id, seq)
        assert (told(then), then.is_now) == (tokens, seq == last.moment.seq)
        assert max(chapter.seq for chapter in then.story.chapters) == seq
        assert {one.seq for one in then.sent} <= set(range(seq + 1))
    assert last.story.tokens == []
    assert last.story.last is not None
    assert last.story.last.element.id == "end_paid"
    assert last.story.visits["hire_order", "hand_over"] == 2
    assert last.story.visits["platform_review", "review"] == 2  # the content was approved by the rules
    assert [one.is_failure for one in last.records] == [False] * len(last.records)

    standing = {one.element.id for one in inspected.story.tokens}
    assert {"confirm_or_object", "review"} <= standing
    assert marks(inspected)["confirm_or_object"] == "now"
    assert "window_over" not in marks(inspected)  # armed, not fired
    assert marks(last)["window_over"] == marks(last)["confirm_or_object"] == "done"


def test_why_it_waited_is_told_with_what_would_have_come(hiring: Hiring) -> None:
    order_id = hiring.publish()
    hiring.take(order_id)
    view = look(hiring, order_id)
    (start,) = [one for one in view.story.tokens if one.element.id == "start_work"]
    (limit,) = view.limits[start.task]
    assert (limit.timer.id, limit.due_at) == ("no_start", hiring.stage.clock() + timedelta(days=1))
    assert limit.consequence is not None
    assert limit.consequence.id == "decide_no_start"
    hiring.start(order_id)
    later = look(hiring, order_id)
    ends = {one.element.id: one.end for one in later.waits}
    assert (ends["no_start"], ends["order_taken"], ends["handover_overdue"]) == (CALLED_OFF, HAPPENED, None)
    before = look(hiring, order_id, view.moment.seq)
    assert {one.element.id: one.end for one in before.waits}["no_start"] is None
    assert (before.limits, before.is_now) == (view.limits, False)


def test_a_record_there_is_not_is_not_found(hiring: Hiring) -> None:
    order_id = hiring.draft()
    for at in (0, -1, 99):
        with pytest.raises(NotFound):
            look(hiring, order_id, at)
