"""A diagram that breaks the rule, and one that keeps it: files, ids, shape, elements, gateways, names."""

from engine.definitions.drawing import lay_out
from tests.engine.definitions.lint.build import (
    NAMED,
    QUESTION,
    boundary,
    catch,
    choice,
    diagram,
    document,
    element,
    end,
    flow,
    gateway,
    line,
    mapped,
    message,
    path,
    process,
    script,
    start,
    sub,
    throw,
    timer,
    user,
)

KEY = 'baton:correlationKey="${order}"'
CLEAN = line(user())


def split(first: str = "amount_fen &gt; 5", **options: str) -> bytes:
    """An exclusive split with a default flow, and a join."""
    attributes = options.get("attributes", QUESTION)
    answers = flow("which", "ask", first, options.get("answer", NAMED))
    default = flow("which", "merge", options.get("second", ""))
    return diagram(
        start(),
        choice("which", options.get("default", "which-merge"), attributes),
        user(),
        gateway("merge", "exclusive"),
        end(),
        path("begin", "which"),
        answers,
        default,
        path("ask", "merge", "done"),
    )


def begun(trigger: str, mapping: str = "", variables: str = "", key: str = "") -> bytes:
    """A process whose cases begin by a message, a signal or a timer."""
    given = f'baton:startVariables="{variables}"' if variables else ""
    begin = start(inside=mapping + trigger, attributes=f"{NAMED} {key}")
    return diagram(begin, user(), end(), path("begin", "ask", "done"), attributes=given)


def phase(*inside: str, outside: str = "", attributes: str = "") -> bytes:
    """A sub-process with these parts."""
    return diagram(
        start(), sub("phase", *inside, attributes=attributes), end(), path("begin", "phase", "done"), outside
    )


def aside(definition: str, kind: str = "subProcess", attributes: str = "", outside: str = "") -> bytes:
    """A user task, and an event sub-process `aside` beside it."""
    begin = start("told", definition, f"{NAMED} {attributes}")
    body = (begin, end("heard"), path("told", "heard"))
    part = sub("aside", *body, attributes='triggeredByEvent="true"', kind=kind)
    return diagram(start(), user(), end(), path("begin", "ask", "done"), part, outside)


def linked(throwing: str, catching: str, *more: str) -> bytes:
    """A path that goes on through two link events of these names."""
    away = throw("away", f'<bpmn:linkEventDefinition name="{throwing}"/>')
    back = catch("back", f'<bpmn:linkEventDefinition name="{catching}"/>')
    return diagram(start(), away, back, end(), path("begin", "away"), path("back", "done"), *more)


def nested(depth: int) -> bytes:
    """A task in so many sub-processes inside each other."""
    inside = user()
    for level in range(depth):
        inner = inside.split('id="', 1)[1].split('"', 1)[0]
        steps = path(f"begin_{level}", inner, f"done_{level}")
        inside = sub(f"phase_{level}", inside, start(f"begin_{level}"), end(f"done_{level}"), steps)
    return line(inside)


INNER = start("inner") + user() + end("left") + path("inner", "ask", "left")
LOOP_BACK = diagram(
    start(),
    user(),
    choice("which", "which-done"),
    end(),
    path("begin", "ask", "which", "done"),
    flow("which", "ask", "answer == 'no'"),
)

SHAPE: dict[str, tuple[bytes, bytes]] = {
    "no-process": (document(), CLEAN),
    "too-many-nodes": (
        diagram(start(), end(), path("begin", "done"), *(user(f"ask_{n}") for n in range(1999))),
        CLEAN,
    ),
    "many-nodes": (
        line(*(user(f"ask_{n}") for n in range(299))),
        line(*(user(f"ask_{n}") for n in range(298))),
    ),
    "too-deep": (nested(51), nested(50)),
    "too-many-elements": (CLEAN.replace(b"</bpmn:def", b'<x xmlns="y"/>' * 60_001 + b"</bpmn:def"), CLEAN),
    "too-much-text": (diagram(start(), *(script("a = 1\n" * 3_000, f"t{n}") for n in range(4)), end()), CLEAN),
    "not-executable": (
        document(process(start(), user(), end(), path("begin", "ask", "done"), executable="false")),
        CLEAN,
    ),
    "process-key-duplicate": (
        document(process(start(), end(), path("begin", "done")), process(start("b"), end("e"), path("b", "e"))),
        document(
            process(start(), end(), path("begin", "done")), process(start("b"), end("e"), path("b", "e"), key="two")
        ),
    ),
    "id-missing": (CLEAN.replace(b'id="ask" ', b""), CLEAN),
    "id-duplicate": (CLEAN.replace(b'id="done"', b'id="begin"'), CLEAN),
    "id-reserved": (CLEAN.replace(b'"begin"', b'"Start"'), CLEAN.replace(b'"begin"', b'"Started"')),
    "id-form": (CLEAN.replace(b'"ask"', b'"ask.it"'), CLEAN.replace(b'"ask"', b'"Activity_0x-1"')),
    "id-too-long": (CLEAN.replace(b'"ask"', b'"' + b"a" * 81 + b'"'), CLEAN.replace(b'"ask"', b'"' + b"a" * 80 + b'"')),
    "reference-dangling": (CLEAN.replace(b'targetRef="done"', b'targetRef="gone"'), CLEAN),
    "default-foreign": (
        split().replace(b'default="which-merge"', b'default="ask-merge"'),
        split(),
    ),
    "flow-crosses-border": (
        phase(INNER, outside=flow("ask", "done")),
        phase(INNER),
    ),
    "boundary-crosses-border": (
        phase(INNER, outside=boundary("late_ask", "ask", timer("P1D")) + end("over") + path("late_ask", "over")),
        phase(INNER, boundary("late_ask", "ask", timer("P1D")), end("over"), path("late_ask", "over")),
    ),
    "flow-direction": (
        diagram(start(), user(), end(), path("begin", "ask", "done"), flow("done", "begin")),
        CLEAN,
    ),
    "start-missing": (diagram(user(), end(), path("ask", "done")), CLEAN),
    "start-several": (
        diagram(start(), start("again"), user(), end(), path("begin", "ask", "done"), path("again", "ask")),
        diagram(
            start(),
            element("startEvent", "called", NAMED, message()),
            user(),
            end(),
            path("begin", "ask", "done"),
            path("called", "ask"),
            attributes="",
        ),
    ),
    "start-kind": (
        begun("<bpmn:conditionalEventDefinition><bpmn:condition>x</bpmn:condition></bpmn:conditionalEventDefinition>"),
        begun('<bpmn:signalEventDefinition signalRef="shout"/>'),
    ),
    "start-variable-unmapped": (
        begun(message(), variables="order note?"),
        begun(message(), mapped(out_order="${order}"), variables="order note?"),
    ),
    "start-message-taken": (
        begun(message()).replace(
            b"</bpmn:definitions>",
            process(start("again", message()), end("over"), path("again", "over"), key="other").encode()
            + b"</bpmn:definitions>",
        ),
        begun(message()),
    ),
    "correlation-key-ignored": (begun(message(), key=KEY), begun(message())),
    "end-missing": (diagram(start(), user(), path("begin", "ask")), CLEAN),
    "path-without-end": (diagram(start(), user(), user("more"), end(), path("begin", "ask", "more")), CLEAN),
    "node-unreachable": (
        diagram(start(), user(), user("more"), end(), path("begin", "ask", "done"), path("more", "done")),
        CLEAN,
    ),
    "cycle-without-exit": (
        diagram(
            start(), user(), user("more"), end(), path("begin", "ask", "more", "ask"), path("more", "done")
        ).replace(
            b'<bpmn:sequenceFlow id="more-done" sourceRef="more"', b'<bpmn:sequenceFlow id="more-done" sourceRef="ask"'
        ),
        LOOP_BACK,
    ),
    "compensation": (line(throw("undo", "<bpmn:compensateEventDefinition/>")), line(throw("undo", ""))),
    "event-sub-process-kind": (aside(message(), "transaction", attributes=KEY), aside(message(), attributes=KEY)),
    "event-sub-process-trigger": (aside(""), aside(timer("P1D"))),
    "event-sub-process-apart": (
        aside(timer("P1D"), outside=boundary("edge", "aside", timer("P2D")) + end("over") + path("edge", "over")),
        aside(timer("P1D"), attributes='isInterrupting="false"'),
    ),
    "event-condition-missing": (
        line(catch("when", "<bpmn:conditionalEventDefinition/>")),
        line(
            catch(
                "when",
                "<bpmn:conditionalEventDefinition><bpmn:condition>order</bpmn:condition>"
                "</bpmn:conditionalEventDefinition>",
            )
        ),
    ),
    "link-partner": (linked("here", "there"), linked("here", "here")),
    "link-flow": (linked("here", "here", path("away", "done")), linked("here", "here")),
    "ad-hoc": (line(sub("phase", INNER, kind="adHocSubProcess")), line(sub("phase", INNER))),
    "token-quantity": (CLEAN.replace(b"<bpmn:userTask", b'<bpmn:userTask startQuantity="2"'), CLEAN),
    "complex-gateway": (line(gateway("mix", "complex")), line(gateway("mix", "exclusive"))),
    "choreography": (document(process(start(), end(), path("begin", "done")), "<bpmn:choreography id='c'/>"), CLEAN),
    "global-task": (document(process(start(), end(), path("begin", "done")), "<bpmn:globalUserTask id='g'/>"), CLEAN),
    "data-store": (
        line(user()).replace(b"</bpmn:process>", b'<bpmn:dataStoreReference id="s"/></bpmn:process>'),
        CLEAN,
    ),
    "io-specification": (line(user(inside='<bpmn:ioSpecification id="io"/>')), CLEAN),
    "task-without-type": (line(element("task", "do_it")), CLEAN),
    "element-unknown": (CLEAN.replace(b"</bpmn:process>", b'<bpmn:robotTask id="r"/></bpmn:process>'), CLEAN),
    "standard-loop": (
        line(user(inside="<bpmn:standardLoopCharacteristics loopMaximum='x'/>")),
        line(user(inside="<bpmn:standardLoopCharacteristics loopMaximum='3'/>")),
    ),
    "cancel-outside-transaction": (
        diagram(start(), end("done", "<bpmn:cancelEventDefinition/>"), path("begin", "done")),
        diagram(
            start(),
            sub(
                "deal",
                start("inner"),
                end("off", "<bpmn:cancelEventDefinition/>"),
                path("inner", "off"),
                kind="transaction",
            ),
            boundary("cancelled", "deal", "<bpmn:cancelEventDefinition/>"),
            end(),
            end("none"),
            path("begin", "deal", "done"),
            path("cancelled", "none"),
        ),
    ),
    "implicit-split": (
        diagram(start(), user(), end(), end("other"), path("begin", "ask", "done"), path("ask", "other")),
        CLEAN,
    ),
    "conditional-flow": (
        diagram(start(), user(), end(), path("begin", "ask"), flow("ask", "done", "amount_fen > 5")),
        split(),
    ),
    "split-default-missing": (split(default="", second="amount_fen == 5"), split()),
    "condition-missing": (split(first=""), split()),
    "default-condition": (split(second="amount_fen == 5"), split()),
    "join-condition": (
        diagram(
            start(), gateway("merge", "exclusive"), end(), path("begin", "merge"), flow("merge", "done", "amount_fen")
        ),
        line(gateway("merge", "exclusive")),
    ),
    "event-gateway-targets": (
        diagram(
            start(),
            gateway("wait", "eventBased"),
            user(),
            catch("soon", timer("P1D")),
            end(),
            path("begin", "wait", "ask", "done"),
            path("wait", "soon", "done"),
        ),
        diagram(
            start(),
            gateway("wait", "eventBased"),
            catch("later", timer("P2D")),
            catch("soon", timer("P1D")),
            end(),
            path("begin", "wait", "later", "done"),
            path("wait", "soon", "done"),
        ),
    ),
    "event-gateway-kind": (
        CLEAN.replace(b"<bpmn:userTask", b'<bpmn:receiveTask instantiate="true"').replace(
            b"userTask>", b"receiveTask>"
        ),
        CLEAN,
    ),
    "event-gateway-choice": (
        line(gateway("wait", "eventBased"), catch("soon", timer("P1D"))),
        diagram(
            start(),
            gateway("wait", "eventBased"),
            catch("paid_up", message(), KEY),
            catch("soon", timer("P1D")),
            end(),
            path("begin", "wait", "paid_up", "done"),
            path("wait", "soon", "done"),
        ),
    ),
    "name-missing": (CLEAN.replace('name="名称" baton:nameEn="Name" baton:doc'.encode(), b"baton:doc"), CLEAN),
    "name-en-missing": (CLEAN.replace(b' baton:nameEn="Name" baton:doc', b" baton:doc"), CLEAN),
    "name-too-long": (
        CLEAN.replace(b'"Name"', b'"' + b"n" * 201 + b'"'),
        CLEAN.replace(b'"Name"', b'"' + b"n" * 200 + b'"'),
    ),
    "gateway-question": (split(attributes=NAMED), split()),
    "flow-answer": (split(answer=""), split()),
    "diagram-unreadable": (b"<!DOCTYPE x>" + CLEAN, CLEAN),
    "drawing-missing": (CLEAN, lay_out(CLEAN)),
}
