"""The processes that are measured, as small as they can be."""

from tests.support.definitions import FILES, diagram, flow, node, note_form, user

FIELDS = {"note": "A sentence of usual length, as people write it.", "amount_fen": "12.50"}
VALUES = {"note": FIELDS["note"], "amount_fen": 1250}  # the same as the form reads it
RATE = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="t" namespace="t">
<decision id="rate" name="费率"><decisionTable id="t" hitPolicy="FIRST">
<input id="i" label="金额"><inputExpression id="x" typeRef="number"><text>amount_fen</text></inputExpression></input>
<output id="o" name="bps" typeRef="number"/>
<rule id="r1"><inputEntry id="a1"><text>&lt; 1000</text></inputEntry><outputEntry id="b1"><text>5</text></outputEntry>
</rule><rule id="r2"><inputEntry id="a2"><text>-</text></inputEntry><outputEntry id="b2"><text>7</text></outputEntry>
</rule></decisionTable></decision></definitions>"""
LARGE = "<bpmn:conditionExpression>amount_fen is not None and amount_fen &gt; 100</bpmn:conditionExpression>"


def pair() -> dict[str, bytes]:
    """`fill`, a gateway with one condition, `check`: both by the person in `who`."""
    body = (
        node("startEvent", "begun")
        + user("fill")
        + _gateway("is_large", "end_small")
        + user("check")
        + node("endEvent", "done")
        + node("endEvent", "end_small")
        + flow("begun fill is_large")
        + _answers("is_large", "check", "end_small")
        + flow("check done")
    )
    return {**FILES, **note_form(), **diagram("pair", body)}


def five_steps() -> dict[str, bytes]:
    """Five user tasks in a row."""
    steps = [f"step_{number}" for number in range(1, 6)]
    body = node("startEvent", "begun") + "".join(map(user, steps)) + node("endEvent", "done")
    return {**FILES, **note_form(), **diagram("five", body + flow(f"begun {' '.join(steps)} done"))}


def ten_steps() -> dict[str, bytes]:
    """Ten user tasks in a row; a decision behind the third, a condition behind the seventh."""
    steps = [f"step_{number}" for number in range(1, 11)]
    body = node("startEvent", "begun") + "".join(map(user, steps))
    body += node("businessRuleTask", "rate", camunda__decisionRef="rate", camunda__resultVariable="rate")
    body += _gateway("is_large", "end_small") + node("endEvent", "done") + node("endEvent", "end_small")
    body += flow(f"begun {' '.join(steps[:3])} rate {' '.join(steps[3:7])} is_large")
    body += _answers("is_large", "step_8", "end_small") + flow(f"{' '.join(steps[7:])} done")
    return {**FILES, **note_form(), **diagram("ten", body), "bpmn/ten/rate.dmn": RATE.encode()}


def loop() -> dict[str, bytes]:
    """`turn` again and again, as long as the amount is large."""
    body = (
        node("startEvent", "begun")
        + node("exclusiveGateway", "again", name="").replace(' name="" baton:nameEn="again"', "")
        + user("turn")
        + _gateway("is_large", "done")
        + node("endEvent", "done")
        + flow("begun again turn is_large")
        + _answers("is_large", "again", "done")
    )
    return {**FILES, **note_form(), **diagram("loop", body)}


def _gateway(element: str, otherwise: str) -> str:
    gateway = node("exclusiveGateway", element, default=f"{element}_to_{otherwise}")
    return gateway.replace(f'name="{element} 中" baton:nameEn="{element}"', 'name="金额大吗？" baton:nameEn="Large?"')


def _answers(gateway: str, yes: str, no: str) -> str:
    named = 'sourceRef="{0}" id="{0}_to_{1}" targetRef="{1}" name="{2}" baton:nameEn="{3}"'
    return (
        f"<bpmn:sequenceFlow {named.format(gateway, yes, '是', 'Yes')}>{LARGE}</bpmn:sequenceFlow>"
        f"<bpmn:sequenceFlow {named.format(gateway, no, '否', 'No')}/>"
    )


def many(body: str, output: str) -> dict[str, bytes]:
    """`body`, the element `each`, once for each of `items`, all at once; what `output` says of each in `results`."""
    kind = "scriptTask" if "scriptTask" in body else "userTask"
    parallel = (
        '<bpmn:multiInstanceLoopCharacteristics camunda:collection="${items}" camunda:elementVariable="item" '
        f'baton:outputCollection="results" baton:outputElement="{output}"/>'
    )
    elements = node("startEvent", "begun") + body.replace(f"</bpmn:{kind}>", f"{parallel}</bpmn:{kind}>")
    elements += node("endEvent", "done") + flow("begun each done")
    return {**FILES, **note_form(), **diagram("many", elements, variables="who items")}


def many_people() -> dict[str, bytes]:
    """A user task for each item."""
    return many(user("each"), "note")


def many_scripts() -> dict[str, bytes]:
    """A script for each item."""
    script = "<bpmn:script>doubled = item * 2</bpmn:script>"
    return many(node("scriptTask", "each", script, scriptFormat="python"), "doubled")
