"""Small definitions for tests that need a process but not one of the product's own."""

import json
from itertools import pairwise

NAMESPACES = (
    'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
    'xmlns:baton="http://baton.example/schema/1.0/bpmn" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
FILES = {"bpmn/shared/policy.json": b'{"answer_days": "P2D"}'}


def diagram(
    key: str, body: str, messages: str = "", signals: str = "", variables: str = "who peer"
) -> dict[str, bytes]:
    """A file with one process; `messages` and `signals` are names, their ids `m_<name>` and `s_<name>`."""
    declared = "".join(f'<bpmn:message id="m_{name}" name="{name}"/>' for name in messages.split())
    declared += "".join(f'<bpmn:signal id="s_{name}" name="{name}"/>' for name in signals.split())
    xml = (
        f'<bpmn:definitions {NAMESPACES} id="d" targetNamespace="t">{declared}'
        f'<bpmn:process id="{key}" name="试验" baton:nameEn="Trial" isExecutable="true" '
        f'baton:startVariables="{variables}">'
        f"{body}</bpmn:process></bpmn:definitions>"
    )
    return {f"bpmn/{key}/{key}.bpmn": xml.encode()}


def node(kind: str, element: str, inner: str = "", **attributes: str) -> str:
    """An element with names in both languages; `camunda__topic="x"` gives `camunda:topic`."""
    given = {"name": f"{element} 中", "baton:nameEn": element} | {
        name.replace("__", ":"): value.replace('"', "&quot;") for name, value in attributes.items()
    }
    text = "".join(f' {name}="{value}"' for name, value in given.items())
    return f'<bpmn:{kind} id="{element}"{text}>{inner}</bpmn:{kind}>'


def user(element: str, **attributes: str) -> str:
    """A user task of the person in `who` with the form `note`, unless said otherwise."""
    given = {"camunda__formKey": "trial/note", "baton__documentationEn": "Fill it in."} | attributes
    if (
        not {"camunda__candidateGroups", "camunda__candidateUsers", "camunda__assignee", "baton__relation"}
        & given.keys()
    ):
        given["camunda__assignee"] = "${who}"
    return node("userTask", element, "<bpmn:documentation>填写。</bpmn:documentation>", **given)


def service(element: str, topic: str, inputs: str = "", outputs: str = "") -> str:
    """A service task; `inputs="amount=${n}"`, one per line, and the like for `outputs`."""
    parameters = "".join(
        f'<camunda:{kind} name="{name}">{text}</camunda:{kind}>'
        for kind, lines in (("inputParameter", inputs), ("outputParameter", outputs))
        for name, _, text in (line.partition("=") for line in lines.splitlines())
    )
    inner = f"<bpmn:extensionElements><camunda:inputOutput>{parameters}</camunda:inputOutput></bpmn:extensionElements>"
    return node("serviceTask", element, inner, camunda__topic=topic)


def boundary(element: str, host: str, definition: str, interrupting: bool = True, **attributes: str) -> str:
    """An event on the edge of an activity."""
    return node(
        "boundaryEvent", element, definition, attachedToRef=host, cancelActivity=str(interrupting).lower(), **attributes
    )


def timer(text: str, kind: str = "timeDuration") -> str:
    """A timer event definition with a duration, unless said otherwise."""
    return f"<bpmn:timerEventDefinition><bpmn:{kind}>{text}</bpmn:{kind}></bpmn:timerEventDefinition>"


def signal(name: str) -> str:
    """A signal event definition."""
    return f'<bpmn:signalEventDefinition signalRef="s_{name}"/>'


def taken(*names: str) -> str:
    """Output parameters that take these values over from what came."""
    rows = "".join(f'<camunda:outputParameter name="{name}">${{{name}}}</camunda:outputParameter>' for name in names)
    return f"<bpmn:extensionElements><camunda:inputOutput>{rows}</camunda:inputOutput></bpmn:extensionElements>"


def message(name: str) -> str:
    """A message event definition."""
    return f'<bpmn:messageEventDefinition messageRef="m_{name}"/>'


def flow(path: str) -> str:
    """Sequence flows along a path of element ids."""
    steps = path.split()
    return "".join(f'<bpmn:sequenceFlow id="{a}_to_{b}" sourceRef="{a}" targetRef="{b}"/>' for a, b in pairwise(steps))


def note_form() -> dict[str, bytes]:
    """A form with a text that must be given, an amount, and a private text."""
    components = [
        _field("textfield", "note", "说明", "Note", validate={"required": True, "maxLength": 50}),
        _field("number", "amount_fen", "金额", "Amount", money=True),
        _field("textfield", "phone", "电话", "Phone", personal={"subject": "who"}),
        _field("textarea", "remark", "备注", "Remark", keep="submission"),
        _field("filepicker", "photos", "照片", "Photos", multiple=True, max_files=3),
    ]
    schema = {"type": "default", "schemaVersion": 19, "id": "note", "components": components}
    return {"forms/trial/note.form": json.dumps(schema, ensure_ascii=False).encode()}


def _field(kind: str, key: str, label: str, english: str, **more: object) -> dict[str, object]:
    return {"type": kind, "key": key, "id": f"field_{key}", "label": label, "i18n": {"en": {"label": english}}, **more}


def two_tasks() -> dict[str, bytes]:
    """`fill` by the person in `who`; above 100 fen `check` by a skilled reviewer who did not fill; then the end."""
    condition = "<bpmn:conditionExpression>amount_fen is not None and amount_fen &gt; 100</bpmn:conditionExpression>"
    body = (
        node("startEvent", "begun")
        + user("fill")
        + node("exclusiveGateway", "gw_large", default="gw_large_to_done").replace(
            'name="gw_large 中"', 'name="金额大吗？"'
        )
        + user(
            "check",
            camunda__candidateGroups="platform_reviewer",
            baton__skill="content",
            baton__exclude="actor:fill",
            camunda__dueDate="PT4H",
        )
        + node("endEvent", "done")
        + flow("begun fill gw_large")
        + '<bpmn:sequenceFlow id="gw_large_to_done" name="否" baton:nameEn="No" sourceRef="gw_large" targetRef="done"/>'
        + '<bpmn:sequenceFlow id="gw_large_to_check" name="是" baton:nameEn="Yes" '
        + 'sourceRef="gw_large" targetRef="check">'
        + f"{condition}</bpmn:sequenceFlow>"
        + flow("check done")
    )
    body = body.replace('baton:nameEn="gw_large"', 'baton:nameEn="Large amount?"')
    return {**FILES, **note_form(), **diagram("trial", body)}
