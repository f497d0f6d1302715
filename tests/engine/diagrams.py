"""Build small BPMN diagrams in tests: bpmn(process("p", start(), user("a"), end(), flow("s a e")))."""

import itertools
import re
from html import escape

NAMESPACES = (
    'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:baton="http://baton.example/schema/1.0/bpmn"'
)
_flow_numbers = itertools.count()


def bpmn(*processes: str, extra: str = "") -> bytes:
    """A file; `extra` are messages, signals, errors and escalations."""
    body = "".join((extra, *processes))
    return f'<bpmn:definitions {NAMESPACES} id="d" targetNamespace="t">{body}</bpmn:definitions>'.encode()


def process(key: str, *body: str, **attributes: str) -> str:
    return node("process", key, "".join(body), isExecutable="true", **attributes)


def node(kind: str, element: str, inner: str = "", **attributes: str) -> str:
    """Any element; `camunda__formKey="x"` gives the attribute `camunda:formKey`."""
    text = "".join(f' {name.replace("__", ":")}="{escape(value)}"' for name, value in attributes.items())
    return f'<bpmn:{kind} id="{element}"{text}>{inner}</bpmn:{kind}>'


def start(element: str = "s", inner: str = "", **attributes: str) -> str:
    return node("startEvent", element, inner, **attributes)


def end(element: str = "e", inner: str = "", **attributes: str) -> str:
    return node("endEvent", element, inner, **attributes)


def user(element: str, inner: str = "", **attributes: str) -> str:
    return node("userTask", element, inner, **attributes)


def script(element: str, code: str) -> str:
    return node("scriptTask", element, f"<bpmn:script>{escape(code)}</bpmn:script>")


def service(element: str, topic: str, inner: str = "", **attributes: str) -> str:
    return node("serviceTask", element, inner, camunda__topic=topic, **attributes)


def sub(element: str, *body: str, **attributes: str) -> str:
    return node("subProcess", element, "".join(body), **attributes)


def call(element: str, called: str, inner: str = "", **attributes: str) -> str:
    return node("callActivity", element, inner, calledElement=called, **attributes)


def catch(element: str, inner: str, **attributes: str) -> str:
    return node("intermediateCatchEvent", element, inner, **attributes)


def throw(element: str, inner: str, **attributes: str) -> str:
    return node("intermediateThrowEvent", element, inner, **attributes)


def boundary(element: str, host: str, definition: str, interrupting: bool = True, **attributes: str) -> str:
    cancel = str(interrupting).lower()
    return node("boundaryEvent", element, definition, attachedToRef=host, cancelActivity=cancel, **attributes)


def exclusive(element: str, default: str | None = None) -> str:
    return node("exclusiveGateway", element) if default is None else node("exclusiveGateway", element, default=default)


def inclusive(element: str, default: str | None = None) -> str:
    return node("inclusiveGateway", element) if default is None else node("inclusiveGateway", element, default=default)


def parallel(element: str, **attributes: str) -> str:
    return node("parallelGateway", element, **attributes)


def timer(text: str = "PT1H", kind: str = "timeDuration") -> str:
    return f"<bpmn:timerEventDefinition><bpmn:{kind}>{escape(text)}</bpmn:{kind}></bpmn:timerEventDefinition>"


def message(reference: str) -> str:
    return f'<bpmn:messageEventDefinition messageRef="{reference}"/>'


def signal(reference: str) -> str:
    return f'<bpmn:signalEventDefinition signalRef="{reference}"/>'


def condition(text: str) -> str:
    inner = f"<bpmn:condition>{escape(text)}</bpmn:condition>"
    return f"<bpmn:conditionalEventDefinition>{inner}</bpmn:conditionalEventDefinition>"


def link(name: str) -> str:
    return f'<bpmn:linkEventDefinition name="{name}"/>'


def event_sub(element: str, begin: str, *body: str) -> str:
    """An event sub-process; `begin` is its start event."""
    return sub(element, begin, *body, triggeredByEvent="true")


def error(reference: str | None = None) -> str:
    return _definition("error", reference)


def escalation(reference: str | None = None) -> str:
    return _definition("escalation", reference)


def _definition(kind: str, reference: str | None) -> str:
    attribute = "" if reference is None else f' {kind}Ref="{reference}"'
    return f"<bpmn:{kind}EventDefinition{attribute}/>"


def declare(*names: str) -> str:
    """A message, signal, error and escalation of each name, their references prefixed m_, g_, x_ and c_."""
    return "".join(
        f'<bpmn:message id="m_{n}" name="{n}"/><bpmn:signal id="g_{n}" name="{n}"/>'
        f'<bpmn:error id="x_{n}" errorCode="{n}"/><bpmn:escalation id="c_{n}" escalationCode="{n}"/>'
        for n in names
    )


def multi(
    collection: str,
    variable: str,
    sequential: bool = False,
    outputs: tuple[str, str] | None = None,
    until: str | None = None,
) -> str:
    """Multi-instance; `outputs` are the output collection and element, `until` the completion condition."""
    text = f' isSequential="{str(sequential).lower()}" camunda:collection="{escape(collection)}"'
    text += f' camunda:elementVariable="{variable}"'
    if outputs is not None:
        text += f' baton:outputCollection="{outputs[0]}" baton:outputElement="{outputs[1]}"'
    inner = "" if until is None else f"<bpmn:completionCondition>{escape(until)}</bpmn:completionCondition>"
    return f"<bpmn:multiInstanceLoopCharacteristics{text}>{inner}</bpmn:multiInstanceLoopCharacteristics>"


def parameters(inputs: dict[str, str] | None = None, outputs: dict[str, str] | None = None) -> str:
    """Input and output parameters."""
    text = "".join(
        f'<camunda:{kind}Parameter name="{name}">{escape(value)}</camunda:{kind}Parameter>'
        for kind, pairs in (("input", inputs or {}), ("output", outputs or {}))
        for name, value in pairs.items()
    )
    return _extend(f"<camunda:inputOutput>{text}</camunda:inputOutput>")


def mapping(inputs: dict[str, str] | None = None, outputs: dict[str, str] | None = None) -> str:
    """camunda:in and camunda:out as {target: source}; a source that is no plain name is an expression."""
    text = ""
    for kind, pairs in (("in", inputs or {}), ("out", outputs or {})):
        for target, source in pairs.items():
            attribute = "source" if re.fullmatch(r"\w+", source) else "sourceExpression"
            text += f'<camunda:{kind} {attribute}="{escape(source)}" target="{target}"/>'
    return _extend(text)


def _extend(text: str) -> str:
    return f"<bpmn:extensionElements>{text}</bpmn:extensionElements>"


def flow(path: str, condition: str | None = None, element: str | None = None) -> str:
    """Sequence flows along a path of ids."""
    ids, out = path.split(), ""
    for source, target in itertools.pairwise(ids):
        inner = "" if condition is None else f"<bpmn:conditionExpression>{escape(condition)}</bpmn:conditionExpression>"
        flow_id = element or f"f{next(_flow_numbers)}"
        out += node("sequenceFlow", flow_id, inner, sourceRef=source, targetRef=target)
    return out
