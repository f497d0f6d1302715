"""Reads the expressions of a decision: Python, with the few words of FEEL for dates, times and durations.

Every text is read alone and written anew from its tree, so no cell can reach into another. Of which kind a value is
gets known where it can be: what is compared across kinds would never be equal, and is refused.
"""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.language.decisions.helpers import converter_of
from engine.language.decisions.kinds import DAY, NUMERIC, TEMPORAL, Kind, Value, has_months, read_kind
from engine.language.decisions.messages import message
from engine.language.expressions import VALUE_CLASSES, ExpressionError, parse_expression
from engine.language.field_access import FieldAccess
from engine.language.syntax import read_expression

_STRING = re.compile(r'"(?:\\.|[^"\\])*"|' + r"'(?:\\.|[^'\\])*'", re.DOTALL)
_DATE_AND_TIME = re.compile(r"\bdate\s+and\s+time\b")
_QUESTION_MARK = re.compile(r"\?")
_QUESTION = "cell_input_"
_LITERALS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_CONSTRUCTORS = {"date": Kind.DATE, "date_and_time": Kind.DATETIME, "time": Kind.TIME, "duration": Kind.DAYS}
_CALLS = {
    **dict.fromkeys(("len", "int", "float", "round", "sum"), Kind.NUMBER),
    **dict.fromkeys(("all", "any", "bool"), Kind.BOOLEAN),
    "str": Kind.STRING, "datetime": Kind.DATETIME, "timedelta": Kind.DAYS,
}  # fmt: skip
_FOREIGN_CALLS = frozenset({"years_and_months_duration", "years_and_months"})
_SCALARS = frozenset({*TEMPORAL, Kind.BOOLEAN, Kind.NUMBER, Kind.STRING})
_SUMS: dict[tuple[Kind, type[ast.operator], Kind], Kind] = {
    (Kind.DATE, ast.Sub, Kind.DATE): Kind.DAYS,
    (Kind.DATETIME, ast.Sub, Kind.DATETIME): Kind.DAYS,
    (Kind.TIME, ast.Sub, Kind.TIME): Kind.DAYS,
    (Kind.DAYS, ast.Div, Kind.DAYS): Kind.NUMBER,
}
for _length in (Kind.DAYS, Kind.MONTHS):
    _SUMS |= {(_length, operator, _length): _length for operator in (ast.Add, ast.Sub)}
    _SUMS |= {(_length, ast.Mult, Kind.NUMBER): _length, (Kind.NUMBER, ast.Mult, _length): _length}
    for _start in (Kind.DATE, Kind.DATETIME, *((Kind.TIME,) if _length is Kind.DAYS else ())):
        _SUMS |= {
            (_start, ast.Add, _length): _start,
            (_start, ast.Sub, _length): _start,
            (_length, ast.Add, _start): _start,
        }


class CellInvalid(Exception):
    """A cell cannot be read; `message` says why."""

    def __init__(self, code: str, **facts: object) -> None:
        self.message = message(code, **facts)
        super().__init__(self.message.of("en"))


@dataclass(frozen=True)
class Constant:
    """A value that is known when the cell is read."""

    kind: Kind
    value: Value


@dataclass(frozen=True)
class Operand:
    """An expression that was read. `constants`: its value, or those of a list; None where they are not known."""

    node: ast.expr
    kind: Kind
    constants: tuple[Constant, ...] | None
    is_list: bool = False

    @property
    def constant(self) -> Constant | None:
        """The one value, if it is known."""
        return self.constants[0] if self.constants and not self.is_list else None


def mask_strings(text: str) -> str:
    """The same text, as long, with every quoted character hidden."""
    return _STRING.sub(lambda match: '"' + "_" * (len(match[0]) - 2) + '"', text)


def read_operand(text: str, readers: set[str], column: ast.Name | None = None, kind: Kind = Kind.ANY) -> Operand:
    """Reads one expression; `column` holds the value that `?` means, of this kind. Raises CellInvalid.

    The attributes that need a reader of the sandbox are added to `readers`.
    """
    if column is not None:
        text = _replace_outside_strings(text, _QUESTION_MARK, _QUESTION)
    text = _replace_outside_strings(text, _DATE_AND_TIME, "date_and_time")
    try:
        source = parse_expression(text).source
    except ExpressionError as error:
        raise CellInvalid("python", problem=error) from None
    try:
        return _read_tree(read_expression(f"(\n{source}\n)"), readers, _Vocabulary(column, kind))
    except RecursionError as error:
        raise CellInvalid("too_deep", problem=error) from None


def _read_tree(tree: ast.expr, readers: set[str], vocabulary: "_Vocabulary") -> Operand:
    node = vocabulary.visit(tree)
    kind, constants = vocabulary.kind_of(node), vocabulary.constants_of(node)
    fields = FieldAccess(VALUE_CLASSES)
    node = fields.visit(node)
    readers |= fields.readers
    return Operand(node, kind, constants, isinstance(node, ast.List))


def convert(node: ast.expr, kind: Kind) -> ast.expr:
    """A call that gives a value as one of the kind, or fails."""
    return ast.Call(ast.Name(converter_of(kind), ast.Load()), [node], [])


def find_kind(kinds: Sequence[Kind]) -> Kind:
    """The kind that values have together: nothing (null) is of every kind; ANY where they differ or it is unknown."""
    found = {kind for kind in kinds if kind is not Kind.NULL}
    return found.pop() if len(found) == 1 else Kind.ANY


class _Vocabulary(ast.NodeTransformer):
    """Puts Python in the place of FEEL's words and keeps the kinds of the new nodes, by identity."""

    def __init__(self, column: ast.Name | None, kind: Kind) -> None:
        self.column = column
        self.column_kind = Kind.NUMBER if kind in NUMERIC else kind
        self.kinds: dict[int, Kind] = {}
        self.values: dict[int, Constant] = {}
        self.kept: list[ast.AST] = []  # alive, so that identities stay theirs

    def kind_of(self, node: ast.AST) -> Kind:
        return self.kinds.get(id(node), Kind.ANY)

    def constants_of(self, node: ast.AST) -> tuple[Constant, ...] | None:
        """What the node is, or its elements are, if that is known."""
        parts = node.elts if isinstance(node, ast.List) else [node]
        found = tuple(self.values[id(part)] for part in parts if id(part) in self.values)
        return found if len(found) == len(parts) else None

    def _keep(self, node: ast.expr, kind: Kind, *value: Value) -> ast.expr:
        self.kept.append(node)
        if kind is not Kind.ANY:
            self.kinds[id(node)] = kind
        if value:
            self.values[id(node)] = Constant(kind, value[0])
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        value = node.value
        match value:
            case None:
                return self._keep(node, Kind.NULL, None)
            case bool():
                return self._keep(node, Kind.BOOLEAN, value)
            case int() | float():
                return self._keep(node, Kind.NUMBER, value)
            case str():
                return self._keep(node, Kind.STRING, value)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id == _QUESTION and self.column is not None:
            return self._keep(ast.Name(self.column.id, ast.Load()), self.column_kind)
        return self.visit_Constant(ast.Constant(_LITERALS[node.id])) if node.id in _LITERALS else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in _FOREIGN_CALLS:
            raise CellInvalid("foreign_call", name=name)
        if name in _CONSTRUCTORS and len(node.args) == 1 and not node.keywords:
            return self._construct(name, self.visit(node.args[0]))
        called = self.generic_visit(node)
        assert isinstance(called, ast.Call)
        if name == "date":
            called.func = ast.Name("__date", ast.Load())
            return self._keep(called, Kind.DATE)
        if name in ("min", "max", "abs"):
            return self._keep(called, find_kind([self.kind_of(part) for part in called.args]))
        return self._keep(called, _CALLS.get(name, Kind.ANY))

    def _construct(self, name: str, argument: ast.expr) -> ast.expr:
        kind, constant = _CONSTRUCTORS[name], self.values.get(id(argument))
        if constant is None:
            if self.kind_of(argument) not in (Kind.ANY, Kind.STRING, Kind.NULL, kind):
                raise CellInvalid("kinds", first=kind, second=self.kind_of(argument))
            return self._keep(convert(argument, kind), kind)
        try:
            text = str(constant.value)
            if name == "duration" and has_months(text):
                kind = Kind.MONTHS
            value = read_kind(kind, text)
        except ValueError as error:
            raise CellInvalid("not_a_date", problem=error) from None
        return self._keep(_write_constant(kind, value), kind, value)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        node.left, node.right = self.visit(node.left), self.visit(node.right)
        left, right = self.kind_of(node.left), self.kind_of(node.right)
        if TEMPORAL.isdisjoint((left, right)):
            return self._keep(node, left if left == right and left in (Kind.NUMBER, Kind.STRING) else Kind.ANY)
        if Kind.ANY in (left, right):
            return self._keep(node, _guess_sum(left if right is Kind.ANY else right, node.op))
        found = _SUMS.get((left, type(node.op), right))
        if found is None:
            raise CellInvalid("arithmetic", first=left, second=right)
        if found in (Kind.DATE, Kind.DATETIME) and Kind.MONTHS in (left, right):
            return self._keep(_add_months(node, is_swapped=left is Kind.MONTHS), found)
        if found is Kind.TIME:
            return self._keep(ast.BinOp(node, ast.Mod(), _write_constant(Kind.DAYS, DAY)), found)
        return self._keep(node, found)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        node.operand = self.visit(node.operand)
        if isinstance(node.op, ast.Not):
            return self._keep(node, Kind.BOOLEAN)
        known = self.values.get(id(node.operand))
        if known and isinstance(node.op, ast.USub) and known.kind in (Kind.NUMBER, Kind.DAYS, Kind.MONTHS):
            return self._keep(node, known.kind, -known.value)  # type: ignore[operator]  # numbers and durations
        return self._keep(node, self.kind_of(node.operand))

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        node.test, node.body, node.orelse = self.visit(node.test), self.visit(node.body), self.visit(node.orelse)
        return self._keep(node, find_kind([self.kind_of(node.body), self.kind_of(node.orelse)]))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return self._keep(self.generic_visit(node), Kind.STRING)  # type: ignore[arg-type]  # it stays what it is

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        operands: list[ast.expr] = [self.visit(node.left), *map(self.visit, node.comparators)]
        if all(isinstance(operator, (ast.In, ast.NotIn)) for operator in node.ops):
            operands[0] = self._fit_elements(operands[0], operands[1])
        elif not any(isinstance(operator, (ast.In, ast.NotIn, ast.Is, ast.IsNot)) for operator in node.ops):
            operands = self._fit(operands)
        node.left, node.comparators = operands[0], operands[1:]
        return self._keep(node, Kind.BOOLEAN)

    def _fit(self, operands: list[ast.expr]) -> list[ast.expr]:
        """Operands of one comparison: of one kind, those unknown made dates where the others are."""
        kinds = {self.kind_of(operand) for operand in operands} & _SCALARS
        if len(kinds) > 1:
            first, second = sorted(kinds)[:2]
            raise CellInvalid("kinds", first=first, second=second)
        kind = find_kind(list(kinds))
        return [convert(one, kind) if kind in TEMPORAL and self.kind_of(one) is Kind.ANY else one for one in operands]

    def _fit_elements(self, operand: ast.expr, elements: ast.expr) -> ast.expr:
        """What is looked for among dates is made a date."""
        if not isinstance(elements, (ast.List, ast.Tuple)) or not elements.elts:
            return operand
        kind = find_kind([self.kind_of(element) for element in elements.elts])
        return convert(operand, kind) if kind in TEMPORAL and self.kind_of(operand) is Kind.ANY else operand


def _guess_sum(kind: Kind, operator: ast.operator) -> Kind:
    """What comes of a date or length and something unknown; data hold texts and numbers, so most of it fails."""
    is_length = kind in (Kind.DAYS, Kind.MONTHS)
    return kind if isinstance(operator, (ast.Mult, ast.Div) if is_length else ast.Add) else Kind.ANY


def _add_months(node: ast.BinOp, is_swapped: bool) -> ast.expr:
    start, months = (node.right, node.left) if is_swapped else (node.left, node.right)
    if isinstance(node.op, ast.Sub):
        months = ast.UnaryOp(ast.USub(), months)
    return ast.Call(ast.Name("__add_months", ast.Load()), [start, months], [])


def _write_constant(kind: Kind, value: Value) -> ast.expr:
    """A known date, time or duration as the sandbox holds it."""
    if isinstance(value, int):
        return ast.Constant(value)
    if kind in (Kind.DATE, Kind.DATETIME):
        name = "__date" if kind is Kind.DATE else "__datetime"
        method = ast.Attribute(ast.Name(name, ast.Load()), "fromisoformat", ast.Load())
        return ast.Call(method, [ast.Constant(value.isoformat())], [])  # type: ignore[union-attr]  # it is a date
    parts = [ast.Constant(getattr(value, part)) for part in ("days", "seconds", "microseconds")]
    return ast.Call(ast.Name("__timedelta", ast.Load()), [*parts], [])


def _replace_outside_strings(text: str, pattern: re.Pattern[str], new: str) -> str:
    for match in reversed(list(pattern.finditer(mask_strings(text)))):
        text = text[: match.start()] + new + text[match.end() :]
    return text


def write_node(node: ast.expr) -> str:
    """The Python of a tree, on one line. Raises CellInvalid."""
    try:
        text = ast.unparse(node)
    except (ValueError, RecursionError) as error:
        raise CellInvalid("too_deep", problem=error) from None
    if "\n" in text:
        raise CellInvalid("several_lines")
    return text
