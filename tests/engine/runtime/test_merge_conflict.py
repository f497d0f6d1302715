"""Two branches gave one variable different values: the incident names it, and nothing is lost."""

from sqlalchemy import select

from engine.commands.deployments import deploy
from engine.commands.incidents import retry_incident
from engine.runtime.engine import Engine
from engine.storage.actor import PLATFORM, Actor
from engine.storage.tables import incident
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, boundary, diagram, flow, node, note_form, timer, user
from tests.support.stage import BOSS, Stage

OPERATOR = Actor("olga", PLATFORM, "platform_operator", frozenset({"platform_operator"}))
# The lint finds it behind a fork; here it is a reminder beside the task that writes the same.
BODY = (
    node("startEvent", "begun")
    + user("fill")
    + boundary("late", "fill", timer("PT1H"), interrupting=False)
    + user("remind")
    + node("parallelGateway", "both")
    + node("endEvent", "done")
    + flow("begun fill both done")
    + flow("late remind both")
)


def test_the_incident_names_the_variable_and_every_value_is_kept(engine: Engine, clock: ManualClock) -> None:
    deploy(engine, BOSS, {**FILES, **note_form(), **diagram("trial", BODY)})
    stage = Stage(engine, clock)
    ann = stage.person("ann")
    case = stage.start(ann, "trial", {"who": "ann", "peer": "ann"})
    stage.wait(hours=1)
    stage.do(ann, case, "fill", {"note": "first", "phone": "1"})
    stage.do(ann, case, "remind", {"note": "second", "phone": "1"})
    [message] = stage.incidents(case)
    assert message == "Expected parallel branches to write distinct variables, but several wrote 'note'"
    assert stage.outcome(case) is None
    assert stage.data(case, "fill")["note"] == "first"
    assert stage.data(case, "remind")["note"] == "second"
    with engine.database.read() as connection:
        [row] = connection.execute(select(incident).where(incident.c.instance_id == case)).all()
    assert row.element == "both"
    retry_incident(engine, OPERATOR, row.id)  # as long as both values stand nothing is chosen for anybody
    assert stage.incidents(case) == [message]
