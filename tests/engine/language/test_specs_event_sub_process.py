"""Event sub-processes: armed with their scope, started with its data, and what they interrupt."""

from datetime import timedelta
from functools import partial

import pytest
import zstandard

from engine.language.errors import BpmnError
from engine.language.moves import MoveRefused, move_token
from engine.language.state import freeze
from engine.language.workflow import Case
from engine.storage.plain import PlainDict
from tests.engine.diagrams import (
    boundary,
    bpmn,
    call,
    condition,
    declare,
    end,
    error,
    escalation,
    event_sub,
    exclusive,
    flow,
    mapping,
    message,
    multi,
    node,
    parallel,
    parameters,
    process,
    script,
    service,
    signal,
    start,
    sub,
    throw,
    timer,
    user,
)
from tests.engine.language.trial import BEGIN, Trial, check_every_event

DECLARED = declare("M", "LOST", "LATE")
KEY = {"baton__correlationKey": "x"}


def keyed(key: str) -> dict[str, str]:
    return {"baton__correlationKey": key} if key else {}


def aside(definition: str, *, interrupting: bool = True, name: str = "esp", body: str = "", key: str = "") -> str:
    """An event sub-process: its start `<name>_on`, then `body` (a user task `handle` without), then its end."""
    begin = start(f"{name}_on", definition, isInterrupting=str(interrupting).lower(), **keyed(key))
    inner = body or user("handle")
    way = f"{name}_on handle {name}_end"
    return event_sub(name, begin, inner, end(f"{name}_end"), flow(way))


def around(place: str, *body: str) -> tuple[bytes, tuple[str, ...]]:
    """The body as the inside of a process, a sub-process, a called process …, with a task `after` behind."""
    if place == "process":
        return bpmn(process("p", start(), user("u"), end(), flow("s u e"), *body), extra=DECLARED), ()
    inside = (start("is"), user("u"), end("ie"), flow("is u ie"), *body)
    hosts = {
        "sub": sub("host", *inside),
        "transaction": node("transaction", "host", "".join(inside)),
        "call": call("host", "inner", mapping({"a": "a", "k": "k"}, {"a": "a", "h": "h"})),
        "multi": sub("host", multi("[7]", "item", outputs=("all", "h")), *inside),
    }
    outer = process("p", start(), hosts[place], user("after"), end(), flow("s host after e"))
    called = (process("inner", *inside),) if place == "call" else ()
    return bpmn(outer, *called, extra=DECLARED), tuple("inner" for _ in called)


PLACES = ("process", "sub", "transaction", "call", "multi")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("fresh", [False, True])
def test_a_message_interrupts_whatever_it_stands_in(place: str, fresh: bool) -> None:
    xml, called = around(place, aside(message("m_M") + parameters(outputs={"k": "${n}"}), key="${a}"))
    trial = Trial(xml, data={"a": 1}, called=called, fresh_specs=fresh)
    host = [] if place == "process" else ["host"]
    assert trial.open_elements() == sorted(["esp_on", "u", *host])
    assert [found[1:] for found in trial.look(Case.subscriptions)] == [("message", "M", "1")]
    trial.deliver("esp_on", {"n": 5, "other": 6})
    assert trial.open_elements() == sorted(["esp", "handle", *host])
    assert trial.data_of("handle") == {"a": 1, "k": 5} | ({"item": 7, "all": []} if place == "multi" else {})
    assert ("cancelled", "u") in trial.log()
    trial.complete("handle", {"h": 9})
    if host:
        assert trial.open_elements() == ["after"]
        expected = {"call": {"a": 1, "h": 9}, "multi": {"a": 1, "all": [9]}}
        assert trial.data_of("after") == expected.get(place, {"a": 1, "k": 5, "h": 9})
        trial.complete("after")
    else:
        assert trial.data == {"a": 1, "k": 5, "h": 9}
        assert trial.outcome == "esp_end"
    assert trial.is_done
    check_every_event(trial)


@pytest.mark.parametrize("place", PLACES)
def test_non_interrupting_ones_run_side_by_side_and_the_scope_waits_for_them(place: str) -> None:
    xml, called = around(place, aside(message("m_M") + parameters(outputs={"k": "${n}"}), interrupting=False, key="x"))
    trial = Trial(xml, data={"a": 1}, called=called)
    for n in range(3):
        trial.deliver("esp_on", {"n": n})
    assert trial.open_elements().count("handle") == 3
    assert trial.open_elements().count("esp_on") == 1
    trial.complete("handle").complete("u", {"a": 2})
    assert "esp_on" in trial.open_elements(), "while one of them runs, another may start"
    trial.deliver("esp_on", {"n": 3})
    while "handle" in trial.open_elements():
        trial.complete("handle", {"h": 1})
    if place != "process":
        assert trial.open_elements() == ["after"]
        trial.complete("after")
    assert trial.is_done
    assert ("cancelled", "esp_on") in trial.log()
    expected = {"multi": {"a": 1, "all": [1]}, "call": {"a": 2, "h": 1}}
    assert trial.data == expected.get(place, {"a": 2, "k": 3, "h": 1})
    check_every_event(trial)


@pytest.mark.parametrize("interrupting", [True, False])
def test_it_starts_with_all_its_scope_knows(interrupting: bool) -> None:
    """What branches changed and what has ended before, the later one first."""
    xml = bpmn(
        process(
            "p",
            start(),
            script("first", "v = 1\ngone = 1"),
            parallel("f"),
            user("a"),
            user("b"),
            user("c"),
            user("c2"),
            end("ea"),
            end("eb"),
            end("ec"),
            flow("s first f a ea"),
            flow("f b eb"),
            flow("f c c2 ec"),
            aside(signal("g_M"), interrupting=interrupting),
        ),
        extra=DECLARED,
    )
    trial = Trial(xml, data={"order": 7})
    trial.complete("a", {"v": 2, "done": "a"}).complete("c", {"more": "c"})
    trial.deliver("esp_on")
    assert trial.data_of("handle") == {"order": 7, "v": 2, "gone": 1, "done": "a", "more": "c"}
    if interrupting:
        trial.complete("handle", {"h": 1})
        assert trial.data == {"order": 7, "v": 2, "gone": 1, "done": "a", "more": "c", "h": 1}
    else:
        trial.complete("b", {"v": 3}).complete("handle", {"h": 1}).complete("c2")
        assert trial.data == {"order": 7, "v": 3, "gone": 1, "done": "a", "more": "c", "h": 1}
    assert trial.is_done


@pytest.mark.parametrize("order", ["flow first", "event first"])
def test_what_it_did_not_change_is_not_set_back(order: str) -> None:
    """The flow changed `v` while the event sub-process ran on what was known before."""
    xml = bpmn(
        process(
            "p",
            start(),
            script("first", "v, x = 1, 1"),
            user("u"),
            script("next", "v = 2"),
            user("u2"),
            end(),
            flow("s first u next u2 e"),
            aside(signal("g_M"), interrupting=False),
        ),
        extra=DECLARED,
    )
    trial = Trial(xml).deliver("esp_on").complete("u")
    assert trial.data_of("handle") == {"v": 1, "x": 1}
    ends: list[tuple[str, PlainDict]] = [("u2", {"y": 1}), ("handle", {"x": 5})]
    for task, values in ends[:: 1 if order == "flow first" else -1]:
        trial.complete(task, values)
    assert trial.is_done
    assert trial.data == {"v": 2, "x": 5, "y": 1}


def test_timers_of_a_scope() -> None:
    """A deadline interrupts, a cycle reminds as often as it says; both end with their scope."""
    reminder = event_sub(
        "remind",
        start("remind_on", timer("R2/PT1H", "timeCycle"), isInterrupting="false"),
        script("tell", "r = 1"),
        end("told"),
        flow("remind_on tell told"),
    )
    xml, _ = around("sub", reminder, aside(timer("P1D"), name="late"))
    trial = Trial(xml)
    hour = timedelta(hours=1)
    assert trial.dues() == {"remind_on": BEGIN + hour, "late_on": BEGIN + 24 * hour}
    trial.fire("remind_on")
    assert trial.dues() == {"remind_on": BEGIN + 2 * hour, "late_on": BEGIN + 24 * hour}
    trial.fire("remind_on")
    assert trial.dues() == {"late_on": BEGIN + 24 * hour}
    assert trial.log("completed").count(("completed", "tell")) == 2
    trial.fire("late_on")
    assert trial.open_elements() == ["handle", "host", "late"]
    assert trial.dues() == {}
    trial.complete("handle")
    assert trial.open_elements() == ["after"]
    assert trial.data_of("after") == {"r": 1}


def test_fifty_starts_leave_the_state_as_small_as_before() -> None:
    xml, _ = around("sub", aside(message("m_M"), interrupting=False, body=script("handle", "n = 1"), key="x"))
    trial = Trial(xml).deliver("esp_on")
    count = trial.task_count
    for _ in range(50):
        trial.deliver("esp_on")
    assert trial.task_count == count


CAUGHT = aside(error("x_LOST") + parameters(outputs={"why": "${reason}"}))
FAILING = {
    "error end event": end("out", error("x_LOST") + parameters({"reason": "${a}"})),
    "service": service("out", "freeze", parameters({"reason": "${a}"})) + end("out_e") + flow("out out_e"),
    "call": call("out", "inner", mapping({"a": "a"})) + end("out_e") + flow("out out_e"),
}


@pytest.mark.parametrize("place", ["process", "sub"])
@pytest.mark.parametrize("source", FAILING)
def test_an_error_is_caught_by_the_scope_before_the_boundary_around_it(source: str, place: str) -> None:

    def freeze_funds(reason: str) -> PlainDict:
        raise BpmnError("LOST", values={"reason": reason})

    body = (parallel("f"), user("u"), user("beside"), end("ue"), FAILING[source], CAUGHT)
    ways = (flow("f u out"), flow("f beside ue"))
    inner = process("inner", start("ns"), end("ne", error("x_LOST") + parameters({"reason": "${a}"})), flow("ns ne"))
    if place == "process":
        outer = process("p", start(), *body, *ways, flow("s f"))
    else:
        host = sub("host", start("is"), *body, *ways, flow("is f"))
        around_it = (boundary("b", "host", error("x_LOST")), user("wrong"), end("we"), flow("b wrong we"))
        outer = process("p", start(), host, *around_it, end(), flow("s host e"))
    xml = bpmn(outer, inner, extra=DECLARED)
    trial = Trial(xml, data={"a": 7}, called=("inner",), topics={"freeze": freeze_funds}).complete("u")
    assert trial.open_elements() == ["esp", "handle"] if place == "process" else ["b", "esp", "handle", "host"]
    assert trial.data_of("handle") == {"a": 7, "why": 7}
    assert trial.host.incidents == []
    trial.complete("handle")
    assert trial.is_done


def test_an_error_start_runs_only_when_there_is_an_error() -> None:
    xml, _ = around("process", CAUGHT)
    trial = Trial(xml).complete("u")
    assert trial.is_done
    assert ("entered", "handle") not in trial.log()


@pytest.mark.parametrize("place", ["process", "sub"])
def test_what_an_event_sub_process_throws_goes_outwards(place: str) -> None:
    """Not to itself, nor to another one of its scope."""
    again = end("again", error("x_LOST"))
    first = event_sub("esp", start("esp_on", error("x_LOST")), user("handle"), again, flow("esp_on handle again"))
    second = aside(error(), name="any", body=user("handle")).replace('"handle"', '"wrong"').replace("handle", "wrong")
    body = (user("u"), end("out", error("x_LOST")), first, second)
    if place == "process":
        outer = process("p", start(), *body, flow("s u out"))
    else:
        host = sub("host", start("is"), *body, flow("is u out"))
        outer = process("p", start(), host, boundary("b", "host", error("x_LOST")), user("caught"), end(), end("e2"),
                        flow("s host e"), flow("b caught e2"))  # fmt: skip
    trial = Trial(bpmn(outer, extra=DECLARED)).complete("u").complete("handle")
    if place == "sub":
        assert trial.open_elements() == ["caught"]
        trial.complete("caught")
    else:
        assert trial.outcome == "again"
    assert trial.is_done
    assert trial.host.incidents == []


@pytest.mark.parametrize("interrupting", [True, False])
def test_an_escalation_of_the_scope(interrupting: bool) -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            sub(
                "host",
                start("is"),
                user("u"),
                throw("up", escalation("c_LATE") + parameters({"level": "${level}"})),
                user("u2"),
                end("ie"),
                flow("is u up u2 ie"),
                aside(escalation("c_LATE") + parameters(outputs={"l": "${level}"}), interrupting=interrupting),
            ),
            boundary("b", "host", escalation("c_LATE"), False),
            user("wrong"),
            end(),
            end("e2"),
            flow("s host e"),
            flow("b wrong e2"),
        ),
        extra=DECLARED,
    )
    trial = Trial(xml).complete("u", {"level": 2})
    assert trial.data_of("handle") == {"level": 2, "l": 2}
    assert trial.open_elements() == (
        ["b", "esp", "handle", "host"] if interrupting else ["b", "esp", "esp_on", "handle", "host", "u2"]
    )
    if not interrupting:
        trial.complete("u2")
    assert trial.complete("handle").is_done


def test_a_condition_of_the_scope() -> None:
    xml = bpmn(
        process("p", start(), user("u"), user("u2"), end(), flow("s u u2 e"), aside(condition("amount > 100"))),
    )
    trial = Trial(xml).complete("u", {"amount": 50}).complete("u2", {"amount": 500})
    assert trial.open_elements() == ["esp", "handle"]
    assert trial.data_of("handle") == {"amount": 500}
    assert trial.complete("handle").is_done


def test_an_interrupting_one_calls_off_those_that_run_and_those_that_wait() -> None:
    xml, _ = around(
        "sub",
        aside(message("m_M"), interrupting=False, key="x"),
        aside(timer(), name="late").replace("handle", "handle_late"),
        aside(signal("g_M"), name="other", interrupting=False).replace("handle", "handle_other"),
    )
    trial = Trial(xml).deliver("esp_on").deliver("esp_on").deliver("other_on")
    trial.fire("late_on")
    assert trial.open_elements() == ["handle_late", "host", "late"]
    assert trial.look(Case.subscriptions) == []
    trial.complete("handle_late")
    assert trial.open_elements() == ["after"]


def test_one_inside_another() -> None:
    inner = aside(signal("g_M"), name="deep").replace("handle", "handle_deep")
    esp = event_sub("esp", start("esp_on", message("m_M"), **KEY), user("handle"), end("ee"),
                    flow("esp_on handle ee"), inner)  # fmt: skip
    trial = Trial(around("sub", esp)[0]).deliver("esp_on")
    assert trial.open_elements() == ["deep_on", "esp", "handle", "host"]
    trial.deliver("deep_on")
    assert trial.open_elements() == ["deep", "esp", "handle_deep", "host"]
    assert trial.complete("handle_deep").open_elements() == ["after"]


def test_a_terminate_end_event_inside_ends_the_event_sub_process_only() -> None:
    stop = end("ee", "<bpmn:terminateEventDefinition/>")
    esp = event_sub("esp", start("esp_on", message("m_M"), isInterrupting="false", **KEY), user("handle"), stop,
                    flow("esp_on handle ee"))  # fmt: skip
    trial = Trial(around("sub", esp)[0]).deliver("esp_on").complete("handle")
    assert trial.open_elements() == ["esp_on", "host", "u"]
    assert trial.complete("u").open_elements() == ["after"]


def test_a_terminate_end_event_beside_it_ends_it_as_well() -> None:
    esp = aside(message("m_M"), interrupting=False, key="x")
    xml = bpmn(
        process("p", start(), user("u"), end("e", "<bpmn:terminateEventDefinition/>"), flow("s u e"), esp),
        extra=DECLARED,
    )
    trial = Trial(xml).deliver("esp_on").complete("u")
    assert trial.is_done
    assert ("cancelled", "handle") in trial.log()


def test_a_boundary_around_calls_it_off() -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            sub("host", start("is"), user("u"), end("ie"), flow("is u ie"), aside(signal("g_M"), interrupting=False)),
            boundary("b", "host", timer()),
            user("after"),
            end(),
            end("e2"),
            flow("s host e"),
            flow("b after e2"),
        ),
        extra=DECLARED,
    )
    trial = Trial(xml).deliver("esp_on").fire("b")
    assert trial.open_elements() == ["after"]
    assert trial.look(lambda case: list(case.subprocesses)) == []


def test_a_case_that_is_cancelled() -> None:
    xml, _ = around("sub", aside(message("m_M"), interrupting=False, key="x"))
    trial = Trial(xml).deliver("esp_on").step(lambda case: case.cancel())
    assert trial.open_elements() == []


def move(target: str, case: Case, source: str = "u") -> None:
    move_token(case, case.find(source), target, {})


def test_token_moves_beside_and_inside() -> None:
    esp = aside(message("m_M"), interrupting=False, key="x")
    trial = Trial(around("process", esp)[0], data={"a": 1}).deliver("esp_on")
    for target in ("esp", "esp_on"):
        with pytest.raises(MoveRefused, match="Expected an element of the same scope"):
            trial.step(partial(move, target))
    for source in ("esp", "esp_on"):
        with pytest.raises(MoveRefused, match="Expected a step of the flow"):
            trial.step(partial(move, "u", source=source))
    trial.step(lambda case: move_token(case, case.find("u"), "u", {"a": 2}))
    assert trial.open_elements() == ["esp", "esp_on", "handle", "u"]
    trial.step(lambda case: move_token(case, case.find("handle"), "handle", {"a": 1, "h": 1}))
    trial.complete("u").complete("handle")
    assert trial.is_done
    assert trial.data == {"a": 2, "h": 1}


def test_a_scope_in_a_loop() -> None:
    """A scope that starts again is armed again."""
    xml = bpmn(
        process(
            "p",
            start(),
            exclusive("back"),
            sub("host", start("is"), user("u"), end("ie"), flow("is u ie"), aside(message("m_M"), key="x")),
            exclusive("again", default="no"),
            end(),
            flow("s back host again"),
            flow("again back", "more"),
            flow("again e", element="no"),
        ),
        extra=DECLARED,
    )
    trial = Trial(xml)
    for _ in range(5):
        trial.deliver("esp_on").complete("handle", {"more": True})
        assert trial.open_elements() == ["esp_on", "host", "u"]
    count = trial.task_count
    trial.complete("u", {"more": True})
    assert trial.task_count == count
    assert trial.complete("u", {"more": False}).is_done


def test_an_async_one_is_held_before_it_starts() -> None:
    esp = aside(message("m_M") + parameters(outputs={"k": "${n}"}), key="x")
    esp = esp.replace('triggeredByEvent="true"', 'triggeredByEvent="true" camunda:asyncBefore="true"')
    trial = Trial(around("process", esp)[0]).deliver("esp_on", {"n": 1})
    assert trial.open_elements() == ["esp"]
    trial.release("esp")
    assert trial.data_of("handle") == {"k": 1}
    assert trial.complete("handle").is_done


def test_a_payload_that_does_not_fit_is_an_incident_and_can_be_tried_again() -> None:
    xml, _ = around("process", aside(message("m_M") + parameters(outputs={"k": "${n}"}), key="x"))
    trial = Trial(xml).deliver("esp_on", {"other": 1})
    assert [element for element, _ in trial.host.incidents] == ["esp"]

    def mend(case: Case) -> None:
        task = case.find("esp")
        assert task.parent is not None
        task.parent.internal_data["payload"] = {"n": 3}
        case.retry(task)

    trial.step(mend)
    assert trial.data_of("handle") == {"k": 3}


def test_two_cases_share_their_specs() -> None:
    xml, _ = around("sub", aside(message("m_M"), key="x"))
    first = Trial(xml)
    second = Trial(xml, specs=first.specs)
    for trial in (first, second):
        trial.deliver("esp_on").complete("handle").complete("after")
        assert trial.is_done
    assert b"esp_on" not in zstandard.decompress(freeze(first.open()[0]))
