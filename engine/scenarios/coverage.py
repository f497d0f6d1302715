"""What scenarios have passed of the diagrams and tables: nodes, sequence flows and rows, by what history tells."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from engine.language.model import FLOW_NODES, Element
from engine.queries.story import Story
from engine.scenarios.definitions import Definitions, Name

FLOW = "sequenceFlow"
NODES, FLOWS, ROWS = "nodes", "flows", "rows"


@dataclass(frozen=True)
class Coverage:
    """Elements and flows by process and id, rows by table and id."""

    passed: frozenset[Name] = frozenset()

    def __or__(self, other: "Coverage") -> "Coverage":
        return Coverage(self.passed | other.passed)


def cover_stories(stories: Iterable[Story]) -> Coverage:
    """What cases have passed."""
    return Coverage(frozenset(name for story in stories for name in cover_story(story).passed))


def cover_story(story: Story) -> Coverage:
    """What a case has passed. What is armed beside other work counts only once it has fired."""
    armed = {(one.process_key, one.id) for one in story.elements.values() if one.is_listener}
    been = {*story.visits, *story.flows} - (armed - story.completed)
    return Coverage(frozenset(been | _rows_of(story)))


def cover_rows(table: str, rows: Iterable[str]) -> Coverage:
    """Rows of a table that counted."""
    return Coverage(frozenset((table, row) for row in rows))


def _rows_of(story: Story) -> set[Name]:
    decisions = (entry.facts for chapter in story.chapters for entry in chapter.entries if entry.kind == "decision")
    found = set[Name]()
    for facts in decisions:
        matched = facts.get("matched", [])
        assert isinstance(matched, list)
        found |= {(str(facts["table"]), str(row)) for row in matched}
    return found


@dataclass(frozen=True)
class Target:
    """Something that can be passed. `kind` is nodes, flows or rows."""

    name: Name
    kind: str
    label_zh: str
    label_en: str
    is_passed: bool
    exception: str | None = None

    @property
    def is_gap(self) -> bool:
        """Whether it should have been passed."""
        return not self.is_passed and self.exception is None


@dataclass
class FileCoverage:
    """The targets in one process or table, and the file it is in."""

    key: str
    path: str
    targets: list[Target] = field(default_factory=list)

    @property
    def gaps(self) -> list[Target]:
        """What no scenario passes."""
        return [target for target in self.targets if target.is_gap]

    def count(self, kind: str) -> tuple[int, int]:
        """How many of a kind are passed, and how many there are."""
        found = [target for target in self.targets if target.kind == kind]
        return sum(target.is_passed for target in found), len(found)


def measure(
    definitions: Definitions, keys: Iterable[str], coverage: Coverage, exceptions: Mapping[str, str]
) -> list[FileCoverage]:
    """The coverage of processes and tables, one after the other."""
    return [_measure_one(definitions, key, coverage, exceptions) for key in keys]


def find_stale(exceptions: Mapping[str, str], files: Iterable[FileCoverage]) -> list[str]:
    """Exceptions for what is passed, or is not there."""
    targets = {"/".join(target.name): target for one in files for target in one.targets}
    return [name for name in exceptions if name not in targets or targets[name].is_passed]


def list_reached(definitions: Definitions, processes: Iterable[str]) -> list[str]:
    """Processes with all they call, and the tables they ask."""
    found = dict.fromkeys(key for process in processes for key in definitions.called_by(process))
    elements = [one for (process, _), one in definitions.elements.items() if process in found]
    tables = [one.decision_ref for one in elements if one.decision_ref]
    return [*found, *dict.fromkeys(tables)]


def _measure_one(definitions: Definitions, key: str, coverage: Coverage, exceptions: Mapping[str, str]) -> FileCoverage:
    measured = FileCoverage(key, definitions.paths[key])

    def add(element_id: str, kind: str, label_zh: str, label_en: str) -> None:
        name = key, element_id
        target = Target(name, kind, label_zh, label_en, name in coverage.passed, exceptions.get("/".join(name)))
        measured.targets.append(target)

    if key in definitions.tables:
        for rule in definitions.tables[key].rules:
            label = " ".join(rule.annotations) or " | ".join(test.text for test in rule.tests)
            add(rule.id, ROWS, label, label)
        return measured
    own = [one for (process, _), one in definitions.elements.items() if process == key]
    for one in own:
        if one.kind in FLOW_NODES:
            add(one.id, NODES, one.name_zh or one.kind, one.name_en or one.kind)
        elif one.kind == FLOW:
            add(one.id, FLOWS, *_label_flow(definitions, one))
    return measured


def _label_flow(definitions: Definitions, flow: Element) -> tuple[str, str]:
    ends = [definitions.elements.get((flow.process_key, end or "")) for end in (flow.source, flow.target)]
    zh, en = (
        " → ".join(str(name) for name in names)
        for names in ([end.name_zh or end.id for end in ends if end], [end.name_en or end.id for end in ends if end])
    )
    return zh, en
