"""Cases as auditors and participants look at them."""

import pytest

from engine.commands.deployments import deploy
from engine.queries.cases import CaseFilter, search_cases
from engine.queries.inspection import fetch_case
from engine.queries.progress import fetch_progress
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from tests.support.clock import ManualClock
from tests.support.definitions import two_tasks
from tests.support.stage import BOSS, Stage


@pytest.fixture
def played(any_engine: Engine, clock: ManualClock) -> tuple[Stage, str]:
    deploy(any_engine, BOSS, two_tasks())
    stage = Stage(any_engine, clock)
    ann = stage.person("ann")
    instance_id = stage.start(ann, "trial", {"who": "ann"})
    stage.do(ann, instance_id, "fill", {"note": "first", "amount_fen": "12.50", "phone": "13800001111"})
    return stage, instance_id


def test_the_story_names_who_did_what_and_what_changed(played: tuple[Stage, str]) -> None:
    stage, instance_id = played
    stage.clock.advance(hours=1)
    stage.do(stage.staff("rev", "platform_reviewer"), instance_id, "check", {"note": "second"})
    view = fetch_case(stage.engine, stage.staff("aud", "auditor"), instance_id)
    chapters = view.story.chapters
    assert [(chapter.kind, chapter.actor_id, chapter.acting_role) for chapter in chapters] == [
        ("start", "ann", "individual"),
        ("complete", "ann", "individual"),
        ("complete", "rev", "platform_reviewer"),
    ]
    changes = {
        change.name: (change.old, change.new)
        for entry in chapters[2].entries
        for change in entry.changes
        if entry.element and entry.element.id == "check"
    }
    assert changes["note"] == ("first", "second")
    assert changes["amount_fen"] == (1250, None)
    assert view.case.status == "completed"
    assert view.case.outcome == "done"
    assert view.story.tokens == []
    assert view.story.visits["trial", "fill"] == 1
    assert view.story.flows["trial", "gw_large_to_check"] == 1
    assert ("trial", "gw_large_to_done") not in view.story.flows
    assert [(form.element.id, form.actor_id) for form in view.forms] == [("fill", "ann"), ("check", "rev")]
    assert [(one.party_id, one.relation) for one in view.parties] == [("ann", "starter")]


def test_an_open_case_shows_where_it_stands_and_for_whom(played: tuple[Stage, str]) -> None:
    stage, instance_id = played
    view = fetch_case(stage.engine, stage.staff("aud", "auditor"), instance_id)
    assert [token.element.id for token in view.story.tokens] == ["check"]
    (work,) = view.open_work
    assert work.element.name_en == "check"
    assert work.due_at is not None


@pytest.mark.parametrize(
    ("wanted", "is_found"),
    [
        (CaseFilter(), True),
        (CaseFilter(process_key="trial"), True),
        (CaseFilter(process_key="other"), False),
        (CaseFilter(party="ann"), True),
        (CaseFilter(party="bob"), False),
        (CaseFilter(status="active"), True),
        (CaseFilter(status="completed"), False),
        (CaseFilter(status="incident"), False),
        (CaseFilter(element="check"), True),
        (CaseFilter(element="fill"), False),
        (CaseFilter(text="%"), False),
    ],
)
def test_search(played: tuple[Stage, str], wanted: CaseFilter, is_found: bool) -> None:
    stage, instance_id = played
    rows = search_cases(stage.engine, stage.staff("aud", "auditor"), wanted).rows
    assert [row.id for row in rows] == ([instance_id] if is_found else [])


def test_nobody_else_may_look_at_cases(played: tuple[Stage, str]) -> None:
    stage, instance_id = played
    for actor in (stage.person("bob"), stage.staff("ana", "analyst"), stage.staff("rev", "platform_reviewer")):
        with pytest.raises(NotFound):
            fetch_case(stage.engine, actor, instance_id)
        with pytest.raises(NotFound):
            search_cases(stage.engine, actor, CaseFilter())


def test_progress_is_for_those_who_take_part(played: tuple[Stage, str]) -> None:
    stage, instance_id = played
    reviewer, bob = stage.staff("rev", "platform_reviewer"), stage.person("bob")
    ann = stage.member("carl", "ann", "individual")  # anybody who acts for that party
    for actor in (reviewer, ann):
        progress = fetch_progress(stage.engine, actor, instance_id)
        assert progress.marks["check"] == "now"
        assert progress.marks["fill"] == "done"
        assert [element.id for element in progress.waits_for] == ["check"]
    with pytest.raises(NotFound):
        fetch_progress(stage.engine, bob, instance_id)
    stage.do(reviewer, instance_id, "check", {"note": "x"})
    with pytest.raises(NotFound):
        fetch_progress(stage.engine, reviewer, instance_id)  # his task is done, the case is not his
