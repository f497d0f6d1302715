"""Small semantic BPMN documents, written as text: one line per element, without coordinates."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

NAMESPACES = (
    'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:baton="http://baton.example/schema/1.0/bpmn"'
)


def document(*parts: str) -> bytes:
    body = "\n".join(parts)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<bpmn:definitions {NAMESPACES} id="definitions" targetNamespace="urn:test">\n{body}\n</bpmn:definitions>\n'
    ).encode()


def process(*parts: str, key: str = "process") -> str:
    return f'<bpmn:process id="{key}" isExecutable="true">\n' + "\n".join(parts) + "\n</bpmn:process>"


def node(kind: str, key: str, name: str = "", inside: str = "", **attributes: str) -> str:
    rest = "".join(f' {attribute}="{value}"' for attribute, value in attributes.items())
    label = f' name="{name}"' if name else ""
    return f'<bpmn:{kind} id="{key}"{label}{rest}>{inside}</bpmn:{kind}>'


def task(key: str, name: str = "") -> str:
    return node("userTask", key, name or f"Do {key}")


def boundary(key: str, host: str, name: str) -> str:
    return node("boundaryEvent", key, name, "<bpmn:timerEventDefinition/>", attachedToRef=host)


def flows(*ids: str, name: str = "") -> str:
    """A chain of sequence flows; the name belongs to the first one."""
    lines = []
    for source, target in pairwise(ids):
        label = f' name="{name}"' if name and source == ids[0] else ""
        lines.append(f'<bpmn:sequenceFlow id="{source}_to_{target}" sourceRef="{source}" targetRef="{target}"{label}/>')
    return "\n".join(lines)


def lanes(members: Mapping[str, Sequence[str]]) -> str:
    parts = ""
    for lane, nodes in members.items():
        refs = "".join(f"<bpmn:flowNodeRef>{member}</bpmn:flowNodeRef>" for member in nodes)
        parts += f'<bpmn:lane id="{lane}" name="{lane}">{refs}</bpmn:lane>'
    return f'<bpmn:laneSet id="lane_set">{parts}</bpmn:laneSet>'


def collaboration(pools: Mapping[str, str | None], messages: Sequence[tuple[str, str]] = ()) -> str:
    """pools: participant id -> process id, None for a black box."""
    parts = ""
    for pool, process_id in pools.items():
        reference = f' processRef="{process_id}"' if process_id else ""
        parts += f'<bpmn:participant id="{pool}" name="{pool}"{reference}/>\n'
    for source, target in messages:
        ends = f'sourceRef="{source}" targetRef="{target}"'
        parts += f'<bpmn:messageFlow id="{source}_tells_{target}" name="Message" {ends}/>\n'
    return f'<bpmn:collaboration id="collaboration">\n{parts}</bpmn:collaboration>'


def chain(*names: str) -> str:
    """Start event, user tasks, end event, in a line."""
    ids = ["start", *names, "end"]
    return "\n".join(
        [node("startEvent", "start", "Started"), *map(task, names), node("endEvent", "end", "Ended"), flows(*ids)]
    )


WRITES = '<bpmn:dataOutputAssociation id="writes"><bpmn:targetRef>paper</bpmn:targetRef></bpmn:dataOutputAssociation>'
READS = (
    '<bpmn:dataInputAssociation id="reads"><bpmn:sourceRef>paper</bpmn:sourceRef>'
    "<bpmn:targetRef>b</bpmn:targetRef></bpmn:dataInputAssociation>"
)

LINE = document(process(chain("a", "b")))

LANES = document(
    collaboration({"pool": "process"}),
    process(
        lanes({"clerk": ["start", "a", "question"], "boss": ["b", "end", "refused"]}),
        node("startEvent", "start", "Started"),
        task("a"),
        node("exclusiveGateway", "question", "Is it all right?"),
        task("b"),
        node("endEvent", "end", "Ended"),
        node("endEvent", "refused", "Refused"),
        flows("start", "a", "question"),
        flows("question", "b", "end", name="Yes"),
        flows("question", "refused", name="No"),
    ),
)

SUB_PROCESS = document(
    process(
        node("startEvent", "start", "Started"),
        node(
            "subProcess",
            "phase",
            "Phase",
            "\n".join(
                [
                    node("startEvent", "inner_start"),
                    task("inner"),
                    node("endEvent", "inner_end", "Phase over"),
                    flows("inner_start", "inner", "inner_end"),
                ]
            ),
        ),
        boundary("late", "phase", "Phase took too long"),
        boundary("stopped", "phase", "Phase was stopped"),
        task("remind"),
        task("clean_up"),
        node("endEvent", "stopped_end", "Stopped"),
        node("endEvent", "reminded", "Reminded"),
        node("endEvent", "end", "Ended"),
        flows("start", "phase", "end"),
        flows("late", "remind", "reminded"),
        flows("stopped", "clean_up", "stopped_end"),
    )
)

LOOPS = document(
    process(
        node("startEvent", "start", "Started"),
        task("a"),
        node("exclusiveGateway", "checked", "Result of the check?"),
        task("b"),
        node("exclusiveGateway", "more", "More to do?"),
        node("endEvent", "end", "Ended"),
        node("endEvent", "rejected", "Rejected"),
        flows("start", "a", "checked"),
        flows("checked", "b", "more", name="Good"),
        flows("checked", "a", name="Repeat"),
        flows("checked", "rejected", name="Bad"),
        flows("more", "end", name="No"),
        flows("more", "a", name="Yes"),
    )
)

PARALLEL = document(
    process(
        node("startEvent", "start", "Started"),
        node("parallelGateway", "split"),
        task("a"),
        task("b"),
        task("c"),
        node("parallelGateway", "join"),
        node("endEvent", "end", "Ended"),
        flows("start", "split", "a", "join", "end"),
        flows("split", "b", "join"),
        flows("split", "c", "join"),
    )
)

EVENT_GATEWAY = document(
    process(
        node("startEvent", "start", "Started"),
        node("eventBasedGateway", "wait"),
        node("intermediateCatchEvent", "answered", "Answer came", "<bpmn:messageEventDefinition/>"),
        node("intermediateCatchEvent", "silent", "No answer in time", "<bpmn:timerEventDefinition/>"),
        task("remind"),
        node("endEvent", "end", "Ended"),
        flows("start", "wait", "answered", "end"),
        flows("wait", "silent", "remind", "wait"),
    )
)

MESSAGES = document(
    collaboration(
        {"customer": None, "shop": "process", "bank": None},
        [("customer", "start"), ("a", "bank"), ("bank", "paid"), ("b", "customer")],
    ),
    process(
        node("startEvent", "start", "Order came", "<bpmn:messageEventDefinition/>"),
        task("a"),
        node("intermediateCatchEvent", "paid", "Paid", "<bpmn:messageEventDefinition/>"),
        node("callActivity", "b", "Shipping"),
        node("endEvent", "end", "Shipped"),
        flows("start", "a", "paid", "b", "end"),
    ),
)

ARTIFACTS = document(
    process(
        node("startEvent", "start", "Started"),
        node("userTask", "a", "Write", WRITES),
        node("userTask", "b", "Read", READS),
        node("endEvent", "end", "Ended"),
        node("dataObject", "paper_object"),
        node("dataObjectReference", "paper", "Paper", dataObjectRef="paper_object"),
        node("textAnnotation", "note", inside="<bpmn:text>Read it twice</bpmn:text>"),
        node("textAnnotation", "loose", inside="<bpmn:text>About everything</bpmn:text>"),
        '<bpmn:association id="about" sourceRef="b" targetRef="note"/>',
        flows("start", "a", "b", "end"),
    )
)

EVENT_SUB_PROCESS = document(
    process(
        chain("a"),
        node(
            "subProcess",
            "handler",
            "Complaint",
            "\n".join(
                [
                    node("startEvent", "complained", "Complaint came", "<bpmn:messageEventDefinition/>"),
                    task("answer"),
                    node("endEvent", "answered", "Answered"),
                    flows("complained", "answer", "answered"),
                ]
            ),
            triggeredByEvent="true",
        ),
    )
)

CHINESE = document(
    process(
        node("startEvent", "start", "需求方提交了一份新的维修申请单"),
        node("userTask", "a", "填写并确认维修单"),
        boundary("late", "a", "超过规定时限没有处理"),
        node("exclusiveGateway", "question", "验收结果是否符合约定的要求？"),
        node("endEvent", "end", "验收通过&#10;Accepted"),
        node("endEvent", "bad", "验收不通过并且进入争议处理"),
        node("endEvent", "late_end", "已经超时"),
        flows("start", "a", "question"),
        flows("question", "end", name="符合"),
        flows("question", "bad", name="不符合"),
        flows("late", "late_end"),
    )
)

LARGE = document(
    process(
        node("startEvent", "start", "Started"),
        *(
            node(
                "subProcess",
                f"phase_{i}",
                f"Phase {i}",
                "\n".join(
                    [
                        node("startEvent", f"start_{i}"),
                        *(task(f"step_{i}_{k}") for k in range(16 + i)),
                        node("endEvent", f"end_{i}", f"Phase {i} over"),
                        flows(f"start_{i}", *(f"step_{i}_{k}" for k in range(16 + i)), f"end_{i}"),
                    ]
                ),
            )
            for i in (0, 1)
        ),
        node("endEvent", "end", "Ended"),
        flows("start", "phase_0", "phase_1", "end"),
    )
)

SHAPES = {
    "line": LINE,
    "lanes": LANES,
    "sub-process": SUB_PROCESS,
    "loops": LOOPS,
    "parallel": PARALLEL,
    "event gateway": EVENT_GATEWAY,
    "messages": MESSAGES,
    "artifacts": ARTIFACTS,
    "event sub-process": EVENT_SUB_PROCESS,
    "chinese": CHINESE,
    "large": LARGE,
}
