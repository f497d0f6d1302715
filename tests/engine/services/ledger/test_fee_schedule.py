"""The deployed fee schedule gives the rates of the money specification, and settlements can use its rows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.language.decisions import DecisionLogic, decide, parse_decisions
from engine.language.sandbox import Sandbox
from engine.services.ledger.fees import compute_settlement, read_terms
from engine.storage.plain import PlainDict

FILE = Path(__file__).parents[4] / "bpmn" / "shared" / "fee_schedule.dmn"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(max_processes=1)
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def table() -> DecisionLogic:
    (table,) = parse_decisions(FILE.read_bytes())
    return table


@pytest.mark.parametrize(
    ("process", "category", "rate_bps"),
    [
        ("hire_order", "other", 1000),
        ("normal_task", "other", 600),
        ("express_task", "other", 300),
        ("errand", "ordinary", 2000),
        ("errand", "professional", 1500),
        ("repair_collaboration", "other", 0),
        ("something_new", "other", 1000),
    ],
)
def test_rates(sandbox: Sandbox, table: DecisionLogic, process: str, category: str, rate_bps: int) -> None:
    values: PlainDict = {"process": process, "category": category, "party_tier": "standard"}
    result = decide(table, values, sandbox).result
    assert result == {"rate_bps": rate_bps, "min_fen": 0, "max_fen": None, "vat_bps": 600}
    assert compute_settlement(100_000, read_terms(result)).fee_fen == rate_bps * 10
