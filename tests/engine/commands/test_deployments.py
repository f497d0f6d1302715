"""Deploying: all or nothing, immutable versions, running instances stay on theirs."""

import pytest
from sqlalchemy import func, select

from engine.commands.deployments import DefinitionInvalid, check, deploy
from engine.definitions.registry import TOPICS, TopicCall, topic
from engine.queries.definitions import fetch_definition, list_definitions
from engine.queries.inspection import Look, fetch_case
from engine.queries.marks import mark_elements
from engine.runtime.engine import Engine
from engine.storage.plain import PlainDict
from engine.storage.tables import definition
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, diagram, flow, node, note_form, service, two_tasks, user
from tests.support.stage import BOSS, Stage


def _count(engine: Engine) -> int:
    with engine.database.read() as connection:
        return connection.scalar(select(func.count()).select_from(definition)) or 0


def test_a_first_deployment_makes_version_one_of_everything(any_engine: Engine) -> None:
    result = deploy(any_engine, BOSS, two_tasks(), "first")
    assert {(one.kind, one.key, one.version) for one in result.definitions} == {
        ("process", "trial", 1),
        ("form", "trial/note", 1),
        ("policy", "policy", 1),
    }


def test_deploying_the_same_again_changes_nothing(any_engine: Engine) -> None:
    deploy(any_engine, BOSS, two_tasks())
    assert deploy(any_engine, BOSS, two_tasks()).id is None
    assert _count(any_engine) == 3


def test_only_what_changed_gets_a_new_version(engine: Engine) -> None:
    deploy(engine, BOSS, two_tasks())
    changed = {name: content.replace(b"PT4H", b"PT5H") for name, content in two_tasks().items()}
    result = deploy(engine, BOSS, changed)
    assert [(one.key, one.version) for one in result.definitions] == [("trial", 2)]
    newest = {row.key: row.version for row in list_definitions(engine)}
    assert newest == {"trial": 2, "trial/note": 1, "policy": 1}


def test_files_are_looked_at_anew_when_a_service_came_or_went(engine: Engine) -> None:
    body = node("startEvent", "begun") + service("ring", "trial.ring") + node("endEvent", "done")
    files = {**FILES, **diagram("trial", body + flow("begun ring done"))}
    before = check(engine, files)
    assert [one for one in before if one.severity == "error"] == []  # somebody outside may ring

    @topic("trial.ring")
    def ring(_call: TopicCall, *, bell: str) -> PlainDict:
        """Rings a bell."""
        return {"rung": bell}

    try:
        with pytest.raises(DefinitionInvalid, match="findings"):  # nothing says which bell
            deploy(engine, BOSS, files)
    finally:
        del TOPICS["trial.ring"]
    assert check(engine, files) == before


def _calling(*versions: str) -> dict[str, bytes]:
    """A process that calls `part` once for each version, or the latest; each says in `said` which one ran."""
    calls = "".join(
        node(
            "callActivity",
            f"call{place}",
            f'<bpmn:extensionElements><camunda:in source="who" target="who"/><camunda:in source="peer" target="peer"/>'
            f'<camunda:out source="said" target="said{place}"/></bpmn:extensionElements>',
            calledElement="part",
            **({"camunda__calledElementBinding": "version", "camunda__calledElementVersion": one} if one else {}),
        )
        for place, one in enumerate(versions)
    )
    path = " ".join(["begun", *(f"call{place}" for place in range(len(versions))), "done"])
    return diagram("trial", node("startEvent", "begun") + calls + node("endEvent", "done") + flow(path))


def _part(word: str) -> dict[str, bytes]:
    said = f"<bpmn:script>said = '{word}'</bpmn:script>"
    body = node("startEvent", "begun") + node("scriptTask", "say", said, scriptFormat="python") + user("fill")
    return {**FILES, **note_form(), **diagram("part", body + node("endEvent", "done") + flow("begun say fill done"))}


def test_a_call_may_fix_the_version(any_engine: Engine, clock: ManualClock) -> None:
    stage = Stage(any_engine, clock)
    ann = stage.person("ann")
    deploy(any_engine, BOSS, _part("one"))
    deploy(any_engine, BOSS, _part("two"))
    deploy(any_engine, BOSS, _calling("1", "", "2", "1"))
    deploy(any_engine, BOSS, _part("three"))
    case = stage.start(ann, "trial", {"who": "ann"})
    deploy(any_engine, BOSS, _part("four"))
    for _ in range(4):
        stage.do(ann, case, "fill", {"note": "n", "amount_fen": "1.00", "phone": "13800001111"})
    assert stage.outcome(case) == "done"
    data = stage.data(case, "done")
    assert [data[f"said{place}"] for place in range(4)] == ["one", "three", "two", "one"]
    view = fetch_case(any_engine, stage.staff("aud", "auditor"), case, Look())
    assert {drawing.process_key for drawing in view.drawings} == {"trial", "part", "part@1", "part@2"}
    assert mark_elements(view.story, "part@1", frozenset())["say"] == "done"


@pytest.mark.parametrize("version", ["3", "999999", "1234567", "x", "0"])
def test_a_call_of_a_version_that_was_never_deployed_is_refused(engine: Engine, version: str) -> None:
    deploy(engine, BOSS, _part("one"))
    with pytest.raises(DefinitionInvalid) as refused:
        deploy(engine, BOSS, _calling(version))
    assert {finding.element for finding in refused.value.findings} == {"call0"}


def test_a_refused_file_leaves_everything_as_it_was(any_engine: Engine) -> None:
    deploy(any_engine, BOSS, two_tasks())
    broken = two_tasks()
    broken["forms/trial/note.form"] = broken["forms/trial/note.form"].replace("说明".encode(), "要点".encode())
    broken["bpmn/trial/trial.bpmn"] = broken["bpmn/trial/trial.bpmn"].replace(b'targetRef="fill"', b'targetRef="gone"')
    with pytest.raises(DefinitionInvalid) as refused:
        deploy(any_engine, BOSS, broken)
    assert {finding.file for finding in refused.value.findings} == {"bpmn/trial/trial.bpmn"}
    assert all(finding.element and finding.message for finding in refused.value.findings)
    assert _count(any_engine) == 3


def test_what_comes_with_the_product_does_not_undo_what_was_deployed_since(any_engine: Engine) -> None:
    deploy(any_engine, BOSS, two_tasks(), only_unknown=True)
    changed = {name: content.replace(b"PT4H", b"PT5H") for name, content in two_tasks().items()}
    deploy(any_engine, BOSS, changed)
    assert deploy(any_engine, BOSS, two_tasks(), only_unknown=True).id is None
    newest = {row.key: row.version for row in list_definitions(any_engine)}
    assert newest["trial"] == 2


def test_what_comes_with_the_product_is_checked_once(any_engine: Engine) -> None:
    """A server starts again without reading what it has; whatever is new is found, and may be refused."""
    shipped = two_tasks()
    first = deploy(any_engine, BOSS, shipped, only_unknown=True)
    again = deploy(any_engine, BOSS, shipped, only_unknown=True)
    assert first.warnings != []
    assert (again.id, again.definitions, again.warnings) == (None, [], [])
    moved = {"forms/trial/other.form": shipped["forms/trial/note.form"]}
    assert len(deploy(any_engine, BOSS, moved, only_unknown=True).definitions) == 1
    spoiled = {
        "bpmn/trial/trial.bpmn": shipped["bpmn/trial/trial.bpmn"].replace(b'targetRef="fill"', b'targetRef="gone"')
    }
    with pytest.raises(DefinitionInvalid):
        deploy(any_engine, BOSS, shipped | spoiled, only_unknown=True)


def test_running_instances_stay_on_their_version_and_new_ones_follow(engine: Engine, clock: ManualClock) -> None:
    """Scenario 52, first half."""
    stage = Stage(engine, clock)
    ann, reviewer = stage.person("ann"), stage.staff("rev", "platform_reviewer")
    deploy(engine, BOSS, two_tasks())
    old = stage.start(ann, "trial", {"who": "ann"})
    deploy(engine, BOSS, {name: content.replace(b"&gt; 100", b"&gt; 1000") for name, content in two_tasks().items()})
    new = stage.start(ann, "trial", {"who": "ann"})
    for instance_id in (old, new):
        stage.do(ann, instance_id, "fill", {"note": "x", "amount_fen": "5.00"})
    assert stage.open(old) == {"check"}
    assert stage.outcome(new) == "done"
    stage.do(reviewer, old, "check", {"note": "ok"})
    assert stage.outcome(old) == "done"


def test_a_definition_tells_its_versions_and_uses(engine: Engine) -> None:
    deploy(engine, BOSS, two_tasks())
    form = next(row for row in list_definitions(engine, "form"))
    view = fetch_definition(engine, form.id)
    assert {use.element.id for use in view.uses} == {"fill", "check"}
    assert [version.version for version in view.versions] == [1]
