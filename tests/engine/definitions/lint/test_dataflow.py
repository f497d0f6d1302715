"""Which variables count as known where."""

import pytest

from engine.definitions.lint import lint_files
from tests.engine.definitions.lint.build import (
    CONTEXT,
    DOCUMENTATION,
    boundary,
    call,
    catch,
    diagram,
    end,
    error,
    gateway,
    line,
    loop,
    mapped,
    message,
    passed,
    path,
    script,
    service,
    start,
    sub,
    throw,
    timer,
    user,
)
from tests.engine.definitions.lint.cases_shape import KEY


def unknown(content: bytes) -> dict[str, str]:
    """Element and message of every variable that counts as unknown."""
    found = lint_files({"bpmn/shop/shop.bpmn": content}, context=CONTEXT)
    return {finding.element: finding.message for finding in found if finding.rule == "unknown-variable"}


@pytest.mark.parametrize(
    "producer",
    [
        user(),
        script("answer = 1"),
        script("for answer in [1]:\n    pass"),
        service(inside=mapped(to="x", out_answer="${result}")),
        catch("hear", message(), KEY).replace("</bpmn:inter", mapped(out_answer="${text}") + "</bpmn:inter"),
        call(inside=passed("order>amount", "answer<total")),
        sub("phase", start("inner"), script("answer = 1"), end("left"), path("inner", "compute", "left")),
        user("many", inside=loop('camunda:collection="people" camunda:elementVariable="person" '
                                 'baton:outputCollection="answer" baton:outputElement="count"')),
    ],
)  # fmt: skip
def test_what_is_written_before_is_known(producer: str) -> None:
    assert not unknown(line(producer, script("copy = answer", "use")))


def test_what_nobody_writes_is_unknown_and_the_near_name_is_told() -> None:
    found = unknown(line(user(), script("copy = anwser", "use")))
    assert "did you mean answer?" in found["use"]


def test_what_is_written_only_behind_is_unknown() -> None:
    found = unknown(line(script("copy = answer", "use"), user()))
    assert "on no path to here" in found["use"]


def test_what_is_written_in_a_loop_is_known_at_its_start() -> None:
    back = diagram(
        start(), gateway("again", "exclusive"), script("copy = answer", "use"), user(), end(),
        path("begin", "again", "use", "ask", "again"), path("ask", "done"),
    )  # fmt: skip
    assert not unknown(back)


def test_inner_data_are_gone_behind_a_boundary_event() -> None:
    inside = sub("phase", start("inner"), script("paid = 1"), end("left"), path("inner", "compute", "left"))
    content = diagram(
        start(), inside, boundary("stopped", "phase", timer("P1D")), script("a = paid", "normal"),
        script("b = paid", "interrupted"), end(), end("over"),
        path("begin", "phase", "normal", "done"), path("stopped", "interrupted", "over"),
    )  # fmt: skip
    assert set(unknown(content)) == {"interrupted"}


def test_what_an_error_carries_is_known_behind_its_boundary() -> None:
    caught = boundary("short", "work", error()).replace(
        "</bpmn:b", mapped(out_missing_fen="${shortfall_fen}") + "</bpmn:b"
    )
    content = diagram(
        start(), service(), caught, script("a = missing_fen", "use"), end(), end("over"),
        path("begin", "work", "done"), path("short", "use", "over"),
    )  # fmt: skip
    assert not unknown(content)


def test_the_item_of_a_multi_instance_is_known_inside_only() -> None:
    person = DOCUMENTATION + loop()
    inside = sub("phase", start("inner"), script("a = person"), end("left"), path("inner", "compute", "left"), loop())
    attributes = 'camunda:formKey="shop/ask" camunda:assignee="${person}"'
    assert not unknown(line(user(attributes=attributes, inside=person), inside))
    assert set(unknown(line(user(attributes=attributes, inside=person), script("b = person", "use")))) == {"use"}


def test_what_an_instance_of_many_writes_does_not_come_out() -> None:
    inside = sub("phase", start("inner"), script("a = 1"), end("left"), path("inner", "compute", "left"), loop())
    assert set(unknown(line(inside, script("b = a", "use")))) == {"use"}


def aside(trigger: str, *body: str) -> str:
    """An event sub-process with a script `react` in it."""
    inside = (start("told", trigger, KEY), *body, end("heard"), path("told", "react", "heard"))
    return sub("aside", *inside, attributes='triggeredByEvent="true"')


def test_an_event_sub_process_starts_with_what_its_scope_knows() -> None:
    react = aside(message(), script("a = answer", "react"))
    content = diagram(start(), user(), script("b = a", "use"), end(), path("begin", "ask", "use", "done"), react)
    assert set(unknown(content)) == {"use"}, "nothing comes back into the flow before both have ended"
    late = aside(timer("${answer}"), script("a = answr", "react"))
    content = diagram(start(), user(), end(), path("begin", "ask", "done"), late)
    assert set(unknown(content)) == {"told", "react"}, "the timer is set when the scope begins"


def test_a_condition_may_name_what_is_written_anywhere() -> None:
    def wait(text: str) -> bytes:
        condition = f"<bpmn:condition>{text}</bpmn:condition>"
        event = catch("when", f"<bpmn:conditionalEventDefinition>{condition}</bpmn:conditionalEventDefinition>")
        return line(event, user())

    assert not unknown(wait("answer == 'yes'"))
    assert set(unknown(wait("anwser == 'yes'"))) == {"when"}


def test_a_link_leads_on() -> None:
    away = '<bpmn:linkEventDefinition name="on"/>'
    back = catch("back", away)
    content = diagram(
        start(), user(), throw("away", away), back, script("a = answer", "use"), end(),
        path("begin", "ask", "away"), path("back", "use", "done"),
    )  # fmt: skip
    assert not unknown(content)


def test_names_of_the_language_are_known() -> None:
    assert not unknown(line(script("total = sum([len(order)])\nlimit = datetime.fromisoformat(now)")))
