"""Sets of values, as the tests of a decision table describe them."""

from dataclasses import dataclass

from engine.language.decisions.kinds import Kind, Value


@dataclass(frozen=True)
class Span:
    """Values of a kind from `low` to `high`; None: without a bound. `is_outside`: every value but these."""

    kind: Kind
    low: Value
    high: Value
    has_low: bool
    has_high: bool
    is_outside: bool = False


@dataclass(frozen=True)
class Accepts:
    """The values that pass a test: those in any of the spans or, if negated, all others.

    `is_ordering`: asks for an order, so that nothing (null) does not even pass the negation.
    """

    spans: tuple[Span, ...]
    is_negated: bool
    is_ordering: bool


EVERYTHING = Accepts((), True, False)
