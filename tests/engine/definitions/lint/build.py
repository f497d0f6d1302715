"""Small diagrams for the tests of the lint: every part is named in both languages unless the test says otherwise."""

from itertools import pairwise
from xml.sax.saxutils import quoteattr

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:baton="http://baton.example/schema/1.0/bpmn"'
    ' xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" targetNamespace="http://baton.example" id="definitions">'
)
PEOPLE = 'baton:documentationEn="What" camunda:formKey="shop/ask" camunda:candidateGroups="clerk" camunda:dueDate="P1D"'
NAMED = 'name="名称" baton:nameEn="Name"'
QUESTION = 'name="可以吗？" baton:nameEn="Fine?"'
DOCUMENTATION = "<bpmn:documentation>做什么</bpmn:documentation>"
ROOTS = (
    '<bpmn:message id="paid" name="payment.confirmed"/><bpmn:message id="nameless"/>'
    '<bpmn:error id="late" errorCode="LATE"/><bpmn:error id="blank"/>'
    '<bpmn:escalation id="alarm" escalationCode="ALARM"/><bpmn:signal id="shout" name="shout"/>'
)
FORM = b"""{"type": "default", "schemaVersion": 19, "id": "ask", "components": [
  {"type": "textfield", "key": "answer", "label": "\xe7\xad\x94\xe6\xa1\x88", "i18n": {"en": {"label": "Answer"}}},
  {"type": "number", "key": "count", "label": "\xe6\x95\xb0", "i18n": {"en": {"label": "Count"}}},
  {"type": "textfield", "key": "phone", "label": "\xe7\x94\xb5\xe8\xaf\x9d", "personal": {"subject": "payer"},
   "i18n": {"en": {"label": "Phone"}}}
]}"""
SHOWN = b"""{"type": "default", "schemaVersion": 19, "id": "look", "components": [
  {"type": "baton:facts", "id": "seen", "label": "\xe8\xae\xa2\xe5\x8d\x95", "source": "parcel",
   "i18n": {"en": {"label": "Parcel"}}}
]}"""
TABLE = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="http://baton.example">
<decision id="fee" name="fee"><decisionTable id="t" hitPolicy="FIRST">
<input id="i"><inputExpression id="e" typeRef="string"><text>answer</text></inputExpression></input>
<output id="o" name="rate" typeRef="number"/>
<rule id="r"><inputEntry id="c"><text>-</text></inputEntry><outputEntry id="x"><text>5</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def element(kind: str, element_id: str, attributes: str = NAMED, inside: str = "") -> str:
    """Any element; attributes as they stand in the file."""
    return f'<bpmn:{kind} id="{element_id}" {attributes}>{inside}</bpmn:{kind}>'


def start(element_id: str = "begin", inside: str = "", attributes: str = NAMED) -> str:
    return element("startEvent", element_id, attributes, inside)


def end(element_id: str = "done", inside: str = "") -> str:
    return element("endEvent", element_id, NAMED, inside)


def user(element_id: str = "ask", attributes: str = PEOPLE, inside: str = DOCUMENTATION) -> str:
    return element("userTask", element_id, f"{NAMED} {attributes}", inside)


def service(element_id: str = "work", attributes: str = 'camunda:topic="send"', inside: str | None = None) -> str:
    """A call of the topic `send`, which needs the parameter `to`."""
    return element("serviceTask", element_id, f"{NAMED} {attributes}", mapped(to="x") if inside is None else inside)


def script(text: str, element_id: str = "compute") -> str:
    return element("scriptTask", element_id, f'{NAMED} scriptFormat="python"', f"<bpmn:script>{text}</bpmn:script>")


def call(key: str = "bill", element_id: str = "bill_it", inside: str = "", attributes: str = "") -> str:
    return element("callActivity", element_id, f"{NAMED} calledElement={quoteattr(key)} {attributes}", inside)


def sub(element_id: str, *inside: str, attributes: str = "", kind: str = "subProcess") -> str:
    return element(kind, element_id, f"{NAMED} {attributes}", "".join(inside))


def boundary(element_id: str, host: str, inside: str, attributes: str = "") -> str:
    return element("boundaryEvent", element_id, f'{NAMED} attachedToRef="{host}" {attributes}', inside)


def catch(element_id: str, inside: str, attributes: str = "") -> str:
    return element("intermediateCatchEvent", element_id, f"{NAMED} {attributes}", inside)


def throw(element_id: str, inside: str, attributes: str = "") -> str:
    return element("intermediateThrowEvent", element_id, f"{NAMED} {attributes}", inside)


def gateway(element_id: str, kind: str = "parallel", attributes: str = "") -> str:
    return element(f"{kind}Gateway", element_id, attributes)


def choice(element_id: str = "which", default: str = "", attributes: str = QUESTION, kind: str = "exclusive") -> str:
    """A split with a question for a name."""
    return gateway(element_id, kind, attributes + (f' default="{default}"' if default else ""))


def flow(source: str, target: str, condition: str = "", attributes: str = NAMED) -> str:
    """The flow `source-target`."""
    inside = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else ""
    return element(
        "sequenceFlow", f"{source}-{target}", f'sourceRef="{source}" targetRef="{target}" {attributes}', inside
    )


def path(*ids: str) -> str:
    """Flows from each to the next."""
    return "".join(flow(source, target) for source, target in pairwise(ids))


def timer(text: str, kind: str = "timeDuration") -> str:
    return f"<bpmn:timerEventDefinition><bpmn:{kind}>{text}</bpmn:{kind}></bpmn:timerEventDefinition>"


def message(reference: str = "paid") -> str:
    return f'<bpmn:messageEventDefinition messageRef="{reference}"/>'


def error(reference: str = "late") -> str:
    return f'<bpmn:errorEventDefinition errorRef="{reference}"/>'


def escalation(reference: str = "alarm") -> str:
    return f'<bpmn:escalationEventDefinition escalationRef="{reference}"/>'


def mapped(**parameters: str) -> str:
    """Input parameters, and output parameters whose names start with `out_`."""
    inside = "".join(
        f'<camunda:outputParameter name="{name[4:]}">{text}</camunda:outputParameter>'
        if name.startswith("out_")
        else f'<camunda:inputParameter name="{name}">{text}</camunda:inputParameter>'
        for name, text in parameters.items()
    )
    return extension(f"<camunda:inputOutput>{inside}</camunda:inputOutput>")


def extension(inside: str) -> str:
    return f"<bpmn:extensionElements>{inside}</bpmn:extensionElements>"


def passed(*pairs: str) -> str:
    """`camunda:in` for "source>target", `camunda:out` for "target<source"."""
    inside = ""
    for pair in pairs:
        source, _, target = pair.partition(">")
        if target:
            inside += f'<camunda:in source="{source}" target="{target}"/>'
        else:
            target, _, source = pair.partition("<")
            inside += f'<camunda:out source="{source}" target="{target}"/>'
    return extension(inside)


def loop(attributes: str = 'camunda:collection="people" camunda:elementVariable="person"', inside: str = "") -> str:
    return f"<bpmn:multiInstanceLoopCharacteristics {attributes}>{inside}</bpmn:multiInstanceLoopCharacteristics>"


def process(*inside: str, key: str = "shop", attributes: str = NAMED, executable: str = "true") -> str:
    return f'<bpmn:process id="{key}" isExecutable="{executable}" {attributes}>{"".join(inside)}</bpmn:process>'


def document(*inside: str, roots: str = ROOTS) -> bytes:
    return (HEAD + roots + "".join(inside) + "</bpmn:definitions>").encode()


def diagram(*inside: str, attributes: str = 'baton:startVariables="payer people order amount_fen deadline"') -> bytes:
    """One process with these parts."""
    return document(process(*inside, attributes=f"{NAMED} {attributes}"))


def line(*steps: str) -> bytes:
    """A start event, the steps in a row, an end event; each step is one element."""
    ids = [step.split('id="', 1)[1].split('"', 1)[0] for step in steps]
    return diagram(start(), *steps, end(), path("begin", *ids, "done"))


BILL = document(
    process(
        start("bill_begin"),
        script("total = amount + 1", "add"),
        end("bill_done"),
        path("bill_begin", "add", "bill_done"),
        key="bill",
        attributes=f'{NAMED} baton:startVariables="amount note?"',
    ),
    roots="",
)
CONTEXT = {
    "bpmn/shop/policy.json": b'{"limit_fen": 500}',
    "bpmn/shop/bill.bpmn": BILL,
    "bpmn/shop/fee.dmn": TABLE,
    "forms/shop/ask.form": FORM,
    "forms/shop/look.form": SHOWN,
}
