"""Service tasks, business rules, scripts, sub-processes and call activities."""

import pytest

from engine.language.errors import BpmnError, TaskNotWaiting
from engine.storage.plain import PlainDict
from tests.engine.diagrams import (
    boundary,
    bpmn,
    call,
    declare,
    end,
    error,
    flow,
    mapping,
    node,
    parallel,
    parameters,
    process,
    script,
    service,
    start,
    sub,
    user,
)
from tests.engine.language.trial import Trial

SERVED = bpmn(
    process(
        "p",
        start(),
        user("pay"),
        service(
            "act", "act", parameters({"fen": "${amount_fen}", "note": "a text"}, {"ref": "${number}", "kind": "done"})
        ),
        boundary("b", "act", error("x_LOST")),
        user("after"),
        user("lost"),
        end(),
        end("e2"),
        flow("s pay act after e"),
        flow("b lost e2"),
    ),
    extra=declare("LOST"),
)


def test_parameters_are_all_that_goes_in_and_out() -> None:
    seen: list[PlainDict] = []

    def act(**inputs: object) -> PlainDict:
        seen.append(dict(inputs))  # type: ignore[arg-type]  # the host hands in plain values
        return {"number": 7, "secret": 1}

    trial = Trial(SERVED, topics={"act": act}).complete("pay", {"amount_fen": 5})
    assert seen == [{"fen": 5, "note": "a text"}]
    assert trial.data_of("after") == {"amount_fen": 5, "ref": 7, "kind": "done"}


def test_a_service_may_wait() -> None:
    trial = Trial(SERVED, topics={"act": lambda **_: None}).complete("pay", {"amount_fen": 5})
    assert trial.open_elements() == ["act", "b"]
    assert trial.look(lambda case: [t.task_spec.bpmn_id for t in case.service_waits()]) == ["act"]
    trial.step(lambda case: case.do_engine_steps())
    assert trial.host.called == ["act"]
    trial.step(lambda case: case.complete_service(case.find("act"), {"number": 9}))
    assert trial.data_of("after")["ref"] == 9
    assert trial.host.called == ["act"]


def test_a_waiting_service_may_fail_with_a_business_error() -> None:
    trial = Trial(SERVED, topics={"act": lambda **_: None}).complete("pay", {"amount_fen": 5})
    trial.throw("act", "LOST")
    assert trial.open_elements() == ["lost"]
    trial = Trial(SERVED, topics={"act": lambda **_: None}).complete("pay", {"amount_fen": 5})
    trial.throw("act", "UNKNOWN")
    assert trial.open_elements() == ["act", "b"]
    assert [str(e) for _, e in trial.host.incidents] == ["UNKNOWN"]
    assert trial.look(lambda case: case.service_waits()) == []


def test_a_result_that_cannot_be_mapped_is_kept_for_the_retry() -> None:
    trial = Trial(SERVED, topics={"act": lambda **_: {"wrong": 1}}).complete("pay", {"amount_fen": 5})
    assert trial.open_elements() == ["act", "b"]
    trial.retry("act")
    assert trial.host.called == ["act"]
    assert len(trial.host.incidents) == 2


def test_any_other_exception_keeps_what_the_person_typed_and_can_be_retried() -> None:
    broken = True

    def act(**_: object) -> PlainDict:
        if broken:
            raise ZeroDivisionError("boom")
        return {"number": 1}

    trial = Trial(SERVED, topics={"act": act}, fresh_specs=True).complete("pay", {"amount_fen": 5, "note": "typed"})
    assert trial.open_elements() == ["act", "b"]
    assert trial.data_of("act") == {"amount_fen": 5, "note": "typed"}
    assert [(e, type(x)) for e, x in trial.host.incidents] == [("act", ZeroDivisionError)]
    assert [t.element for t in trial.picture.tokens() if t.is_failed] == ["act"]
    trial.retry("act")
    broken = False
    trial.retry("act")
    assert trial.open_elements() == ["after"]
    with pytest.raises(TaskNotWaiting):
        trial.step(lambda case: case.retry(case.find("after")))


def test_an_uncaught_business_error_is_an_incident() -> None:
    def act(**_: object) -> PlainDict:
        raise BpmnError("OTHER", "balance 0")

    trial = Trial(SERVED, topics={"act": act}).complete("pay", {"amount_fen": 5})
    assert trial.open_elements() == ["act", "b"]
    assert [str(e) for _, e in trial.host.incidents] == ["balance 0"]


def test_a_host_may_give_the_step_up() -> None:
    class Busy(Exception):
        pass

    def give_up(*_: object) -> None:
        raise Busy

    trial = Trial(SERVED, topics={"act": lambda **_: {}})
    trial.host.open_incident = give_up  # type: ignore[assignment]  # stands in for a host that raises
    with pytest.raises(Busy):
        trial.complete("pay", {})  # amount_fen is missing
    assert trial.open_elements() == ["pay"]


def test_business_rule_and_script() -> None:
    rule = node("businessRuleTask", "rule", camunda__decisionRef="fees", camunda__resultVariable="fee")
    xml = bpmn(
        process(
            "p",
            start(),
            script("i", "order = {'lines': [1]}\nx = 1"),
            script("j", "order['lines'].append(2)\ntotal = sum(order['lines'])"),
            rule,
            node("task", "nothing"),
            node("manualTask", "outside"),
            user("after"),
            end(),
            flow("s i j rule nothing outside after e"),
        )
    )
    trial = Trial(xml)
    assert trial.data_of("after") == {
        "order": {"lines": [1, 2]},
        "x": 1,
        "total": 3,
        "fee": {"table": "fees", "keys": 3},
    }
    first = next(e for e in trial.events if e["kind"] == "completed" and e["element"] == "i")
    assert first["set"] == {"order": {"lines": [1]}, "x": 1}


def test_a_failing_script_says_where_and_stays_open() -> None:
    xml = bpmn(process("p", start(), user("u"), script("i", "a = 1\nb = missing"), end(), flow("s u i e")))
    trial = Trial(xml).complete("u", {"k": 1})
    assert trial.open_elements() == ["i"]
    assert "i, line 2: b = missing" in str(trial.host.incidents[0][1])


def test_call_activity_maps_in_and_out() -> None:
    called = process(
        "called",
        start("cs"),
        script("calc", "result = amount_fen + 1\nsecret = 1"),
        user("look"),
        end("ce"),
        flow("cs calc look ce"),
    )
    inputs = {"amount_fen": "price", "double": "${price * 2 + len(name)}", "nothing": "absent"}

    def asked(element: str, out: str) -> str:
        return call(
            element, "called", mapping(inputs, {out: "result", f"{out}_ten": "result * 10", f"{out}_no": "gone"})
        )

    xml = bpmn(
        process(
            "p",
            start(),
            script("i", "price = 5\nname = 'abc'\nprivate = 1"),
            parallel("f"),
            asked("one", "a"),
            asked("two", "b"),
            parallel("j"),
            end(),
            flow("s i f one j e"),
            flow("f two j"),
        ),
        called,
    )
    trial = Trial(xml, called=("called",))
    assert trial.data_of("look") == {"amount_fen": 5, "double": 13, "nothing": None, "result": 6, "secret": 1}
    trial.complete("look", {"result": 7}).complete("look", {"result": 8})
    assert trial.is_done
    assert trial.data == {
        "price": 5,
        "name": "abc",
        "private": 1,
        "a": 7,
        "a_ten": 70,
        "a_no": None,
        "b": 8,
        "b_ten": 80,
        "b_no": None,
    }


def test_call_without_mapping_passes_nothing() -> None:
    called = process("called", start("cs"), user("look"), end("ce"), flow("cs look ce"))
    xml = bpmn(process("p", start(), call("one", "called"), user("u"), end(), flow("s one u e")), called)
    trial = Trial(xml, called=("called",), data={"price": 5})
    assert trial.data_of("look") == {}
    trial.complete("look", {"price": 9})
    assert trial.data_of("u") == {"price": 5}


@pytest.mark.parametrize("broken", ["in", "out"])
def test_a_mapping_that_fails_is_an_incident_of_the_call_and_can_be_retried(broken: str) -> None:
    called = process("called", start("cs"), user("look"), end("ce"), flow("cs look ce"))
    mapped = mapping({"n": "price + 1"} if broken == "in" else {}, {"r": "answer + 1"} if broken == "out" else {})
    xml = bpmn(process("p", start(), call("one", "called", mapped), user("u"), end(), flow("s one u e")), called)
    trial = Trial(xml, called=("called",))
    if broken == "out":
        trial.complete("look", {"other": 1})
    assert trial.open_elements() == ["one"]
    assert [element for element, _ in trial.host.incidents] == ["one"]
    trial.retry("one")
    assert len(trial.host.incidents) == 2
    assert trial.open_elements() == ["one"]


def test_sub_process_works_on_the_data_and_hands_them_back() -> None:
    inner = sub("sp", start("ss"), user("x"), end("se"), flow("ss x se"))
    xml = bpmn(
        process(
            "p",
            start(),
            sub("outer", start("os"), inner, end("oe"), flow("os sp oe")),
            user("u"),
            end(),
            flow("s outer u e"),
        )
    )
    trial = Trial(xml, data={"k": 1, "list": [1]})
    assert trial.data_of("x") == {"k": 1, "list": [1]}
    trial.complete("x", {"k": 2})
    assert trial.data_of("u") == {"k": 2, "list": [1]}
    assert [t.scope is None for t in trial.picture.tokens()] == [True]


def test_async_before_holds_until_it_is_released() -> None:
    held = service("act", "act", parameters({"k": "${k}"}), camunda__asyncBefore="true")
    xml = bpmn(
        process(
            "p",
            start(),
            held,
            sub("sp", start("ss"), end("se"), flow("ss se"), camunda__asyncBefore="true"),
            user("u", camunda__asyncBefore="true"),
            end(),
            flow("s act sp u e"),
        )
    )
    trial = Trial(xml, data={"k": 1}, topics={"act": lambda k: {}})
    for element in ("act", "sp", "u"):
        assert trial.open_elements() == [element]
        assert trial.look(lambda case: [t.task_spec.bpmn_id for t in case.async_waits()]) == [element]
        assert trial.data_of(element) == {"k": 1}
        trial.step(lambda case: case.do_engine_steps())
        trial.release(element)
    assert trial.look(lambda case: case.async_waits()) == []
    assert trial.open_elements() == ["u"]
    with pytest.raises(TaskNotWaiting):
        trial.step(lambda case: case.release(case.find("u")))
    trial.complete("u")
    assert trial.is_done
