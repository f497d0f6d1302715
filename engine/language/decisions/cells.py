"""Writes the Python of one cell: what a test asks, what a result is. Where it can be told, also which values pass."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.language.decisions.helpers import matcher_of, writer_of
from engine.language.decisions.kinds import NUMERIC, TEMPORAL, Kind, fits, read_kind, write_value
from engine.language.decisions.spans import EVERYTHING, Accepts, Span
from engine.language.decisions.unary import ANYTHING, Alone, Comparison, Interval, Part, read_tests, split_list
from engine.language.decisions.vocabulary import (
    CellInvalid,
    Constant,
    Operand,
    convert,
    find_kind,
    read_operand,
    write_node,
)
from engine.storage.plain import Plain

_OPERATORS: dict[str, type[ast.cmpop]] = {
    "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE, "==": ast.Eq, "!=": ast.NotEq,
}  # fmt: skip
_WITHOUT_ORDER = (Kind.NULL, Kind.BOOLEAN)


@dataclass(frozen=True)
class TestCell:
    """`code` is true when the input passes; None where every input does. `accepts`: the values, None if unknown."""

    code: str | None
    accepts: Accepts | None


@dataclass(frozen=True)
class ValueCell:
    """`code` gives a value of the kind. `constant` holds it where it is known."""

    code: str
    kind: Kind
    constant: tuple[Plain] | None


def read_test(text: str, column: str, kind: Kind, readers: set[str]) -> TestCell:
    """The test of an input of a kind that is held by the name `column`. Raises CellInvalid."""
    tests = read_tests(text)
    if tests is None:
        return TestCell(None, EVERYTHING)
    writer = _TestWriter(ast.Name(column, ast.Load()), kind, readers)
    written = [writer.write(part) for part in tests.parts]
    whole = written[0].code if len(written) == 1 else ast.BoolOp(ast.Or(), [one.code for one in written])
    if tests.is_negated:
        whole = ast.UnaryOp(ast.Not(), whole)
        if tests.is_ordering:  # nothing (null) is neither inside nor outside a range
            whole = ast.BoolOp(ast.And(), [_is_given(writer.column), whole])
    known = [one.spans for one in written]
    spans = None if None in known else tuple(span for found in known for span in found or ())
    accepts = None if spans is None else Accepts(spans, tests.is_negated, tests.is_ordering)
    return TestCell(write_node(whole), accepts)


def read_input(text: str, kind: Kind, readers: set[str]) -> ValueCell:
    """The expression of an input column, whose kind is declared or ANY. Raises CellInvalid."""
    operand = _read_value(text, readers)
    if kind is Kind.ANY and operand.kind is not Kind.NULL:
        kind = operand.kind
    elif not _agree(kind, operand.kind):
        raise CellInvalid("kinds", first=kind, second=operand.kind)
    return ValueCell(write_node(operand.node), kind, None)


def read_result(text: str, kind: Kind, readers: set[str]) -> ValueCell:
    """A result of a kind. Dates, times and durations become ISO texts, as data hold them. Raises CellInvalid."""
    operand = _read_value(text, readers)
    if operand.constant is not None:
        constant = _as_kind(operand.constant, kind)
        value = write_value(constant.kind, constant.value)
        if not fits(kind, value):
            raise CellInvalid("not_of_kind", kind=kind, text=text.strip())
        node = ast.Constant(str(value)) if constant.kind in TEMPORAL else operand.node
        return ValueCell(write_node(node), constant.kind, (value,))
    if not _agree(kind, operand.kind):
        raise CellInvalid("kinds", first=kind, second=operand.kind)
    node = operand.node
    if operand.kind in TEMPORAL:
        node = _call(writer_of(operand.kind), node)
    return ValueCell(write_node(node), operand.kind, None)


def read_literals(text: str, kind: Kind) -> tuple[Plain, ...]:
    """The values of a list that holds texts, numbers, dates, true, false or null. Raises CellInvalid for any other."""
    return tuple(_read_literal(part, kind) for part in split_list(text.strip())) if text.strip() else ()


def _read_literal(text: str, kind: Kind) -> Plain:
    constant = read_operand(text, set()).constant
    if constant is None:
        raise CellInvalid("not_a_literal", text=text)
    constant = _as_kind(constant, kind)
    value = write_value(constant.kind, constant.value)
    if not fits(kind, value):
        raise CellInvalid("not_of_kind", kind=kind, text=text)
    return value


def _read_value(text: str, readers: set[str]) -> Operand:
    if text.strip() in ANYTHING:
        raise CellInvalid("cell_empty")
    return read_operand(text, readers)


@dataclass(frozen=True)
class _Written:
    code: ast.expr
    spans: tuple[Span, ...] | None


class _TestWriter:
    """Writes the parts of the tests of one cell."""

    def __init__(self, column: ast.Name, kind: Kind, readers: set[str]) -> None:
        self.column = column
        self.kind = kind
        self.readers = readers

    def write(self, part: Part) -> _Written:
        match part:
            case Interval():
                return self._write_interval(part)
            case Comparison(operator, text):
                return self._write_comparison(operator, text)
            case Alone():
                return self._write_alone(part)

    def _write_interval(self, part: Interval) -> _Written:
        low, high = self._read(part.low), self._read(part.high)
        kind = self.kind if self.kind is not Kind.ANY else find_kind([low.kind, high.kind])
        if kind is Kind.ANY and Kind.ANY not in (low.kind, high.kind):
            raise CellInvalid("kinds", first=low.kind, second=high.kind)
        if kind is Kind.ANY:  # one end is unknown: it is what the other is
            kind = next((end.kind for end in (low, high) if end.kind in TEMPORAL), kind)
        above = self._order(">=" if part.has_low else ">", low, kind)
        below = self._order("<=" if part.has_high else "<", high, kind)
        spans = None
        ends = [self._fit(low, kind).constant, self._fit(high, kind).constant]
        if ends[0] and ends[1] and ends[0].kind is not Kind.STRING:
            spans = (Span(ends[0].kind, ends[0].value, ends[1].value, part.has_low, part.has_high),)
        return _Written(ast.BoolOp(ast.And(), [above, below]), spans)

    def _write_comparison(self, operator: str, text: str) -> _Written:
        """As in DMN, a comparison with nothing (null) is not true; equality may ask for it."""
        operand = self._read(text)
        if operator in ("==", "!="):
            equal = self._write_equal(operand)
            if operator == "==":
                return equal
            outside = (
                None if equal.spans is None or len(equal.spans) != 1 else (replace(equal.spans[0], is_outside=True),)
            )
            return _Written(ast.UnaryOp(ast.Not(), equal.code), outside)
        compared = self._order(operator, operand, self.kind)
        constant = self._fit(operand, self.kind).constant
        if constant is None or constant.kind is Kind.STRING:
            return _Written(compared, None)
        is_low, is_in = operator[0] == ">", operator.endswith("=")
        low, high = (constant.value, None) if is_low else (None, constant.value)
        return _Written(compared, (Span(constant.kind, low, high, is_low and is_in, not is_low and is_in),))

    def _write_alone(self, part: Alone) -> _Written:
        operand = read_operand(part.text, self.readers, self.column if part.has_question else None, self.kind)
        if part.has_question:
            if operand.kind not in (Kind.ANY, Kind.BOOLEAN):
                raise CellInvalid("no_truth", part=part.text, kind=operand.kind)
            is_known = operand.kind is Kind.BOOLEAN
            return _Written(operand.node if is_known else _call("__truth", operand.node), None)
        if isinstance(operand.node, (ast.Compare, ast.BoolOp)) or (
            operand.kind is Kind.BOOLEAN and not operand.constant
        ):
            raise CellInvalid("no_question", part=part.text)
        return self._write_equal(operand)

    def _read(self, text: str) -> Operand:
        return read_operand(text, self.readers)

    def _order(self, operator: str, operand: Operand, kind: Kind) -> ast.expr:
        if operand.kind in _WITHOUT_ORDER or kind in _WITHOUT_ORDER or operand.is_list:
            raise CellInvalid("no_order_among", kind=Kind.BOOLEAN if kind is Kind.BOOLEAN else operand.kind)
        fitted = self._fit(operand, kind)
        compared = ast.Compare(self._column_as(fitted.kind), [_OPERATORS[operator]()], [fitted.node])
        return ast.BoolOp(ast.And(), [_is_given(self.column), compared])

    def _fit(self, operand: Operand, kind: Kind) -> Operand:
        """An operand as what it is compared with. Raises CellInvalid where it is of another kind."""
        if operand.kind is Kind.ANY:
            return replace(operand, node=convert(operand.node, kind), kind=kind) if kind in TEMPORAL else operand
        if operand.constant is not None:
            constant = _as_kind(operand.constant, kind)
            if constant is not operand.constant:
                return replace(operand, node=convert(operand.node, kind), kind=kind, constants=(constant,))
        if not _agree(kind, operand.kind):
            raise CellInvalid("kinds", first=kind, second=operand.kind)
        return operand

    def _column_as(self, kind: Kind) -> ast.expr:
        """The input as a date, if it is compared with one: data hold dates as text."""
        is_read = self.kind is not Kind.ANY  # before the first rule
        return self.column if is_read or kind not in TEMPORAL else convert(self.column, kind)

    def _write_equal(self, operand: Operand) -> _Written:
        """Whether the input is the value. `true` is not 1, though Python says so; a list is a choice of values."""
        constants = operand.constants
        if operand.is_list or (operand.kind is Kind.ANY and constants is None):
            return self._write_match(operand, constants)
        fitted = self._fit(operand, self.kind)
        spans = tuple(_point(constant) for constant in fitted.constants) if fitted.constants else None
        constant = fitted.constant
        if constant is not None and constant.kind in (Kind.NULL, Kind.BOOLEAN):
            return _Written(ast.Compare(self.column, [ast.Is()], [fitted.node]), spans)
        if constant is None and fitted.kind not in TEMPORAL:
            return self._write_match(operand, None)
        same: ast.expr = ast.Compare(self._column_as(fitted.kind), [ast.Eq()], [fitted.node])
        if constant is not None and constant.value in (0, 1) and constant.kind in NUMERIC and self.kind is Kind.ANY:
            no_truth = [ast.Compare(self.column, [ast.IsNot()], [ast.Constant(truth)]) for truth in (True, False)]
            same = ast.BoolOp(ast.And(), [same, *no_truth])
        return _Written(same, spans)

    def _write_match(self, operand: Operand, constants: Sequence[Constant] | None) -> _Written:
        kind = self.kind
        if constants:
            fitted = [_as_kind(constant, kind) for constant in constants]
            for constant in fitted:
                if not _agree(kind, constant.kind):
                    raise CellInvalid("kinds", first=kind, second=constant.kind)
            spans: tuple[Span, ...] | None = tuple(map(_point, fitted))
            common = find_kind([constant.kind for constant in fitted])
            kind = common if kind is Kind.ANY and common in TEMPORAL else kind
        else:
            spans = None
        return _Written(_call(matcher_of(kind), self._column_as(kind), operand.node), spans)


def _as_kind(constant: Constant, kind: Kind) -> Constant:
    """A text that stands for a date, time or duration where one is expected, as that. Raises CellInvalid."""
    if kind not in TEMPORAL or constant.kind is not Kind.STRING:
        return constant
    try:
        return Constant(kind, read_kind(kind, str(constant.value)))
    except ValueError as error:
        raise CellInvalid("not_a_date", problem=error) from None


def _agree(first: Kind, second: Kind) -> bool:
    """Whether values of two kinds can be equal."""
    if first in (Kind.ANY, Kind.NULL) or second in (Kind.ANY, Kind.NULL):
        return True
    return first is second or (first in NUMERIC and second in NUMERIC)


def _point(constant: Constant) -> Span:
    return Span(constant.kind, constant.value, constant.value, True, True)


def _call(helper: str, *arguments: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(helper, ast.Load()), [*arguments], [])


def _is_given(column: ast.Name) -> ast.expr:
    return ast.Compare(column, [ast.IsNot()], [ast.Constant(None)])
