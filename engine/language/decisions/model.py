"""Decision tables as they are kept in memory: read once, never changed."""

from dataclasses import dataclass
from enum import StrEnum

from engine.language.expressions import Expression
from engine.storage.plain import Plain, PlainDict


class HitPolicy(StrEnum):
    """Which of the matching rules count (DMN 1.3, 8.2.10)."""

    UNIQUE = "UNIQUE"
    FIRST = "FIRST"
    ANY = "ANY"
    PRIORITY = "PRIORITY"
    RULE_ORDER = "RULE ORDER"
    OUTPUT_ORDER = "OUTPUT ORDER"
    COLLECT = "COLLECT"


class Aggregation(StrEnum):
    """What COLLECT makes of the outputs; COUNT counts the rules that match."""

    SUM = "SUM"
    MIN = "MIN"
    MAX = "MAX"
    COUNT = "COUNT"


@dataclass(frozen=True)
class Input:
    """A column of tests; `text` is the expression they test."""

    id: str
    label: str
    text: str


@dataclass(frozen=True)
class Output:
    """A column of results. `values`: the allowed ones, the first has the highest priority; empty: any."""

    id: str
    name: str
    label: str
    values: tuple[Plain, ...]


@dataclass(frozen=True)
class Entry:
    """A cell as the analyst wrote it."""

    id: str
    text: str


@dataclass(frozen=True)
class Rule:
    """A row: a test for each input, a result for each output, and remarks that mean nothing to the machine."""

    id: str
    number: int
    tests: tuple[Entry, ...]
    results: tuple[Entry, ...]
    annotations: tuple[str, ...]

    def __str__(self) -> str:
        return f"rule {self.number} ({self.id})"


@dataclass(frozen=True)
class DecisionTable:
    """`program` decides the whole table in one call; `places` names the cell of each number in its lines."""

    key: str
    name: str
    hit_policy: HitPolicy
    aggregation: Aggregation | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    program: Expression
    places: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """The variables the table reads."""
        return self.program.names


@dataclass(frozen=True)
class Decision:
    """What a table decided. `matched`: ids of the rules that count, in the order of `rows`.

    `rows` holds one dict of outputs per rule that counts, or the aggregate as one row; `result` is the one dict (None
    if no rule matches) for the hit policies that give one, a list of dicts for the others, a number for an
    aggregation (None for SUM, MIN, MAX of nothing).
    """

    key: str
    matched: tuple[str, ...]
    rows: tuple[PlainDict, ...]
    result: Plain
