"""Decides: which rules match, and what the hit policy makes of them, after all that a decision requires."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import cast

from engine.language.decisions.kinds import fits
from engine.language.decisions.messages import Message, message
from engine.language.decisions.model import (
    Aggregation,
    Decision,
    DecisionLogic,
    DecisionTable,
    HitPolicy,
    LiteralExpression,
    Output,
    Rule,
)
from engine.language.decisions.program import DEFAULT
from engine.language.errors import EngineError
from engine.language.sandbox import Sandbox, SandboxBudgetExceeded, SandboxError, TimeBudget
from engine.language.values import Border, ValueRefused, is_same
from engine.storage.plain import Plain, PlainDict

Hit = tuple[Rule | None, PlainDict]
"""A rule that matches, or None for the row of defaults, with its outputs."""


class DecisionError(EngineError):
    """There is no right answer for these values; `message` names decision, rules and columns in both languages."""

    def __init__(self, problem: Message) -> None:
        super().__init__(problem.of("en"))
        self.message = problem


def decide(
    logic: DecisionLogic, values: Mapping[str, object], sandbox: Sandbox, budget: TimeBudget | None = None
) -> Decision:
    """Decide a table or an expression, each decision in one call of the sandbox, those it requires first.

    Raises DecisionError, SandboxBudgetExceeded, SandboxBusy.
    """
    decided: dict[str, Decision] = {}
    _decide_all(logic, values, sandbox, budget, decided)
    last = decided.pop(logic.key)
    return Decision(last.key, last.matched, last.rows, last.result, last.inputs, tuple(decided.values()))


def decide_alone(
    logic: DecisionLogic, values: Mapping[str, object], sandbox: Sandbox, budget: TimeBudget | None = None
) -> Decision:
    """Decide it on values that hold the results of what it requires. Raises as `decide` does."""
    return _decide_one(logic, values, sandbox, budget)


def map_result(decision: Decision, kind: str) -> Plain:
    """What `camunda:mapDecisionResult` makes of a decision, as in Camunda 7.

    `singleEntry`: the one value of the one row; `singleResult`: the one row; `collectEntries`: the one value of each
    row; `resultList`: all rows. No row gives None or an empty list. Raises DecisionError where there are more.
    """
    if kind == "resultList":
        return list(decision.rows)
    if kind == "collectEntries":
        return [_take_entry(decision, row) for row in decision.rows]
    if kind not in ("singleEntry", "singleResult"):
        raise DecisionError(message("result_form", form=kind))
    if len(decision.rows) > 1:
        raise _fail(decision.key, message("one_result", rules=", ".join(decision.matched)))
    if not decision.rows:
        return None
    return decision.rows[0] if kind == "singleResult" else _take_entry(decision, decision.rows[0])


def _take_entry(decision: Decision, row: PlainDict) -> Plain:
    if len(row) != 1:
        raise _fail(decision.key, message("one_entry", names=", ".join(row)))
    return next(iter(row.values()))


def _decide_all(
    logic: DecisionLogic,
    values: Mapping[str, object],
    sandbox: Sandbox,
    budget: TimeBudget | None,
    decided: dict[str, Decision],
) -> Plain:
    """The result of a decision as those that require it see it; what was decided on the way is added."""
    if logic.key not in decided:
        results = {one.variable: _decide_all(one, values, sandbox, budget, decided) for one in logic.required}
        decided[logic.key] = _decide_one(logic, {**values, **results}, sandbox, budget)
    return _share(logic, decided[logic.key])


def _share(logic: DecisionLogic, decision: Decision) -> Plain:
    """A single output is its value, several are a dict; a list of these where the hit policy gives several rows."""
    if isinstance(logic, DecisionTable) and logic.aggregation:
        return decision.result
    rows: list[Plain] = [next(iter(row.values())) if len(row) == 1 else row for row in decision.rows]
    if isinstance(logic, DecisionTable) and logic.hit_policy.gives_several:
        return rows
    return rows[0] if rows else None


def _decide_one(
    logic: DecisionLogic, values: Mapping[str, object], sandbox: Sandbox, budget: TimeBudget | None
) -> Decision:
    try:
        answer = sandbox.evaluate(logic.program, values, budget=budget, is_stored=True)
    except SandboxBudgetExceeded:
        raise
    except SandboxError as error:
        failed = message("failed", problem=error)
        raise _fail(logic.key, failed.at(logic.places[error.line - 1]) if error.line else failed) from error
    inputs = {name: cast(Plain, values[name]) for name in sorted(logic.program.names & values.keys())}
    if isinstance(logic, DecisionTable):
        return _decide_table(logic, answer, inputs)
    assert isinstance(logic, LiteralExpression)
    if not fits(logic.kind, answer):
        raise _fail(logic.key, message("not_of_kind", kind=logic.kind, text=repr(answer)))
    row: PlainDict = {logic.variable: answer}
    return Decision(logic.key, (), (row,), row, inputs)


def _decide_table(table: DecisionTable, answer: Plain, inputs: PlainDict) -> Decision:
    if isinstance(answer, dict):
        column = table.inputs[cast(int, answer["input"])]
        problem = message(str(answer["problem"]), kind=column.kind, text=answer["value"])
        raise _fail(table.key, problem.at(column.place))
    names = [output.name for output in table.outputs]
    answered = cast("list[tuple[int, list[Plain]]]", answer)
    found: list[Hit] = [
        (None if index == DEFAULT else table.rules[index], dict(zip(names, row, strict=True)))
        for index, row in answered
    ]
    for rule, row in found:
        for output in table.outputs:
            _check_output(table, rule, output, row[output.name])
    hits = _select(table, found)
    matched = tuple(rule.id for rule, _ in hits if rule)
    rows = tuple(row for _, row in hits)
    if table.aggregation:
        total = _aggregate(table, hits)
        rows = () if total is None else ({names[0]: total},)
        return Decision(table.key, matched, rows, total, inputs)
    if table.hit_policy.gives_several:
        return Decision(table.key, matched, rows, list(rows), inputs)
    return Decision(table.key, matched, rows, rows[0] if rows else None, inputs)


def _check_output(table: DecisionTable, rule: Rule | None, output: Output, value: Plain) -> None:
    problem = None
    if not fits(output.kind, value):
        problem = message("not_of_kind", kind=output.kind, text=repr(value))
    elif output.values and not any(map(_equals(value), output.values)):
        problem = message("not_allowed", text=repr(value))
    if problem is not None:
        raise _fail(table.key, problem.at(rule.at(output) if rule else output.place))


def _equals(value: Plain) -> Callable[[Plain], bool]:
    """Tells whether another value is this one; `true` is not 1."""
    return lambda other: other == value and isinstance(other, bool) == isinstance(value, bool)


def _select(table: DecisionTable, hits: list[Hit]) -> list[Hit]:
    match table.hit_policy:
        case HitPolicy.UNIQUE:
            if len(hits) > 1:
                raise _fail(table.key, message("several_match", rules=_list_rules(hits)))
            return hits
        case HitPolicy.ANY:
            if others := [hit for hit in hits if not is_same(hit[1], hits[0][1])]:
                raise _fail(table.key, message("results_differ", rules=_list_rules([hits[0], *others])))
            return hits[:1]
        case HitPolicy.PRIORITY:
            return sorted(hits, key=_rank(table))[:1]
        case HitPolicy.OUTPUT_ORDER:
            return sorted(hits, key=_rank(table))
        case _:
            return hits


def _list_rules(hits: list[Hit]) -> Message:
    """`rule 1 (a) and rule 2 (b)`"""
    places = [rule.place for rule, _ in hits if rule]
    listed = places[0]
    for place in places[1:]:
        listed = message("and", first=listed, second=place)
    return listed


def _rank(table: DecisionTable) -> Callable[[Hit], tuple[int, ...]]:
    """The place of a hit in the order of the output values, the first output first."""

    def place(output: Output, value: Plain) -> int:
        return next(index for index, other in enumerate(output.values) if _equals(value)(other))

    return lambda hit: tuple(place(output, hit[1][output.name]) for output in table.outputs if output.values)


def _aggregate(table: DecisionTable, hits: list[Hit]) -> Plain:
    if table.aggregation is Aggregation.COUNT:
        return len(hits)
    output = table.outputs[0]
    numbers: list[int | float] = []
    for rule, row in hits:
        value = row[output.name]
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            problem = message("not_a_number", text=repr(value))
            raise _fail(table.key, problem.at(rule.at(output) if rule else output.place))
        numbers.append(value)
    if not numbers:
        return None
    match table.aggregation:
        case Aggregation.SUM:
            return _add(table.key, numbers)
        case Aggregation.MIN:
            return min(numbers)
        case _:
            return max(numbers)


def _add(key: str, numbers: list[int | float]) -> Plain:
    """The sum of the numbers as they are written: 0.1 and 0.2 are 0.3."""
    is_whole = all(isinstance(number, int) for number in numbers)
    total = sum(numbers) if is_whole else float(sum(Decimal(str(number)) for number in numbers))
    try:
        return Border([], is_stored=True).accept(total)
    except ValueRefused as refused:
        raise _fail(key, message("failed", problem=refused)) from None


def _fail(key: str, problem: Message) -> DecisionError:
    return DecisionError(message("in_decision", key=key, problem=problem))
