"""Every place where SpiffWorkflow evaluates text reaches the sandbox, and nothing else runs it."""

import ast
import builtins
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

import pytest
from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from engine.language.sandbox import Sandbox, SandboxError, TimeBudget
from engine.language.script_engine import ExpressionFailed, SandboxEngine

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(max_processes=1)
    yield sandbox
    sandbox.close()


@pytest.fixture(autouse=True)
def _no_host_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs text in this process fails the test. `ast.parse` only reads, and may; imports run code objects."""
    compile_text: Callable[..., Any] = builtins.compile
    originals: dict[str, Callable[..., Any]] = {"eval": builtins.eval, "exec": builtins.exec}

    def read_only(source: Any, filename: Any, mode: str, flags: int = 0, *rest: Any, **named: Any) -> Any:
        assert flags & ast.PyCF_ONLY_AST, f"compiled in the host: {source!r}"
        return compile_text(source, filename, mode, flags, *rest, **named)

    def guard(name: str) -> Callable[..., Any]:
        def run(source: Any, *rest: Any) -> Any:
            assert isinstance(source, CodeType), f"run in the host: {source!r}"
            return originals[name](source, *rest)

        return run

    monkeypatch.setattr(builtins, "compile", read_only)
    for name in originals:
        monkeypatch.setattr(builtins, name, guard(name))


def test_the_guard_of_this_file() -> None:
    for run in ("eval", "exec"):
        with pytest.raises(AssertionError, match="run in the host"):
            getattr(builtins, run)("1 + 1")
    with pytest.raises(AssertionError, match="compiled in the host"):
        builtins.compile("1 + 1", "text", "eval")


def start(body: str, sandbox: Sandbox, data: dict[str, object], head: str = "", **options: Any) -> BpmnWorkflow:
    xml = f'<definitions xmlns="{MODEL}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d">{head}'
    xml += f'<process id="p" isExecutable="true">{body}</process></definitions>'
    parser = BpmnParser()
    parser.add_bpmn_xml(etree.fromstring(xml.encode()), filename="p.bpmn")
    workflow = BpmnWorkflow(parser.get_spec("p"), script_engine=SandboxEngine(sandbox, **options))
    workflow.get_next_task(state=TaskState.READY).set_data(**data)
    workflow.do_engine_steps()
    return workflow


def flow(*elements: str, conditions: dict[str, str] | None = None) -> str:
    """Sequence flows `a>b`, some with a condition."""
    text = ""
    for pair in elements:
        source, target = pair.split(">")
        condition = (conditions or {}).get(pair)
        inside = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
        text += (
            f'<sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">{inside}</sequenceFlow>'
        )
    return text


SCRIPT = '<startEvent id="s"/><scriptTask id="work" name="Work"><script>{}</script></scriptTask><endEvent id="e"/>'


def test_script_and_gateway(sandbox: Sandbox) -> None:
    body = SCRIPT.format("total = 0\nfor _item in items:\n    total += _item.price") + (
        '<exclusiveGateway id="g" default="g_low"/><endEvent id="low"/>'
    )
    body += flow("s>work", "work>g", "g>e", "g>low", conditions={"g>e": "total &gt; limit and worker.certified"})
    data: dict[str, object] = {"items": [{"price": 3}, {"price": 4}], "limit": 5, "worker": {"certified": True}}
    workflow = start(body, sandbox, data)
    assert workflow.is_completed()
    assert workflow.last_task.data["total"] == 7
    assert {task.task_spec.name for task in workflow.get_tasks(state=TaskState.COMPLETED)} >= {"e"}
    assert not workflow.get_tasks(spec_name="low", state=TaskState.COMPLETED)


def test_data_are_copied_on_write(sandbox: Sandbox) -> None:
    workflow = start('<startEvent id="s"/><task id="t"/><endEvent id="e"/>' + flow("s>t", "t>e"), sandbox, {})
    task = workflow.get_next_task(spec_name="t")
    lines, other = [{"n": 1}], {"b": 1}
    before = task.data = {"order": {"lines": lines}, "other": other}
    workflow.script_engine.execute(task, 'order.lines[0].n = 2\norder.lines.append("x")\nnew = other.b')
    assert before == {"order": {"lines": [{"n": 1}]}, "other": {"b": 1}}
    assert lines == [{"n": 1}]
    assert task.data == {"order": {"lines": [{"n": 2}, "x"]}, "other": {"b": 1}, "new": 1}
    assert task.data["other"] is other


def test_an_error_names_the_element_and_the_line(sandbox: Sandbox) -> None:
    body = SCRIPT.format("a = 1\nb = totl") + flow("s>work", "work>e")
    with pytest.raises(ExpressionFailed, match=r"name 'totl' is not defined \(work, line 2: b = totl\)") as caught:
        start(body, sandbox, {})
    assert caught.value.line == 2
    assert caught.value.source_line == "b = totl"
    assert caught.value.facts == {"element": "work", "line": 2}
    assert isinstance(caught.value.__cause__, SandboxError)
    assert caught.value.__cause__.source == "a = 1\nb = totl"


def test_an_error_in_a_condition_names_the_gateway(sandbox: Sandbox) -> None:
    body = '<startEvent id="s"/><exclusiveGateway id="g" default="g_low"/><endEvent id="e"/><endEvent id="low"/>'
    body += flow("s>g", "g>e", "g>low", conditions={"g>e": "totl &gt; 1"})
    with pytest.raises(ExpressionFailed, match=r"'totl' is not defined \(g, line 1: totl > 1\)"):
        start(body, sandbox, {})


@pytest.mark.parametrize("condition", ["[a.append(1), True][1]", "a.pop() == 1"])
def test_a_condition_changes_nothing(sandbox: Sandbox, condition: str) -> None:
    body = '<startEvent id="s"/><exclusiveGateway id="g" default="g_low"/><endEvent id="e"/><endEvent id="low"/>'
    workflow = start(body + flow("s>g", "g>e", "g>low", conditions={"g>e": condition}), sandbox, {"a": [1]})
    assert workflow.last_task.data == {"a": [1]}


def test_the_values_of_the_engine(sandbox: Sandbox) -> None:
    body = SCRIPT.format("year = now[:4]") + flow("s>work", "work>e")
    workflow = start(body, sandbox, {}, values={"now": "2026-11-21T08:00:00Z"})
    assert workflow.last_task.data == {"year": "2026"}


def test_a_step_has_one_budget(sandbox: Sandbox) -> None:
    budget = TimeBudget(limit_seconds=0.02)
    body = SCRIPT.format("while True:\n    pass") + flow("s>work", "work>e")
    with pytest.raises(ExpressionFailed, match=r"at most 0\.02 s"):
        start(body, sandbox, {}, budget=budget)


TIMER = (
    '<startEvent id="s"/><intermediateCatchEvent id="t"><timerEventDefinition>{}</timerEventDefinition>'
    '</intermediateCatchEvent><endEvent id="e"/>'
) + flow("s>t", "t>e")


@pytest.mark.parametrize(
    "timer",
    [
        "<timeDuration>policy.wait</timeDuration>",
        '<timeDuration>"PT1H"</timeDuration>',
        '<timeDate>"2100-01-0" + str(day)</timeDate>',
        '<timeCycle>"R3/" + policy.wait</timeCycle>',
    ],
)
def test_timers(sandbox: Sandbox, timer: str) -> None:
    workflow = start(TIMER.format(timer), sandbox, {"policy": {"wait": "PT1H"}, "day": 1})
    (waiting,) = workflow.get_tasks(state=TaskState.WAITING)
    assert waiting.task_spec.name == "t"


LOOP = (
    '<startEvent id="s"/><task id="m"><multiInstanceLoopCharacteristics{}>{}</multiInstanceLoopCharacteristics></task>'
    '<endEvent id="e"/>'
) + flow("s>m", "m>e")


@pytest.mark.parametrize("order", ["", ' isSequential="true"'])
def test_multi_instance(sandbox: Sandbox, order: str) -> None:
    inside = "<loopCardinality>len(voters)</loopCardinality><completionCondition>stop</completionCondition>"
    workflow = start(LOOP.format(order, inside), sandbox, {"voters": ["a", "b", "c"], "stop": False})
    for number in range(3):
        assert not workflow.is_completed(), number
        workflow.get_next_task(state=TaskState.READY, manual=True).run()
        workflow.do_engine_steps()
    assert workflow.is_completed()


def test_standard_loop(sandbox: Sandbox) -> None:
    body = '<startEvent id="s"/><scriptTask id="l"><standardLoopCharacteristics>'
    body += (
        "<loopCondition>n &lt; 3</loopCondition></standardLoopCharacteristics><script>n = n + 1</script></scriptTask>"
    )
    workflow = start(body + '<endEvent id="e"/>' + flow("s>l", "l>e"), sandbox, {"n": 0})
    assert workflow.is_completed()
    assert workflow.last_task.data["n"] == 3


def test_conditional_event(sandbox: Sandbox) -> None:
    body = '<startEvent id="s"/><intermediateCatchEvent id="c"><conditionalEventDefinition>'
    body += "<condition>order.paid</condition></conditionalEventDefinition></intermediateCatchEvent>"
    workflow = start(body + '<endEvent id="e"/>' + flow("s>c", "c>e"), sandbox, {"order": {"paid": False}})
    assert not workflow.is_completed()
    (waiting,) = workflow.get_tasks(spec_name="c", state=TaskState.WAITING)
    waiting.parent.set_data(order={"paid": True})
    waiting.task_spec._update(waiting)
    workflow.do_engine_steps()
    assert workflow.is_completed()


CORRELATION = """<correlationProperty id="cp" name="order">
  <correlationPropertyRetrievalExpression messageRef="m"><messagePath>order.id + "!"</messagePath>
  </correlationPropertyRetrievalExpression></correlationProperty><message id="m" name="paid"/>
<collaboration id="co"><participant id="pa" processRef="p"/><correlationKey name="k">
  <correlationPropertyRef>cp</correlationPropertyRef></correlationKey></collaboration>"""


def test_correlation(sandbox: Sandbox) -> None:
    body = '<startEvent id="s"/><sendTask id="send" messageRef="m"/><receiveTask id="receive" messageRef="m"/>'
    body += '<endEvent id="e"/>' + flow("s>send", "send>receive", "receive>e")
    workflow = start(body, sandbox, {"order": {"id": "7"}}, CORRELATION)
    assert workflow.correlations == {"k": {"cp": "7!"}}
    (waiting,) = workflow.get_tasks(spec_name="receive", state=TaskState.WAITING)
    definition = waiting.task_spec.event_definition
    payload = {"order": {"id": "7"}, "amount": 5}
    keys = definition.calculate_correlations(workflow.script_engine, definition.correlation_properties, payload)
    workflow.send_event(BpmnEvent(definition, payload, keys))
    workflow.do_engine_steps()
    assert workflow.is_completed()


def test_the_environment_answers_without_the_engine(sandbox: Sandbox) -> None:
    environment = SandboxEngine(sandbox, values={"rate": 2}).environment
    assert environment.evaluate("n * rate + offset", {"n": 3}, {"offset": 1}) == 7
    context: dict[str, object] = {"n": 3}
    environment.execute("n = n + rate", context)
    assert context == {"n": 5}
