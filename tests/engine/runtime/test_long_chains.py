"""A chain of a thousand tasks is deployed, drawn, started, run to its end and told."""

from engine.commands.deployments import deploy
from engine.commands.imports import complete_file
from engine.definitions.drawing import has_drawing
from engine.queries.inspection import fetch_case, fetch_drawing
from engine.runtime.engine import Engine
from engine.storage.actor import PLATFORM, Actor
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, diagram, flow, node, note_form, user
from tests.support.stage import BOSS, Stage

COUNT = 1_000
ASKED = {0, 500, 999}
PATH = "bpmn/trial/trial.bpmn"
NOTE = {"note": "spare parts", "amount_fen": "5.00", "phone": "13800001234"}
AUDITOR = Actor("audit", PLATFORM, "auditor", frozenset({"auditor"}))


def test_a_chain_of_a_thousand_tasks_is_deployed_drawn_and_run(engine: Engine, clock: ManualClock) -> None:
    names = [f"t{number}" for number in range(COUNT)]
    steps = [user(name) if number in ASKED else node("task", name) for number, name in enumerate(names)]
    body = "".join(
        (node("startEvent", "begun"), *steps, node("endEvent", "done"), flow(f"begun {' '.join(names)} done"))
    )
    (content,) = diagram("trial", body).values()
    files = {**FILES, **note_form(), PATH: complete_file(PATH, content)}
    deploy(engine, BOSS, files)
    stage = Stage(engine, clock)
    ann = stage.person("ann")
    case = stage.start(ann, "trial", {"who": "ann", "peer": "ann"})
    for number in sorted(ASKED):
        assert stage.open(case) == {f"t{number}"}
        stage.do(ann, case, f"t{number}", NOTE)
    assert stage.outcome(case) == "done"
    assert stage.path(case) == ["begun", *names, "done"]
    view = fetch_case(engine, AUDITOR, case)
    assert len(view.story.chapters) == len(ASKED) + 1
    assert has_drawing(fetch_drawing(engine, AUDITOR, case, "trial"))
