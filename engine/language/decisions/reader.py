"""Reads the decision tables of a DMN 1.3 file, as dmn-js writes it, and refuses what would not be decided right."""

from collections import Counter
from collections.abc import Sequence

from lxml import etree

from engine.language.decisions.cells import CellInvalid, read_literal, split_list
from engine.language.decisions.messages import Message, message
from engine.language.decisions.model import Aggregation, DecisionTable, Entry, HitPolicy, Input, Output, Rule
from engine.language.decisions.program import ProgramWriter
from engine.language.errors import EngineError
from engine.language.xml import XmlRefused, parse_xml

DMN = "{https://www.omg.org/spec/DMN/20191111/MODEL/}"
CAMUNDA = "{http://camunda.org/schema/1.0/dmn}"
MAX_BYTES = 1_000_000
MAX_CELLS = 10_000
_LANGUAGES = (None, "feel", "python")
_FOREIGN_PARTS = ("businessKnowledgeModel", "decisionService", "import")
_ORDERED = (HitPolicy.PRIORITY, HitPolicy.OUTPUT_ORDER)

_POLICIES = {policy.value for policy in HitPolicy}
_AGGREGATIONS = {aggregation.value for aggregation in Aggregation}

Findings = list[tuple[str, Message]]


class DecisionInvalid(EngineError):
    """A file of decision tables may not be deployed. `findings`: (id of the element, what is wrong)."""

    def __init__(self, findings: Findings) -> None:
        super().__init__("; ".join(f"{element}: {problem.of('en')}" for element, problem in findings))
        self.findings = findings


def parse_decisions(xml: bytes) -> list[DecisionTable]:
    """The decision tables of a file, in its order. Raises DecisionInvalid with everything that is wrong."""
    root = _read_root(xml)
    findings: Findings = []
    for part in _FOREIGN_PARTS:
        for element in root.findall(DMN + part):
            findings.append((_id(element), message("foreign_part", part=part)))
    elements = root.findall(DMN + "decision")
    if not elements:
        findings.append((_id(root), message("no_decision")))
    for key, count in Counter(_id(element) for element in elements).items():
        if count > 1 or not key:
            findings.append((key, message("id_repeated", key=key, count=count)))
    tables = [_TableReader(element, findings).read() for element in elements]
    if findings:
        raise DecisionInvalid(findings)
    return [table for table in tables if table is not None]


def _read_root(xml: bytes) -> etree._Element:
    if len(xml) > MAX_BYTES:
        raise DecisionInvalid([("", message("too_large", most=MAX_BYTES, size=len(xml)))])
    try:
        root = parse_xml(xml)
    except XmlRefused as error:
        problem = message("doctype") if error.has_doctype else message("not_xml", problem=error.detail)
        raise DecisionInvalid([("", problem)]) from None
    if root.tag != DMN + "definitions":
        raise DecisionInvalid([("", message("not_dmn", root=root.tag))])
    return root


class _TableReader:
    """Reads one <decision>; whatever is wrong with it goes to `findings`."""

    def __init__(self, element: etree._Element, findings: Findings) -> None:
        self.element = element
        self.findings = findings
        self.key = _id(element)

    def read(self) -> DecisionTable | None:
        before = len(self.findings)
        for requirement in self.element.iter(DMN + "requiredDecision", DMN + "requiredKnowledge"):
            self._report(self.key, message("dependent", href=requirement.get("href")))
        table = self.element.find(DMN + "decisionTable")
        if table is None:
            self._report(self.key, message("no_table", key=self.key))
            return None
        policy, aggregation = self._read_hit_policy(table)
        inputs = [self._read_input(number, column) for number, column in enumerate(table.findall(DMN + "input"), 1)]
        columns = table.findall(DMN + "output")
        outputs = [self._read_output(number, column, len(columns)) for number, column in enumerate(columns, 1)]
        self._check_outputs(table, outputs, policy, aggregation)
        rows = [self._read_rule(number, row) for number, row in enumerate(table.findall(DMN + "rule"), 1)]
        if len(rows) * (len(inputs) + len(outputs)) > MAX_CELLS:
            self._report(self.key, message("too_many_cells", most=MAX_CELLS))
        rules = [rule for rule in rows if self._is_complete(rule, inputs, outputs)]
        writer = ProgramWriter(self._report)
        writer.write(inputs, outputs, rules, policy)
        if policy in _ORDERED:
            self._check_values(rules, outputs)
        if len(self.findings) > before:
            return None
        program, places = writer.finish(self.key)
        name = self.element.get("name") or self.key
        kept = (tuple(inputs), tuple(outputs), tuple(rules))
        return DecisionTable(self.key, name, policy, aggregation, *kept, program, places)

    def _read_hit_policy(self, table: etree._Element) -> tuple[HitPolicy, Aggregation | None]:
        policy, aggregation = table.get("hitPolicy") or "UNIQUE", table.get("aggregation")
        if policy not in _POLICIES:
            self._report(_id(table), message("hit_policy", known=", ".join(HitPolicy), policy=policy))
            return HitPolicy.UNIQUE, None
        if aggregation and (aggregation not in _AGGREGATIONS or policy != HitPolicy.COLLECT):
            self._report(_id(table), message("aggregation", policy=policy, aggregation=aggregation))
            return HitPolicy(policy), None
        return HitPolicy(policy), Aggregation(aggregation) if aggregation else None

    def _read_input(self, number: int, column: etree._Element) -> Input:
        place = column.get("label") or str(number)
        expression = column.find(DMN + "inputExpression")
        text = "" if expression is None else self._read_text(expression, message("input", label=place))
        if column.get(CAMUNDA + "inputVariable"):
            self._report(_id(column), message("own_variable").at(message("input", label=place)))
        return Input(_id(column), column.get("label") or text or place, text)

    def _read_output(self, number: int, column: etree._Element, count: int) -> Output:
        name = column.get("name") or (self.key if count == 1 else "")
        label = column.get("label") or name or str(number)
        where = message("output", label=label)
        if not name.isidentifier() or name.startswith("_"):
            self._report(_id(column), message("output_name", name=name).at(where))
        if column.find(DMN + "defaultOutputEntry") is not None:
            self._report(_id(column), message("output_default").at(where))
        allowed = column.find(DMN + "outputValues")
        text = "" if allowed is None else self._read_text(allowed, where).strip()
        try:
            values = tuple(read_literal(part) for part in split_list(text)) if text else ()
        except CellInvalid as error:
            self._report(_id(column), error.message.at(where))
            values = ()
        return Output(_id(column), name, label, values)

    def _read_rule(self, number: int, row: etree._Element) -> Rule:
        place = message("rule", number=number, id=_id(row))
        tests = [Entry(_id(cell), self._read_text(cell, place)) for cell in row.findall(DMN + "inputEntry")]
        results = [Entry(_id(cell), self._read_text(cell, place)) for cell in row.findall(DMN + "outputEntry")]
        remarks = [_text(cell) for cell in row.findall(DMN + "annotationEntry")]
        description = row.findtext(DMN + "description")
        remarks += [description] if description else []
        return Rule(_id(row), number, tuple(tests), tuple(results), tuple(remarks))

    def _read_text(self, cell: etree._Element, place: Message) -> str:
        language = cell.get("expressionLanguage")
        if (language.lower() if language else None) not in _LANGUAGES:
            self._report(_id(cell), message("not_python", language=language).at(place))
        return _text(cell)

    def _is_complete(self, rule: Rule, inputs: Sequence[Input], outputs: Sequence[Output]) -> bool:
        has, wants = (len(rule.tests), len(rule.results)), (len(inputs), len(outputs))
        if has != wants:
            self._report(
                rule.id,
                message("cells_missing", wants=wants, has=has).at(message("rule", number=rule.number, id=rule.id)),
            )
        return has == wants

    def _check_outputs(
        self, table: etree._Element, outputs: Sequence[Output], policy: HitPolicy, aggregation: Aggregation | None
    ) -> None:
        if not outputs:
            self._report(_id(table), message("no_output"))
        if len({output.name for output in outputs}) < len(outputs):
            self._report(_id(table), message("output_repeated"))
        if aggregation and len(outputs) != 1:
            self._report(_id(table), message("one_output", aggregation=aggregation, count=len(outputs)))
        if policy in _ORDERED and not any(output.values for output in outputs):
            self._report(_id(table), message("no_order", policy=policy))

    def _check_values(self, rules: Sequence[Rule], outputs: Sequence[Output]) -> None:
        """A result that is not in the list has no place in the order."""
        for rule in rules:
            for output, result in zip(outputs, rule.results, strict=True):
                try:
                    value = read_literal(result.text)
                except CellInvalid:
                    continue  # an expression: its value is checked when the table is decided
                if output.values and value not in output.values:
                    place = message("rule_output", number=rule.number, id=rule.id, label=output.label)
                    self._report(result.id, message("not_a_value", text=result.text).at(place))

    def _report(self, element_id: str, problem: Message) -> None:
        self.findings.append((element_id or self.key, problem))


def _id(element: etree._Element) -> str:
    return element.get("id") or ""


def _text(element: etree._Element) -> str:
    return element.findtext(DMN + "text") or ""
