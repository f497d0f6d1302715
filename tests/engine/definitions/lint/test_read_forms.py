"""Services read forms by the ids of elements: what they say they read, and that every diagram has it."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import engine.services
from engine.definitions.findings import Finding
from engine.definitions.lint import Registry, lint_files
from engine.definitions.registry import TOPICS, Topic, TopicCall
from engine.storage.plain import PlainDict
from tests.engine.definitions.lint.build import (
    CONTEXT,
    call,
    document,
    end,
    line,
    mapped,
    path,
    process,
    service,
    start,
    sub,
    user,
)

ROOT = Path(__file__).parents[4]
SERVICES = Path(engine.services.__file__).parent
RULE = "topic-form-missing"


def keep(call: TopicCall, *, element: str = "ask") -> PlainDict:
    """Keeps a form."""
    return call.values_of(element)


NONE: frozenset[str] = frozenset()
TWO = Topic("two", lambda call: {}, NONE, NONE, {}, reads=("ask", "again"))
NAMED = Topic("named", keep, NONE, frozenset({"element"}), {}, reads=("${element}",))
REGISTRY = Registry({"two": TWO, "named": NAMED}, (), ())


def find(files: Mapping[str, bytes]) -> list[Finding]:
    return [one for one in lint_files(files, REGISTRY, context=CONTEXT) if one.rule == RULE]


def missing(content: bytes) -> list[str]:
    """What is said of one diagram, by the ids that are missing."""
    return [one.message.split(" ")[3] for one in find({"bpmn/shop/shop.bpmn": content})]


def named(**parameters: str) -> str:
    return service(attributes='camunda:topic="named"', inside=mapped(**parameters))


def test_the_service_task_and_the_element_are_told_in_both_languages() -> None:
    (found,) = find({"bpmn/shop/shop.bpmn": line(user("ask"), service("work", 'camunda:topic="two"', ""))})
    assert (found.element, found.severity) == ("work", "error")
    for message in (found.message, found.message_zh):
        assert {"work", "two", "again"} <= {word.strip("，：:,") for word in message.split(" ")}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (line(user("ask"), user("again"), service(attributes='camunda:topic="two"', inside="")), []),
        (line(service(attributes='camunda:topic="two"', inside="")), ["ask", "again"]),
        # an element of that name that nobody fills in
        (
            line(user("ask", "camunda:assignee='ann'"), user("again"), service("work", 'camunda:topic="two"', "")),
            ["ask"],
        ),
        # of the start of the case, and inside a sub-process
        (
            process(
                start("again", attributes='camunda:formKey="shop/ask"'),
                sub("phase", start("inner"), user("ask"), end("left"), path("inner", "ask", "left")),
                service(attributes='camunda:topic="two"', inside=""),
                end(),
                path("again", "phase", "work", "done"),
            ),
            [],
        ),
        # named by an input: as it is mapped, as it is by itself, only a case can tell, none at all
        (line(user("other"), named(element="other")), []),
        (line(user("ask"), named(element="other")), ["other"]),
        (line(user("ask"), named()), []),
        (line(user("other"), named()), ["ask"]),
        (line(user("other"), named(element="${order}")), []),
        (line(user("other"), named(element="")), []),
    ],
)
def test_what_is_read_must_be_there(content: bytes | str, expected: list[str]) -> None:
    assert missing(content if isinstance(content, bytes) else document(content)) == expected


def test_a_case_is_the_process_with_those_it_calls() -> None:
    asking = [start("s1"), user("ask"), user("again"), end("e1"), path("s1", "ask", "again", "e1")]
    keeping = [start("s2"), service(attributes='camunda:topic="two"', inside=""), end("e2"), path("s2", "work", "e2")]
    calling = [start("s3"), call("first", "c3"), call("second", "d3"), end("e3"), path("s3", "c3", "d3", "e3")]
    outer = [start("s4"), call("whole", "c4"), end("e4"), path("s4", "c4", "e4")]
    bare = [start("s5"), call("second", "c5"), end("e5"), path("s5", "c5", "e5")]
    first, second = process(*asking, key="first"), process(*keeping, key="second")
    whole, top, lone = process(*calling, key="whole"), process(*outer, key="top"), process(*bare, key="lone")

    def told(*processes: str) -> list[str]:
        return missing(document(*processes))

    assert told(first, second) == ["ask", "again"]
    assert told(first, second, whole) == []
    assert told(first, second, whole, top) == []
    # one that calls it brings the forms along, another does not
    assert told(first, second, whole, lone) == ["ask", "again"]
    # the caller reads what is filled in where it calls
    reading = [
        start("s6"),
        call("first", "c6"),
        service("w6", 'camunda:topic="two"', ""),
        end("e6"),
        path("s6", "c6", "w6", "e6"),
    ]
    assert told(first, process(*reading, key="reads")) == []
    # processes that call each other and nobody else
    ring, back = process(call("second", "c7"), key="ring"), process(*keeping, call("ring", "c8"), key="second")
    assert told(first, ring, back) == ["ask", "again"]


def test_a_renamed_form_of_a_shipped_process_is_found() -> None:
    files = {
        file.relative_to(ROOT).as_posix(): file.read_bytes()
        for folder in ("bpmn", "forms")
        for file in sorted((ROOT / folder).rglob("*"))
        if file.suffix in (".bpmn", ".form", ".dmn", ".json")
    }
    path_of = "bpmn/hire_order/hire_order.bpmn"
    diagram = files.pop(path_of)
    assert [one for one in lint_files({path_of: diagram}, context=files) if one.rule == RULE] == []
    renamed = diagram.replace(b'"hand_over"', b'"hand_over_work"').replace(b">hand_over<", b">hand_over_work<")
    (found,) = [one for one in lint_files({path_of: renamed}, context=files) if one.rule == RULE]
    assert (found.element, found.message.split(" ")[3]) == ("record_handover", "hand_over")


def _read_by_topics() -> Iterator[tuple[str, ast.expr]]:
    """Every form that is asked for in the very function of a topic: its name, and what stands there."""
    for file in sorted(SERVICES.rglob("*.py")):
        for function in (one for one in ast.walk(ast.parse(file.read_text())) if isinstance(one, ast.FunctionDef)):
            names = [
                made.args[0].value
                for made in function.decorator_list
                if isinstance(made, ast.Call) and isinstance(made.func, ast.Name) and made.func.id == "topic"
                if isinstance(made.args[0], ast.Constant)
            ]
            for one in ast.walk(function) if names else ():
                if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr == "values_of":
                    yield str(names[0]), one.args[0]


def _resolve(topic: Topic, asked: ast.expr) -> list[str]:
    """How `reads` names what stands there: a text, one of two, a constant of the module, an input parameter."""
    if isinstance(asked, ast.IfExp):
        return [*_resolve(topic, asked.body), *_resolve(topic, asked.orelse)]
    if isinstance(asked, ast.Name) and asked.id in topic.required | topic.optional:
        return [f"${{{asked.id}}}"]
    if isinstance(asked, ast.Name):
        return [topic.function.__globals__.get(asked.id, asked.id)]
    return [str(asked.value)] if isinstance(asked, ast.Constant) else []


def test_topics_say_what_they_read() -> None:
    read = [*_read_by_topics()]
    assert len(read) > 40
    for name, asked in read:
        if name != "record_repair_info":  # chooses between its two before
            assert {*_resolve(TOPICS[name], asked)} <= {*TOPICS[name].reads}, name
