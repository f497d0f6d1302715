"""Random tables against an evaluator of a few lines, and against what the analysis says of them.

The evaluator knows tables as Python values; the engine gets the same table as a DMN file. Seeds are in the messages.
"""

import json
import operator
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from engine.language.decisions import Decision, DecisionError, DecisionTable, decide
from engine.language.decisions.analysis import Remark, analyse
from engine.language.sandbox import Sandbox
from engine.storage.plain import PlainDict
from tests.engine.language.test_decisions import parse_table

TABLES, SAMPLES = 150, 12
TYPES = ("integer", "number", "string", "boolean", "date")
POLICIES = ("UNIQUE", "FIRST", "ANY", "PRIORITY", "RULE ORDER", "OUTPUT ORDER", "COLLECT")
AGGREGATIONS = ("", "SUM", "MIN", "MAX", "COUNT")
OPERATORS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
PRIORITIES = [3, 1, 2]
FIRST_DAY = date(2026, 1, 1)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(max_processes=1)
    yield sandbox
    sandbox.close()


@dataclass
class Part:
    """`== value`, `operator value`, or from `low` to `high`; `has_question` writes it with `?`."""

    operator: str
    value: Any
    high: Any = None
    ends: str = ""
    has_question: bool = False

    def passes(self, given: Any) -> bool:
        if self.operator == "==":
            return bool(given == self.value)
        if given is None:
            return False
        if self.operator in OPERATORS:
            return bool(OPERATORS[self.operator](given, self.value))
        above = given >= self.value if self.ends[0] == "[" else given > self.value
        return bool(above and (given <= self.high if self.ends[1] == "]" else given < self.high))

    def write(self) -> str:
        if self.operator == "==":
            return write(self.value)
        if self.operator in OPERATORS:
            text = f"{self.operator} {write(self.value)}"
            return f"? is not None and ? {text}" if self.has_question else text
        return f"{self.ends[0]}{write(self.value)}..{write(self.high)}{self.ends[1]}"


@dataclass
class Cell:
    """One of the parts or, negated, none of them; without parts anything."""

    parts: list[Part]
    is_negated: bool

    def passes(self, given: Any) -> bool:
        if self.is_negated and given is None and any(part.operator != "==" for part in self.parts):
            return False
        return not self.parts or any(part.passes(given) for part in self.parts) != self.is_negated

    def write(self) -> str:
        listed = ", ".join(part.write() for part in self.parts)
        return f"not({listed})" if self.is_negated else listed or "-"


@dataclass
class Table:
    """A random table. `allowed` lists the values of its first input, if it is not empty."""

    types: list[str]
    rules: list[tuple[list[Cell], int]]
    policy: str
    aggregation: str
    default: int | None
    allowed: list[Any]

    @classmethod
    def make(cls, chance: random.Random) -> "Table":
        types = chance.choices(TYPES, k=chance.randint(1, 3))
        rules = [
            ([make_cell(chance, kind) for kind in types], chance.choice(PRIORITIES))
            for _ in range(chance.randint(1, 6))
        ]
        policy = chance.choice(POLICIES)
        aggregation = chance.choice(AGGREGATIONS) if policy == "COLLECT" else ""
        default = chance.choice((None, None, 2)) if aggregation != "COUNT" else None
        allowed = sorted({make_value(chance, types[0]) for _ in range(4)}) if chance.random() < 0.3 else []
        return cls(types, rules, policy, aggregation, default, allowed)

    def parse(self) -> DecisionTable:
        names = [f"x{index}" for index in range(len(self.types))]
        listed = [", ".join(map(write, self.allowed)), *("" for _ in names[1:])] if self.allowed else []
        return parse_table(
            [[*(cell.write() for cell in cells), str(result)] for cells, result in self.rules],
            inputs=names,
            types=self.types,
            listed=listed,
            hit=self.policy,
            aggregation=self.aggregation,
            allowed=["3, 1, 2"],
            defaults=[] if self.default is None else [str(self.default)],
        )

    def match(self, given: list[Any]) -> list[int]:
        """The numbers of the rules that match."""
        return [
            number
            for number, (cells, _) in enumerate(self.rules, 1)
            if all(cell.passes(value) for cell, value in zip(cells, given, strict=True))
        ]

    def expect(self, given: list[Any]) -> tuple[list[int], Any] | None:
        """The rules that count and the result; None where there must be an error."""
        if self.allowed and given[0] not in self.allowed:
            return None
        matched = self.match(given)
        results = {number: self.rules[number - 1][1] for number in matched}
        if self.policy == "UNIQUE" and len(matched) > 1:
            return None
        if self.policy == "ANY" and len(set(results.values())) > 1:
            return None
        if self.policy in ("PRIORITY", "OUTPUT ORDER"):
            matched.sort(key=lambda number: PRIORITIES.index(results[number]))
        if self.policy in ("FIRST", "ANY", "PRIORITY", "UNIQUE"):
            matched = matched[:1]
        values = [results[number] for number in matched] or ([] if self.default is None else [self.default])
        if self.aggregation:
            total: dict[str, Any] = {"SUM": sum, "MIN": min, "MAX": max, "COUNT": len}
            return matched, (total[self.aggregation](values) if values or self.aggregation == "COUNT" else None)
        if self.policy in ("RULE ORDER", "OUTPUT ORDER", "COLLECT"):
            return matched, [{"y": value} for value in values]
        return matched, ({"y": values[0]} if values else None)


def make_value(chance: random.Random, kind: str) -> Any:
    match kind:
        case "integer":
            return chance.randint(0, 6)
        case "number":
            return chance.choice((0, 0.5, 1, 1.5, 2, 2.5, 3))
        case "string":
            return chance.choice("abcd")
        case "boolean":
            return chance.random() < 0.5
    return FIRST_DAY + timedelta(days=chance.randint(0, 6))


def make_cell(chance: random.Random, kind: str) -> Cell:
    if chance.random() < 0.25:
        return Cell([], is_negated=False)
    has_order = kind not in ("string", "boolean")
    parts = [make_part(chance, kind, has_order=has_order) for _ in range(chance.choice((1, 1, 2)))]
    if len(parts) == 1 and parts[0].operator in OPERATORS:
        parts[0].has_question = kind != "date" and chance.random() < 0.15
    is_negated = chance.random() < 0.25 and not any(part.has_question for part in parts)
    return Cell(parts, is_negated)


def make_part(chance: random.Random, kind: str, *, has_order: bool) -> Part:
    shape = chance.choice(("equal", "compare", "range")) if has_order else "equal"
    if shape == "equal":
        return Part("==", None if chance.random() < 0.1 else make_value(chance, kind))
    if shape == "compare":
        return Part(chance.choice(list(OPERATORS)), make_value(chance, kind))
    low, high = make_value(chance, kind), make_value(chance, kind)
    return Part("..", low, high, chance.choice("[(") + chance.choice("])"))


def write(value: Any) -> str:
    return f'date("{value}")' if isinstance(value, date) else json.dumps(value)


def as_data(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def run(sandbox: Sandbox, table: DecisionTable, given: list[Any]) -> Decision | None:
    """What the engine decides; None for an error."""
    values: PlainDict = {f"x{index}": as_data(value) for index, value in enumerate(given)}
    try:
        return decide(table, values, sandbox)
    except DecisionError:
        return None


def sample(chance: random.Random, table: Table) -> list[Any]:
    given = [None if chance.random() < 0.1 else make_value(chance, kind) for kind in table.types]
    if table.allowed and chance.random() < 0.9:
        given[0] = chance.choice(table.allowed)
    return given


@pytest.mark.parametrize("start", range(0, TABLES, 30))
def test_tables_are_decided_as_the_evaluator_decides(sandbox: Sandbox, start: int) -> None:
    for seed in range(start, start + 30):
        chance = random.Random(seed)
        table = Table.make(chance)
        parsed = table.parse()
        for _ in range(SAMPLES):
            given = sample(chance, table)
            expected, decision = table.expect(given), run(sandbox, parsed, given)
            found = decision and ([int(rule[1:]) for rule in decision.matched], decision.result)
            assert found == expected, f"seed {seed}: {given} in {table}"


def read_example(table: Table, remark: Remark) -> list[Any]:
    """The values of an example; where it names none, any will do."""
    given: list[Any] = [
        table.allowed[0] if table.allowed and index == 0 else make_value(random.Random(0), kind)
        for index, kind in enumerate(table.types)
    ]
    for index, text in re.findall(r"x(\d) = (.+?)(?=, x\d = |$)", remark.example):
        day = re.fullmatch(r'date\("(.*)"\)', text)
        given[int(index)] = date.fromisoformat(day[1]) if day else json.loads(text)
    return given


@pytest.mark.parametrize("start", range(0, 400, 100))
def test_the_analysis_agrees_with_what_is_decided(sandbox: Sandbox, start: int) -> None:
    counts: dict[str, int] = {}
    for seed in range(start, start + 100):
        chance = random.Random(seed)
        table = Table.make(chance)
        table.policy = chance.choice(("UNIQUE", "ANY", "FIRST"))
        table.aggregation = ""
        parsed = table.parse()
        remarks = analyse(parsed)
        for remark in remarks:
            counts[remark.code] = counts.get(remark.code, 0) + 1
            check_remark(sandbox, table, parsed, remark, f"seed {seed}: {remark} of {table}")
        check_samples(chance, table, remarks, seed)
    assert {"overlap", "conflict", "gap", "shadowed", "never", "undecided"} <= set(counts), counts


def check_remark(sandbox: Sandbox, table: Table, parsed: DecisionTable, remark: Remark, message: str) -> None:
    """What a remark says happens: in the evaluator and, for its example, in the engine."""
    if remark.code in ("overlap", "conflict"):
        given = read_example(table, remark)
        assert set(remark.rules) <= set(table.match(given)), message
        assert run(sandbox, parsed, given) is None, message
    elif remark.code in ("gap", "incomplete"):
        given = read_example(table, remark)
        assert table.match(given) == [], message
        decision = run(sandbox, parsed, given)
        assert decision is not None, message
        assert decision.result is None, message


def check_samples(chance: random.Random, table: Table, remarks: list[Remark], seed: int) -> None:
    """Where nothing is said, no sample shows what should have been said; rules said not to count never do."""
    codes = {remark.code for remark in remarks}
    shadowed = {remark.rules[0] for remark in remarks if remark.code == "shadowed"}
    never = {remark.rules[0] for remark in remarks if remark.code == "never"}
    for _ in range(40):
        given = sample(chance, table)
        if table.allowed and given[0] not in table.allowed:
            continue
        matched = table.match(given)
        results = {table.rules[number - 1][1] for number in matched}
        message = f"seed {seed}: {given} in {table}, {codes}"
        if "undecided" not in codes and table.policy == "UNIQUE":
            assert len(matched) < 2 or "overlap" in codes, message
        if "undecided" not in codes and table.policy == "ANY":
            assert len(results) < 2 or "conflict" in codes, message
        if not codes & {"gap", "incomplete", "undecided"} and table.default is None and None not in given:
            assert matched, message
        assert not matched or matched[0] not in shadowed, message
        assert never.isdisjoint(matched), message
