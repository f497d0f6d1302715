"""Incidents: what stops an element says where and why, keeps what was submitted, and goes on once it is put right."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Row, select

from engine.commands.deployments import deploy
from engine.commands.incidents import FixInvalid, fix_incident, retry_incident, retry_incidents
from engine.commands.instances import cancel_instance
from engine.definitions import registry
from engine.definitions.registry import TopicCall, topic
from engine.language import workflow
from engine.language.errors import BpmnError
from engine.queries.story import Change, Teller
from engine.records.history import HistoryRow, read_stream
from engine.records.rebuild import TOKEN_KINDS, rebuild
from engine.runtime.engine import Engine
from engine.runtime.errors import Forbidden, NotFound, SubmissionConflict
from engine.services.verification import verify
from engine.storage.actor import PLATFORM, Actor
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import incident, instance, submission
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, boundary, diagram, flow, message, node, note_form, service, timer, user
from tests.support.stage import BOSS, Stage

OLGA = Actor("olga", PLATFORM, "platform_operator", frozenset({"platform_operator"}))
ANN = Actor("ann", "ann", "individual", frozenset({"individual"}))
TABLE = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="t" namespace="t">
<decision id="fee" name="费率"><decisionTable id="t" hitPolicy="UNIQUE">
<input id="i" label="值"><inputExpression id="x" typeRef="number"><text>peer</text></inputExpression></input>
<output id="o" name="fee_bps" typeRef="number"/>
<rule id="r1"><inputEntry id="a1"><text>&lt; 100</text></inputEntry><outputEntry id="b1"><text>5</text></outputEntry>
</rule></decisionTable></decision></definitions>"""


def script(element: str, text: str) -> str:
    return node("scriptTask", element, f"<bpmn:script>{text}</bpmn:script>", scriptFormat="python")


def condition(source: str, target: str, text: str) -> str:
    return (
        f'<bpmn:sequenceFlow id="{source}_to_{target}" name="是" baton:nameEn="Yes" sourceRef="{source}" '
        f'targetRef="{target}"><bpmn:conditionExpression>{text}</bpmn:conditionExpression></bpmn:sequenceFlow>'
    )


@dataclass(frozen=True)
class Cause:
    """A process that stops behind `fill` because of `peer`, and goes on when `peer` is another.

    `at` is where it stops, `says` what the incident names, `ends` where it then rests (a task) or ends.
    """

    code: str
    body: str
    peer: Plain
    better: Plain
    at: str
    says: tuple[str, ...]
    variable: str = "peer"
    ends: str = "done"


def after_fill(middle: str, way: str) -> str:
    return (
        node("startEvent", "begun") + user("fill") + middle + node("endEvent", "done") + flow(f"begun fill {way} done")
    )


def question(element: str, default: str) -> str:
    return (
        f'<bpmn:exclusiveGateway id="{element}" name="继续吗？" baton:nameEn="Go on?" '
        f'default="{element}_to_{default}"/>'
        f'<bpmn:sequenceFlow id="{element}_to_{default}" name="否" baton:nameEn="No" sourceRef="{element}" '
        f'targetRef="{default}"/>'
    )


def looping() -> str:
    return (
        node("startEvent", "begun")
        + user("fill")
        + script("zero", "turns = 0")
        + script("turn", "turns = turns + 1")
        + question("gw_again", "done")
        + node("endEvent", "done")
        + flow("begun fill zero turn gw_again")
        + condition("gw_again", "turn", "turns &lt; peer")
    )


def branching() -> str:
    return (
        node("startEvent", "begun")
        + user("fill")
        + question("gw_large", "small")
        + node("endEvent", "done")
        + node("endEvent", "small")
        + flow("begun fill gw_large")
        + condition("gw_large", "done", "peer &gt; 100")
    )


MANY = node(
    "userTask",
    "each",
    "<bpmn:documentation>填写。</bpmn:documentation>"
    '<bpmn:multiInstanceLoopCharacteristics camunda:collection="${peer}" camunda:elementVariable="one"/>',
    baton__documentationEn="Fill it in.",
    camunda__formKey="trial/note",
    camunda__assignee="ann",
)
CATCH = node("intermediateCatchEvent", "told", message("news"), baton__correlationKey="${peer}")
RULES = node("businessRuleTask", "rate", camunda__decisionRef="fee", camunda__resultVariable="rate")
CAUSES = {
    "misspelt name": Cause(
        "expression_failed",
        after_fill(script("add", "first = 1\ntotal = first + len(nots)"), "add"),
        None,
        "abc",
        "add",
        ("add, line 2: total = first + len(nots)", "'nots'", "did you mean note?"),
        variable="nots",
    ),
    "condition": Cause("expression_failed", branching(), "x", 101, "gw_large", ("peer > 100", "TypeError")),
    "mapping": Cause(
        "expression_failed",
        after_fill(service("act", "trial.act", "who=${peer + who}"), "act"),
        1,
        "x",
        "act",
        ("peer + who", "TypeError"),
    ),
    "time budget": Cause(
        "expression_failed",
        after_fill(script("add", "n = 0\nwhile n &lt; peer:\n    n = n + 1"), "add"),
        10**15,
        10,
        "add",
        ("Expected a result",),
    ),
    "step limit": Cause("step_limit_exceeded", looping(), 10**9, 0, "", ("automatic elements",)),
    "decision": Cause("decision_error", after_fill(RULES, "rate"), "x", 5, "rate", ("fee", "'x'")),
    "business error": Cause(
        "bpmn_error",
        after_fill(service("act", "trial.act", "who=${peer}"), "act"),
        "bad",
        "x",
        "act",
        ("error BAD", "nothing catches it", "it is bad"),
    ),
    "programming error": Cause(
        "unexpected",
        after_fill(service("act", "trial.act", "who=${peer}"), "act"),
        "broken",
        "x",
        "act",
        ("ZeroDivisionError: boom",),
    ),
    "parameter": Cause(
        "value_unfit",
        after_fill(service("act", "trial.act", "who=${peer}"), "act"),
        5,
        "x",
        "act",
        ("Expected who of trial.act to be str, but got 5",),
    ),
    "nobody": Cause(
        "assignment_invalid",
        after_fill(user("check", camunda__assignee="${peer}"), "check"),
        "",
        "ann",
        "check",
        ("Expected somebody who may do check",),
        ends="check",
    ),
    "due date": Cause(
        "value_unfit",
        after_fill(user("check", camunda__assignee="ann", camunda__dueDate="${peer}"), "check"),
        "tomorrow",
        "P1D",
        "check",
        ("'tomorrow'",),
        ends="check",
    ),
    "timer": Cause(
        "value_unfit",
        after_fill(node("intermediateCatchEvent", "pause", timer("${peer}")), "pause"),
        "soon",
        "2026-01-01T00:00",
        "pause",
        ("'soon'",),
    ),
    "boundary timer": Cause(
        "value_unfit",
        after_fill(service("outside", "trial.outside", "") + boundary("late", "outside", timer("${peer}")), "outside")
        + flow("late done"),
        "soon",
        "2026-01-01T00:00",
        "late",
        ("'soon'",),
    ),
    "collection": Cause(
        "value_unfit", after_fill(MANY, "each"), 3, ["a"], "each", ("Expected a list", "peer gave 3"), ends="each"
    ),
    "correlation key": Cause(
        "value_unfit", after_fill(CATCH, "told"), "", "k", "told", ("Expected a correlation key",), ends=""
    ),
}


def act(call: TopicCall, *, who: str) -> PlainDict:
    """Acts."""
    if who == "bad":
        raise BpmnError("BAD", "it is bad")
    if who == "broken":
        raise ZeroDivisionError("boom")
    return {}


@pytest.fixture(autouse=True)
def _prepared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(workflow, "STEP_LIMIT", 50)
    topic("trial.act")(act)
    yield
    registry.TOPICS.pop("trial.act")


def stop(engine: Engine, clock: ManualClock, cause: Cause) -> tuple[Stage, str]:
    """A case that was filled in and stopped."""
    deploy(
        engine,
        BOSS,
        {**FILES, **note_form(), "bpmn/trial/fee.dmn": TABLE.encode(), **diagram("trial", cause.body, "news")},
    )
    stage = Stage(engine, clock)
    ann = stage.person("ann")
    instance_id = stage.start(ann, "trial", {"who": "ann", "peer": cause.peer})
    stage.do(ann, instance_id, "fill", {"note": "typed", "phone": "13800001234"})
    return stage, instance_id


def find_incident(stage: Stage, instance_id: str) -> Row[Any]:
    (found,) = find_incidents(stage, instance_id)
    return found


def history(stage: Stage, instance_id: str) -> list[HistoryRow]:
    with stage.engine.database.read() as connection:
        return read_stream(connection, instance_id)


def fix(stage: Stage, found: Row[Any], values: PlainDict, seen: PlainDict, **options: Any) -> bool:
    given: dict[str, Any] = {"reason": "a typing error", "token": new_id(), "actor": OLGA, **options}
    actor, reason, token = given["actor"], given["reason"], given["token"]
    return fix_incident(stage.engine, actor, found.id, values, reason, token, seen)


@pytest.mark.parametrize("name", CAUSES)
def test_an_incident_says_where_and_why_keeps_what_was_sent_and_goes_on(
    engine: Engine, clock: ManualClock, name: str
) -> None:
    cause = CAUSES[name]
    stage, instance_id = stop(engine, clock, cause)
    found = find_incident(stage, instance_id)
    assert found.element == cause.at or not cause.at
    assert (found.process_key, found.code) == ("trial", cause.code)
    for part in cause.says:
        assert part in found.message
    with engine.database.read() as connection:
        kept = connection.execute(select(submission.c.content).where(submission.c.element == "fill")).scalar_one()
    assert kept["note"] == "typed"
    retry_incident(engine, OLGA, found.id)
    found = find_incident(stage, instance_id)
    assert found.code == cause.code, "nothing was put right yet"

    seen = cause.peer if cause.variable == "peer" else None
    assert fix(stage, found, {cause.variable: cause.better}, {cause.variable: seen})
    stage.settle()
    assert stage.incidents(instance_id) == []
    if cause.ends == "done":
        assert stage.outcome(instance_id) == "done"
    else:
        assert stage.open(instance_id) == ({cause.ends} if cause.ends else set())
    told = [event for row in history(stage, instance_id) for event in row.events if event["kind"] == "fixed"]
    assert {event["reason"] for event in told} == {"a typing error"}
    assert any(event["set"] == {cause.variable: cause.better} for event in told)
    assert list(verify(engine)) == []


def test_branches_that_were_given_different_values_are_an_incident_where_they_meet(
    any_engine: Engine, clock: ManualClock
) -> None:
    arms = "".join(service(name, "trial.act", "who=${peer}") for name in ("left", "right"))
    gates = node("parallelGateway", "fork") + node("parallelGateway", "join")
    body = node("startEvent", "begun") + user("fill") + gates + arms + user("look", camunda__assignee="ann")
    body += node("endEvent", "done") + flow("begun fill fork left join look done") + flow("fork right join")
    stage, instance_id = stop(any_engine, clock, Cause("", body, "broken", "", "", ()))
    for better in ("x", "y"):
        fix(stage, find_incidents(stage, instance_id)[0], {"peer": better}, {"peer": "broken"})
    found = find_incident(stage, instance_id)
    assert (found.element, found.code, found.facts["variable"]) == ("join", "merge_conflict", "peer")
    seen = rebuild_data(stage, instance_id, found.task_id)["peer"]
    fix(stage, found, {"peer": "z"}, {"peer": seen})
    assert stage.open(instance_id) == {"look"}
    assert stage.data(instance_id, "look")["peer"] == "z"
    assert list(verify(any_engine)) == []


@pytest.fixture
def stopped(any_engine: Engine, clock: ManualClock) -> tuple[Stage, str]:
    return stop(any_engine, clock, CAUSES["business error"])


def test_a_fix_is_told_with_old_and_new_values_and_its_reason(stopped: tuple[Stage, str]) -> None:
    stage, instance_id = stopped
    found = find_incident(stage, instance_id)
    assert fix(stage, found, {"peer": "x"}, {"peer": "bad"}, token="one")
    assert fix(stage, found, {"peer": "x"}, {"peer": "bad"}, token="one"), "sent again, it is answered again"
    with pytest.raises(SubmissionConflict):
        fix(stage, found, {"peer": "y"}, {"peer": "bad"}, token="one")
    rows = history(stage, instance_id)
    last = [row for row in rows if row.kind == "fix"]
    assert [(row.actor_id, row.acting_role) for row in last] == [("olga", "platform_operator")]
    with stage.engine.database.read() as connection:
        catalogue = stage.engine.catalogue
        pins = catalogue.pins(connection, connection.execute(select(instance.c.pin_set_id)).scalars().one())
        chapter = Teller(catalogue.process(connection, pins, "trial")).tell_all(rows).chapters[-1]
    entry = next(entry for entry in chapter.entries if entry.kind == "fixed")
    assert entry.changes == (Change("peer", "bad", "x"),)
    assert (entry.element.id if entry.element else "", entry.facts["reason"]) == ("act", "a typing error")
    assert stage.outcome(instance_id) == "done"


def test_a_fix_that_does_not_help_is_kept_and_fails_again(stopped: tuple[Stage, str]) -> None:
    stage, instance_id = stopped
    assert not fix(stage, find_incident(stage, instance_id), {"peer": "broken"}, {"peer": "bad"})
    found = find_incident(stage, instance_id)
    assert found.code == "unexpected"
    assert rebuild_data(stage, instance_id, found.task_id)["peer"] == "broken"
    assert fix(stage, found, {"peer": "x"}, {"peer": "broken"})


REFUSED: list[tuple[str, PlainDict, PlainDict, str]] = [
    ("reason", {"peer": "x"}, {"peer": "bad"}, " "),
    ("reason", {"peer": "x"}, {"peer": "bad"}, "x" * 501),
    ("peer", {"peer": "x"}, {"peer": "other"}, "it was changed since"),
    ("peer", {"peer": "bad"}, {"peer": "bad"}, "nothing would change"),
    ("peer", {"peer": {"$vault": "1"}}, {"peer": "bad"}, "another's phone"),
    ("peer", {"peer": 2**70}, {"peer": "bad"}, "too large"),
    ("phone", {"phone": "1"}, {"phone": None}, "personal"),
    ("_peer", {"_peer": "1"}, {}, "no variable"),
    ("a-b", {"a-b": "1"}, {}, "no variable"),
]


def test_a_fix_that_cannot_be_taken_is_refused_by_name_and_changes_nothing(stopped: tuple[Stage, str]) -> None:
    stage, instance_id = stopped
    before = history(stage, instance_id)
    for field, values, seen, reason in REFUSED:
        with pytest.raises(FixInvalid) as refused:
            fix(stage, find_incident(stage, instance_id), values, seen, reason=reason)
        assert refused.value.facts["field"] == field
    assert history(stage, instance_id) == before


def test_nobody_fixes_a_case_that_is_his_own(stopped: tuple[Stage, str]) -> None:
    stage, instance_id = stopped
    as_operator = Actor("ann", PLATFORM, "platform_operator", frozenset({"platform_operator"}))
    with pytest.raises(Forbidden):
        fix(stage, find_incident(stage, instance_id), {"peer": "x"}, {"peer": "bad"}, actor=as_operator)


def test_several_are_tried_again_and_what_was_resolved_meanwhile_is_left_out(stopped: tuple[Stage, str]) -> None:
    stage, instance_id = stopped
    found = find_incident(stage, instance_id)
    second = stage.start(ANN, "trial", {"who": "ann", "peer": "bad"})
    stage.do(ANN, second, "fill", {"note": "x", "phone": "1"})
    other = find_incident(stage, second)
    fix(stage, found, {"peer": "x"}, {"peer": "bad"})
    assert retry_incidents(stage.engine, OLGA, [found.id, other.id]) == (0, 1)
    registry.TOPICS.pop("trial.act")
    topic("trial.act")(lambda _call, *, who: {})
    assert retry_incidents(stage.engine, OLGA, [find_incident(stage, second).id]) == (1, 0)


def test_the_incidents_of_a_case_that_ends_are_closed(stopped: tuple[Stage, str]) -> None:
    stage, instance_id = stopped
    found = find_incident(stage, instance_id)
    cancel_instance(stage.engine, BOSS, instance_id, "not wanted", lambda _: None)
    assert stage.incidents(instance_id) == []
    with pytest.raises(NotFound):
        retry_incident(stage.engine, OLGA, found.id)


def find_incidents(stage: Stage, instance_id: str) -> list[Row[Any]]:
    query = select(incident).where(incident.c.instance_id == instance_id, incident.c.resolved_at.is_(None))
    with stage.engine.database.read() as connection:
        return list(connection.execute(query.order_by(incident.c.id)))


def rebuild_data(stage: Stage, instance_id: str, task_id: str) -> PlainDict:
    """The data of a task, from the history alone."""
    told = (event for row in history(stage, instance_id) for event in row.events if event["kind"] in TOKEN_KINDS)
    return rebuild(told).data_of(task_id)
