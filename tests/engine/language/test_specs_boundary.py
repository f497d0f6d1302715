"""Boundary events: who is interrupted, what repeats, and how errors and escalations find their way outwards."""

import pytest

from engine.language.errors import BpmnError
from engine.language.workflow import Case
from engine.storage.plain import PlainDict
from tests.engine.diagrams import (
    boundary,
    bpmn,
    call,
    declare,
    end,
    error,
    escalation,
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
    start,
    sub,
    throw,
    timer,
    user,
)
from tests.engine.language.trial import Trial

KEY = "${order_id}"
NOTED = bpmn(
    process(
        "p",
        start(),
        user("u"),
        boundary("b", "u", message("m_M") + parameters(outputs={"k": "${k}"}), False, baton__correlationKey=KEY),
        user("note"),
        end(),
        end("e2"),
        flow("s u e"),
        flow("b note e2"),
    ),
    extra=declare("M"),
)


def test_non_interrupting_message_fires_every_time() -> None:
    trial = Trial(NOTED, data={"order_id": "7"})
    for k in range(5):
        trial.deliver("b", {"k": k, "dropped": True})
    assert trial.open_elements() == ["b", *["note"] * 5, "u"]
    assert [token.data for token in trial.picture.tokens() if token.element == "note"] == [
        {"order_id": "7", "k": k} for k in range(5)
    ]
    for _ in range(3):
        trial.complete("note")
    trial.complete("u")
    assert trial.open_elements() == ["note"] * 2
    trial.complete("note").complete("note")
    assert trial.is_done


def test_two_messages_in_one_step() -> None:
    trial = Trial(NOTED, data={"order_id": "7"})

    def deliver_both(case: Case) -> None:
        for k in (1, 2):
            case.deliver(case.find("b"), {"k": k})

    trial.step(deliver_both)
    assert [t.data["k"] for t in trial.picture.tokens() if t.element == "note"] == [1, 2]


def test_fifty_messages_leave_the_state_as_small_as_before() -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            sub("sp", start("ss"), user("u"), end("se"), flow("ss u se")),
            boundary("b", "sp", message("m_M") + parameters(outputs={"k": "${k}"}), False, baton__correlationKey="x"),
            boundary("bt", "sp", timer()),
            script("note", "n = k"),
            user("late"),
            end(),
            end("e2"),
            end("e3"),
            flow("s sp e"),
            flow("b note e2"),
            flow("bt late e3"),
        ),
        extra=declare("M"),
    )
    trial = Trial(xml)
    trial.deliver("b", {"k": -1})
    count = trial.task_count
    for k in range(50):
        trial.deliver("b", {"k": k})
    assert trial.task_count == count
    assert trial.log("completed").count(("completed", "note")) == 51
    trial.fire("bt")
    assert trial.open_elements() == ["late"]
    trial.complete("late")
    assert trial.is_done
    assert trial.data == {"n": 49, "k": 49}


def test_interrupting_timer_ends_the_host_and_its_inside() -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            script("i", "items = [1, 2]"),
            sub("body", start("ss"), user("x"), end("se"), flow("ss x se"), multi("items", "item")),
            boundary("late", "body", timer()),
            user("after"),
            end(),
            end("e2"),
            flow("s i body e"),
            flow("late after e2"),
        )
    )
    trial = Trial(xml).complete("x", index=None)
    trial.fire("late")
    assert trial.open_elements() == ["after"]
    assert ("cancelled", "x") in trial.log()
    assert trial.look(lambda case: list(case.subprocesses)) == []


def test_boundary_that_flows_back_to_its_own_host() -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            user("review"),
            boundary("late", "review", timer()),
            script("count", "n = n + 1"),
            end(),
            flow("s review e"),
            flow("late count review"),
        )
    )
    trial = Trial(xml, data={"n": 0})
    for _ in range(3):
        trial.fire("late")
        assert trial.open_elements() == ["late", "review"]
    trial.complete("review")
    assert trial.is_done
    assert trial.data == {"n": 3}


ERRORS = declare("LOST", "OTHER")
ASKED = bpmn(
    process(
        "p",
        start(),
        user("pay"),
        parallel("f"),
        service("freeze", "freeze", parameters({"mode": "${mode}"}, {"frozen": "${frozen}"})),
        boundary("b_any", "freeze", parameters(outputs={"code": "${error_code}"}) + error()),
        boundary("b_other", "freeze", error("x_OTHER")),
        boundary("b_lost", "freeze", parameters(outputs={"missing": "${missing_fen}"}) + error("x_LOST")),
        service("twin", "twin", parameters({"mode": "${mode}"})),
        boundary("t_lost", "twin", error("x_LOST")),
        parallel("j"),
        user("top_up"),
        user("again"),
        user("anyway"),
        end(),
        end("e2"),
        end("e3"),
        end("e4"),
        end("e5"),
        flow("s pay f freeze j e"),
        flow("f twin j"),
        flow("b_lost top_up e2"),
        flow("b_any anyway e3"),
        flow("b_other e4"),
        flow("t_lost again e5"),
    ),
    extra=ERRORS,
)


def freeze(mode: str) -> PlainDict:
    if mode in ("LOST", "UNKNOWN"):
        raise BpmnError(mode, "balance 0", {"missing_fen": 5})
    return {"frozen": True, "secret": 1}


@pytest.mark.parametrize(
    ("mode", "opened", "values"),
    [("LOST", ["j", "top_up"], {"missing": 5}), ("UNKNOWN", ["anyway", "j"], {"code": "UNKNOWN"})],
)
def test_bpmn_error_goes_to_the_boundary_of_this_task(mode: str, opened: list[str], values: PlainDict) -> None:
    trial = Trial(ASKED, topics={"freeze": freeze, "twin": lambda mode: {}})
    trial.complete("pay", {"mode": mode})
    assert trial.open_elements() == opened
    handler = next(name for name in opened if name != "j")
    assert trial.data_of(handler) == {"mode": mode, **values}
    assert trial.host.incidents == []
    assert ("cancelled", "freeze") in trial.log()


@pytest.mark.parametrize("outer", ["sub", "call", "multi"])
def test_bpmn_error_goes_outwards(outer: str) -> None:
    asked = service("freeze", "freeze", parameters({"mode": "${mode}"}))
    deep = sub("deep", start("ds"), asked, end("de"), flow("ds freeze de"))
    hosts = {
        "sub": sub("host", start("hs"), deep, end("he"), flow("hs deep he")),
        "call": call("host", "inner", mapping({"mode": "mode"})),
        "multi": service("host", "freeze", parameters({"mode": "${mode}"}) + multi("modes", "mode")),
    }
    xml = bpmn(
        process(
            "p",
            start(),
            user("pay"),
            hosts[outer],
            boundary("b", "host", error("x_LOST")),
            user("caught"),
            end(),
            end("e2"),
            flow("s pay host e"),
            flow("b caught e2"),
        ),
        process("inner", start("is"), deep, end("ie"), flow("is deep ie")) if outer == "call" else "",
        extra=ERRORS,
    )
    trial = Trial(xml, topics={"freeze": freeze}, called=("inner",) if outer == "call" else ())
    trial.complete("pay", {"mode": "LOST", "modes": ["ok", "LOST", "ok"]})
    assert trial.open_elements() == ["caught"]
    # the instance after the one that failed must not run any more
    assert trial.host.called == ["freeze"] * (2 if outer == "multi" else 1)
    trial.complete("caught")
    assert trial.is_done


def test_error_end_event_reaches_the_caller_with_what_it_maps() -> None:
    inner = process(
        "inner",
        start("is"),
        user("look"),
        end("late", parameters({"why": "${reason}"}) + error("x_LOST")),
        flow("is look late"),
    )
    xml = bpmn(
        process(
            "p",
            start(),
            call("host", "inner"),
            boundary("b", "host", parameters(outputs={"why": "${why}"}) + error("x_LOST")),
            user("caught"),
            end(),
            end("e2"),
            flow("s host e"),
            flow("b caught e2"),
        ),
        inner,
        extra=ERRORS,
    )
    trial = Trial(xml, called=("inner",)).complete("look", {"reason": "too late", "secret": 1})
    assert trial.data_of("caught") == {"why": "too late"}
    assert ("completed", "late") in trial.log()
    assert ("cancelled", "host") in trial.log()
    alone = Trial(xml, key="inner").complete("look", {"reason": "r"})
    assert alone.is_done
    assert alone.outcome == "late"


def test_error_that_nobody_catches_is_an_incident() -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            sub("host", start("is"), end("late", error("x_LOST")), flow("is late")),
            user("after"),
            end(),
            flow("s host after e"),
        ),
        extra=ERRORS,
    )
    trial = Trial(xml)
    assert trial.open_elements() == ["host", "late"]
    assert [(element, str(e)) for element, e in trial.host.incidents] == [("late", "LOST")]


@pytest.mark.parametrize("interrupting", [False, True])
def test_escalation_reaches_the_boundary_and_is_no_error(interrupting: bool) -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            sub(
                "host",
                start("is"),
                user("a"),
                throw("up", parameters({"level": "${level}"}) + escalation("c_LATE")),
                user("c"),
                end("ie"),
                flow("is a up c ie"),
            ),
            boundary("b", "host", parameters(outputs={"level": "${level}"}) + escalation("c_LATE"), interrupting),
            user("notice"),
            end(),
            end("e2"),
            flow("s host e"),
            flow("b notice e2"),
        ),
        extra=declare("LATE"),
    )
    trial = Trial(xml).complete("a", {"level": 2, "secret": 1})
    assert trial.open_elements() == (["notice"] if interrupting else ["b", "c", "host", "notice"])
    assert trial.data_of("notice") == {"level": 2}
    while not trial.is_done:
        trial.step(lambda case: case.complete(case.user_tasks()[0], {}))


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_transaction_and_cancel(is_cancelled: bool) -> None:
    cancel = "<bpmn:cancelEventDefinition/>"
    xml = bpmn(
        process(
            "p",
            start(),
            node(
                "transaction",
                "host",
                start("is")
                + parallel("f")
                + user("a")
                + user("other")
                + node("exclusiveGateway", "g", default="ok")
                + end("no", cancel)
                + end("ie")
                + end("ie2")
                + flow("is f a g")
                + flow("f other ie2")
                + flow("g no", "bad")
                + flow("g ie", element="ok"),
            ),
            boundary("b", "host", cancel),
            user("undo"),
            user("after"),
            end(),
            end("e2"),
            flow("s host after e"),
            flow("b undo e2"),
        )
    )
    trial = Trial(xml).complete("a", {"bad": is_cancelled})
    if not is_cancelled:
        trial.complete("other", {"x": 1})
        assert trial.open_elements() == ["after"]
        assert trial.data_of("after") == {"bad": False, "x": 1}
    else:
        assert trial.open_elements() == ["undo"]
        assert trial.data_of("undo") == {}
