"""Reads one cell of a decision table: the unary tests of DMN, or a Python expression with `?` for the input.

Every cell is read alone and written anew from its tree, so no cell can reach into another.
"""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

from engine.language.decisions.messages import message
from engine.language.expressions import VALUE_CLASSES, ExpressionError, parse_expression
from engine.language.field_access import FieldAccess
from engine.storage.plain import Plain

_STRING = re.compile(r'"(?:\\.|[^"\\])*"|' + r"'(?:\\.|[^'\\])*'", re.DOTALL)
_INTERVAL = re.compile(r"\s*([\[(\]])(.*?)\.\.(.*?)([\])\[])\s*(?:,|$)", re.DOTALL)
_COMPARISON = re.compile(r"(<=|>=|==|!=|<|>)(.*)", re.DOTALL)
_DATE_AND_TIME = re.compile(r"\bdate\s+and\s+time\b")
_QUESTION = "cell_input_"
_LITERALS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_OPERATORS: dict[str, type[ast.cmpop]] = {
    "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE, "==": ast.Eq, "!=": ast.NotEq,
}  # fmt: skip
_FOREIGN_CALLS = frozenset({"time", "duration", "years_and_months"})
AS_DATE, AS_DATETIME, MATCHES = "__as_date", "__as_datetime", "__matches"


class CellInvalid(Exception):
    """A cell cannot be read; `message` says why."""

    def __init__(self, code: str, **facts: object) -> None:
        self.message = message(code, **facts)
        super().__init__(self.message.of("en"))


class Cell:
    """The tree of one cell, and which readers of attributes it needs."""

    def __init__(self, readers: set[str]) -> None:
        self.readers = readers

    def translate_test(self, text: str, column: str) -> str | None:
        """Python that is true when the input, held by the name `column`, passes; None where every input passes."""
        text = text.strip()
        if text in ("", "-"):
            return None
        negated = _find_negated(text)
        parts = split_list(text if negated is None else negated)
        name = ast.Name(column, ast.Load())
        tests = [self._translate_part(part, name) for part in parts]
        whole = tests[0] if len(tests) == 1 else ast.BoolOp(ast.Or(), tests)
        if negated is not None:
            whole = ast.UnaryOp(ast.Not(), whole)
            if any(map(_is_ordering, parts)):  # nothing (null) is neither inside nor outside a range
                whole = ast.BoolOp(ast.And(), [_is_given(name), whole])
        return _write(whole)

    def translate_value(self, text: str) -> str:
        """Python for an input expression or an output. A date literal becomes its ISO text, as data hold it."""
        if text.strip() in ("", "-"):
            raise CellInvalid("cell_empty")
        node, _ = self._parse(text)
        match node:
            case ast.Call(ast.Attribute(ast.Name("__date" | "__datetime"), "fromisoformat"), [ast.Constant() as iso]):
                node = iso
        return _write(node)

    def _translate_part(self, part: str, column: ast.Name) -> ast.expr:
        if part.startswith("=") and not part.startswith("=="):
            raise CellInvalid("equals_sign", part=part)
        if match := _INTERVAL.fullmatch(_mask_strings(part)):
            return self._translate_interval(part, match, column)
        if match := _COMPARISON.fullmatch(part):
            return self._compare(column, match[1], match[2])
        node, kind = self._parse(part, column)
        if "?" in _mask_strings(part):
            return node
        if isinstance(node, (ast.Compare, ast.BoolOp)) or (isinstance(node, ast.UnaryOp) and type(node.op) is ast.Not):
            raise CellInvalid("no_question", part=part)
        return _equal(column, node, kind)

    def _translate_interval(self, part: str, match: re.Match[str], column: ast.Name) -> ast.expr:
        low, high = part[slice(*match.span(2))], part[slice(*match.span(3))]
        if ".." in _mask_strings(high):
            raise CellInvalid("interval", part=part)
        above = self._compare(column, ">=" if match[1] == "[" else ">", low)
        below = self._compare(column, "<=" if match[4] == "]" else "<", high)
        return ast.BoolOp(ast.And(), [above, below])

    def _compare(self, column: ast.Name, operator: str, text: str) -> ast.expr:
        """As in DMN, a comparison with nothing (null) is not true; equality may ask for it."""
        if "?" in _mask_strings(text):
            raise CellInvalid("no_operand", operator=operator, text=text.strip())
        value, kind = self._parse(text)
        compared = ast.Compare(_convert(column, kind), [_OPERATORS[operator]()], [value])
        if operator in ("==", "!="):
            equal = _equal(column, value, kind)
            return equal if operator == "==" else ast.UnaryOp(ast.Not(), equal)
        return ast.BoolOp(ast.And(), [_is_given(column), compared])

    def _parse(self, text: str, column: ast.Name | None = None) -> tuple[ast.expr, str]:
        """The tree of a Python expression, and of which kind of date it speaks ("" for none)."""
        if column is not None:
            text = _replace_outside_strings(text, re.compile(r"\?"), _QUESTION)
        text = _replace_outside_strings(text, _DATE_AND_TIME, "date_and_time")
        try:
            source = parse_expression(text).source
        except ExpressionError as error:
            raise CellInvalid("python", problem=error) from None
        node = ast.parse(f"(\n{source}\n)", mode="eval").body
        names = {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
        kind = "datetime" if names & {"datetime", "date_and_time"} else "date" if "date" in names else ""
        node = _Vocabulary(column and _convert(column, kind)).visit(node)
        fields = FieldAccess(VALUE_CLASSES)
        node = fields.visit(node)
        self.readers |= fields.readers
        return node, kind


class _Vocabulary(ast.NodeTransformer):
    """Puts Python in the place of the few words of FEEL that are allowed."""

    def __init__(self, column: ast.expr | None) -> None:
        self.column = column

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id == _QUESTION and self.column is not None:
            return self.column
        return ast.Constant(_LITERALS[node.id]) if node.id in _LITERALS else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name in _FOREIGN_CALLS:
            raise CellInvalid("foreign_call", name=name)
        if name in ("date", "date_and_time") and len(node.args) == 1 and not node.keywords:
            return _write_date(name, self.visit(node.args[0]))
        return self.generic_visit(node)


def _write_date(name: str, argument: ast.expr) -> ast.expr:
    kind = "__date" if name == "date" else "__datetime"
    if isinstance(argument, ast.Constant):
        try:
            if name == "date":
                text = date.fromisoformat(str(argument.value)).isoformat()
            else:
                at = datetime.fromisoformat(str(argument.value))
                text = (at if at.tzinfo else at.replace(tzinfo=UTC)).isoformat()
        except ValueError as error:
            raise CellInvalid("not_a_date", problem=error) from None
        argument = ast.Constant(text)
    method = ast.Attribute(ast.Name(kind, ast.Load()), "fromisoformat", ast.Load())
    return ast.Call(method, [argument], [])


def _convert(column: ast.expr, kind: str) -> ast.expr:
    """The input as a date, if it is compared with one: data hold dates as text."""
    return ast.Call(ast.Name(AS_DATE if kind == "date" else AS_DATETIME, ast.Load()), [column], []) if kind else column


def _equal(column: ast.Name, value: ast.expr, kind: str) -> ast.expr:
    """Whether the input is the value. `true` is not 1, though Python says so; a list is a choice of values."""
    constant = value.operand if isinstance(value, ast.UnaryOp) and type(value.op) is ast.USub else value
    if isinstance(constant, ast.Constant) and (constant.value is None or isinstance(constant.value, bool)):
        return ast.Compare(column, [ast.Is()], [value])
    if isinstance(constant, ast.Constant):
        same: ast.expr = ast.Compare(column, [ast.Eq()], [value])
        if constant.value not in (0, 1):
            return same
        no_truth = [ast.Compare(column, [ast.IsNot()], [ast.Constant(truth)]) for truth in (True, False)]
        return ast.BoolOp(ast.And(), [same, *no_truth])
    if kind:
        return ast.Compare(_convert(column, kind), [ast.Eq()], [value])
    return ast.Call(ast.Name(MATCHES, ast.Load()), [column, value], [])


def read_literal(text: str) -> Plain:
    """The value of a cell that holds a text, a number, true, false or null. Raises CellInvalid for any other."""
    text = text.strip()
    if text in _LITERALS:
        return _LITERALS[text]
    try:
        value = ast.literal_eval(parse_expression(text).source)
    except (ExpressionError, ValueError):
        value = None
    if not isinstance(value, (str, int, float)):
        raise CellInvalid("not_a_literal", text=text)
    return value


def _is_given(column: ast.Name) -> ast.expr:
    return ast.Compare(column, [ast.IsNot()], [ast.Constant(None)])


def _is_ordering(part: str) -> bool:
    masked = _mask_strings(part)
    return ".." in masked or masked.startswith(("<", ">"))


def split_list(text: str) -> list[str]:
    """The parts of a list of values or tests; commas inside brackets and texts do not divide. Raises CellInvalid."""
    return list(_split_parts(text))


def _split_parts(text: str) -> Iterator[str]:
    masked = _mask_strings(text)
    if "#" in masked or "..." in masked:
        raise CellInvalid("comment", text=text)
    start = 0
    while start <= len(text):
        match = _INTERVAL.match(masked, start)
        end = match.end() if match else _find_comma(masked, start)
        if match and masked[end - 1] == ",":
            end -= 1
        part = text[start:end].strip()
        if part in ("", "-"):
            raise CellInvalid("empty_part", text=text)
        yield part
        start = end + 1


def _find_comma(masked: str, start: int) -> int:
    """Where the next comma outside brackets stands, or the end."""
    depth = 0
    for index in range(start, len(masked)):
        if masked[index] in "([{":
            depth += 1
        elif masked[index] in ")]}":
            depth -= 1
        elif masked[index] == "," and depth == 0:
            return index
    return len(masked)


def _find_negated(text: str) -> str | None:
    """What stands inside a `not(...)` around the whole; None if there is none."""
    masked = _mask_strings(text)
    opening = re.match(r"not\s*\(", masked)
    if opening is None or not masked.endswith(")"):
        return None
    inner = masked[opening.end() : -1]
    depth = 0
    for character in inner:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return None
    return text[opening.end() : -1]


def _mask_strings(text: str) -> str:
    """The same text, as long, with every quoted character hidden."""
    return _STRING.sub(lambda match: '"' + "_" * (len(match[0]) - 2) + '"', text)


def _replace_outside_strings(text: str, pattern: re.Pattern[str], new: str) -> str:
    for match in reversed(list(pattern.finditer(_mask_strings(text)))):
        text = text[: match.start()] + new + text[match.end() :]
    return text


def _write(node: ast.expr) -> str:
    try:
        text = ast.unparse(node)
    except (ValueError, RecursionError) as error:
        raise CellInvalid("too_deep", problem=error) from None
    if "\n" in text:
        raise CellInvalid("several_lines")
    return text
