"""Flipped conditions: diagrams in which one gateway decides the other way. A scenario must notice each of them."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lxml import etree

from engine.language.expressions import unwrap
from engine.language.model import BPMN, read_bpmn
from engine.scenarios.coverage import FLOW
from engine.scenarios.definitions import Definitions, Name
from engine.scenarios.model import Scenario
from engine.scenarios.runner import Run, Runner

DECIDING = frozenset({"exclusiveGateway", "inclusiveGateway"})
_CONDITION = f"{{{BPMN}}}conditionExpression"


@dataclass(frozen=True)
class Mutant:
    """A diagram with one condition flipped: the flow, the gateway it leaves, what it asked and asks now."""

    flow: Name
    gateway: Name
    condition: str
    flipped: str
    path: str
    content: bytes

    def __str__(self) -> str:
        return f"{'/'.join(self.flow)}: {self.condition} → {self.flipped}"


def list_mutants(definitions: Definitions, processes: Iterable[str]) -> list[Mutant]:
    """Every condition on a flow out of a deciding gateway negated, and of `and` and `or` every part."""
    wanted = set(processes)
    return [mutant for process in definitions.processes if process in wanted for mutant in _flip(definitions, process)]


def find_survivors(runner: Runner, runs: Iterable[Run], mutants: Iterable[Mutant]) -> list[Mutant]:
    """The mutants that no scenario notices, of those that pass the gateway. The quickest are tried first."""
    seconds = {run.scenario.key: run.seconds for run in runs}
    by_cost = sorted(runs, key=lambda run: _cost(run.scenario, seconds))
    return [mutant for mutant in mutants if not _is_noticed(runner, by_cost, mutant)]


def _is_noticed(runner: Runner, by_cost: list[Run], mutant: Mutant) -> bool:
    """Scenarios that went wrong before notice nothing."""
    passing = [run.scenario for run in by_cost if run.has_passed and mutant.gateway in run.coverage.passed]
    with runner.changed({mutant.path: mutant.content}) as changed:
        return any(not changed.run(scenario).has_passed for scenario in passing)


def _cost(scenario: Scenario, seconds: dict[str, float]) -> float:
    before = _cost(scenario.continues, seconds) if scenario.continues else 0.0
    return before + seconds.get(scenario.key, 0.0)


def _flip(definitions: Definitions, process: str) -> Iterator[Mutant]:
    path = definitions.paths[process]
    for (key, flow_id), flow in definitions.elements.items():
        gateway = definitions.elements.get((process, flow.source or ""))
        if key != process or flow.kind != FLOW or gateway is None or gateway.kind not in DECIDING:
            continue
        root = read_bpmn(definitions.files[path])
        node = next(one for one in root.iter(f"{{{BPMN}}}{FLOW}") if one.get("id") == flow_id)
        condition = node.find(_CONDITION)
        if condition is None or not condition.text:
            continue
        text = condition.text.strip()
        for flipped in _flip_text(unwrap(text)):
            condition.text = f"${{{flipped}}}"
            content = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
            yield Mutant((process, flow_id), (process, gateway.id), text, flipped, path, content)


def _flip_text(expression: str) -> Iterator[str]:
    yield f"not ({expression})"
    tree = ast.parse(expression.strip(), mode="eval").body
    if isinstance(tree, ast.BoolOp):
        for number in range(len(tree.values)):
            parts = [
                ast.UnaryOp(ast.Not(), part) if at == number else part for at, part in enumerate(tree.values)
            ]
            yield ast.unparse(ast.BoolOp(tree.op, parts))
