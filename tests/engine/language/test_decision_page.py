"""Every row of docs/decision-tables.md is true."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.language.decisions import decide
from engine.language.sandbox import Sandbox
from engine.storage.plain import PlainDict
from tests.engine.language.test_decisions import parse_table

PAGE = (Path(__file__).parents[3] / "docs" / "decision-tables.md").read_text("utf-8")
KNOWN: PlainDict = {"limit": 5, "codes": ["a", "b"], "deadline": "2026-03-31"}


def read_rows(title: str) -> list[list[str]]:
    """The cells of the table in a section, without its head."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def read_code(cell: str) -> list[str]:
    return re.findall(r"`([^`]*)`", cell)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(max_processes=1)
    yield sandbox
    sandbox.close()


@pytest.mark.parametrize("row", read_rows("Tests"), ids="|".join)
def test_tests(sandbox: Sandbox, row: list[str]) -> None:
    kind, test, passing, failing = row
    table = parse_table([[read_code(test)[0], "1"]], types=[kind])
    for cell, expected in ((passing, ("r1",)), (failing, ())):
        for value in map(json.loads, read_code(cell)):
            assert decide(table, {**KNOWN, "x": value}, sandbox).matched == expected, value


@pytest.mark.parametrize("row", read_rows("Results"), ids="|".join)
def test_results(sandbox: Sandbox, row: list[str]) -> None:
    kind, result, given = row
    table = parse_table([["-", read_code(result)[0]]], output_types=[kind])
    assert decide(table, {**KNOWN, "x": 3}, sandbox).result == {"y": json.loads(read_code(given)[0])}


@pytest.mark.parametrize("row", read_rows("Which rules count"), ids="|".join)
def test_hit_policies(sandbox: Sandbox, row: list[str]) -> None:
    policy, asked, result = row
    hit, _, aggregation = policy.partition(" ") if policy.startswith("COLLECT") else (policy, "", "")
    rows = [["> 1", "1"], ["> 5", "2"], ["> 7", "2"]]
    table = parse_table(rows, hit=hit, aggregation=aggregation, allowed=["2, 1"])
    found = decide(table, {"x": json.loads(read_code(asked)[0])}, sandbox)
    assert found.result == json.loads(read_code(result)[0])


def test_the_page_was_read() -> None:
    assert [len(read_rows(title)) for title in ("Tests", "Results", "Which rules count")] == [23, 9, 15]
