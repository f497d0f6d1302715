"""The acceptance scenarios 51 to 60 of the specification, as far as no browser is needed."""

from engine.commands.deployments import deploy
from engine.commands.migrations import Draft, plan_migration, revert_migration, run_migration
from engine.queries.definitions import fetch_definition
from engine.queries.migrations import fetch_migration
from engine.records.migrations import BLOCKED, CLEAN, DIFFERS, Filters
from engine.services.verification import verify
from engine.storage.ids import new_id
from tests.support.definitions import two_tasks
from tests.support.stage import BOSS, SKILLS, Stage

DIAGRAM = "bpmn/trial/trial.bpmn"


def test_52_a_deployment_leaves_cases_where_they_are_and_migration_is_offered_where_safe(any_stage: Stage) -> None:
    """Three cases of version 1: one is clean, one passed a gateway that would decide otherwise, one is blocked."""
    files, person = two_tasks(), any_stage.person("ann")
    reviewer = any_stage.staff("rea", "platform_reviewer", SKILLS)
    deploy(any_stage.engine, BOSS, files)
    fresh, large, small = (any_stage.start(person, "trial", {"who": "ann", "peer": "ann"}) for _ in range(3))
    any_stage.do(person, large, "fill", {"note": "n", "amount_fen": "9.00"})
    any_stage.do(person, small, "fill", {"note": "n", "amount_fen": "2.00"})
    xml = files[DIAGRAM].decode()
    deploy(any_stage.engine, BOSS, {DIAGRAM: xml.replace("&gt; 100", "&gt; 500").encode()})
    first, second = _versions(any_stage)
    assert _running(any_stage, first) == 3, "running cases stay on the old version"
    later = any_stage.start(person, "trial", {"who": "ann", "peer": "ann"})

    plan = plan_migration(any_stage.engine, BOSS, new_id(), Draft((first,), second, {}, Filters()))
    any_stage.settle()
    view = fetch_migration(any_stage.engine, BOSS, plan)
    verdicts = {one.instance_id: one.verdict for one in view.cases}
    assert verdicts == {fresh: CLEAN, large: CLEAN, small: DIFFERS}, "the new case is not among them"
    run_migration(any_stage.engine, BOSS, plan, (CLEAN,), None)
    any_stage.settle()
    assert (_running(any_stage, first), _running(any_stage, second)) == (1, 3)
    any_stage.do(reviewer, large, "check", {"note": "n"})
    assert any_stage.outcome(large) == "done"
    assert revert_migration(any_stage.engine, BOSS, plan, [fresh]) == 1
    any_stage.settle()
    assert (_running(any_stage, first), _running(any_stage, second)) == (2, 1)

    without = xml.replace('"check"', '"approve"').replace("to_check", "to_approve").replace("check_to", "approve_to")
    deploy(any_stage.engine, BOSS, {DIAGRAM: without.encode()})
    third = _versions(any_stage)[-1]
    plan = plan_migration(any_stage.engine, BOSS, new_id(), Draft((first, second), third, {}, Filters()))
    any_stage.settle()
    view = fetch_migration(any_stage.engine, BOSS, plan)
    found = {one.instance_id: (one.verdict, one.reason, one.element) for one in view.cases}
    assert found == {fresh: (CLEAN, None, None), later: (CLEAN, None, None), small: (BLOCKED, "gone", "check")}
    assert [*verify(any_stage.engine)] == []


def _versions(stage: Stage) -> list[str]:
    with stage.engine.database.read() as connection:
        newest = stage.engine.catalogue.newest(connection)["process"]["trial"]
    return [one.id for one in reversed(fetch_definition(stage.engine, newest).versions)]


def _running(stage: Stage, definition_id: str) -> int:
    return fetch_definition(stage.engine, definition_id).definition.running
