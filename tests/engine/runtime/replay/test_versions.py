"""A recorded case on another version of what it ran on: the first difference is named, and nothing is made up."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
import zstandard
from sqlalchemy import text

from engine.commands.deployments import deploy, read_candidates
from engine.commands.instances import start_instance
from engine.definitions.catalogue import Catalogue
from engine.definitions.registry import TOPICS, TopicCall, topic
from engine.queries.replays import list_last_cases, replay_case, replay_cases
from engine.records.packing import pack_events
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.replay import Ending, Kind, Reason, RecordedCase, Replay, Target, read_cases, replay
from engine.storage.actor import SYSTEM, Actor
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict
from tests.support.clock import ManualClock
from tests.support.definitions import FILES, boundary, diagram, flow, node, note_form, service, timer, user
from tests.support.stage import BOSS, Stage
from tests.support.vandalism import execute_unguarded

ANN = Actor("ann", "ann", "individual", frozenset({"individual"}))
NOTE = {"note": "looks good", "amount_fen": "20.00", "phone": "13800000000", "remark": "kept"}
PATH = "bpmn/trial/trial.bpmn"


def table(key: str, low: int, high: int) -> bytes:
    """Below 10 yuan the one, else the other."""
    return f"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="t" namespace="t">
<decision id="{key}" name="{key}"><decisionTable id="t" hitPolicy="FIRST">
<input id="i" label="金额"><inputExpression id="x" typeRef="number"><text>amount_fen</text></inputExpression></input>
<output id="o" name="bps" typeRef="number"/>
<rule id="r1"><inputEntry id="a1"><text>&lt; 1000</text></inputEntry><outputEntry id="b1"><text>{low}</text>
</outputEntry></rule>
<rule id="r2"><inputEntry id="a2"><text>-</text></inputEntry><outputEntry id="b2"><text>{high}</text></outputEntry>
</rule></decisionTable></decision></definitions>""".encode()


def trial() -> dict[str, bytes]:
    """`fill`, a decision, a service that decides as well, a gateway, and `check` with a day's time."""
    gateway = node("exclusiveGateway", "large", default="large_to_small").replace('name="large 中"', 'name="大吗？"')
    body = node("startEvent", "begun") + user("fill")
    body += node("businessRuleTask", "rate", camunda__decisionRef="rates", camunda__resultVariable="rate")
    body += service("pay", "trial.pay", "amount_fen=${amount_fen}\nbps=${rate['bps']}", "paid_fen=${paid_fen}")
    body += gateway.replace('baton:nameEn="large"', 'baton:nameEn="Large?"')
    body += user("check") + boundary("late", "check", timer("P1D"))
    body += node("endEvent", "done") + node("endEvent", "small") + node("endEvent", "too_late")
    body += flow("begun fill rate pay large") + flow("check done") + flow("late too_late")
    named = 'sourceRef="large" id="large_to_{0}" targetRef="{0}" name="{1}" baton:nameEn="{2}"'
    condition = "<bpmn:conditionExpression>rate['bps'] &gt; 5</bpmn:conditionExpression>"
    body += f"<bpmn:sequenceFlow {named.format('check', '是', 'Yes')}>{condition}</bpmn:sequenceFlow>"
    body += f"<bpmn:sequenceFlow {named.format('small', '否', 'No')}/>"
    tables = {"bpmn/trial/rates.dmn": table("rates", 5, 7), "bpmn/trial/limits.dmn": table("limits", 1, 2)}
    return {**FILES, **note_form(), **diagram("trial", body), **tables}


@pytest.fixture
def engine(any_engine: Engine) -> Iterator[Engine]:
    """An engine on which two cases ended: `check` was done in time, and it was not."""

    @topic("trial.pay")
    def pay(call: TopicCall, *, amount_fen: int, bps: int) -> PlainDict:
        """Pays."""
        limit = call.decide("limits", {"amount_fen": amount_fen}).result
        call.calendar.is_working_day(call.now.date())
        return {"paid_fen": amount_fen * bps, "limit": limit, "days": call.policy["answer_days"]}

    yield any_engine
    del TOPICS["trial.pay"]


@pytest.fixture
def cases(engine: Engine, clock: ManualClock) -> list[str]:
    stage = Stage(engine, clock)
    deploy(engine, BOSS, trial())
    stage.person("ann")
    done, late = (start_instance(engine, ANN, "trial", {"who": "ann"}, new_id()) for _ in range(2))
    for case in (done, late):
        stage.do(ANN, case, "fill", NOTE)
    clock.advance(hours=3)
    stage.do(ANN, done, "check", NOTE)
    stage.wait(days=1)
    assert [stage.outcome(case) for case in (done, late)] == ["done", "too_late"]
    return [done, late]


def changed(path: str, *pairs: tuple[str, str]) -> dict[str, bytes]:
    """A file of the trial with other words in it."""
    text = trial()[path].decode()
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return {path: text.encode()}


def play(engine: Engine, case: str, files: Mapping[str, bytes]) -> Replay:
    drafts = {(one.kind, one.key): one.content for path in files for one in read_candidates(path, files[path])}
    return replay_case(engine, SYSTEM, case, Target(engine, drafts))


@dataclass(frozen=True)
class Told:
    """What is expected of a difference."""

    kind: Kind
    reason: Reason
    element: str | None
    seq: int = 2
    before: Any = None
    now: Any = None


def tell(found: Replay) -> Told | None:
    one = found.difference
    return None if one is None else Told(one.kind, one.reason, one.element, one.seq, one.before, one.now)


def at(kind: str, element: str) -> PlainDict:
    return {"kind": kind, "element": element}


ASKS_MORE = json.loads(note_form()["forms/trial/note.form"])
ASKS_MORE["components"].append(ASKS_MORE["components"][0] | {"key": "why", "id": "field_why"})
SCRIPT = node("scriptTask", "note_it", "<bpmn:script>noted = True</bpmn:script>", scriptFormat="python")
BROKEN = node("scriptTask", "note_it", "<bpmn:script>noted = 1 / 0</bpmn:script>", scriptFormat="python")
BEHIND_CHECK = '<bpmn:sequenceFlow id="check_to_done" sourceRef="check" targetRef="done"/>'
FAILED: PlainDict = {"kind": "failed", "element": "large", "error": "expression_failed"}


def behind_check(element: str) -> tuple[str, str]:
    return BEHIND_CHECK, element + flow("check note_it done")


def test_a_draft_is_compared_with_what_happened(engine: Engine, cases: list[str]) -> None:
    """On both databases; `done` alone, for what happened to `late` is the same up to there."""
    done = cases[0]
    expected: list[tuple[dict[str, bytes], Told | None, Reason | None]] = [
        ({}, None, None),
        (changed(PATH, ('name="试验"', 'name="别的"')), None, None),
        (
            {"bpmn/trial/rates.dmn": table("rates", 5, 8)},
            Told(Kind.DATA, Reason.VARIABLE, "rate", before=7, now=8),
            Reason.OTHER_INPUTS,
        ),
        (
            {"bpmn/trial/limits.dmn": table("limits", 1, 3)},
            Told(Kind.DATA, Reason.DECISION, "pay", before={"bps": 2}, now={"bps": 3}),
            Reason.DECISION,
        ),
        (
            changed(PATH, ("&gt; 5", "&gt; 7")),
            Told(Kind.PATH, Reason.ELEMENT, "check", before=at("entered", "check"), now=at("entered", "small")),
            Reason.NOT_OPEN,
        ),
        (
            changed(PATH, behind_check(SCRIPT)),
            Told(Kind.PATH, Reason.ELEMENT, "done", 3, at("entered", "done"), at("entered", "note_it")),
            None,
        ),
        (
            changed(PATH, behind_check(BROKEN)),
            Told(Kind.PATH, Reason.ELEMENT, "done", 3, at("entered", "done"), at("entered", "note_it")),
            None,
        ),
        (
            changed(PATH, behind_check(service("note_it", "trial.unknown"))),
            Told(Kind.PATH, Reason.ELEMENT, "done", 3, at("entered", "done"), at("entered", "note_it")),
            Reason.NO_RESULT,
        ),
        (
            changed(PATH, ("<bpmn:conditionExpression>rate[", "<bpmn:conditionExpression>rates[")),
            Told(Kind.PATH, Reason.FAILED, "large", before=at("completed", "large"), now=FAILED),
            Reason.NOT_OPEN,
        ),
        (
            {"forms/trial/note.form": json.dumps(ASKS_MORE).encode()},
            Told(Kind.CANNOT_FOLLOW, Reason.FORM_ASKS, "fill"),
            Reason.FORM_ASKS,
        ),
        (
            changed(PATH, (' camunda:formKey="trial/note"', "")),
            Told(Kind.DATA, Reason.VARIABLE, "fill", before=2000, now=None),
            Reason.NOT_OPEN,
        ),
        (
            {"bpmn/shared/policy.json": b'{"answer_days": "P3D"}'},
            Told(Kind.CANNOT_FOLLOW, Reason.POLICY, "pay", before="P2D", now="P3D"),
            Reason.POLICY,
        ),
        (
            {"bpmn/shared/calendar.json": b'{"country": "CN", "opens": "08:00", "closes": "17:00"}'},
            Told(Kind.CANNOT_FOLLOW, Reason.CALENDAR, "pay"),
            Reason.CALENDAR,
        ),
    ]
    for files, told, stopped in expected:
        found = play(engine, done, files)
        assert tell(found) == told, found
        assert (found.stopped and found.stopped.reason) == stopped, found
        assert found.before == Ending("completed", "done")
        assert (found.now is None) is (stopped is not None)


def test_timers_go_off_when_they_are_due_and_not_before(engine: Engine, cases: list[str]) -> None:
    done, late = cases
    sooner, later = changed(PATH, ("P1D", "PT1H")), changed(PATH, ("P1D", "P2D"))
    for case, files, reason in (
        (done, sooner, Reason.TIMER_FIRST),
        (done, later, None),
        (late, sooner, Reason.TIMER_FIRST),
        (late, later, Reason.NOT_DUE),
    ):
        found = play(engine, case, files)
        assert found.difference is not None
        assert (found.difference.reason, found.difference.element) == (Reason.WAIT, "late")
        assert (found.stopped and found.stopped.reason) == reason, found


def test_what_follows_a_difference_is_known_as_long_as_the_inputs_fit(engine: Engine, cases: list[str]) -> None:
    broken = play(engine, cases[0], changed(PATH, behind_check(BROKEN)))
    assert broken.now == Ending("active", None)
    other = play(engine, cases[0], changed(PATH, behind_check(SCRIPT)))
    assert other.now == other.before
    assert other.steps == other.total == 3


def test_a_case_whose_history_is_gone_cannot_be_followed(engine: Engine, cases: list[str]) -> None:
    with engine.database.read() as connection:
        (known,) = read_cases(connection, cases[:1])
    forgotten = RecordedCase(known.instance_id, "trial", None, known.pin_set_id, known.ending)
    found = replay(forgotten, Target(engine), engine.replay_sandbox)
    assert tell(found) == Told(Kind.CANNOT_FOLLOW, Reason.NOT_RECORDED, None, 0)


MISSED = Told(Kind.CANNOT_FOLLOW, Reason.NOT_RECORDED, None)
OF_BOTH = "UPDATE history SET events = :events WHERE stream = :case AND seq = 2"
DAMAGES: dict[str, tuple[str, dict[str, object], int]] = {  # the statement, its values, the row that is missed
    "a row": ("DELETE FROM history WHERE stream = :case AND seq = 2", {}, 2),
    "the last row": ("DELETE FROM history WHERE stream = :case AND seq = 3", {}, 3),
    "all rows": ("DELETE FROM history WHERE stream = :case", {}, 1),
    "rubbish": (OF_BOTH, {"events": b"\0\xff"}, 2),
    "no list": (OF_BOTH, {"events": zstandard.compress(b"7")}, 2),
    "other events": (OF_BOTH, {"events": pack_events([{"kind": "entered"}])}, 2),
    "an act without what it is done to": (OF_BOTH, {"events": pack_events([{"kind": "completed_task"}])}, 2),
    "a submission": ("UPDATE submission SET content = '{' WHERE instance_id = :case AND element = 'check'", {}, 3),
    "a list submitted": ("UPDATE submission SET content = '7' WHERE instance_id = :case AND element = 'fill'", {}, 2),
}
DAMAGES_OF_SQLITE: dict[str, tuple[str, dict[str, object], int]] = {  # it keeps any value in any column
    "an instant": ("UPDATE history SET at = 'soon' WHERE stream = :case AND seq = 2", {}, 2),
    "text": (OF_BOTH, {"events": "nothing"}, 2),
    "no text": ("UPDATE history SET kind = CAST(x'ff' AS TEXT) WHERE stream = :case AND seq = 3", {}, 3),
}


@pytest.mark.parametrize("damage", DAMAGES | DAMAGES_OF_SQLITE)
def test_a_damaged_case_cannot_be_followed_and_holds_up_no_other(engine: Engine, cases: list[str], damage: str) -> None:
    if damage in DAMAGES_OF_SQLITE and not engine.database.is_sqlite:
        return  # PostgreSQL itself refuses it
    statement, values, seq = (DAMAGES | DAMAGES_OF_SQLITE)[damage]
    execute_unguarded(engine, text(statement), case=cases[0], **values)
    first, second = replay_cases(engine, SYSTEM, cases, Target(engine))
    assert tell(first) == replace(MISSED, seq=seq)
    assert (first.stopped, first.now) == (first.difference, None)
    assert second.is_same


@pytest.mark.parametrize(
    ("table", "change"), [("pin_set", "pins = '[]'"), ("pin_set", "pins = '{'"), ("definition", "content = 'no'")]
)
def test_versions_that_were_damaged_cannot_be_played_on(
    engine: Engine, cases: list[str], table: str, change: str
) -> None:
    execute_unguarded(engine, text(f"UPDATE {table} SET {change}"))
    engine.catalogue = Catalogue()  # as after a start
    assert [tell(one) for one in replay_cases(engine, SYSTEM, cases, Target(engine))] == [replace(MISSED, seq=1)] * 2


def test_a_form_that_is_gone_ends_a_case_where_it_was_filled_in(engine: Engine, cases: list[str]) -> None:
    execute_unguarded(engine, text("UPDATE definition SET content = 'no' WHERE kind = 'form'"))
    engine.catalogue = Catalogue()
    assert [tell(one) for one in replay_cases(engine, SYSTEM, cases, Target(engine))] == [MISSED] * 2


def test_many_cases_come_one_by_one_and_only_for_those_who_may(engine: Engine, cases: list[str]) -> None:
    assert list_last_cases(engine, SYSTEM, "trial", 10) == cases[::-1]
    assert list_last_cases(engine, SYSTEM, "trial", 1) == cases[1:]
    found = replay_cases(engine, SYSTEM, [*cases, "nobody"], Target(engine, is_newest=True))
    assert next(found).is_same
    assert [one.instance_id for one in found] == cases[1:]
    for refused in (ANN, Actor("bai", "platform", "customer_service", frozenset())):
        with pytest.raises(NotFound):
            list_last_cases(engine, refused, "trial", 1)
        with pytest.raises(NotFound):
            replay_case(engine, refused, cases[0], Target(engine))
    with pytest.raises(NotFound):
        replay_case(engine, SYSTEM, "nobody", Target(engine))
