"""Decisions as they are kept in memory: read once, never changed."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from engine.language.decisions.kinds import Kind
from engine.language.decisions.messages import Message, message
from engine.language.decisions.spans import Accepts
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

    @property
    def gives_several(self) -> bool:
        """Whether the result is a list of rows, unless it is aggregated."""
        return self in (HitPolicy.RULE_ORDER, HitPolicy.OUTPUT_ORDER, HitPolicy.COLLECT)


class Aggregation(StrEnum):
    """What COLLECT makes of the outputs; COUNT counts the rules that match."""

    SUM = "SUM"
    MIN = "MIN"
    MAX = "MAX"
    COUNT = "COUNT"


@dataclass(frozen=True)
class Input:
    """A column of tests; `text` is the expression they test. `allowed`: the values it may have, None: any."""

    id: str
    label: str
    text: str
    kind: Kind
    allowed: Accepts | None

    @property
    def place(self) -> Message:
        """Where it is, for messages."""
        return message("input", label=self.label)


@dataclass(frozen=True)
class Output:
    """A column of results. `values`: the allowed ones, the first has the highest priority; empty: any."""

    id: str
    name: str
    label: str
    kind: Kind
    values: tuple[Plain, ...]

    @property
    def place(self) -> Message:
        """Where it is, for messages."""
        return message("output", label=self.label)


@dataclass(frozen=True)
class Test:
    """A cell of an input, as the analyst wrote it. `accepts`: the values that pass; None where that cannot be told."""

    id: str
    text: str
    accepts: Accepts | None


@dataclass(frozen=True)
class Result:
    """A cell of an output, as the analyst wrote it. `constant` holds the value where it is known."""

    id: str
    text: str
    constant: tuple[Plain] | None


@dataclass(frozen=True)
class Rule:
    """A row: a test for each input, a result for each output, and remarks that mean nothing to the machine."""

    id: str
    number: int
    tests: tuple[Test, ...]
    results: tuple[Result, ...]
    annotations: tuple[str, ...]

    @property
    def place(self) -> Message:
        """Where it is, for messages."""
        return message("rule", number=self.number, id=self.id)

    def at(self, column: Input | Output) -> Message:
        """The place of a cell."""
        code = "rule_input" if isinstance(column, Input) else "rule_output"
        return message(code, number=self.number, id=self.id, label=column.label)


@dataclass(frozen=True)
class DecisionLogic:
    """How something is decided; an expression has no rules. `variable` names the result for those that require it.

    `program` decides it in one call, given the values and the results of `required`; `places` names the cell of each
    number in its lines.
    """

    key: str
    name: str
    variable: str
    required: tuple["DecisionLogic", ...]
    rules: tuple[Rule, ...]
    program: Expression
    places: tuple[Message, ...]

    @cached_property
    def names(self) -> frozenset[str]:
        """The variables that it and all it requires read."""
        own = self.program.names - {one.variable for one in self.required}
        return own.union(*(one.names for one in self.required))


@dataclass(frozen=True)
class LiteralExpression(DecisionLogic):
    """A decision that is one expression."""

    text: str
    kind: Kind


@dataclass(frozen=True)
class DecisionTable(DecisionLogic):
    """A decision by rules. `defaults`: the row where no rule matches, as it is written; empty: there is none."""

    hit_policy: HitPolicy
    aggregation: Aggregation | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    defaults: tuple[Result, ...]


@dataclass(frozen=True)
class Decision:
    """What was decided. `matched`: ids of the rules that count, in the order of `rows`; none where a default counts.

    `rows` holds one dict of outputs per rule that counts, or the aggregate as one row; `result` is the one dict (None
    if there is none) for the hit policies that give one, a list of dicts for the others, a number for an aggregation
    (None for SUM, MIN, MAX of nothing). `inputs`: the variables that were read. `required`: what was decided before,
    in that order.
    """

    key: str
    matched: tuple[str, ...]
    rows: tuple[PlainDict, ...]
    result: Plain
    inputs: PlainDict = field(default_factory=dict)
    required: tuple["Decision", ...] = ()
