"""Messages, signals, event gateways, start and end events."""

from typing import Any

import pytest

from engine.language.errors import TaskNotWaiting, ValueUnfit
from engine.storage.plain import Plain, PlainDict
from tests.engine.diagrams import (
    boundary,
    bpmn,
    catch,
    declare,
    end,
    exclusive,
    flow,
    link,
    message,
    node,
    parallel,
    parameters,
    process,
    script,
    signal,
    start,
    sub,
    throw,
    timer,
    user,
)
from tests.engine.language.trial import Trial

Subscriptions = list[tuple[str, str, str]]


def subscriptions(trial: Trial) -> Subscriptions:
    return trial.look(lambda case: [s[1:] for s in case.subscriptions()])  # type: ignore[no-any-return]


def waiting(kind: str) -> bytes:
    definition, key = message("m_paid"), "${order.id}"
    nodes = {
        "catch": catch("w", parameters(outputs={"fen": "${amount_fen}"}) + definition, baton__correlationKey=key),
        "receive": node(
            "receiveTask",
            "w",
            parameters(outputs={"fen": "${amount_fen}"}),
            messageRef="m_paid",
            baton__correlationKey=key,
        ),
    }
    return bpmn(process("p", start(), nodes[kind], user("after"), end(), flow("s w after e")), extra=declare("paid"))


@pytest.mark.parametrize("kind", ["catch", "receive"])
def test_a_message_brings_exactly_what_is_mapped(kind: str) -> None:
    trial = Trial(waiting(kind), data={"order": {"id": 7}, "amount_fen": 1})
    assert subscriptions(trial) == [("message", "paid", "7")]
    trial.deliver("w", {"amount_fen": 300, "order": "replaced", "secret": 1})
    assert trial.data_of("after") == {"order": {"id": 7}, "amount_fen": 1, "fen": 300}
    assert subscriptions(trial) == []
    with pytest.raises(LookupError):
        trial.deliver("w", {})


def test_an_output_parameter_sees_the_payload_only() -> None:
    trial = Trial(waiting("catch"), data={"order": {"id": "A"}, "amount_fen": 1})
    trial.deliver("w", {"other": 5})
    assert [element for element, _ in trial.host.incidents] == ["w"]


@pytest.mark.parametrize("key", [None, "", True, [1], 1.5])
def test_a_key_that_is_none_is_an_incident(key: Plain) -> None:
    trial = Trial(waiting("catch"), data={"order": {"id": key}})
    [(element, error)] = trial.host.incidents
    assert element == "w"
    assert isinstance(error, ValueUnfit)
    assert subscriptions(trial) == []


@pytest.mark.parametrize("kind", ["sendTask", "intermediateThrowEvent", "endEvent"])
def test_a_message_is_published_with_what_is_mapped(kind: str) -> None:
    mapped = parameters({"amount_fen": "${fen}", "kind": "final"})
    inner = mapped if kind == "sendTask" else mapped + message("m_paid")
    reference = {"messageRef": "m_paid"} if kind == "sendTask" else {}
    sender = node(kind, "t", inner, baton__correlationKey="order-1", **reference)
    after = "" if kind == "endEvent" else end() + flow("t e")
    trial = Trial(
        bpmn(process("p", start(), sender, after, flow("s t")), extra=declare("paid")), data={"fen": 5, "secret": 1}
    )
    assert trial.is_done
    assert trial.host.published == [("paid", "order-1", {"amount_fen": 5, "kind": "final"})]


def test_signals() -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            catch("w", parameters(outputs={"k": "${k}"}) + signal("g_stop")),
            throw("t", parameters({"n": "${k + 1}"}) + signal("g_go")),
            end("e", signal("g_over")),
            flow("s w t e"),
        ),
        extra=declare("stop", "go", "over"),
    )
    trial = Trial(xml)
    assert subscriptions(trial) == [("signal", "stop", "")]
    trial.deliver("w", {"k": 1, "x": 2})
    assert trial.is_done
    assert trial.host.signals == [("go", {"n": 2}), ("over", {})]
    assert trial.data == {"k": 1}


GATEWAY = bpmn(
    process(
        "p",
        start(),
        node("eventBasedGateway", "g"),
        catch("m", parameters(outputs={"k": "${k}"}) + message("m_a"), baton__correlationKey="1"),
        node("receiveTask", "r", messageRef="m_b", baton__correlationKey="1"),
        catch("short", timer("PT1H")),
        catch("long", timer("PT2H")),
        user("after"),
        end(),
        flow("s g m after e"),
        flow("g r after"),
        flow("g short after"),
        flow("g long after"),
    ),
    extra=declare("a", "b"),
)


@pytest.mark.parametrize("first", ["m", "r", "short", "long"])
def test_event_gateway_goes_on_with_the_first(first: str) -> None:
    trial = Trial(GATEWAY)
    assert trial.open_elements() == ["long", "m", "r", "short"]
    assert len(trial.dues()) == 2
    if first in ("m", "r"):
        trial.deliver(first, {"k": 1})
    else:
        trial.fire(first)
    assert trial.open_elements() == ["after"]
    assert sorted(trial.log("cancelled")) == sorted(("cancelled", e) for e in ("long", "m", "r", "short") if e != first)
    trial.complete("after")
    assert trial.is_done


def test_event_gateway_in_a_loop_around_a_join() -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            parallel("f"),
            user("x"),
            node("exclusiveGateway", "top"),
            node("eventBasedGateway", "g"),
            catch("m", message("m_a"), baton__correlationKey="1"),
            catch("t", timer()),
            parallel("j"),
            end(),
            flow("s f x j e"),
            flow("f top g m top"),
            flow("g t j"),
        ),
        extra=declare("a"),
    )
    trial = Trial(xml)
    for _ in range(3):
        trial.deliver("m")
    trial.fire("t")
    assert trial.open_elements() == ["j", "x"]
    trial.complete("x")
    assert trial.is_done


def test_two_deliveries_of_one_message() -> None:
    def twice(case: Any) -> None:
        task = case.find("w")
        case.deliver(task, {"amount_fen": 1})
        with pytest.raises(TaskNotWaiting):
            case.deliver(task, {"amount_fen": 2})

    trial = Trial(waiting("catch"), data={"order": {"id": 7}}).step(twice)
    assert trial.data_of("after")["fen"] == 1


def test_several_start_events() -> None:
    xml = bpmn(
        process(
            "p",
            start("plain"),
            start("opened", message("m_opened")),
            user("a"),
            user("b"),
            end(),
            flow("plain a e"),
            flow("opened b e"),
        ),
        process("only", start("by_message", message("m_opened")), user("c"), end("e3"), flow("by_message c e3")),
        extra=declare("opened"),
    )
    assert Trial(xml, data={"k": 1}).open_elements() == ["a"]
    trial = Trial(xml, data={"k": 1}, start_event="opened")
    assert trial.open_elements() == ["b"]
    assert trial.data_of("b") == {"k": 1}
    assert Trial(xml, key="only").open_elements() == ["c"]


@pytest.mark.parametrize("inside", [False, True])
def test_terminate_ends_its_own_scope(inside: bool) -> None:
    body = (
        parallel("f"),
        user("x"),
        sub("deep", start("ds"), user("y"), end("de"), flow("ds y de")),
        end("stop", "<bpmn:terminateEventDefinition/>"),
        end("other"),
        flow("f x stop"),
        flow("f deep other"),
    )
    if inside:
        inner = sub("host", start("hs"), *body, flow("hs f"))
        xml = bpmn(process("p", start(), inner, user("after"), end(), flow("s host after e")))
    else:
        xml = bpmn(process("p", start(), *body, flow("s f")))
    trial = Trial(xml).complete("x", {"k": 1})
    assert sorted(trial.log("cancelled")) == [("cancelled", "deep"), ("cancelled", "y")]
    if inside:
        assert trial.data_of("after") == {"k": 1}
        assert trial.outcome is None
        trial.complete("after")
        assert trial.outcome == "e"
    else:
        assert trial.is_done
        assert trial.data == {"k": 1}
        assert trial.outcome == "stop"


def test_message_boundary_on_a_waiting_task() -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            script("i", "order_id = 'A-1'"),
            user("u"),
            boundary(
                "b", "u", parameters(outputs={"by": "${by}"}) + message("m_cancel"), baton__correlationKey="${order_id}"
            ),
            user("after"),
            end(),
            end("e2"),
            flow("s i u e"),
            flow("b after e2"),
        ),
        extra=declare("cancel"),
    )
    payload: PlainDict = {"by": "payer"}
    trial = Trial(xml)
    assert subscriptions(trial) == [("message", "cancel", "A-1")]
    trial.deliver("b", payload)
    assert trial.open_elements() == ["after"]
    assert trial.data_of("after") == {"order_id": "A-1", "by": "payer"}
    trial = Trial(xml).complete("u")
    assert trial.is_done
    assert subscriptions(trial) == []


def test_links_lead_on_and_back() -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            exclusive("g", default="no"),
            throw("there", link("A")),
            throw("also_there", link("A")),
            catch("here", link("A")),
            user("u"),
            exclusive("again", default="done"),
            throw("back", link("B")),
            catch("begin", link("B")),
            end(),
            flow("s g"),
            flow("g there", "k"),
            flow("g also_there", element="no"),
            flow("here u again"),
            flow("again back", "more"),
            flow("again e", element="done"),
            flow("begin u"),
        )
    )
    trial = Trial(xml, data={"k": False})
    for _ in range(3):
        trial.complete("u", {"more": True})
    assert trial.open_elements() == ["u"]
    assert trial.log("completed").count(("completed", "begin")) == 3
    assert ("completed", "also_there") in trial.log()
    assert trial.complete("u", {"more": False}).is_done
