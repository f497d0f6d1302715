"""Reads the decisions of a DMN 1.3 file, as dmn-js writes it, and how they require one another."""

from collections import Counter
from functools import lru_cache

from lxml import etree

from engine.language.decisions.messages import Message, message
from engine.language.decisions.model import DecisionLogic
from engine.language.decisions.tables import DMN, DecisionReader, Findings, Head, id_of
from engine.language.errors import EngineError
from engine.language.xml import XmlRefused, parse_xml

MAX_BYTES = 1_000_000
MAX_DECISIONS = 100
FILES_KEPT = 128  # a deployment, and each look at a draft, reads most of what is deployed, and each file several times
_FOREIGN_PARTS = ("businessKnowledgeModel", "decisionService", "import", "itemDefinition")
_FOREIGN_LOGIC = (
    *("context", "invocation", "functionDefinition", "relation", "list"),
    *("conditional", "filter", "for", "every", "some"),
)


class DecisionInvalid(EngineError):
    """A file of decisions may not be deployed. `findings`: (id of the element, what is wrong)."""

    def __init__(self, findings: Findings) -> None:
        super().__init__("; ".join(f"{element}: {problem.of('en')}" for element, problem in findings))
        self.findings = findings


@lru_cache(maxsize=FILES_KEPT)
def parse_decisions(xml: bytes) -> tuple[DecisionLogic, ...]:
    """The decisions of a file, in its order. Raises DecisionInvalid with everything that is wrong."""
    root = _read_root(xml)
    findings: Findings = []
    for part in _FOREIGN_PARTS:
        for element in root.findall(DMN + part):
            findings.append((id_of(element), message("foreign_part", part=part)))
    elements = root.findall(DMN + "decision")
    if not elements:
        findings.append((id_of(root), message("no_decision")))
    if len(elements) > MAX_DECISIONS:
        raise DecisionInvalid([("", message("too_many_decisions", most=MAX_DECISIONS, count=len(elements)))])
    for key, count in Counter(id_of(element) for element in elements).items():
        if count > 1 or not key:
            findings.append((key, message("id_repeated", key=key, count=count)))
    inputs = {id_of(element) for element in root.findall(DMN + "inputData")}
    decisions = _FileReader({id_of(element): element for element in elements}, inputs, findings).read()
    if findings:
        raise DecisionInvalid(findings)
    return tuple(decisions)


def find_decision_keys(xml: bytes) -> tuple[str, ...]:
    """The ids of the decisions in a file that may be wrong otherwise; none in what is no DMN."""
    try:
        return tuple(id_of(element) for element in _read_root(xml).findall(DMN + "decision"))
    except DecisionInvalid:
        return ()


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


class _FileReader:
    """Reads decisions behind those they require; what is wrong goes to `findings`."""

    def __init__(self, elements: dict[str, etree._Element], inputs: set[str], findings: Findings) -> None:
        self.elements = elements
        self.inputs = inputs
        self.findings = findings
        self.read_ones: dict[str, DecisionLogic | None] = {}
        self.path: list[str] = []  # the decisions that are being read, each required by the one before

    def read(self) -> list[DecisionLogic]:
        found = [self._read(key) for key in self.elements]
        return [decision for decision in found if decision is not None]

    def _read(self, key: str) -> DecisionLogic | None:
        if key in self.path:
            circle = [*self.path[self.path.index(key) :], key]
            self._report(key, message("required_in_circle", path=" → ".join(circle)))
            return None
        if key not in self.read_ones:
            self.path.append(key)
            self.read_ones[key] = self._read_decision(key, self.elements[key])
            self.path.pop()
        return self.read_ones[key]

    def _read_decision(self, key: str, element: etree._Element) -> DecisionLogic | None:
        before = len(self.findings)
        required = self._read_required(key, element)
        variable = element.find(DMN + "variable")
        named = (variable.get("name") if variable is not None else None) or key
        head = Head(key, element.get("name") or key, named if _is_name(named) else key, required)
        reader = DecisionReader(head, self.findings)
        for logic in _FOREIGN_LOGIC:
            for found in element.findall(DMN + logic):
                self._report(id_of(found) or key, message("foreign_part", part=logic))
        table, expression = element.find(DMN + "decisionTable"), element.find(DMN + "literalExpression")
        if table is not None and expression is None:
            return reader.read_table(table)
        if expression is not None and table is None:
            kind = variable.get("typeRef") if variable is not None else None
            return reader.read_literal(expression, kind or expression.get("typeRef") or "")
        if len(self.findings) == before:
            self._report(key, message("no_logic", key=key))
        return None

    def _read_required(self, key: str, element: etree._Element) -> tuple[DecisionLogic, ...]:
        if element.find(DMN + "knowledgeRequirement") is not None:
            self._report(key, message("foreign_part", part="knowledgeRequirement"))
        for given in element.iter(DMN + "requiredInput"):
            if _target(given) not in self.inputs:
                self._report(key, message("required_unknown", href=given.get("href")))
        found: dict[str, DecisionLogic] = {}
        for link in element.iter(DMN + "requiredDecision"):
            target = _target(link)
            if target not in self.elements:
                self._report(key, message("required_unknown", href=link.get("href")))
                continue
            decision = self._read(target)
            self._check_variable(target)
            if decision is None:
                continue
            if found.get(decision.variable, decision) is not decision:
                self._report(key, message("required_same_name", name=decision.variable))
            found[decision.variable] = decision
        return tuple(found.values())

    def _check_variable(self, key: str) -> None:
        variable = self.elements[key].find(DMN + "variable")
        name = (variable.get("name") if variable is not None else None) or key
        if not _is_name(name):
            self._report(key, message("required_unnamed", key=key, name=name))

    def _report(self, element_id: str, problem: Message) -> None:
        self.findings.append((element_id, problem))


def _is_name(text: str) -> bool:
    return text.isidentifier() and not text.startswith("_")


def _target(link: etree._Element) -> str:
    """The id in this file that a requirement names; empty where it names another file."""
    href = link.get("href") or ""
    return href[1:] if href.startswith("#") else ""
