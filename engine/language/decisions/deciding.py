"""Decides tables: which rules match, and what the hit policy makes of them."""

from collections.abc import Callable, Mapping
from typing import cast

from engine.language.decisions.model import Aggregation, Decision, DecisionTable, HitPolicy, Rule
from engine.language.errors import EngineError
from engine.language.sandbox import Sandbox, SandboxBudgetExceeded, SandboxError, TimeBudget
from engine.language.values import is_same
from engine.storage.plain import Plain, PlainDict

Hit = tuple[Rule, PlainDict]
_SEVERAL = (HitPolicy.RULE_ORDER, HitPolicy.OUTPUT_ORDER, HitPolicy.COLLECT)


class DecisionError(EngineError):
    """A table gives no right answer for these values; the text names the rules."""


def decide(
    table: DecisionTable, values: Mapping[str, object], sandbox: Sandbox, budget: TimeBudget | None = None
) -> Decision:
    """Decide a table in one call of the sandbox.

    Raises DecisionError, SandboxBudgetExceeded, SandboxBusy.
    """
    try:
        answer = sandbox.evaluate(table.program, values, budget=budget, is_stored=True)
    except SandboxBudgetExceeded:
        raise
    except SandboxError as error:
        raise DecisionError(f"{table.key}, {table.places[error.line]}: {error}") from error
    names = [output.name for output in table.outputs]
    answered = cast("list[tuple[int, list[Plain]]]", answer)
    hits = _select(table, [(table.rules[index], dict(zip(names, row, strict=True))) for index, row in answered])
    matched = tuple(rule.id for rule, _ in hits)
    rows = tuple(row for _, row in hits)
    if table.aggregation:
        total = _aggregate(table, hits)
        rows = () if total is None else ({names[0]: total},)
        return Decision(table.key, matched, rows, total)
    if table.hit_policy in _SEVERAL:
        return Decision(table.key, matched, rows, list(rows))
    return Decision(table.key, matched, rows, rows[0] if rows else None)


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
        raise DecisionError(f"Expected singleEntry, singleResult, collectEntries or resultList, but got {kind!r}")
    if len(decision.rows) > 1:
        raise DecisionError(f"{decision.key}: Expected one result, but the rules {', '.join(decision.matched)} match")
    if not decision.rows:
        return None
    return decision.rows[0] if kind == "singleResult" else _take_entry(decision, decision.rows[0])


def _take_entry(decision: Decision, row: PlainDict) -> Plain:
    if len(row) != 1:
        raise DecisionError(f"{decision.key}: Expected one output, but there are {', '.join(row)}")
    return next(iter(row.values()))


def _select(table: DecisionTable, hits: list[Hit]) -> list[Hit]:
    match table.hit_policy:
        case HitPolicy.UNIQUE:
            if len(hits) > 1:
                raise DecisionError(f"{table.key}: Expected one rule to match, but {_list_rules(hits)} do")
            return hits
        case HitPolicy.ANY:
            if others := [hit for hit in hits if not is_same(hit[1], hits[0][1])]:
                raise DecisionError(
                    f"{table.key}: Expected equal outputs, but {_list_rules([hits[0], *others])} differ"
                )
            return hits[:1]
        case HitPolicy.PRIORITY:
            return sorted(hits, key=_rank(table))[:1]
        case HitPolicy.OUTPUT_ORDER:
            return sorted(hits, key=_rank(table))
        case _:
            return hits


def _list_rules(hits: list[Hit]) -> str:
    return " and ".join(str(rule) for rule, _ in hits)


def _rank(table: DecisionTable) -> Callable[[Hit], tuple[int, ...]]:
    """The place of a hit in the order of the output values, the first output first."""

    def rank(hit: Hit) -> tuple[int, ...]:
        rule, row = hit
        for output in table.outputs:
            if output.values and row[output.name] not in output.values:
                shown = f"{table.key}, {rule}, output '{output.label}'"
                raise DecisionError(f"{shown}: Expected one of its values, but got {row[output.name]!r}")
        return tuple(output.values.index(row[output.name]) for output in table.outputs if output.values)

    return rank


def _aggregate(table: DecisionTable, hits: list[Hit]) -> Plain:
    if table.aggregation is Aggregation.COUNT:
        return len(hits)
    numbers: list[int | float] = []
    for rule, row in hits:
        for value in row.values():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise DecisionError(f"{table.key}, {rule}: Expected a number, but got {value!r}")
            numbers.append(value)
    if not numbers:
        return None
    match table.aggregation:
        case Aggregation.SUM:
            return sum(numbers)
        case Aggregation.MIN:
            return min(numbers)
        case _:
            return max(numbers)
