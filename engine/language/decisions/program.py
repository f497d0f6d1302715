"""Writes the program that decides a table, or an expression, in one call of the sandbox."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.language.decisions.cells import TestCell, ValueCell
from engine.language.decisions.helpers import define_helpers, reader_of
from engine.language.decisions.kinds import Kind
from engine.language.decisions.messages import Message
from engine.language.expressions import Expression, assemble_expression

DEFAULT = -1  # in the place of a rule's index
_PLAIN = frozenset({Kind.BOOLEAN, Kind.INTEGER, Kind.NUMBER, Kind.STRING})


@dataclass(frozen=True)
class Line:
    """A line of code, and what it was made of; None for our own."""

    code: str
    place: Message | None = None


@dataclass(frozen=True)
class CompiledInput:
    """An input column. `is_path`: a variable or a field of one, so plain data."""

    value: ValueCell
    allowed: TestCell | None
    place: Message
    is_path: bool

    @property
    def is_plain(self) -> bool:
        """Whether the value is compared as data hold it."""
        return self.is_path and self.value.kind in _PLAIN


def name_of(index: int) -> str:
    """The name that holds the value of an input."""
    return f"__{index}"


def write_table(
    inputs: Sequence[CompiledInput],
    rules: Sequence[tuple[list[Line], list[Line]]],
    defaults: list[Line],
    is_first: bool,
) -> list[Line]:
    """Two functions: one gives the values of the inputs, the other the rules that match, with their outputs.

    Of each rule come the lines of its tests and of its results. An input that is not what it may be is answered
    instead, as a dict.
    """
    lines = [Line("def __inputs(): return [")]
    lines += [Line(f"({column.value.code}),", column.place) for column in inputs]
    names = [name_of(index) for index in range(len(inputs))]
    lines += [Line("]"), Line("def __decide(__raw):")]
    lines += [Line(f"    [{', '.join(names)}] = __raw")] if names else []
    lines += _write_plain_checks(inputs)
    for index, column in enumerate(inputs):
        lines += _write_checks(index, column)
    lines.append(Line("    __hits = []"))
    for index, (tests, results) in enumerate(rules):
        head = f"{'return [' if is_first else '__hits.append('}[{index}, ["
        lines += [Line("    if (True"), *tests, Line(f"): {head}"), *results, Line("]]" + ("]" if is_first else ")"))]
    if defaults:
        return [*lines, Line(f"    return __hits or [[{DEFAULT}, ["), *defaults, Line("]]]")]
    return [*lines, Line("    return __hits")]


def write_test(test: TestCell, place: Message) -> list[Line]:
    """A further condition of a rule."""
    return [] if test.code is None else [Line(f"and ({test.code})", place)]


def write_value(value: ValueCell, place: Message) -> Line:
    """A further value of a row."""
    return Line(f"({value.code}),", place)


def assemble(key: str, lines: Sequence[Line], call: str, readers: set[str]) -> tuple[Expression, tuple[Message, ...]]:
    """The program, and the places that the numbers of its lines mean; number 0 is no place."""
    code = "".join(f"{line.code}\n" for line in lines)
    helpers = define_helpers(code)
    places = [line.place for line in lines if line.place]
    numbers = [0] * helpers.count("\n")
    count = 0
    for line in lines:
        count += line.place is not None
        numbers.append(count if line.place else 0)
    program = assemble_expression(f"decision {key}", helpers + code, call, tuple(numbers), frozenset(readers))
    return program, tuple(places)


def _write_plain_checks(inputs: Sequence[CompiledInput]) -> list[Line]:
    """Whether values that are compared as data hold them are of their kinds: together, which is quicker."""
    lines = []
    for kind in sorted(_PLAIN):
        found = [str(index) for index, column in enumerate(inputs) if column.is_plain and column.value.kind is kind]
        if found:
            lines.append(Line(f"    for __index in [{', '.join(found)}]:"))
            refused = "return __refuse(__index, 'not_of_kind', __raw)"
            lines.append(Line(f"        if {reader_of(kind)}(__raw[__index]) == (): {refused}"))
    return lines


def _write_checks(index: int, column: CompiledInput) -> list[Line]:
    """The value is read as what its column says it is, and looked up among those it may be."""
    name, kind = name_of(index), column.value.kind
    given = name if column.is_path else f"{reader_of(Kind.ANY)}({name})"
    read = given if kind is Kind.ANY or column.is_plain else f"{reader_of(kind)}({given})"
    lines = [] if read == name else [Line(f"    {name} = {read}", column.place)]
    if kind is not Kind.ANY and not column.is_plain:
        lines.append(Line(f"    if {name} == (): return __refuse({index}, 'not_of_kind', __raw)"))
    if column.allowed and column.allowed.code:
        test = f"    if not ({column.allowed.code}): return __refuse({index}, 'not_allowed', __raw)"
        lines.append(Line(test, column.place))
    return lines
