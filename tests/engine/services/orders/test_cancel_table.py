"""The terms of a cancellation (spec: cancellation tables, hire order), read from the deployed file itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.language.decisions import DecisionLogic, decide, parse_decisions
from engine.language.sandbox import Sandbox
from engine.storage.plain import PlainDict

FILE = Path(__file__).resolve().parents[4] / "bpmn" / "hire_order" / "cancel_hire.dmn"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def table() -> DecisionLogic:
    (found,) = parse_decisions(FILE.read_bytes())
    return found


@pytest.mark.parametrize("requested_by", ["publisher", "taker"])
@pytest.mark.parametrize("stage", ["locked", "started"])
@pytest.mark.parametrize("is_in_grace", [True, False])
def test_one_rule_answers_every_case(
    sandbox: Sandbox, table: DecisionLogic, requested_by: str, stage: str, is_in_grace: bool
) -> None:
    """Out of the time of grace once started: the combination with True does not occur, but is decided all the same."""
    values: PlainDict = {
        "requested_by": requested_by,
        "stage": stage,
        "is_in_grace": is_in_grace,
        "progress_bps": 5_000,
    }
    decision = decide(table, values, sandbox)
    assert len(decision.matched) == 1


@pytest.mark.parametrize(
    ("requested_by", "stage", "is_in_grace", "progress_bps", "charge_bps", "mode"),
    [
        ("publisher", "locked", True, 0, 0, "at_once"),
        ("taker", "locked", True, 0, 0, "at_once"),
        ("publisher", "locked", False, 0, 1_000, "by_agreement"),
        ("taker", "locked", False, 0, 0, "by_agreement"),
        ("publisher", "started", False, 0, 3_000, "by_agreement"),
        ("publisher", "started", False, 3_001, 3_001, "by_agreement"),
        ("publisher", "started", False, 10_000, 10_000, "by_agreement"),
        ("taker", "started", False, 10_000, 0, "by_agreement"),
    ],
)
def test_terms_follow_the_table_of_the_specification(
    sandbox: Sandbox,
    table: DecisionLogic,
    requested_by: str,
    stage: str,
    is_in_grace: bool,
    progress_bps: int,
    charge_bps: int,
    mode: str,
) -> None:
    values: PlainDict = {
        "requested_by": requested_by,
        "stage": stage,
        "is_in_grace": is_in_grace,
        "progress_bps": progress_bps,
    }
    result = decide(table, values, sandbox).result
    assert result == {"charge_bps": charge_bps, "worker_share_bps": 8_000, "mode": mode}
