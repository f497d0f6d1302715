"""A diagram that breaks the rule, and one that keeps it: events, timers, tasks, calls, loops, texts, data."""

from tests.engine.definitions.lint.build import (
    DOCUMENTATION,
    NAMED,
    PEOPLE,
    boundary,
    call,
    catch,
    diagram,
    element,
    end,
    error,
    escalation,
    extension,
    gateway,
    line,
    loop,
    mapped,
    message,
    passed,
    path,
    script,
    service,
    start,
    sub,
    throw,
    timer,
    user,
)
from tests.engine.definitions.lint.cases_shape import CLEAN, INNER, KEY, begun, split

Cases = dict[str, tuple[bytes, bytes]]
PASS = passed("order>amount", "total<total")


def guarded(host: str, event: str, attributes: str = "") -> bytes:
    """The host with one boundary event."""
    host_id = host.split('id="', 1)[1].split('"', 1)[0]
    return diagram(
        start(),
        host,
        boundary("edge", host_id, event, attributes),
        end(),
        end("over"),
        path("begin", host_id, "done"),
        path("edge", "over"),
    )


def looped(attributes: str = 'camunda:collection="people" camunda:elementVariable="person"', inside: str = "") -> bytes:
    """A user task for each of many people."""
    return line(user(inside=DOCUMENTATION + loop(attributes, inside)))


def startable(asked: str = "") -> bytes:
    """A process that clerks may start in the browser, whose starter hands in `answer` and the person of the form."""
    given = 'baton:startVariables="answer note?" camunda:candidateStarterGroups="clerk"'
    begun = start(attributes=f'{NAMED} camunda:initiator="payer" {asked}')
    return diagram(begun, user(), end(), path("begin", "ask", "done"), attributes=given)


def wait(text: str, kind: str = "timeDuration") -> bytes:
    return line(catch("wait_here", timer(text, kind)))


def fork(first: str, second: str) -> bytes:
    """Two elements side by side."""
    ids = [part.split('id="', 1)[1].split('"', 1)[0] for part in (first, second)]
    return diagram(
        start(),
        gateway("fork"),
        first,
        second,
        gateway("join"),
        end(),
        path("begin", "fork"),
        path("join", "done"),
        *(path("fork", name, "join") for name in ids),
    )


def guarded_calls(has_boundary: bool) -> bytes:
    edge = boundary("edge", "one", error()) + end("over") + path("edge", "over") if has_boundary else ""
    first, second = (
        call("bill", "one", passed("order>amount", "a<total")),
        call("bill", "two", passed("order>amount", "b<total")),
    )
    return fork(first, second).replace(b"</bpmn:process>", edge.encode() + b"</bpmn:process>")


def load(*keys: str) -> str:
    """The service task that loads policy values."""
    inside = mapped(keys=f"${{{list(keys)}}}", out_cfg="${cfg}")
    return service("load", 'camunda:topic="load_policy"', inside)


THROWING = sub("phase", start("inner"), end("failed", error()), path("inner", "failed"))
SHOUTING = sub("phase", start("inner"), throw("warn", escalation()), end("left"), path("inner", "warn", "left"))
DECISION = 'camunda:decisionRef="fee" camunda:resultVariable="fee" camunda:mapDecisionResult="singleEntry"'
SELF = line(call("shop", "again", passed("order>payer")))


def decide(attributes: str = DECISION) -> str:
    return element("businessRuleTask", "decide_fee", f"{NAMED} {attributes}")


EVENTS: Cases = {
    "event-without-definition": (line(catch("wait_here", "")), wait("P1D")),
    "event-several-definitions": (line(catch("wait_here", timer("P1D") + message(), KEY)), wait("P1D")),
    "event-definition-misplaced": (line(throw("tick", timer("P1D"))), wait("P1D")),
    "message-missing": (
        line(element("sendTask", "tell", f"{NAMED} {KEY}")),
        line(element("sendTask", "tell", f'{NAMED} {KEY} messageRef="paid"')),
    ),
    "correlation-key-missing": (line(catch("hear", message())), line(catch("hear", message(), KEY))),
    "correlation-key-constant": (
        line(catch("hear", message(), 'baton:correlationKey="order"')),
        line(catch("hear", message(), KEY)),
    ),
    "code-missing": (
        line(sub("phase", start("inner"), end("failed", error("blank")), path("inner", "failed"))),
        line(THROWING),
    ),
    "boundary-host": (guarded(user(), error()), guarded(service(), error())),
    "error-not-interrupting": (guarded(service(), error(), 'cancelActivity="false"'), guarded(service(), error())),
    "boundary-to-own-host": (
        diagram(
            start(),
            user(),
            boundary("edge", "ask", timer("P1D")),
            end(),
            path("begin", "ask", "done"),
            path("edge", "ask"),
        ),
        guarded(user(), timer("P1D")),
    ),
    "error-not-caught": (line(THROWING), guarded(THROWING, error())),
    "escalation-not-caught": (line(SHOUTING), guarded(SHOUTING, escalation(), 'cancelActivity="false"')),
    "error-never-thrown": (guarded(sub("phase", INNER), error()), guarded(THROWING, error())),
    "timer-missing": (line(catch("wait_here", "<bpmn:timerEventDefinition/>")), wait("P1D")),
    "timer-text": (begun(timer("0 25 * * *", "timeCycle")), begun(timer("0 9 * * MON-FRI", "timeCycle"))),
    "timer-start-text": (begun(timer("${deadline}")), begun(timer("P1D"))),
    "timer-not-positive": (wait("-PT1H"), wait("${deadline}")),
    "timer-repetitions": (
        guarded(user(), timer("R5000/PT1H", "timeCycle"), 'cancelActivity="false"'),
        guarded(user(), timer("R3/PT1H", "timeCycle"), 'cancelActivity="false"'),
    ),
    "timer-cycle-place": (
        line(catch("wait_here", timer("R3/PT1H", "timeCycle"))),
        guarded(user(), timer("R3/PT1H", "timeCycle"), 'cancelActivity="false"'),
    ),
    "due-date-text": (line(user(attributes=PEOPLE.replace("P1D", "tomorrow"))), CLEAN),
    "priority-text": (
        line(user(attributes=f'{PEOPLE} camunda:priority="high"')),
        line(user(attributes=f'{PEOPLE} camunda:priority="90"')),
    ),
}

TASKS: Cases = {
    "attribute-unknown": (line(service(attributes='camunda:class="A" camunda:topic="send"')), line(service())),
    "attribute-ignored": (line(user(attributes=f'{PEOPLE} camunda:exclusive="false"')), CLEAN),
    "extension-unknown": (line(user(inside=extension("<camunda:taskListener/>"))), CLEAN),
    "extension-ignored": (line(user(inside=extension("<camunda:properties/>"))), CLEAN),
    "extension-foreign": (
        line(user(inside=DOCUMENTATION + extension('<z:task xmlns:z="http://camunda.org/schema/zeebe/1.0"/>'))),
        CLEAN,
    ),
    "parameter-incomplete": (
        line(service(inside=mapped(to="x").replace('name="to"', ""))),
        line(service(inside=mapped(to="x"))),
    ),
    "parameter-duplicate": (
        line(service(inside=mapped(to="x", too="y").replace('"too"', '"to"'))),
        line(service(inside=mapped(to="x"))),
    ),
    "parameter-place": (line(user(inside=DOCUMENTATION + mapped(to="x"))), line(service(inside=mapped(to="x")))),
    "user-form-missing": (line(user(attributes='camunda:assignee="${payer}"')), CLEAN),
    "form-unknown": (line(user(attributes=PEOPLE.replace("shop/ask", "shop/asks"))), CLEAN),
    "user-candidate-missing": (line(user(attributes='camunda:formKey="shop/ask"')), CLEAN),
    "candidate-too-long": (line(user(attributes=PEOPLE.replace("clerk", "clerk, " + "c" * 41))), CLEAN),
    "relation-unknown": (
        line(user(attributes=f'{PEOPLE} baton:relation="order.tacker"')),
        line(user(attributes=f'{PEOPLE} baton:relation="order.taker"')),
    ),
    "member-role-unknown": (
        line(user(attributes=f'{PEOPLE} camunda:assignee="${{payer}}" baton:memberRoles="shop_keeper, shop_keepr"')),
        line(user(attributes=f'{PEOPLE} camunda:assignee="${{payer}}" baton:memberRoles="shop_keeper"')),
    ),
    "member-roles-alone": (
        line(user(attributes=f'{PEOPLE} baton:memberRoles="shop_keeper"')),
        line(user(attributes=f'{PEOPLE} baton:relation="order.taker" baton:memberRoles="shop_keeper"')),
    ),
    "exclude-unknown": (
        line(user(attributes=f'{PEOPLE} baton:exclude="actor:asks, relation:order.tacker"')),
        line(user("first"), user(attributes=f'{PEOPLE} baton:exclude="actor:first, relation:order.taker, payer"')),
    ),
    "user-due-missing": (line(user(attributes='camunda:formKey="shop/ask" camunda:assignee="ann"')), CLEAN),
    "documentation-missing": (line(user(inside="")), CLEAN),
    "documentation-en-missing": (CLEAN.replace(b'baton:documentationEn="What"', b""), CLEAN),
    "return-target-unknown": (
        line(user("first"), user(attributes=f'{PEOPLE} baton:returnTo="fist"')),
        line(user("first"), user(attributes=f'{PEOPLE} baton:returnTo="first"')),
    ),
    "service-topic-missing": (line(service(attributes="")), line(service())),
    "topic-external": (line(service(attributes='camunda:topic="sendd"')), line(service(inside=mapped(to="x")))),
    "topic-parameter-missing": (line(service(inside="")), line(service(inside=mapped(to="x")))),
    "topic-parameter-unknown": (
        line(service(inside=mapped(to="x", txt="y"))),
        line(service(inside=mapped(to="x", text="y"))),
    ),
    "topic-form-missing": (
        line(user("asked"), service(attributes='camunda:topic="keep"', inside="")),
        line(user(), service(attributes='camunda:topic="keep"', inside="")),
    ),
    "script-missing": (line(script("")), line(script("a = 1"))),
    "script-format": (line(script("a = 1")).replace(b"python", b"groovy"), line(script("a = 1"))),
    "decision-missing": (line(decide('camunda:decisionRef="fee"')), line(user(), decide())),
    "decision-unknown": (line(user(), decide(DECISION.replace('Ref="fee"', 'Ref="fees"'))), line(user(), decide())),
    "decision-result-form": (line(user(), decide(DECISION.replace("singleEntry", "single"))), line(user(), decide())),
}

CALLS: Cases = {
    "start-variable-missing": (startable(), startable('camunda:formKey="shop/ask"')),
    "call-element-missing": (line(call("", inside=PASS)), line(call(inside=PASS))),
    "call-process-unknown": (line(call("bil", inside=PASS)), line(call(inside=PASS))),
    "call-recursion": (SELF, line(call(inside=PASS))),
    "call-mapping-missing": (line(call()), line(call(inside=PASS))),
    "call-mapping-incomplete": (line(call(inside=extension('<camunda:in variables="all"/>'))), line(call(inside=PASS))),
    "call-variable-missing": (line(call(inside=passed("order>note"))), line(call(inside=PASS))),
    "call-variable-unlisted": (line(call(inside=passed("order>amount", "order>notes"))), line(call(inside=PASS))),
    "call-output-unknown": (line(call(inside=passed("order>amount", "x<totals"))), line(call(inside=PASS))),
    "call-binding": (
        line(call(inside=PASS, attributes='camunda:calledElementBinding="version"')),
        line(call(inside=PASS, attributes='camunda:calledElementBinding="version" camunda:calledElementVersion="3"')),
    ),
    "loop-collection-missing": (looped('camunda:elementVariable="p"'), looped()),
    "loop-both": (
        looped(inside="<bpmn:loopCardinality>3</bpmn:loopCardinality>"),
        looped("", "<bpmn:loopCardinality>3</bpmn:loopCardinality>"),
    ),
    "loop-data-by-name": (
        looped(inside="<bpmn:loopDataInputRef>people</bpmn:loopDataInputRef>"),
        looped(),
    ),
    "loop-variable-missing": (looped('camunda:collection="people"'), looped()),
    "loop-variable-clash": (
        looped('camunda:collection="people" camunda:elementVariable="payer"'),
        looped(),
    ),
    "loop-output-incomplete": (
        looped('camunda:collection="people" camunda:elementVariable="p" baton:outputElement="answer"'),
        looped(
            'camunda:collection="people" camunda:elementVariable="p" baton:outputElement="answer"'
            ' baton:outputCollection="answers"'
        ),
    ),
}

DATA: Cases = {
    "parallel-write": (
        fork(script("a = 1", "one"), script("a = 2", "two")),
        fork(script("a = 1", "one"), script("b = 2", "two")),
    ),
    "call-outputs-clash": (
        fork(call("bill", "one", PASS), call("bill", "two", PASS)),
        fork(call("bill", "one", PASS), call("bill", "two", passed("order>amount", "other<total"))),
    ),
    "calls-beside-calls": (guarded_calls(True), guarded_calls(False)),
    "expression-invalid": (split("=amount_fen &gt; 5"), split("${amount_fen &gt; 5}")),
    "unknown-variable": (split("amount_fenn &gt; 5"), split("amount_fen &gt; 5")),
    "decision-input-unknown": (line(decide()), line(user(), decide())),
    "view-variable-unknown": (
        line(user(attributes=PEOPLE.replace("shop/ask", "shop/look"))),
        line(script("parcel_id = order", "pack"), user(attributes=PEOPLE.replace("shop/ask", "shop/look"))),
    ),
    "policy-key-not-loaded": (
        line(load("limit_fen"), script("a = cfg['limit_fn']")),
        line(load("limit_fen"), script("a = cfg.limit_fen + cfg['limit_fen']")),
    ),
    "policy-key-unknown": (line(load("limit_fn")), line(load("limit_fen"))),
    "personal-in-expression": (
        line(user(), script("a = phone + '1'")),
        line(user(), service(inside=mapped(to="${phone}"))),
    ),
}
