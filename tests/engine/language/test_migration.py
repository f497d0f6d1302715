"""A case goes over to another version of its diagram, token by token; every reason why it may not."""

import random
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from engine.language.migration import MigrationBlocked, Renamed, move_case
from engine.language.parser import ProcessSpecs, parse_process
from engine.language.script_engine import SandboxEngine
from engine.language.state import freeze
from tests.engine.diagrams import (
    boundary,
    bpmn,
    call,
    catch,
    condition,
    declare,
    end,
    event_sub,
    flow,
    mapping,
    message,
    multi,
    node,
    parallel,
    process,
    service,
    signal,
    start,
    sub,
    timer,
    user,
)
from tests.engine.language.reference.comparison import Comparison
from tests.engine.language.reference.maker import Maker
from tests.engine.language.trial import BEGIN, SANDBOX, Trial


def migrate(trial: Trial, xml: bytes, renamed: Renamed | None = None) -> Trial:
    """Takes the case over; what it stands on and the picture of its history must agree, as after every step."""
    trial.xml = xml
    move(trial, trial.parse(), renamed or {})
    return trial


def move(trial: Trial, specs: ProcessSpecs, renamed: Renamed) -> None:
    case, recorder = trial.open()
    before = freeze(case)
    moved = move_case(case, specs, renamed, SandboxEngine(SANDBOX), trial.host)
    assert freeze(case) == before, "the case itself is not touched"
    recorder.replace(moved)
    trial.specs, trial.is_thorough = specs, False
    trial.close(moved, recorder)


def blocked(trial: Trial, xml: bytes, renamed: Renamed | None = None) -> tuple[str, str]:
    """Why it may not go, and what is to blame."""
    with pytest.raises(MigrationBlocked) as found:
        migrate(trial, xml, renamed)
    return found.value.reason, found.value.element


def line(*body: str, path: str, extra: str = "") -> bytes:
    return bpmn(process("p", start(), *body, end(), flow(f"s {path} e")), extra=extra)


TWO = line(user("a"), user("b"), path="a b")


def test_what_waits_goes_on_where_it_stands_with_a_step_more_before_and_behind() -> None:
    trial = Trial(TWO, data={"n": 1}).complete("a", {"x": 2})
    migrate(trial, line(user("a"), user("new"), user("b"), user("last"), path="a new b last"))
    assert trial.open_elements() == ["b"]
    assert trial.data_of("b") == {"n": 1, "x": 2}
    trial.complete("b").complete("last")
    assert trial.is_done


def test_a_renamed_step_keeps_its_task_and_its_past_may_be_gone() -> None:
    trial = Trial(TWO).complete("a", {"x": 2})
    task = trial.look(lambda case: case.find("b").id)
    migrate(trial, line(user("c"), path="c"), {("p", "b"): "c"})
    assert trial.look(lambda case: case.find("c").id) == task
    assert trial.complete("c", {"y": 3}).data == {"x": 2, "y": 3}


MESSAGES = declare("go", "stop")
HOST = line(user("a"), path="a")
INSIDE = sub("sp", start("ss"), user("a"), end("se"), flow("ss a se"))
MANY = line(user("a", multi("[1, 2]", "item", outputs=("all", "item"))), path="a")
CALLS = [
    process("one", start("s1"), user("look"), end("e1"), flow("s1 look e1")),
    process("two", start("s2"), user("see"), end("e2"), flow("s2 see e2")),
]
FORKED = bpmn(process("p", start(), parallel("f"), user("a"), user("b"), parallel("j"), end(),
                      flow("s f a j e"), flow("f b j")))  # fmt: skip


def calling(key: str) -> bytes:
    return bpmn(process("p", start(), call("c", key, mapping({}, {})), end(), flow("s c e")), *CALLS)


def waiting(definition: str, **attributes: str) -> bytes:
    return line(catch("w", definition, **attributes), path="w", extra=MESSAGES)


def behind_gateway(*kept: str) -> bytes:
    gateway = node("eventBasedGateway", "g")
    events = {"w": message("m_go"), "v": message("m_stop")}
    caught = "".join(catch(name, events[name], baton__correlationKey="k") for name in kept)
    paths = flow("s g w e") + "".join(flow(f"g {name} e") for name in kept[1:])
    return bpmn(process("p", start(), gateway, caught, end(), paths), extra=MESSAGES)


def in_event_sub(begin: str) -> bytes:
    inner = event_sub("es", start(begin, message("m_go"), baton__correlationKey="k", isInterrupting="false"),
                      user("x"), end("ee"), flow(f"{begin} x ee"))  # fmt: skip
    return bpmn(process("p", start(), user("a"), end(), inner, flow("s a e")), extra=MESSAGES)


JOINED = FORKED.replace(b'id="j"', b'id="k"').replace(b'"j"', b'"k"')
THREE = bpmn(process("p", start(), parallel("f"), user("a"), user("b"), user("c"), parallel("j"), end(),
                     flow("s f a j e"), flow("f b j"), flow("f c j")))  # fmt: skip
IN_A_BRANCH = bpmn(process("p", start(), parallel("f"), user("a"), user("other"), parallel("j"), end(),
                           flow("s f a j e"), flow("f other j")))  # fmt: skip
Case = Callable[[], Trial]


@pytest.mark.parametrize(
    ("case", "target", "why"),
    [
        (lambda: Trial(TWO), line(user("b"), path="b"), ("gone", "a")),
        (lambda: Trial(HOST), line(INSIDE, path="sp"), ("moved", "a")),
        (lambda: Trial(line(INSIDE, path="sp")), HOST, ("gone", "sp")),
        (lambda: Trial(HOST), line(service("a", "t"), path="a"), ("kind", "a")),
        (lambda: Trial(HOST), MANY, ("kind", "a")),
        (lambda: Trial(MANY), MANY.replace(b'"item"', b'"one"'), ("repetition", "a")),
        (lambda: Trial(MANY), MANY.replace(b'isSequential="false"', b'isSequential="true"'), ("repetition", "a")),
        (lambda: Trial(calling("one"), called=("one", "two")), calling("two"), ("called", "c")),
        (
            lambda: Trial(line(service("a", "t"), path="a"), topics={"t": lambda: None}),
            line(service("a", "u"), path="a"),
            ("topic", "a"),
        ),
        (lambda: Trial(waiting(timer())), waiting(message("m_go"), baton__correlationKey="k"), ("kind", "w")),
        (
            lambda: Trial(waiting(message("m_go"), baton__correlationKey="k")),
            waiting(message("m_go"), baton__correlationKey="${missing}"),
            ("unarmed", "w"),
        ),
        (lambda: Trial(behind_gateway("w", "v")), behind_gateway("w"), ("gone", "v")),
        (
            lambda: Trial(behind_gateway("w", "v")),
            bpmn(process("p", start(), catch("w", message("m_go"), baton__correlationKey="k"),
                         catch("v", message("m_stop"), baton__correlationKey="k"), end(), flow("s w v e")),
                 extra=MESSAGES),
            ("gateway", "w"),
        ),
        (lambda: Trial(in_event_sub("begin")).deliver("begin"), in_event_sub("other"), ("start", "es")),
        (lambda: Trial(FORKED).complete("a"), THREE, ("join", "j")),
        (lambda: Trial(FORKED), THREE, ("starved", "j")),
        (lambda: Trial(HOST), IN_A_BRANCH, ("starved", "j")),
        (lambda: Trial(FORKED), line(user("a"), user("b"), path="a b"), ("order", "a")),
        (lambda: Trial(HOST), line(user("a"), boundary("late", "a", timer("${missing}")), path="a")
            .replace(b"</bpmn:process>", flow("late e").encode() + b"</bpmn:process>"), ("unarmed", "late")),
    ],
)  # fmt: skip
def test_every_reason_is_named(case: Case, target: bytes, why: tuple[str, str]) -> None:
    assert blocked(case(), target) == why


def with_boundary(*events: str, host: str = "a") -> bytes:
    ways = "".join(user(f"x{n}") + flow(f"b{n} x{n} e{n}") + end(f"e{n}") for n in range(len(events)))
    attached = "".join(
        boundary(f"b{n}", host, event, baton__correlationKey="k")
        if "message" in event
        else boundary(f"b{n}", host, event)
        for n, event in enumerate(events)
    )
    return bpmn(process("p", start(), user("a"), attached, ways, end(), flow("s a e")), extra=MESSAGES)


def test_a_running_timer_keeps_its_instant_and_a_new_one_is_set_now() -> None:
    trial = Trial(with_boundary(timer("PT1H")))
    trial.host.at = BEGIN + timedelta(minutes=40)
    migrate(trial, with_boundary(timer("PT5H"), timer("P2D")))
    assert trial.dues() == {"b0": BEGIN + timedelta(hours=1), "b1": BEGIN + timedelta(days=2, minutes=40)}
    assert trial.fire("b0").open_elements() == ["x0"], "the one that is left goes with its host"
    assert trial.complete("x0").is_done


def test_boundary_events_come_and_go_with_the_diagram() -> None:
    trial = Trial(HOST)
    migrate(trial, with_boundary(message("m_go")))
    assert trial.open_elements() == ["a", "b0"]
    migrate(trial, HOST)
    assert (trial.open_elements(), trial.look(lambda case: case.subscriptions())) == (["a"], [])
    assert trial.complete("a").is_done


def test_a_reminder_that_has_come_does_not_come_again() -> None:
    once = with_boundary(timer()).replace(b'cancelActivity="true"', b'cancelActivity="false"')
    trial = Trial(once).fire("b0").complete("x0")
    migrate(trial, once.replace(b'id="s"', b'id="s" name="x"'))
    assert trial.open_elements() == ["a"]


def test_what_is_listened_for_follows_the_diagram() -> None:
    trial = Trial(waiting(message("m_go"), baton__correlationKey="k"), data={"id": 7})
    migrate(trial, waiting(message("m_stop"), baton__correlationKey="${id}"))
    assert [found[1:] for found in trial.look(lambda case: case.subscriptions())] == [("message", "stop", "7")]
    trial = Trial(waiting(signal("g_go")))
    migrate(trial, waiting(signal("g_stop")))
    assert [found[1:] for found in trial.look(lambda case: case.subscriptions())] == [("signal", "stop", "")]


def test_a_condition_is_looked_at_anew() -> None:
    trial = Trial(waiting(condition("n > 9")), data={"n": 5})
    migrate(trial, waiting(condition("n > 3")))
    trial.step(lambda case: case.do_engine_steps())
    assert trial.is_done


def test_an_event_sub_process_is_armed_where_the_flow_still_runs() -> None:
    trial = Trial(HOST)
    migrate(trial, in_event_sub("begin"))
    trial.deliver("begin")
    assert trial.open_elements() == ["a", "begin", "es", "x"]
    trial.complete("x").complete("a")
    assert trial.is_done


def test_called_processes_come_along() -> None:
    old = bpmn(process("p", start(), call("c", "one", mapping({}, {"r": "r"})), end(), flow("s c e")), CALLS[0])
    new = old.replace(b'id="look"', b'id="seen"').replace(b'"look"', b'"seen"')
    assert blocked(Trial(old, called=("one",)), new) == ("gone", "look")
    trial = migrate(Trial(old, called=("one",)), new, {("one", "look"): "seen"})
    assert trial.complete("seen", {"r": 1}).data == {"r": 1}


def test_instances_under_way_go_on_and_are_collected() -> None:
    trial = Trial(MANY).complete("a", index=1)
    migrate(trial, MANY.replace(b'id="a"', b'id="z"').replace(b'"a"', b'"z"'), {("p", "a"): "z"})
    assert trial.complete("z", index=0).data == {"all": [1, 2]}


def test_branches_meet_under_new_names() -> None:
    trial = Trial(FORKED).complete("a", {"x": 1})
    renamed = {("p", "j"): "k"}
    migrate(trial, JOINED, renamed)
    assert trial.complete("b", {"y": 2}).data == {"x": 1, "y": 2}


def test_an_element_that_failed_is_taken_over_and_tried_again_as_it_is_now() -> None:
    def fail() -> None:
        raise ConnectionError("down")

    trial = Trial(line(service("a", "t"), path="a"), topics={"t": fail, "u": dict})
    migrate(trial, line(service("z", "u"), path="z"), {("p", "a"): "z"})
    assert [token.is_failed for token in trial.picture.tokens()] == [True]
    assert trial.retry("z").is_done


# --- at random ----------------------------------------------------------------------------------------------------
ID = re.compile(rb'(?<![a-zA-Z])(id|sourceRef|targetRef|attachedToRef|default)="([^"]+)"')


def rename_all(xml: bytes, specs: ProcessSpecs) -> tuple[bytes, dict[tuple[str, str], str]]:
    """The same diagram with other element ids, and what became what."""
    kinds = {"sequenceFlow", "process"}
    names = {(key, one.id): f"{one.id}_2" for (key, _), one in specs.elements.items() if one.kind not in kinds}
    known = {old.encode() for _, old in names}
    changed = ID.sub(lambda m: b'%s="%s%s"' % (m[1], m[2], b"_2" if m[2] in known else b""), xml)
    return changed, names


def play_moving(seeds: range) -> int:
    """Every diagram is run beside the reference; between any two steps the case may go over, and comes back."""
    moves = 0
    for seed in seeds:
        diagram = Maker(seed).make_diagram()
        xml, there = rename_all(diagram.xml, diagram.specs)
        other = parse_process(dict.fromkeys(("p", *diagram.called), xml), "p")
        back = {(key, new): old for (key, old), new in there.items()}
        choose, run = random.Random(seed), Comparison(diagram, 0, compacting=True, fresh_specs=False)
        while not run.run.is_done:
            if choose.random() < 0.5:
                move(run.trial, other, there)
                assert all(element.endswith("_2") for element in run.trial.open_elements())
                move(run.trial, diagram.specs, back)
                moves += 1
            run.play_one()
    return moves


def test_going_over_and_back_at_random_changes_nothing() -> None:
    assert play_moving(range(12)) > 100


@pytest.mark.long
@pytest.mark.parametrize("first", range(1_000, 2_000, 250))
def test_thousands_go_over_and_back(first: int) -> None:
    play_moving(range(first, first + 250))
