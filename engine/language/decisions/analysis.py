"""What is wrong with the rules of a table as a whole: rules that match together, values no rule is there for.

A table is decided piece by piece of its inputs (see `domains`). What would need the value of an expression is said
to be undecided; never guessed.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from engine.language.decisions.domains import Domain, list_pieces
from engine.language.decisions.model import DecisionTable, HitPolicy, Input, Rule
from engine.language.decisions.vocabulary import mask_strings
from engine.language.expressions import BUILTINS, VALUE_CLASSES
from engine.language.values import is_same

MAX_STEPS = 100_000
MAX_COLUMNS = 50  # the search goes one level deeper for each
MAX_PAIRS = 20  # of rules that match together; more say nothing new
OVERLAP, CONFLICT, GAP, INCOMPLETE = "overlap", "conflict", "gap", "incomplete"
SHADOWED, NEVER, UNDECIDED, TOO_LARGE = "shadowed", "never", "undecided", "too_large"
_ONE_RESULT = (HitPolicy.UNIQUE, HitPolicy.FIRST, HitPolicy.ANY, HitPolicy.PRIORITY)
_WORD = re.compile(r"(?<!\.)\b[^\W\d]\w*")
_FEEL = frozenset({"and", "or", "not", "in", "is", "if", "else", "time", "duration", "true", "false", "null"})


@dataclass(frozen=True)
class Remark:
    """What is wrong, and at which element. `rules` are their numbers; `example` writes a value for each input."""

    code: str
    element: str
    rules: tuple[int, ...] = ()
    example: str = ""


class _TooManyStepsError(Exception):
    """The table is too large to be looked through."""


def analyse(table: DecisionTable) -> list[Remark]:
    """All remarks on a table."""
    remarks: list[Remark] = []
    try:
        remarks.extend(_Analysis(table).find())
    except _TooManyStepsError:
        remarks.append(Remark(TOO_LARGE, table.key))
    return remarks


class _Column:
    """Inputs of the same expression, which have the same value: what each rule accepts of it."""

    def __init__(self, inputs: Sequence[tuple[int, Input]], rules: Sequence[Rule], step: Callable[[int], None]) -> None:
        tests = [[rule.tests[index].accepts for index, _ in inputs] for rule in rules]
        first = inputs[0][1]
        allowed = next((column.allowed for _, column in inputs if column.allowed), None)
        known = [test for row in tests for test in row if test is not None]
        self.text = first.text.strip()
        self.index = inputs[0][0]
        self.domain = Domain(first.kind, known, allowed)
        self.opaque = sum(1 << rule for rule, row in enumerate(tests) if None in row)
        masks = {id(test): self.domain.mask(test) for test in known}  # most cells are alike
        self.may = [self._intersect([masks[id(test)] for test in row if test is not None]) for row in tests]
        self.everywhere = sum(1 << rule for rule, mask in enumerate(self.may) if mask == self.domain.full)
        self.holders: dict[int, int] = {}  # by piece: the rules that accept it and not everything
        for rule, mask in enumerate(self.may):
            if mask != self.domain.full:
                step(mask.bit_count())
                for piece in list_pieces(mask):
                    self.holders[piece] = self.holders.get(piece, 0) | 1 << rule
        self.is_told_apart = len({self.at(piece) for piece in list_pieces(self.domain.full)}) > 1

    def _intersect(self, masks: Sequence[int]) -> int:
        found = self.domain.full
        for mask in masks:
            found &= mask
        return found

    def at(self, piece: int) -> int:
        """The rules that accept a piece."""
        return self.everywhere | self.holders.get(piece, 0)

    def meeting(self, mask: int) -> int:
        """The rules that accept any piece of a mask."""
        found = self.everywhere
        for piece in list_pieces(mask):
            found |= self.holders.get(piece, 0)
        return found

    def classes(self, mask: int) -> dict[int, int]:
        """The pieces of a mask that the same rules accept, by these rules."""
        found: dict[int, int] = {}
        for piece in list_pieces(mask):
            rules = self.at(piece)
            found[rules] = found.get(rules, 0) | piece
        return found


class _Analysis:
    def __init__(self, table: DecisionTable) -> None:
        self.table = table
        self.steps = 0
        if len(table.inputs) > MAX_COLUMNS:
            raise _TooManyStepsError
        self.columns = [_Column(inputs, table.rules, self._step) for inputs in _group(table.inputs)]
        self.dependent = _find_dependent(self.columns)
        self.opaque = 0
        for column in self.columns:
            self.opaque |= column.opaque

    def find(self) -> Iterator[Remark]:
        yield from self._find_never()
        yield from self._find_overlaps()
        yield from self._find_gaps()
        yield from self._find_shadowed()

    def _find_never(self) -> Iterator[Remark]:
        for index, rule in enumerate(self.table.rules):
            for column in self.columns:
                if not column.may[index]:
                    yield Remark(NEVER, rule.tests[column.index].id, (rule.number,))
                    break

    def _find_overlaps(self) -> Iterator[Remark]:
        policy = self.table.hit_policy
        if policy not in (HitPolicy.UNIQUE, HitPolicy.ANY):
            return
        undecided: Remark | None = None
        count = 0
        for second, rule in enumerate(self.table.rules):
            for first in self._list_meeting(second):
                self._step(1)
                others = self.table.rules[first]
                is_same_result = policy is HitPolicy.ANY and _compare(others, rule)
                if is_same_result is True:
                    continue
                numbers = (others.number, rule.number)
                common = [column.may[first] & column.may[second] for column in self.columns]
                if is_same_result is None or not self._is_certain(1 << first | 1 << second, common):
                    undecided = undecided or Remark(UNDECIDED, self._find_opaque(rule, others), numbers)
                    continue
                yield Remark(OVERLAP if policy is HitPolicy.UNIQUE else CONFLICT, rule.id, numbers, self._show(common))
                count += 1
                if count == MAX_PAIRS:
                    return
        if undecided:
            yield undecided

    def _list_meeting(self, rule: int) -> list[int]:
        """The rules before one that can match together with it."""
        found = (1 << rule) - 1
        for column in self.columns:
            if not column.may[rule]:
                return []
            self._step(column.may[rule].bit_count())
            found &= column.meeting(column.may[rule])
        return [bit.bit_length() - 1 for bit in list_pieces(found)]

    def _is_certain(self, rules: int, masks: Sequence[int]) -> bool:
        """Whether no expression has a say: neither a cell's, nor two inputs that depend on one another."""
        bound = sum(
            mask != column.domain.full and index in self.dependent
            for index, (column, mask) in enumerate(zip(self.columns, masks, strict=True))
        )
        return not rules & self.opaque and bound < 2

    def _find_opaque(self, *rules: Rule) -> str:
        cells = [test.id for rule in rules for test in rule.tests if test.accepts is None]
        return cells[0] if cells else rules[0].id

    def _find_gaps(self) -> Iterator[Remark]:
        if self.table.hit_policy not in _ONE_RESULT or self.table.defaults:
            return
        expected = [column.domain.expected for column in self.columns]
        every_rule = (1 << len(self.table.rules)) - 1
        if self._find_uncovered(every_rule & ~self.opaque, expected) is None:
            return
        gap = self._find_uncovered(every_rule, expected)
        bound = [index for index, column in enumerate(self.columns) if column.is_told_apart]
        if gap is None or len(self.dependent.intersection(bound)) > 1:
            rules = [rule for rule in self.table.rules if self.opaque >> (rule.number - 1) & 1]
            yield Remark(UNDECIDED, self._find_opaque(*rules) if rules else self.table.key)
            return
        is_closed = bool(bound) and all(self.columns[index].domain.is_closed for index in bound)
        yield Remark(INCOMPLETE if is_closed else GAP, self.table.key, (), self._show(gap))

    def _find_shadowed(self) -> Iterator[Remark]:
        if self.table.hit_policy is not HitPolicy.FIRST:
            return
        for index, rule in enumerate(self.table.rules):
            masks = [column.may[index] for column in self.columns]
            before = ((1 << index) - 1) & ~self.opaque
            if before and all(masks) and self._find_uncovered(before, masks) is None:
                yield Remark(SHADOWED, rule.id, (rule.number,))

    def _find_uncovered(self, rules: int, masks: Sequence[int]) -> list[int] | None:
        """Pieces, one of each mask at least, that none of the rules accepts together; None if there are none."""
        order = sorted(range(len(self.columns)), key=lambda index: masks[index].bit_count())
        classes = []
        for index in order:
            self._step(masks[index].bit_count())
            classes.append(self.columns[index].classes(masks[index]))
        rest = [-1]  # the rules that accept all of every later column
        for found in reversed(classes):
            everywhere = rest[-1]
            for holders in found:
                everywhere &= holders
            rest.append(everywhere)
        rest.reverse()
        search = _Search(classes, rest, self._step)
        path = search.find(0, rules)
        if path is None:
            return None
        chosen = dict(zip(order, path, strict=False))
        return [chosen.get(index, mask) for index, mask in enumerate(masks)]

    def _show(self, masks: Sequence[int]) -> str:
        """A value for each input that rules tell apart."""
        shown = [
            f"{column.text} = {column.domain.show(mask)}"
            for column, mask in zip(self.columns, masks, strict=True)
            if column.is_told_apart
        ]
        return ", ".join(shown) or "-"

    def _step(self, count: int) -> None:
        self.steps += count
        if self.steps > MAX_STEPS:
            raise _TooManyStepsError


@dataclass
class _Search:
    """Goes through the columns, in each through what the rules left over tell apart."""

    classes: Sequence[dict[int, int]]
    rest: Sequence[int]
    step: Callable[[int], None]

    def __post_init__(self) -> None:
        self.covered: set[tuple[int, int]] = set()

    def find(self, depth: int, rules: int) -> list[int] | None:
        """The pieces from this column on where none of the rules is left; None if there are none."""
        if not rules:
            return []
        if rules & self.rest[depth] or (depth, rules) in self.covered:
            return None
        left: dict[int, int] = {}
        for holders, pieces in self.classes[depth].items():
            left.setdefault(rules & holders, pieces)
        self.step(len(self.classes[depth]))
        for some, pieces in sorted(left.items(), key=lambda one: one[0].bit_count()):
            if (path := self.find(depth + 1, some)) is not None:
                return [pieces, *path]
        self.covered.add((depth, rules))
        return None


def _group(inputs: Sequence[Input]) -> list[list[tuple[int, Input]]]:
    """The inputs by their expression."""
    groups: dict[str, list[tuple[int, Input]]] = {}
    for index, column in enumerate(inputs):
        groups.setdefault(column.text.strip(), []).append((index, column))
    return list(groups.values())


def _find_dependent(columns: Sequence[_Column]) -> frozenset[int]:
    """The columns whose value another column's expression has a part in."""
    found: set[int] = set()
    for (first, one), (second, other) in combinations(enumerate(columns), 2):
        if _depend(one.text, other.text):
            found |= {first, second}
    return frozenset(found)


def _depend(first: str, second: str) -> bool:
    paths = [text if all(part.isidentifier() for part in text.split(".")) else None for text in (first, second)]
    if paths[0] and paths[1]:
        return f"{first}.".startswith(f"{second}.") or f"{second}.".startswith(f"{first}.")
    return bool(_find_names(first) & _find_names(second))


def _find_names(text: str) -> set[str]:
    return set(_WORD.findall(mask_strings(text))) - BUILTINS - VALUE_CLASSES - _FEEL


def _compare(first: Rule, second: Rule) -> bool | None:
    """Whether two rules have the same results; None where that only shows when it is decided."""
    is_known = True
    for one, other in zip(first.results, second.results, strict=True):
        if one.constant is None or other.constant is None:
            is_known = is_known and one.text.strip() == other.text.strip()
        elif not is_same(one.constant[0], other.constant[0]):
            return False
    return True if is_known else None
