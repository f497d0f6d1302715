"""Event sub-processes and conditions on the real engine: timers and messages are rows, and history tells all of it."""

import pytest

from engine.commands.deployments import deploy
from engine.language.script_engine import SandboxEngine
from engine.language.state import thaw
from engine.queries.inspection import Look, fetch_case
from engine.records.messages import add_message
from engine.runtime.engine import Engine
from engine.services.verification import verify
from engine.storage.tables import instance
from tests.engine.diagrams import condition
from tests.engine.language.trial import TrialHost, describe_live
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, diagram, flow, message, node, note_form, user
from tests.support.stage import BOSS, Stage

CYCLE = "<bpmn:timerEventDefinition><bpmn:timeCycle>R/PT1H</bpmn:timeCycle></bpmn:timerEventDefinition>"


def _reaction(name: str, start: str, inner: str) -> str:
    end = node("endEvent", f"{name}_end")
    inside = start + inner + end + flow(f"{name}_on {name}_do {name}_end")
    return node("subProcess", name, inside, triggeredByEvent="true")


def _files() -> dict[str, bytes]:
    """A person fills in; every hour a reminder is counted; a message takes the place of it all; large amounts alarm."""
    count = "<bpmn:script>hours = 1</bpmn:script>"
    body = (
        node("startEvent", "begun")
        + user("fill")
        + user("check")
        + node("endEvent", "done")
        + flow("begun fill check done")
        + _reaction(
            "remind",
            node("startEvent", "remind_on", CYCLE, isInterrupting="false"),
            node("scriptTask", "remind_do", count, scriptFormat="python"),
        )
        + _reaction(
            "alarm",
            node("startEvent", "alarm_on", condition("amount_fen > 100000"), isInterrupting="false"),
            user("alarm_do"),
        )
        + _reaction(
            "halt",
            node("startEvent", "halt_on", message("halt"), baton__correlationKey="${who}"),
            user("halt_do"),
        )
    )
    return {**FILES, **note_form(), **diagram("trial", body, "halt")}


@pytest.fixture
def stage(any_engine: Engine, clock: ManualClock) -> Stage:
    deploy(any_engine, BOSS, _files())
    return Stage(any_engine, clock)


def test_reactions_of_a_case(stage: Stage) -> None:
    ann = stage.person("ann")
    case = stage.start(ann, "trial", {"who": "ann"})
    auditor = stage.staff("aud", "auditor")

    def check_view() -> None:
        """The case view, rebuilt from history, against the saved state."""
        view = fetch_case(stage.engine, auditor, case, Look())
        with stage.engine.database.read() as connection:
            row = connection.execute(instance.select().where(instance.c.id == case)).one()
            pins = stage.engine.catalogue.pins(connection, row.pin_set_id)
            specs = stage.engine.catalogue.process(connection, pins, row.process_key)
        live = thaw(row.state, specs, SandboxEngine(stage.engine.sandbox), TrialHost())
        assert {one.task: (one.element.id, one.scope, one.data) for one in view.story.tokens} == describe_live(live)

    view = fetch_case(stage.engine, auditor, case, Look())
    (fill,) = [token for token in view.story.tokens if token.element.id == "fill"]
    limits = [(one.timer.id, one.consequence and one.consequence.id) for one in view.limits[fill.task]]
    assert limits == [("remind_on", "remind_do")]
    stage.wait(hours=1)
    stage.wait(hours=1)
    assert stage.path(case).count("remind_do") == 2
    check_view()
    stage.do(ann, case, "fill", {"note": "n", "amount_fen": "2000.00", "phone": "13800001111"})
    assert stage.open(case) == {"check", "alarm_do"}
    check_view()
    stage.engine.database.transact(lambda unit: add_message(unit.connection, unit.now, "halt", "ann", {}))
    stage.settle()
    assert stage.open(case) == {"halt_do"}
    check_view()
    stage.wait(hours=5)
    assert stage.path(case).count("remind_do") == 2, "its timer ended with the scope"
    stage.do(ann, case, "halt_do", {"note": "m", "amount_fen": "1.00", "phone": "13800001111"})
    assert stage.outcome(case) == "halt_end"
    assert stage.incidents(case) == []
    assert list(verify(stage.engine)) == []
