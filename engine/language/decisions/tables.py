"""Reads one decision of a DMN file: a table or an expression. Whatever would not be decided right is a finding."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from lxml import etree

from engine.language.decisions.cells import TestCell, read_input, read_literals, read_result, read_test
from engine.language.decisions.kinds import TYPES, Kind
from engine.language.decisions.messages import Message, message
from engine.language.decisions.model import (
    Aggregation,
    DecisionLogic,
    DecisionTable,
    HitPolicy,
    Input,
    LiteralExpression,
    Output,
    Result,
    Rule,
    Test,
)
from engine.language.decisions.program import (
    CompiledInput,
    Line,
    assemble,
    name_of,
    write_table,
    write_test,
    write_value,
)
from engine.language.decisions.vocabulary import CellInvalid

DMN = "{https://www.omg.org/spec/DMN/20191111/MODEL/}"
CAMUNDA = "{http://camunda.org/schema/1.0/dmn}"
MAX_CELLS = 10_000
_LANGUAGES = (None, "feel", "python")
_ORDERED = (HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER)
_POLICIES = {policy.value for policy in HitPolicy}
_AGGREGATIONS = {aggregation.value for aggregation in Aggregation}
Findings = list[tuple[str, Message]]
T = TypeVar("T")


@dataclass(frozen=True)
class Head:
    """What a decision is called, and what it requires."""

    key: str
    name: str
    variable: str
    required: tuple[DecisionLogic, ...]


class DecisionReader:
    """Reads the logic of one <decision>; whatever is wrong with it goes to `findings`."""

    def __init__(self, head: Head, findings: Findings) -> None:
        self.head = head
        self.findings = findings
        self.readers: set[str] = set()

    def read_literal(self, expression: etree._Element, kind_name: str) -> LiteralExpression | None:
        """An expression, whose result is of a type."""
        before = len(self.findings)
        place = message("expression")
        kind = self._read_kind(expression, kind_name, place)
        text = self._read_text(expression, place)
        cell = self._try(id_of(expression), place, lambda: read_result(text, kind, self.readers))
        if cell is None or len(self.findings) > before:
            return None
        lines = [Line("def __value(): return ("), Line(f"({cell.code})", place), Line(")")]
        program, places = assemble(self.head.key, lines, "__value()", self.readers)
        return LiteralExpression(
            **vars(self.head), rules=(), program=program, places=places, text=text.strip(), kind=kind
        )

    def read_table(self, table: etree._Element) -> DecisionTable | None:
        """A decision table."""
        before = len(self.findings)
        policy, aggregation = self._read_hit_policy(table)
        inputs = [self._read_input(number, column) for number, column in enumerate(table.findall(DMN + "input"), 1)]
        columns = table.findall(DMN + "output")
        outputs = [self._read_output(number, column, len(columns)) for number, column in enumerate(columns, 1)]
        self._check_outputs(table, outputs, policy, aggregation)
        defaults, default_lines = self._read_defaults(table, columns, outputs, aggregation)
        rows = table.findall(DMN + "rule")
        if len(rows) * (len(inputs) + len(outputs)) > MAX_CELLS:
            self._report(self.head.key, message("too_many_cells", most=MAX_CELLS))
            return None
        columns_read = [column for column, _ in inputs]
        rules = [self._read_rule(number, row, columns_read, outputs) for number, row in enumerate(rows, 1)]
        if len(self.findings) > before:
            return None
        written = [rule[1:] for rule in rules if rule]
        lines = write_table([cell for _, cell in inputs if cell], written, default_lines, policy is HitPolicy.FIRST)
        program, places = assemble(self.head.key, lines, "__decide(__inputs())", self.readers)
        return DecisionTable(
            **vars(self.head),
            program=program,
            places=places,
            hit_policy=policy,
            aggregation=aggregation,
            inputs=tuple(columns_read),
            outputs=tuple(outputs),
            rules=tuple(rule[0] for rule in rules if rule),
            defaults=defaults,
        )

    def _read_hit_policy(self, table: etree._Element) -> tuple[HitPolicy, Aggregation | None]:
        policy, aggregation = table.get("hitPolicy") or "UNIQUE", table.get("aggregation")
        if policy not in _POLICIES:
            self._report(id_of(table), message("hit_policy", known=", ".join(HitPolicy), policy=policy))
            return HitPolicy.UNIQUE, None
        if aggregation and (aggregation not in _AGGREGATIONS or policy != HitPolicy.COLLECT):
            self._report(id_of(table), message("aggregation", policy=policy, aggregation=aggregation))
            return HitPolicy(policy), None
        return HitPolicy(policy), Aggregation(aggregation) if aggregation else None

    def _read_input(self, number: int, column: etree._Element) -> tuple[Input, CompiledInput | None]:
        named = column.get("label") or str(number)
        place = message("input", label=named)
        expression = column.find(DMN + "inputExpression")
        text, kind = "", Kind.ANY
        if expression is not None:
            text = self._read_text(expression, place)
            kind = self._read_kind(expression, expression.get("typeRef") or "", place)
        if column.get(CAMUNDA + "inputVariable"):
            self._report(id_of(column), message("own_variable").at(place))
        value = self._try(id_of(column), place, lambda: read_input(text, kind, self.readers))
        kind = value.kind if value else kind
        values = column.find(DMN + "inputValues")
        listed = "" if values is None else self._read_text(values, place)
        name = name_of(number - 1)
        allowed = self._try(id_of(column), place, lambda: _read_allowed(listed, name, kind, self.readers))
        read = Input(
            id_of(column),
            column.get("label") or text or named,
            text,
            kind,
            allowed.accepts if allowed and allowed.code else None,
        )
        if value is None:
            return read, None
        is_path = all(part.isidentifier() for part in text.strip().split("."))
        return read, CompiledInput(value, allowed, read.place, is_path)

    def _read_output(self, number: int, column: etree._Element, count: int) -> Output:
        name = column.get("name") or (self.head.key if count == 1 else "")
        label = column.get("label") or name or str(number)
        place = message("output", label=label)
        if not name.isidentifier() or name.startswith("_"):
            self._report(id_of(column), message("output_name", name=name).at(place))
        kind = self._read_kind(column, column.get("typeRef") or "", place)
        allowed = column.find(DMN + "outputValues")
        text = "" if allowed is None else self._read_text(allowed, place)
        values = self._try(id_of(column), place, lambda: read_literals(text, kind))
        return Output(id_of(column), name, label, kind, values or ())

    def _read_defaults(
        self,
        table: etree._Element,
        columns: Sequence[etree._Element],
        outputs: Sequence[Output],
        aggregation: Aggregation | None,
    ) -> tuple[tuple[Result, ...], list[Line]]:
        entries = [column.find(DMN + "defaultOutputEntry") for column in columns]
        if not any(entry is not None for entry in entries):
            return (), []
        if aggregation is Aggregation.COUNT:
            self._report(id_of(table), message("default_counted"))
        defaults, lines = [], []
        for column, entry, output in zip(columns, entries, outputs, strict=True):
            if entry is None:
                self._report(id_of(column), message("default_missing").at(output.place))
                continue
            default, written = self._read_result(entry, output, output.place, id_of(column))
            defaults.append(default)
            lines += written
        return tuple(defaults), lines

    def _read_rule(
        self, number: int, row: etree._Element, inputs: Sequence[Input], outputs: Sequence[Output]
    ) -> tuple[Rule, list[Line], list[Line]] | None:
        tests, results = row.findall(DMN + "inputEntry"), row.findall(DMN + "outputEntry")
        remarks = [text_of(cell) for cell in row.findall(DMN + "annotationEntry")]
        description = row.findtext(DMN + "description")
        remarks += [description] if description else []
        rule = Rule(id_of(row), number, (), (), tuple(remarks))
        has, wants = (len(tests), len(results)), (len(inputs), len(outputs))
        if has != wants:
            self._report(rule.id, message("cells_missing", wants=wants, has=has).at(rule.place))
            return None
        read_tests, test_lines = [], list[Line]()
        for index, (cell, column) in enumerate(zip(tests, inputs, strict=True)):
            place, text = rule.at(column), self._read_text(cell, rule.place)
            test = self._try(id_of(cell), place, lambda: read_test(text, name_of(index), column.kind, self.readers))  # noqa: B023  # called at once
            if test is not None:
                read_tests.append(Test(id_of(cell), text, test.accepts))
                test_lines += write_test(test, place)
        read_results, result_lines = [], list[Line]()
        for cell, output in zip(results, outputs, strict=True):
            result, lines = self._read_result(cell, output, rule.at(output), id_of(cell))
            read_results.append(result)
            result_lines += lines
        return Rule(rule.id, number, tuple(read_tests), tuple(read_results), rule.annotations), test_lines, result_lines

    def _read_result(
        self, cell: etree._Element, output: Output, place: Message, element_id: str
    ) -> tuple[Result, list[Line]]:
        text = self._read_text(cell, place)
        value = self._try(element_id, place, lambda: read_result(text, output.kind, self.readers))
        if value is None:
            return Result(id_of(cell), text, None), []
        if value.constant and output.values and not _is_listed(value.constant[0], output.values):
            self._report(element_id, message("not_allowed", text=text).at(place))
        return Result(id_of(cell), text, value.constant), [write_value(value, place)]

    def _read_kind(self, element: etree._Element, name: str, place: Message) -> Kind:
        kind = TYPES.get(name)
        if kind is None:
            known = ", ".join(one for one in TYPES if one)
            self._report(id_of(element), message("type_unknown", known=known, type=name).at(place))
        return kind or Kind.ANY

    def _read_text(self, cell: etree._Element, place: Message) -> str:
        language = cell.get("expressionLanguage")
        if (language.lower() if language else None) not in _LANGUAGES:
            self._report(id_of(cell), message("not_python", language=language).at(place))
        return text_of(cell)

    def _check_outputs(
        self, table: etree._Element, outputs: Sequence[Output], policy: HitPolicy, aggregation: Aggregation | None
    ) -> None:
        if not outputs:
            self._report(id_of(table), message("no_output"))
        if len({output.name for output in outputs}) < len(outputs):
            self._report(id_of(table), message("output_repeated"))
        if aggregation and len(outputs) != 1:
            self._report(id_of(table), message("one_output", aggregation=aggregation, count=len(outputs)))
        if policy in _ORDERED and not any(output.values for output in outputs):
            self._report(id_of(table), message("no_order", policy=policy))

    def _try(self, element_id: str, place: Message, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except CellInvalid as invalid:
            self._report(element_id, invalid.message.at(place))
            return None

    def _report(self, element_id: str, problem: Message) -> None:
        self.findings.append((element_id or self.head.key, problem))


def _read_allowed(text: str, name: str, kind: Kind, readers: set[str]) -> TestCell:
    allowed = read_test(text, name, kind, readers)
    if allowed.accepts is None:
        raise CellInvalid("not_constant", text=text)
    return allowed


def _is_listed(value: object, values: Sequence[object]) -> bool:
    return any(value == other and isinstance(value, bool) == isinstance(other, bool) for other in values)


def id_of(element: etree._Element) -> str:
    """The id, empty where there is none."""
    return element.get("id") or ""


def text_of(element: etree._Element) -> str:
    """What its <text> holds."""
    return element.findtext(DMN + "text") or ""
