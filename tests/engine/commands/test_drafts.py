"""Drafts: shared by analysts, saved by revision, deployed together and gone with it."""

import pytest

from engine.commands.deployments import DefinitionInvalid, deploy
from engine.commands.drafts import (
    DefinitionExists,
    DraftConflict,
    DraftTooLarge,
    NameUnfit,
    check_drafts,
    create_draft,
    deploy_drafts,
    discard_draft,
    open_draft,
    save_draft,
)
from engine.definitions.drawing import lay_out
from engine.definitions.findings import has_errors
from engine.language.model import MAX_BYTES
from engine.queries.definitions import list_definitions
from engine.queries.drafts import fetch_draft, list_drafts, list_parts
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from tests.support.clock import ManualClock
from tests.support.definitions import two_tasks
from tests.support.stage import BOSS, Stage

DIAGRAM, FORM = "bpmn/trial/trial.bpmn", "forms/trial/note.form"


def drawn() -> dict[str, bytes]:
    files = two_tasks()
    return {**files, DIAGRAM: lay_out(files[DIAGRAM])}


def find_id(engine: Engine, key: str) -> str:
    return next(row.id for row in list_definitions(engine) if row.key == key)


def test_a_draft_begins_as_the_newest_version_and_is_one_for_all(any_engine: Engine) -> None:
    deploy(any_engine, BOSS, drawn())
    first = find_id(any_engine, "trial")
    deploy(any_engine, BOSS, {name: content.replace(b"PT4H", b"PT5H") for name, content in drawn().items()})
    draft_id = open_draft(any_engine, BOSS, first)
    assert open_draft(any_engine, BOSS, find_id(any_engine, "trial")) == draft_id
    found = fetch_draft(any_engine, draft_id)
    assert (found.kind, found.key, found.revision, found.base_version) == ("process", "trial", 1, 2)
    assert b"PT5H" in found.content
    with pytest.raises(NotFound):
        open_draft(any_engine, BOSS, "0" * 32)


def test_who_saves_over_another_is_told_and_changes_nothing(any_engine: Engine) -> None:
    deploy(any_engine, BOSS, drawn())
    draft_id = open_draft(any_engine, BOSS, find_id(any_engine, "trial"))
    assert save_draft(any_engine, BOSS, draft_id, b"mine", 1) == 2
    with pytest.raises(DraftConflict) as refused:
        save_draft(any_engine, BOSS, draft_id, b"theirs", 1)
    assert refused.value.facts["revision"] == 2
    assert fetch_draft(any_engine, draft_id).content == b"mine"
    assert save_draft(any_engine, BOSS, draft_id, b"mine", 1) == 2  # a request sent again after a lost answer
    with pytest.raises(DraftTooLarge):
        save_draft(any_engine, BOSS, draft_id, b" " * (MAX_BYTES + 1), 2)
    with pytest.raises(DraftConflict):
        discard_draft(any_engine, draft_id, 1)
    save_draft(any_engine, BOSS, draft_id, drawn()[DIAGRAM].replace(b"PT4H", b"PT7H"), 2)
    with pytest.raises(DraftConflict):
        deploy_drafts(any_engine, BOSS, {draft_id: 2})
    assert [row.version for row in list_definitions(any_engine, "process")] == [1]
    assert fetch_draft(any_engine, draft_id).revision == 3


def test_drafts_are_checked_and_deployed_together(any_engine: Engine) -> None:
    deploy(any_engine, BOSS, drawn())
    process = open_draft(any_engine, BOSS, find_id(any_engine, "trial"))
    form = create_draft(any_engine, BOSS, "form", "trial/extra", "", "")
    save_draft(any_engine, BOSS, form, drawn()[FORM], 1)
    changed = drawn()[DIAGRAM].replace(b'camunda:formKey="trial/note"', b'camunda:formKey="trial/extra"', 1)
    save_draft(any_engine, BOSS, process, changed, 1)
    assert not has_errors(check_drafts(any_engine, [process]))  # the other draft is seen beside it
    parts = list_parts(fetch_draft(any_engine, process), list_drafts(any_engine))
    assert [part.key for part in parts] == ["trial/extra"]
    with pytest.raises(DefinitionInvalid):
        deploy_drafts(any_engine, BOSS, {process: 2})  # alone, its form would be missing
    result = deploy_drafts(any_engine, BOSS, {process: 2, form: 2}, "both")
    assert {(one.key, one.version) for one in result.definitions} == {("trial", 2), ("trial/extra", 1)}
    assert list_drafts(any_engine) == []


def test_a_deployment_that_is_refused_keeps_the_draft(any_engine: Engine) -> None:
    deploy(any_engine, BOSS, drawn())
    draft_id = open_draft(any_engine, BOSS, find_id(any_engine, "trial"))
    save_draft(any_engine, BOSS, draft_id, b"<no bpmn", 1)
    with pytest.raises(DefinitionInvalid):
        deploy_drafts(any_engine, BOSS, {draft_id: 2})
    assert fetch_draft(any_engine, draft_id).content == b"<no bpmn"
    discard_draft(any_engine, draft_id, 2)
    assert list_drafts(any_engine) == []
    with pytest.raises(NotFound):
        fetch_draft(any_engine, draft_id)


def test_a_draft_tells_that_somebody_deployed_meanwhile(engine: Engine) -> None:
    deploy(engine, BOSS, drawn())
    draft_id = open_draft(engine, BOSS, find_id(engine, "trial"))
    deploy(engine, BOSS, {name: content.replace(b"PT4H", b"PT5H") for name, content in drawn().items()})
    found = fetch_draft(engine, draft_id)
    assert (found.base_version, found.newest_version) == (1, 2)


@pytest.mark.parametrize(
    ("kind", "key", "name_zh", "name_en", "field"),
    [
        ("policy", "policy", "规则", "Policy", "kind"),
        ("process", "Trip", "出差", "Trip", "key"),
        ("process", "trip/x", "出差", "Trip", "key"),
        ("form", "trip", "", "", "key"),
        ("process", "trip", "", "Trip", "name_zh"),
        ("decision", "trip", "出差", "T" * 201, "name_en"),
        ("decision", "trip", "出差\0", "Trip", "name_zh"),
    ],
)
def test_what_cannot_be_named_is_not_begun(
    engine: Engine, kind: str, key: str, name_zh: str, name_en: str, field: str
) -> None:
    with pytest.raises(NameUnfit) as refused:
        create_draft(engine, BOSS, kind, key, name_zh, name_en)
    assert refused.value.facts["field"] == field
    assert list_drafts(engine) == []


def test_a_key_is_given_once(any_engine: Engine) -> None:
    deploy(any_engine, BOSS, drawn())
    create_draft(any_engine, BOSS, "process", "trip", "出差 <&>", 'Trip "x"')
    for key in ("trial", "trip"):
        with pytest.raises(DefinitionExists):
            create_draft(any_engine, BOSS, "process", key, "出差", "Trip")


def test_running_cases_stay_and_the_next_follows_the_draft(engine: Engine, clock: ManualClock) -> None:
    stage = Stage(engine, clock)
    ann = stage.person("ann")
    deploy(engine, BOSS, drawn())
    old = stage.start(ann, "trial", {"who": "ann"})
    draft_id = open_draft(engine, BOSS, find_id(engine, "trial"))
    revision = save_draft(engine, BOSS, draft_id, drawn()[DIAGRAM].replace(b"&gt; 100", b"&gt; 1000"), 1)
    deploy_drafts(engine, BOSS, {draft_id: revision})
    new = stage.start(ann, "trial", {"who": "ann"})
    for instance_id in (old, new):
        stage.do(ann, instance_id, "fill", {"note": "x", "amount_fen": "5.00"})
    assert stage.open(old) == {"check"}
    assert stage.outcome(new) == "done"
