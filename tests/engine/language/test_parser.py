"""What is refused, with the element to blame; and files that use one id for different things."""

import re

import pytest

from engine.language.errors import BpmnUnreadable, DefinitionUnparsable
from engine.language.parser import parse_process
from tests.engine.diagrams import (
    boundary,
    bpmn,
    call,
    catch,
    condition,
    declare,
    end,
    error,
    escalation,
    exclusive,
    flow,
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
from tests.engine.language.trial import Trial


def around(*body: str, path: str = "s x e", extra: str = "") -> bytes:
    return bpmn(process("p", start(), *body, end(), flow(path)), extra=declare("M") + extra)


BARE_LOOP = "<bpmn:multiInstanceLoopCharacteristics/>"


def aside(*starts: str, inner: str = "", path: str = "s x e") -> bytes:
    """A process with an event sub-process `esp`."""
    flows = "".join(flow(f"es{place or ''} ee") for place in range(len(starts)))
    esp = sub("esp", *starts, end("ee"), flows, inner, triggeredByEvent="true")
    return around(user("x"), esp, path=path)


REFUSED: dict[str, tuple[str, bytes]] = {
    "no topic": ("x", around(node("serviceTask", "x"))),
    "no decision": ("x", around(node("businessRuleTask", "x", camunda__decisionRef="t"))),
    "no script": ("x", around(node("scriptTask", "x"))),
    "send without message": ("x", around(node("sendTask", "x"))),
    "receive without key": ("x", around(node("receiveTask", "x", messageRef="m_M"))),
    "unknown message": ("x", around(catch("x", message("nowhere"), baton__correlationKey="1"))),
    "unknown error": ("b", around(user("x"), boundary("b", "x", error("nowhere")))),
    "unknown escalation": ("x", around(throw("x", escalation("nowhere")))),
    "throw without code": ("x", around(throw("x", escalation()))),
    "unknown signal": ("x", around(catch("x", signal("nowhere")))),
    "boundary without definition": ("b", around(user("x"), boundary("b", "x", ""))),
    "catch without definition": ("x", around(catch("x", ""))),
    "two definitions": ("x", around(catch("x", timer() + signal("g_M")))),
    "link": ("x", around(throw("x", "<bpmn:linkEventDefinition/>"))),
    "compensation": ("x", around(throw("x", "<bpmn:compensateEventDefinition/>"))),
    "link without a partner": ("x", around(throw("x", '<bpmn:linkEventDefinition name="a"/>'))),
    "no condition": ("x", around(catch("x", "<bpmn:conditionalEventDefinition/>"))),
    "condition that is no expression": ("x", around(catch("x", condition("1 +")))),
    "error start": ("s", bpmn(process("p", start("s", error("x_M")), end(), flow("s e")), extra=declare("M"))),
    "conditional start": ("s", bpmn(process("p", start("s", condition("a")), end(), flow("s e")))),
    "message start of a sub-process": ("xs", around(sub("x", start("xs", message("m_M")), end("xe"), flow("xs xe")))),
    "no time": ("x", around(catch("x", "<bpmn:timerEventDefinition/>"))),
    "empty time": ("x", around(catch("x", timer("")))),
    "cycle that interrupts": ("b", around(user("x"), boundary("b", "x", timer("R/PT1H", "timeCycle")))),
    "cycle on a catch": ("x", around(catch("x", timer("R/PT1H", "timeCycle")))),
    "cancel outside a transaction": ("b", around(user("x"), boundary("b", "x", "<bpmn:cancelEventDefinition/>"))),
    "event sub-process without a trigger": ("es", aside(start("es"))),
    "event sub-process with two starts": ("esp", aside(start("es", timer()), start("es1", signal("g_M")))),
    "event sub-process that repeats": ("esp", aside(start("es", timer()), inner=multi("items", "i"))),
    "event sub-process in the flow": ("esp", aside(start("es", timer()), path="s x esp e")),
    "event sub-process with a boundary": (
        "esp",
        around(
            user("x"),
            sub("esp", start("es", timer()), end("ee"), flow("es ee"), triggeredByEvent="true"),
            boundary("b", "esp", timer()),
        ),
    ),
    "cycle that interrupts a scope": ("es", aside(start("es", timer("R/PT1H", "timeCycle")))),
    "asyncBefore on an armed start": ("es", aside(start("es", timer(), camunda__asyncBefore="true"))),
    "ad-hoc": ("x", around(node("adHocSubProcess", "x"))),
    "complex gateway": ("x", around(node("complexGateway", "x"))),
    "sub-process without start": ("x", around(sub("x", end("xe")))),
    "sub-process without end": ("x", around(sub("x", start("xs")))),
    "no start": ("p", bpmn(process("p", end()))),
    "not executable": ("p", around(user("x")).replace(b'isExecutable="true"', b'isExecutable="false"')),
    "two flows out of a task": (
        "x",
        bpmn(process("p", start(), user("x"), end(), end("e2"), flow("s x e"), flow("x e2"))),
    ),
    "condition on a task": ("f", bpmn(process("p", start(), user("x"), end(), flow("s x"), flow("x e", "k > 1", "f")))),
    "condition on a fork": (
        "f",
        bpmn(
            process("p", start(), parallel("x"), end(), end("e2"), flow("s x"), flow("x e", "k > 1", "f"), flow("x e2"))
        ),
    ),
    "flow without condition": (
        "f",
        bpmn(
            process(
                "p", start(), exclusive("x"), end(), end("e2"), flow("s x"), flow("x e", "1"), flow("x e2", element="f")
            )
        ),
    ),
    "FEEL": (
        "x",
        bpmn(
            process(
                "p", start(), exclusive("x"), end(), end("e2"), flow("s x"), flow("x e", "= k > 1"), flow("x e2", "2")
            )
        ),
    ),
    "flow to nowhere": (
        "f",
        around(user("x"), path="s x").replace(
            b"</bpmn:process>", flow("x nowhere", element="f").encode() + b"</bpmn:process>"
        ),
    ),
    "flow into a sub-process": (
        "f",
        bpmn(
            process(
                "p",
                start(),
                sub("x", start("xs"), user("y"), end("xe"), flow("xs y xe")),
                end(),
                flow("s x e"),
                start("s2"),
                flow("s2 y", element="f"),
            )
        ),
    ),
    "loop without end": ("x", around(user("x", "<bpmn:standardLoopCharacteristics/>"))),
    "multi-instance without items": ("x", around(user("x", BARE_LOOP))),
    "outputs by half": (
        "x",
        around(user("x", multi("items", "i").replace(" camunda:elem", ' baton:outputCollection="o" camunda:elem'))),
    ),
    "collection that is no expression": ("x", around(user("x", multi("a b", "i")))),
    "ioSpecification": ("x", around(user("x", "<bpmn:ioSpecification/>"))),
    "parameter without name": ("x", around(service("x", "t", parameters({"": "1"})))),
    "parameter that mixes": ("x", around(service("x", "t", parameters({"a": "order ${id}"})))),
    "parameter that is no expression": ("x", around(service("x", "t", parameters({"a": "${1 +}"})))),
    "asyncBefore on a boundary event": (
        "b",
        around(user("x"), boundary("b", "x", timer(), camunda__asyncBefore="true")),
    ),
    "called element missing": ("x", around(node("callActivity", "x"))),
    "called process unknown": ("x", around(call("x", "elsewhere"))),
    "reserved id": ("End", bpmn(process("p", start(), user("End"), end(), flow("s End e")))),
    "id twice": ("x", around(user("x"), user("x"))),
    "endless": (
        "x",
        bpmn(
            process(
                "p", start(), parallel("f"), node("task", "x"), node("task", "y"), end(), flow("s f e"), flow("f x y x")
            )
        ),
    ),
    "event gateway to a task": (
        "g",
        bpmn(process("p", start(), node("eventBasedGateway", "g"), user("x"), end(), flow("s g x e"))),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str) -> None:
    element, content = REFUSED[case]
    with pytest.raises(DefinitionUnparsable) as caught:
        parse_process({"p": content}, "p")
    assert caught.value.element_id == (element or caught.value.element_id)
    assert str(caught.value).startswith("Expected"), str(caught.value)
    assert not re.search(r"[A-Z]\w+Error\b", str(caught.value)), "a sentence, not what Python raised"
    assert caught.value.facts == {"element": caught.value.element_id}


def test_a_file_that_is_no_bpmn() -> None:
    with pytest.raises(BpmnUnreadable):
        parse_process({"p": b"<x/>"}, "p")
    with pytest.raises(DefinitionUnparsable, match="Expected a process 'q'"):
        parse_process({"p": around(user("x"))}, "q")
    with pytest.raises(DefinitionUnparsable, match="Expected the file to contain process 'q'"):
        parse_process({"q": around(user("x"))}, "q")


def test_files_may_use_one_id_for_different_things() -> None:
    """Sub-process `part`, error `x`: each in its own file and process."""

    def file(key: str, code: str, called: str = "") -> bytes:
        inner = sub(
            "part", start("ps"), user(f"u_{key}"), end("pe", error("x")), flow("ps", None) + flow(f"ps u_{key} pe")
        )
        extra = f'<bpmn:error id="x" errorCode="{code}"/><bpmn:error id="y" errorCode="INNER"/>'
        caught = "" if not called else call("c", called) + boundary("cb", "c", error("y")) + user("after") + end("ce")
        flows = (
            flow("s part e") + flow("pb be") if not called else flow("s part c e") + flow("pb c") + flow("cb after ce")
        )
        return bpmn(
            process(
                key,
                start(),
                inner,
                boundary("pb", "part", error("x") if called else error("y")),
                end("be"),
                caught,
                end(),
                flows,
            ),
            extra=extra,
        )

    specs = parse_process({"p": file("p", "OUTER", "q"), "q": file("q", "INNER"), "unused": b"<broken"}, "p")
    assert sorted(specs.subprocess_specs) == ["p/part", "q", "q/part"]
    assert specs.elements["p", "u_p"].process_key == "p"
    assert specs.elements["q", "u_q"].process_key == "q"
    trial = Trial(b"", specs=specs)
    trial.complete("u_p")
    assert trial.open_elements() == ["c", "cb", "part", "pb", "u_q"]
    trial.complete("u_q")
    assert trial.is_done


def test_elements_are_found_by_their_spec() -> None:
    content = around(user("x", multi("items", "i"), camunda__formKey="p/x"))
    specs = parse_process({"p": content}, "p")
    for name in ("x", "x [child]"):
        assert specs.find(specs.spec.task_specs[name]).form_key == "p/x"


def test_drawings_do_no_harm() -> None:
    """Data objects, stores, notes, pools and unknown attributes are there for the reader."""
    content = bpmn(
        '<bpmn:collaboration id="co"><bpmn:participant id="pool" processRef="p"/></bpmn:collaboration>'
        '<bpmn:dataStore id="store"/>',
        process(
            "p",
            node("dataObject", "o"),
            node("dataObjectReference", "or", dataObjectRef="o"),
            node("dataStoreReference", "sr", dataStoreRef="store"),
            node("textAnnotation", "note", "<bpmn:text>why</bpmn:text>"),
            start(),
            user(
                "x", '<bpmn:dataInputAssociation id="a"><bpmn:sourceRef>or</bpmn:sourceRef></bpmn:dataInputAssociation>'
            ),
            script("y", "k = 1"),
            end(),
            flow("s x y e"),
        ),
    )
    assert Trial(content).complete("x").data == {"k": 1}


@pytest.mark.parametrize("kind", ["task", "subProcess"])
def test_a_chain_of_a_thousand(kind: str) -> None:
    """Also where every link has a boundary event, which leads on to the next."""

    def link(i: int) -> str:
        if kind == "task":
            return node("task", f"t{i}")
        inner = sub(f"t{i}", start(f"s{i}"), user(f"u{i}"), end(f"e{i}"), flow(f"s{i} u{i} e{i}"))
        return inner + boundary(f"b{i}", f"t{i}", timer("PT1S")) + flow(f"b{i} {'e' if i == 999 else f't{i + 1}'}")

    names = [f"t{i}" for i in range(1_000)]
    content = around(*map(link, range(1_000)), path="s " + " ".join(names) + " e")
    trial = Trial(content)
    assert trial.is_done if kind == "task" else "u0" in trial.open_elements()


def test_a_script_that_spans_lines() -> None:
    assert Trial(around(script("x", "a = 1\nb = (a +\n 1)"))).data == {"a": 1, "b": 2}
