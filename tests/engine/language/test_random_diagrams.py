"""Random diagrams in random orders: the engine and the reference agree after every step, or the seed is printed."""

from collections import Counter

import pytest

from engine.language import crowds
from engine.language.parser import spec_fingerprint
from tests.engine.language.reference.comparison import Comparison, start_reference
from tests.engine.language.reference.maker import Maker
from tests.engine.language.reference.replaying import replay_trial

DIAGRAMS, ORDERS, GROUP, FRESH = 50, 4, 10, 10
REPLAYED = 2
OFTEN = 20
# Seeds that found a fault (drawn anew when the generator changes): of branches that end each for itself, one that had
# only inherited a value set it back.
REGRESSIONS = (102, 105)
KINDS = frozenset(
    {
        "user task",
        "manual task",
        "task without a type",
        "script task",
        "business rule task",
        "send task",
        "receive task",
        "service task that answers",
        "service task that waits",
        "service task that fails",
        "service task that refuses",
        "exclusive gateway",
        "inclusive gateway",
        "sub-process in an inclusive branch",
        "parallel gateway",
        "parallel join on a cycle",
        "variable of which the last wins",
        "branches that end each for itself",
        "event-based gateway, message",
        "event-based gateway, signal",
        "event-based gateway, timer",
        "event-based gateway, conditional",
        "loop by gateways",
        "message catch event",
        "message throw event",
        "message end event",
        "message boundary",
        "message boundary, non-interrupting",
        "signal catch event",
        "signal throw event",
        "signal end event",
        "signal boundary",
        "signal boundary, non-interrupting",
        "timer catch event",
        "timer boundary",
        "timer boundary, non-interrupting",
        "cycle boundary, non-interrupting",
        "conditional catch event",
        "conditional boundary",
        "conditional boundary, non-interrupting",
        "message event sub-process",
        "message event sub-process, non-interrupting",
        "signal event sub-process",
        "signal event sub-process, non-interrupting",
        "timer event sub-process",
        "timer event sub-process, non-interrupting",
        "cycle event sub-process, non-interrupting",
        "conditional event sub-process",
        "conditional event sub-process, non-interrupting",
        "error event sub-process",
        "escalation event sub-process",
        "escalation event sub-process, non-interrupting",
        "error end event",
        "error boundary",
        "escalation throw event",
        "escalation end event",
        "escalation boundary",
        "escalation boundary, non-interrupting",
        "terminate end event",
        "cancel end event",
        "cancel boundary",
        "none end event",
        "sub-process",
        "call activity",
        "transaction",
        "parallel multi-instance",
        "sequential multi-instance",
        "multi-instance without items",
        "completion condition",
        "standard loop",
        "asyncBefore",
    }
)


def play(seeds: range) -> Counter[str]:
    """Every diagram in every order: with and without compaction, and of every tenth one with specs parsed anew.

    One order of each is played again from what was written down.
    """
    kinds = Counter[str]()
    for seed in seeds:
        diagram = Maker(seed).make_diagram()
        fingerprint = spec_fingerprint(diagram.specs)
        for order in range(ORDERS):
            is_fresh = order == 3 and seed % FRESH == 0
            try:
                comparison = Comparison(diagram, order, compacting=order != 1, fresh_specs=is_fresh)
                kinds += comparison.play()
                if order == REPLAYED:
                    found = replay_trial(comparison.trial)
                    assert found.is_same, found.difference
            except Exception as error:
                raise AssertionError(f"seed {seed}, order {order}: {error}") from error
        assert spec_fingerprint(diagram.specs) == fingerprint, "a case changed the specs it shares with others"
    return kinds


@pytest.fixture(autouse=True)
def crowds_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two instances that wait for people sleep already."""
    monkeypatch.setattr(crowds, "SMALLEST", 2)
    monkeypatch.setattr(crowds, "FRAME_ROWS", 2)


@pytest.mark.parametrize("first", range(0, DIAGRAMS, GROUP))
def test_the_engine_agrees_with_the_reference(first: int) -> None:
    play(range(first, first + GROUP))


@pytest.mark.parametrize("seed", REGRESSIONS)
def test_seeds_that_found_a_fault(seed: int) -> None:
    play(range(seed, seed + 1))


def test_every_kind_occurs_often() -> None:
    """What the engine is compared with runs the same acts here, by itself: it counts what was reached, not drawn."""
    kinds = Counter[str]()
    for seed in range(DIAGRAMS):
        diagram = Maker(seed).make_diagram()
        for order in range(ORDERS):
            run = start_reference(diagram, order)
            while not run.is_done:
                run.act(*run.choose())
            kinds += run.kinds
    print(*(f"{count:6} {kind}" for kind, count in sorted(kinds.items())), sep="\n")  # noqa: T201  # seen with -s
    assert kinds.keys() == KINDS
    assert {kind: count for kind, count in kinds.items() if count < OFTEN} == {}


@pytest.mark.long
@pytest.mark.parametrize("first", range(1_000, 4_000, 250))
def test_thousands_agree(first: int) -> None:
    play(range(first, first + 250))
