"""Reading a BPMN file: attacks, bounds, and every attribute we know."""

import pytest

from engine.language.errors import BpmnUnreadable
from engine.language.model import MAX_BYTES, MAX_ELEMENTS, Element, read_bpmn, read_elements
from tests.engine.diagrams import (
    boundary,
    bpmn,
    call,
    declare,
    end,
    flow,
    mapping,
    message,
    node,
    parameters,
    process,
    start,
    sub,
    timer,
    user,
)

PLAIN = bpmn(process("p", start(), end(), flow("s e")))


def with_doctype(doctype: str, inside: str = "") -> bytes:
    return f"<!DOCTYPE x [{doctype}]>".encode() + PLAIN.replace(
        b"</bpmn:definitions>", inside.encode() + b"</bpmn:definitions>"
    )


BILLION = '<!ENTITY a "lol">' + "".join(
    f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "content",
    [
        with_doctype('<!ENTITY f SYSTEM "file:///etc/passwd">', "&f;"),
        with_doctype('<!ENTITY f SYSTEM "http://127.0.0.1:1/x">', "&f;"),
        with_doctype(BILLION, "&i;"),
        with_doctype(""),
        PLAIN.decode().encode("utf-16").replace(b"", b"", 0) + b"\x00",
        b"",
        b"not xml",
        b"<html/>",
        b"<definitions/>",
        PLAIN[:-5],
        b"<a>" * 300 + b"</a>" * 300,
        PLAIN + b" " * MAX_BYTES,
        bpmn(process("p", *(node("task", f"t{i}") for i in range(MAX_ELEMENTS)))),
    ],
    ids=str,
)
def test_what_is_refused(content: bytes) -> None:
    with pytest.raises(BpmnUnreadable, match="Expected"):
        read_bpmn(content)


def test_a_mistake_names_its_line() -> None:
    with pytest.raises(BpmnUnreadable) as caught:
        read_bpmn(PLAIN.replace(b"<bpmn:process", b"\n\n<bpmn:process").replace(b"</bpmn:process>", b""))
    assert caught.value.line == 3
    assert caught.value.code == "bpmn_unreadable"


def test_an_encoding_and_comments() -> None:
    text = PLAIN.decode().replace('<bpmn:process id="p"', '<!-- note --><bpmn:process id="p" name="流程"')
    content = f'<?xml version="1.0" encoding="GB18030"?>{text}'.encode("gb18030")
    assert read_elements(read_bpmn(content))["p"].name_zh == "流程"


def test_every_attribute() -> None:
    attributes = {
        "name": "审核",
        "baton__nameEn": "Review",
        "baton__documentationEn": "Look at it",
        "camunda__formKey": "p/review",
        "camunda__assignee": "${who}",
        "camunda__candidateUsers": "a, b",
        "camunda__candidateGroups": "platform_reviewer",
        "baton__skill": "content",
        "baton__relation": "order.taker",
        "baton__exclude": "actor:first",
        "camunda__dueDate": "PT4H",
        "camunda__followUpDate": "PT2H",
        "camunda__priority": "70",
        "baton__verbs": "return, reject",
        "baton__returnTo": "s",
        "baton__subject": "${title}",
        "baton__amount": "${fen}",
        "camunda__asyncBefore": "true",
    }
    lane = node("lane", "l", "<bpmn:flowNodeRef>u</bpmn:flowNodeRef>", name="平台", baton__nameEn="Platform")
    body = user("u", "<bpmn:documentation> 看 </bpmn:documentation>", **attributes)
    content = bpmn(
        process("p", node("laneSet", "ls", lane), start(), body, end(), flow("s u e", element="f"), name="流程")
    )
    elements = read_elements(read_bpmn(content))
    assert list(elements) == ["p", "s", "u", "e", "f"]
    assert elements["u"] == Element(
        id="u",
        kind="userTask",
        process_key="p",
        name_zh="审核",
        name_en="Review",
        documentation_zh="看",
        documentation_en="Look at it",
        lane_zh="平台",
        lane_en="Platform",
        form_key="p/review",
        assignee="${who}",
        candidate_users="a, b",
        candidate_groups="platform_reviewer",
        skill="content",
        relation="order.taker",
        exclude="actor:first",
        due_date="PT4H",
        follow_up="PT2H",
        priority="70",
        verbs=("return", "reject"),
        return_to=("s",),
        subject="${title}",
        amount="${fen}",
        async_before=True,
    )


def test_events_calls_and_what_stands_inside() -> None:
    caught = boundary(
        "b", "host", parameters(outputs={"k": "${k}"}) + message("m_M"), False, baton__correlationKey="${id}"
    )
    lane = node("lane", "l", "<bpmn:flowNodeRef>host</bpmn:flowNodeRef>", name="外")
    inner = sub("deep", start("ds"), end("de"), flow("ds de"))
    content = bpmn(
        process(
            "p",
            node("laneSet", "ls", lane),
            start(),
            sub("host", start("hs"), inner, end("he"), flow("hs deep he")),
            caught,
            boundary("t", "host", timer()),
            call(
                "c", "called", mapping({"a": "x", "b": "x + 1"}, {"r": "${y}"}), camunda__calledElementBinding="latest"
            ),
            node("receiveTask", "r", messageRef="m_M", baton__correlationKey="1"),
            node("parallelGateway", "j", baton__lastWins="status"),
            end(),
        ),
        process("q", start("qs"), end("qe")),
        extra=declare("M"),
    )
    elements = read_elements(read_bpmn(content))
    assert (elements["b"].attached_to, elements["b"].is_interrupting) == ("host", False)
    assert (elements["b"].message_name, elements["b"].correlation_key) == ("M", "${id}")
    assert elements["b"].outputs == (("k", "${k}"),)
    assert elements["t"].is_interrupting
    assert elements["c"].inputs == (("a", "${x}"), ("b", "${x + 1}"))
    assert elements["c"].outputs == (("r", "${y}"),)
    assert (elements["c"].called_element, elements["c"].binding) == ("called", "latest")
    assert elements["r"].message_name == "M"
    assert elements["j"].last_wins == ("status",)
    assert (elements["deep"].parent, elements["ds"].parent, elements["host"].parent) == ("host", "deep", None)
    assert {elements[name].lane_zh for name in ("host", "hs", "deep", "ds")} == {"外"}
    assert elements["qs"].process_key == "q"
