"""`showWhen`: which conditions a form has, in which order they are evaluated, and what they show."""

from collections.abc import Callable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

from engine.definitions.forms.model import Component, Condition, Finding, Form, walk
from engine.language.expressions import ExpressionError, parse_expression
from engine.language.sandbox import SandboxBudgetExceeded, SandboxError
from engine.storage.plain import Plain, PlainDict

# What a condition may name besides fields: the present instant, as process data hold it.
NOW = "now"
# Evaluates one expression over plain values in the sandbox, and offers it `now`.
Evaluate = Callable[[str, Mapping[str, Plain]], Plain]


def order_conditions(components: tuple[Component, ...], findings: list[Finding]) -> tuple[tuple[Condition, ...], ...]:
    """The conditions by level; what is wrong with them goes to `findings`."""
    parts = list(walk(components))
    conditions = _read_conditions([part for part, _ in parts], findings)
    needs = {path[-1]: set(path[-2:-1]) | _reads(conditions, path[-1]) for _, path in parts}
    try:
        order = list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        circle: list[str] = error.args[1]
        findings.append(Finding(circle[0], "condition_cyclic", {"path": " → ".join(circle)}))
        return ()
    depth: dict[str, int] = {}
    for name in order:
        depth[name] = max((depth[need] for need in needs[name]), default=0) + (name in conditions)
    return tuple(
        tuple(conditions[name] for name in order if name in conditions and depth[name] == level)
        for level in range(1, max(depth.values(), default=0) + 1)
    )


def _reads(conditions: Mapping[str, Condition], name: str) -> frozenset[str]:
    return conditions[name].reads if name in conditions else frozenset()


def _read_conditions(parts: Iterable[Component], findings: list[Finding]) -> dict[str, Condition]:
    fields = {part.name: part for part in parts if part.has_value}
    conditions: dict[str, Condition] = {}
    for part in parts:
        if part.show_when is None:
            continue
        try:
            expression = parse_expression(part.show_when)
        except ExpressionError as error:
            findings.append(Finding(part.name, "condition_invalid", {"problem": str(error)}))
            continue
        unknown = sorted(expression.names - fields.keys() - {NOW})
        personal = sorted(key for key in expression.names & fields.keys() if fields[key].personal_subject)
        if unknown:
            findings.append(Finding(part.name, "condition_unknown", {"names": ", ".join(unknown)}))
        elif personal:
            findings.append(Finding(part.name, "condition_personal", {"names": ", ".join(personal)}))
        else:
            conditions[part.name] = Condition(part.name, expression.source, expression.names & fields.keys())
    return conditions


def find_visible(form: Form, values: Mapping[str, Plain], evaluate: Evaluate) -> frozenset[str]:
    """The names of the components shown for these values. A field that is hidden counts as not filled in.

    One call of `evaluate` for each level of conditions. A condition that fails over the values given, as
    `amount_fen > 100` does before an amount was filled in, is not met.
    """
    if not form.levels:
        return form.names
    met: dict[str, bool] = {}

    def is_shown(name: str) -> bool:
        return all(met.get(step, True) for step in form.paths[name])

    for level in form.levels:
        names = sorted({key for condition in level for key in condition.reads})
        seen = {key: values[key] if is_shown(key) else form.fields[key].empty for key in names}
        answers = _ask([condition.source for condition in level], seen, evaluate)
        met |= {condition.name: answer for condition, answer in zip(level, answers, strict=True)}
    return frozenset(name for name in form.paths if is_shown(name))


def _ask(sources: list[str], values: PlainDict, evaluate: Evaluate) -> list[bool]:
    try:
        # Line breaks: a source may end with a comment.
        answers = evaluate("[" + ", ".join(f"True if (\n{source}\n) else False" for source in sources) + "]", values)
    except SandboxBudgetExceeded:
        raise
    except SandboxError:
        if len(sources) == 1:
            return [False]
        return [_ask([source], values, evaluate)[0] for source in sources]
    return [answer is True for answer in answers] if isinstance(answers, list) else [False] * len(sources)
