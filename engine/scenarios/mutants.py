"""Definitions with one fault each: a flipped condition, a row that is gone, a cell that tests nothing.

A scenario must notice every one of them.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lxml import etree

from engine.language.decisions.tables import DMN
from engine.language.expressions import unwrap
from engine.language.model import BPMN, read_bpmn
from engine.language.syntax import read_expression
from engine.scenarios.coverage import FLOW
from engine.scenarios.definitions import Definitions, Name
from engine.scenarios.model import Scenario
from engine.scenarios.runner import Run, Runner

DECIDING = frozenset({"exclusiveGateway", "inclusiveGateway"})
ANYTHING = "-"
_CONDITION = f"{{{BPMN}}}conditionExpression"


@dataclass(frozen=True)
class Mutant:
    """A file with one fault. `name` is the flow or row, `fault` what is wrong with it, `gateway` where it matters."""

    name: Name
    fault: str
    path: str
    content: bytes
    gateway: Name | None = None

    def __str__(self) -> str:
        return f"{'/'.join(self.name)}: {self.fault}"

    def concerns(self, run: Run) -> bool:
        """Whether a scenario might notice: it passes the gateway, or asks the table."""
        if self.gateway is None:
            return run.scenario.table == self.name[0]
        return self.gateway in run.coverage.passed


def list_mutants(definitions: Definitions, keys: Iterable[str]) -> list[Mutant]:
    """Of processes: every condition on a flow out of a deciding gateway negated, and every part of its `and` and `or`.
    Of tables: every row gone, and every test of a row opened to anything.
    """
    found: list[Mutant] = []
    for key in keys:
        found += _spoil_table(definitions, key) if key in definitions.tables else _flip_process(definitions, key)
    return found


def find_survivors(runner: Runner, runs: Iterable[Run], mutants: Iterable[Mutant]) -> list[Mutant]:
    """The mutants that no scenario notices. Those that pass the very flow are tried first, the quickest before."""
    passed = [run for run in runs if run.has_passed]  # what went wrong before notices nothing
    seconds = {run.scenario.key: run.seconds for run in passed}
    by_cost = sorted(passed, key=lambda run: _cost(run.scenario, seconds))
    return [mutant for mutant in mutants if not _is_noticed(runner, by_cost, mutant)]


def _is_noticed(runner: Runner, by_cost: list[Run], mutant: Mutant) -> bool:
    likely = sorted(filter(mutant.concerns, by_cost), key=lambda run: mutant.name not in run.coverage.passed)
    if mutant.gateway is None:
        spoiled = runner.with_table(mutant.path, mutant.content)
    else:
        spoiled = runner.with_diagram(mutant.path, mutant.content, mutant.gateway)
    return any(not spoiled.run(run.scenario, keep=False).has_passed for run in likely)


def _cost(scenario: Scenario, seconds: dict[str, float]) -> float:
    before = _cost(scenario.continues, seconds) if scenario.continues else 0.0
    return before + seconds.get(scenario.key, 0.0)


def _flip_process(definitions: Definitions, process: str) -> Iterator[Mutant]:
    path = definitions.paths[process]
    root = read_bpmn(definitions.files[path])
    for node in root.iter(f"{{{BPMN}}}{FLOW}"):
        gateway = definitions.elements.get((process, node.get("sourceRef", "")))
        condition = node.find(_CONDITION)
        if gateway is None or gateway.kind not in DECIDING or condition is None or not condition.text:
            continue
        text = condition.text
        for flipped in _flip(unwrap(text).strip()):
            condition.text = f"${{{flipped}}}"
            name = process, node.get("id", "")
            yield Mutant(name, f"{text.strip()} → {flipped}", path, _write(root), (process, gateway.id))
        condition.text = text


def _flip(expression: str) -> Iterator[str]:
    yield f"not ({expression})"
    tree = read_expression(expression)
    if isinstance(tree, ast.BoolOp):
        for number in range(len(tree.values)):
            parts = [ast.UnaryOp(ast.Not(), part) if at == number else part for at, part in enumerate(tree.values)]
            yield ast.unparse(ast.BoolOp(tree.op, parts))


def _spoil_table(definitions: Definitions, table: str) -> Iterator[Mutant]:
    path = definitions.paths[table]
    for rule in definitions.tables[table].rules:
        root = etree.fromstring(definitions.files[path])
        rows = next(root.iterfind(f"{DMN}decision[@id='{table}']/{DMN}decisionTable"))
        row = next(one for one in rows.iterchildren(f"{DMN}rule") if one.get("id") == rule.id)
        for number, (cell, test) in enumerate(zip(row.iterchildren(f"{DMN}inputEntry"), rule.tests, strict=True), 1):
            text = cell.find(f"{DMN}text")
            if text is not None and test.text.strip() not in ("", ANYTHING):
                text.text = ANYTHING
                yield Mutant((table, rule.id), f"test {number}, {test.text}, is opened", path, _write(root))
                text.text = test.text
        rows.remove(row)
        yield Mutant((table, rule.id), "the row is gone", path, _write(root))


def _write(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
