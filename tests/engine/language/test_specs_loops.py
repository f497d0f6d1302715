"""Multi-instances and loops."""

import random
from functools import partial

import orjson
import pytest

from engine.language.state import HEAD, MAX_BYTES
from engine.language.workflow import Case
from engine.storage.plain import Plain, PlainDict
from engine.storage.zstd import Codec
from tests.engine.diagrams import (
    bpmn,
    call,
    declare,
    end,
    flow,
    mapping,
    multi,
    parameters,
    process,
    script,
    service,
    start,
    sub,
    user,
)
from tests.engine.language.trial import Trial

CODEC = Codec(level=3)


def votes(sequential: bool = False, until: str | None = None) -> bytes:
    loop = multi("${people}", "person", sequential, ("votes", "vote"), until)
    return bpmn(process("p", start(), user("u", loop), user("after"), end(), flow("s u after e")))


def test_outputs_are_in_the_order_of_the_input_and_nothing_else_comes_out() -> None:
    trial = Trial(votes(), data={"people": ["x", "y", "z"]})
    assert [token.data["person"] for token in trial.picture.tokens() if not token.is_body] == ["x", "y", "z"]
    for index in (2, 0, 1):
        trial.complete("u", {"vote": index, "private": 1}, index)
    assert trial.data_of("after") == {"people": ["x", "y", "z"], "votes": [0, 1, 2]}


def test_of_a_long_list_each_step_tells_only_what_came_in() -> None:
    people, order = [*range(40)], random.Random(9).sample(range(40), 40)
    trial = Trial(votes(), data={"people": people})
    for index in order:
        trial.complete("u", {"vote": f"of {index}"}, index)
    assert trial.data_of("after")["votes"] == [f"of {index}" for index in people]
    late = [one for step in trial.steps[-10:] for one in step]
    assert not any("votes" in str(one.get("set")) for one in late)
    assert [one["grown"] for one in late if "grown" in one] == [
        {"votes": {str(sorted(order[:number]).index(order[number - 1])): f"of {order[number - 1]}"}}
        for number in range(31, 41)
    ]


def test_a_state_from_before_version_4_goes_on() -> None:
    trial = Trial(votes(), data={"people": ["x", "y", "z"]}).complete("u", {"vote": 1}, 1)
    state = orjson.loads(CODEC.decompress(trial.state, MAX_BYTES))
    body = next(row for row in state["tasks"] if len(row) > HEAD and "collected" in row[HEAD])
    del body[HEAD]["collected"]
    body[HEAD] |= {"outputs": {"1": 1}, "highest": 1}
    trial.state = CODEC.compress(orjson.dumps(state | {"version": 3}))
    trial.complete("u", {"vote": 0}, 0).complete("u", {"vote": 2}, 2)
    assert trial.data_of("after")["votes"] == [0, 1, 2]


def test_a_result_that_could_not_be_worked_out_is_not_lost() -> None:
    """Of the last one and of the first one, each kept until the retry, also through the saved state."""
    loop = multi("${people}", "person", outputs=("sums", "vote + bonus"))
    xml = bpmn(process("p", start(), user("u", loop), user("after"), end(), flow("s u after e")))
    trial = Trial(xml, data={"people": ["x", "y"]})
    trial.complete("u", {"vote": 1}, 0).complete("u", {"vote": 2}, 1)
    assert {element for element, _ in trial.host.incidents} == {"u"}

    def mend(case: Case) -> None:
        [body] = case.stalled_tasks()
        for child in body.children:
            child.data = {**child.data, "bonus": 10}
        case.retry(body)

    trial.step(mend)
    assert trial.data_of("after")["sums"] == [11, 12]


def test_results_that_are_no_list_are_an_incident_and_can_be_mended() -> None:
    trial = Trial(votes(), data={"people": ["x", "y"]}).complete("u", {"vote": 0}, 0)

    def spoil(votes: Plain, case: Case) -> None:
        body = next(task for task in case.scopes[0].tasks.values() if "total" in task.internal_data)
        body.data = {**body.data, "votes": votes}

    trial.step(partial(spoil, "lost")).complete("u", {"vote": 1}, 1)
    [(element, error)] = trial.host.incidents
    assert (element, str(error)) == ("u", "Expected a list in votes, but it holds 'lost'")

    def mend(case: Case) -> None:
        [body] = case.stalled_tasks()
        case.fix(body, {"votes": [0]}, {})
        case.retry(body)

    trial.step(mend)
    assert trial.data_of("after")["votes"] == [0, 1]


def test_completion_condition_sees_what_was_collected_and_ends_the_rest() -> None:
    trial = Trial(votes(until="len(votes) >= 2"), data={"people": ["x", "y", None]})
    trial.complete("u", {"vote": "third"}, 2).complete("u", {"vote": "first"}, 0)
    assert trial.data_of("after") == {"people": ["x", "y", None], "votes": ["first", "third"]}
    assert trial.log().count(("cancelled", "u")) == 1


@pytest.mark.parametrize("fresh_specs", [False, True])
def test_sequential_goes_over_an_item_that_is_none(fresh_specs: bool) -> None:
    trial = Trial(votes(sequential=True), data={"people": ["x", None, "z"]}, fresh_specs=fresh_specs)
    for person in ("x", None, "z"):
        assert trial.open_elements() == ["u"]
        assert trial.data_of("u")["person"] == person
        trial.complete("u", {"vote": f"{person}!"})
    assert trial.data_of("after")["votes"] == ["x!", "None!", "z!"]


def test_sequential_ends_early() -> None:
    trial = Trial(votes(sequential=True, until="'no' in votes"), data={"people": [1, 2, 3]})
    trial.complete("u", {"vote": "yes"}).complete("u", {"vote": "no"})
    assert trial.data_of("after")["votes"] == ["yes", "no"]


@pytest.mark.parametrize("sequential", [False, True])
def test_no_items_no_instances(sequential: bool) -> None:
    trial = Trial(votes(sequential), data={"people": []})
    assert trial.data_of("after") == {"people": [], "votes": []}


def test_element_variable_hides_process_data_of_its_name_only_inside() -> None:
    trial = Trial(votes(), data={"people": ["x"], "person": "boss"})
    assert trial.data_of("u")["person"] == "x"
    trial.complete("u", {"vote": 1})
    assert trial.data_of("after")["person"] == "boss"


@pytest.mark.parametrize("items", [None, "text", {"a": 1}, 5])
def test_collection_that_is_no_list_is_an_incident(items: Plain) -> None:
    trial = Trial(votes(), data={"people": items})
    assert trial.open_elements() == []  # only the body is open
    assert [element for element, _ in trial.host.incidents] == ["u"]


def test_collection_can_be_mended_by_a_retry() -> None:
    trial = Trial(votes(until="votes[0] > limit"), data={"people": ["x", "y"]})
    trial.complete("u", {"vote": 1}, 0)  # the condition fails: no limit
    assert [element for element, _ in trial.host.incidents] == ["u"]

    def mend(case: Case) -> None:
        [body] = case.stalled_tasks()
        body.data = {**body.data, "limit": 5}
        case.retry(body)

    trial.step(mend)
    assert trial.open_elements() == ["u"]
    trial.complete("u", {"vote": 2}, 1)
    assert trial.data_of("after")["votes"] == [1, 2]


def complete_part(index: int, case: Case) -> None:
    task = next(task for task in case.user_tasks() if task.data["item"] == index + 1)
    case.complete(task, {"extra": index})


def test_sub_processes_call_activities_and_services() -> None:
    called = process("called", start("cs"), user("look"), end("ce"), flow("cs look ce"))
    inside = sub(
        "part",
        start("ps"),
        user("do"),
        end("pe"),
        flow("ps do pe"),
        multi("items", "item", outputs=("done", "item * 10 + extra")),
    )
    xml = bpmn(
        process(
            "p",
            start(),
            inside,
            call(
                "c",
                "called",
                mapping({"who": "item"}, {"answer": "answer"}) + multi("items", "item", True, ("answers", "answer")),
            ),
            service(
                "v",
                "double",
                parameters({"n": "${item}"}, {"twice": "${twice}"})
                + multi("items", "item", False, ("doubled", "twice")),
            ),
            user("after"),
            end(),
            flow("s part c v after e"),
        ),
        called,
    )

    def double(n: int) -> PlainDict:
        return {"twice": 2 * n}

    trial = Trial(xml, data={"items": [1, 2]}, called=("called",), topics={"double": double})
    for index in (1, 0):
        trial.step(partial(complete_part, index))
    for who in (1, 2):
        assert trial.data_of("look") == {"who": who}
        trial.complete("look", {"answer": f"{who}!", "private": 1})
    assert trial.data_of("after") == {"items": [1, 2], "done": [10, 21], "answers": ["1!", "2!"], "doubled": [2, 4]}


CONDITION = "<bpmn:loopCondition>n &lt; 3</bpmn:loopCondition>"
LOOP = f"<bpmn:standardLoopCharacteristics{{}}>{CONDITION}</bpmn:standardLoopCharacteristics>"


def test_standard_loop_by_condition_and_by_maximum() -> None:
    for test_before, first in (("", 1), (' testBefore="true"', 0)):
        body = script("inc", "n = n + 1").replace("</bpmn:scriptTask>", LOOP.format(test_before) + "</bpmn:scriptTask>")
        xml = bpmn(process("p", start(), body, user("after"), end(), flow("s inc after e")))
        assert Trial(xml, data={"n": 0}).data_of("after") == {"n": 3}
        assert Trial(xml, data={"n": 7}).data_of("after") == {"n": 7 + first}
    xml = bpmn(
        process("p", start(), user("u", '<bpmn:standardLoopCharacteristics loopMaximum="3"/>'), end(), flow("s u e"))
    )
    trial = Trial(xml)
    for turn in range(3):
        assert [t.index for t in trial.picture.tokens() if not t.is_body] == [turn]
        trial.complete("u", {f"k{turn}": turn})
    assert trial.is_done
    assert trial.data == {"k0": 0, "k1": 1, "k2": 2}


def test_number_of_instances() -> None:
    cardinality = "<bpmn:loopCardinality>n</bpmn:loopCardinality>"
    loop = f"<bpmn:multiInstanceLoopCharacteristics>{cardinality}</bpmn:multiInstanceLoopCharacteristics>"
    xml = bpmn(process("p", start(), user("u", loop), user("after"), end(), flow("s u after e")), extra=declare("X"))
    trial = Trial(xml, data={"n": 2})
    trial.complete("u", {"x": 1}, 1).complete("u", {"x": 2}, 0)
    assert trial.data_of("after") == {"n": 2}


def test_hundred_instances_in_turn_stay_small() -> None:
    trial = Trial(votes(sequential=True), data={"people": list(range(60))})
    trial.complete("u", {"vote": 0})
    count = trial.task_count
    for k in range(1, 60):
        assert trial.task_count == count
        trial.complete("u", {"vote": k})
    assert trial.data_of("after")["votes"] == list(range(60))
