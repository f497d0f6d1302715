"""Conditional events: what they see, when they are looked at, and how often they count."""

import pytest

from tests.engine.diagrams import (
    boundary,
    bpmn,
    call,
    catch,
    condition,
    end,
    event_sub,
    flow,
    mapping,
    multi,
    node,
    parallel,
    process,
    script,
    start,
    sub,
    timer,
    user,
)
from tests.engine.language.trial import Trial


def beside(waiting: str, changing: str, *ways: str) -> bytes:
    """Two branches: `waiting` and what follows it are on the first, `changing` on the second."""
    return bpmn(
        process("p", start(), parallel("f"), waiting, changing, end("e1"), end("e2"), flow("s f"), *ways),
    )


def test_it_waits_until_another_branch_makes_it_true() -> None:
    xml = beside(
        catch("c", condition("amount > 100 and ready")) + user("then"),
        user("u") + user("u2") + user("u3"),
        flow("f c then e1"),
        flow("f u u2 u3 e2"),
    )
    trial = Trial(xml)
    assert trial.open_elements() == ["c", "u"]
    trial.complete("u", {"amount": 500})
    assert trial.open_elements() == ["c", "u2"], "a condition over a variable that does not exist does not hold"
    trial.complete("u2", {"ready": True})
    assert trial.open_elements() == ["then", "u3"]
    assert trial.data_of("then") == {}, "it sees what others changed, and leaves their data to them"
    trial.complete("u3").complete("then")
    assert trial.is_done
    assert trial.data == {"amount": 500, "ready": True}


def test_one_that_holds_already_is_passed() -> None:
    xml = bpmn(process("p", start(), catch("c", condition("n == 1")), user("u"), end(), flow("s c u e")))
    assert Trial(xml, data={"n": 1}).open_elements() == ["u"]
    assert Trial(xml, data={"n": 2}).open_elements() == ["c"]


@pytest.mark.parametrize("interrupting", [True, False])
def test_on_a_boundary(interrupting: bool) -> None:
    xml = beside(
        user("host") + boundary("b", "host", condition("n > 5"), interrupting) + user("note") + end("e3"),
        user("u") + script("again", "k = 0") + node("exclusiveGateway", "back") + node("exclusiveGateway", "on"),
        flow("f host e1"),
        flow("b note e3"),
        flow("f back u again on"),
        flow("on back", "not over"),
        flow("on e2", "over"),
    )
    trial = Trial(xml, data={"over": False})
    trial.complete("u", {"n": 1})
    assert trial.open_elements() == ["b", "host", "u"]
    trial.complete("u", {"n": 6}).complete("u", {"n": 7})
    assert trial.open_elements() == (["note", "u"] if interrupting else ["b", "host", "note", "u"])
    assert trial.data_of("note") == {"over": False}
    if not interrupting:  # it counts again when it has not held in between
        trial.complete("u", {"n": 1}).complete("u", {"n": 8})
        assert trial.open_elements() == ["b", "host", "note", "note", "u"]
        trial.complete("note").complete("host")
    trial.complete("note").complete("u", {"over": True})
    assert trial.is_done


def test_a_boundary_that_holds_at_once_comes_before_its_automatic_host() -> None:
    xml = bpmn(
        process(
            "p",
            start(),
            script("host", "done = True"),
            boundary("b", "host", condition("n == 1")),
            end(),
            end("e2"),
            flow("s host e"),
            flow("b e2"),
        )
    )
    trial = Trial(xml, data={"n": 1})
    assert trial.outcome == "e2"
    assert trial.data == {"n": 1}
    assert Trial(xml, data={"n": 0}).data == {"n": 0, "done": True}


def test_behind_an_event_gateway() -> None:
    xml = beside(
        node("eventBasedGateway", "g") + catch("c", condition("n == 1")) + catch("t", timer()) + end("e3"),
        user("u"),
        flow("f g c e1"),
        flow("g t e3"),
        flow("f u e2"),
    )
    trial = Trial(xml).complete("u", {"n": 1})
    assert trial.is_done
    assert ("cancelled", "t") in trial.log()
    trial = Trial(xml).fire("t")
    assert trial.open_elements() == ["u"]


def test_it_sees_what_changes_around_its_sub_process_and_not_into_a_call() -> None:
    def inside(prefix: str) -> str:
        body = (start(f"{prefix}s"), catch(f"{prefix}c", condition("n == 1 and own == 2")), end(f"{prefix}e"))
        return "".join(body) + flow(f"{prefix}s {prefix}c {prefix}e")

    xml = bpmn(
        process(
            "p",
            start(),
            parallel("f"),
            sub("host", inside("a")),
            sub("many", inside("m"), multi("[1, 2]", "own")),
            call("called", "inner", mapping({"n": "n", "own": "own"})),
            user("u"),
            end("e1"),
            end("e2"),
            end("e3"),
            end("e4"),
            flow("s f host e1"),
            flow("f many e2"),
            flow("f called e3"),
            flow("f u e4"),
        ),
        process("inner", inside("c")),
    )
    trial = Trial(xml, data={"own": 2, "n": 0}, called=("inner",))
    trial.complete("u", {"n": 1})
    assert trial.open_elements() == ["called", "cc", "many", "mc"], "only the instance whose item is 2 went on"


def test_a_non_interrupting_one_of_a_scope_counts_edges() -> None:
    esp = event_sub(
        "esp", start("on", condition("n > 5"), isInterrupting="false"), user("note"), end("ee"), flow("on note ee")
    )
    ways = " ".join(f"u{place}" for place in range(5))
    xml = bpmn(process("p", start(), *map(user, ways.split()), end(), flow(f"s {ways} e"), esp))
    trial = Trial(xml)
    for place, (n, count) in enumerate([(6, 1), (7, 1), (1, 1), (9, 2)]):
        trial.complete(f"u{place}", {"n": n})
        assert trial.open_elements().count("note") == count
    assert [token.data["n"] for token in trial.picture.tokens() if token.element == "note"] == [6, 9]
    trial.complete("note").complete("note").complete("u4")
    assert trial.is_done


def test_a_condition_that_fails_is_an_incident_that_can_be_tried_again() -> None:
    xml = beside(catch("c", condition("n > 5")) + user("then"), user("u"), flow("f c then e1"), flow("f u e2"))
    trial = Trial(xml, data={"n": "many"})
    assert [element for element, _ in trial.host.incidents] == ["c"]
    trial.complete("u", {"n": 6}).retry("c")
    assert trial.open_elements() == ["then"]
