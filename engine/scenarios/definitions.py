"""The definitions a scenario is about: their elements, forms and tables, and in which file each is written."""

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property

import orjson

from engine.definitions.catalogue import POLICY_KEY
from engine.definitions.forms import Form, parse_form
from engine.definitions.lint.project import form_key_of
from engine.language.decisions import DecisionLogic, parse_decisions
from engine.language.model import Element, read_diagram
from engine.language.suggest import suggest
from engine.language.versions import split_version
from engine.storage.plain import PlainDict

Name = tuple[str, str]
"""An element: the process it is drawn in, and its id."""


class Definitions:
    """Files that can be deployed, by path."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.paths: dict[str, str] = {}  # of the processes and tables, by key
        self.elements: dict[Name, Element] = {}
        self.tables: dict[str, DecisionLogic] = {}
        self._forms: dict[str, Form] = {}
        for path, content in self.files.items():
            self._add(path, content)

    def _add(self, path: str, content: bytes) -> None:
        if path.endswith(".bpmn"):
            for element in read_diagram(content).values():
                self.elements[element.process_key, element.id] = element
                if element.kind == "process":
                    self.paths[element.id] = path
        elif path.endswith(".dmn"):
            for table in parse_decisions(content):
                self.tables[table.key] = table
                self.paths[table.key] = path

    @property
    def processes(self) -> list[str]:
        """The keys of the processes."""
        return [element.id for element in self.elements.values() if element.kind == "process"]

    @cached_property
    def policy_path(self) -> str | None:
        """The file of the policy, if there is one."""
        return next((path for path in self.files if path.endswith(f"/{POLICY_KEY}.json")), None)

    @cached_property
    def policy(self) -> PlainDict:
        """The values of the policy."""
        return orjson.loads(self.files[self.policy_path]) if self.policy_path else {}

    def called_by(self, process: str) -> list[str]:
        """A process and all it calls, directly or not."""
        found, waiting = dict[str, None](), [process]
        while waiting:
            key = waiting.pop(0)
            if key not in found:
                found[key] = None
                waiting += self._calls[key]
        return list(found)

    @cached_property
    def _calls(self) -> dict[str, list[str]]:
        calls: dict[str, list[str]] = {key: [] for key in self.processes}
        for element in self.elements.values():
            if element.called_element:
                calls[element.process_key].append(split_version(element.called_element)[0])
        return calls

    def find(self, process: str, text: str, beside: Sequence[str] = ()) -> Name:
        """The element a scenario of a process names: its own by id alone, one of a called process, or of those that
        take part beside it, by `<process>/<id>`, or by id alone where only one of them has it. Raises LookupError.
        """
        key, slash, element_id = text.rpartition("/")
        called = list(dict.fromkeys(one for start in (process, *beside) for one in self.called_by(start)))
        if slash and key not in called:
            raise LookupError(f"Expected {process} or a process it calls, but got {key!r}{suggest(key, called)}")
        places = [key] if slash else called
        found = [(place, element_id) for place in places if (place, element_id) in self.elements]
        if not found:
            known = {one for place, one in self.elements if place in places}
            raise LookupError(f"Expected an element, but {text!r} is none{suggest(element_id, known)}")
        if found[0][0] != process and len(found) > 1:
            names = " or ".join(f"{place}/{element_id}" for place, _ in found)
            raise LookupError(f"Expected {names}, but {text!r} could be either")
        return found[0]

    def form(self, key: str) -> Form | None:
        """A form by its key, `<process>/<form>`; none if there is no such file."""
        if key not in self._forms:
            found = next((path for path in self.files if path.endswith(".form") and form_key_of(path) == key), None)
            if found is None:
                return None
            self._forms[key] = parse_form(key, self.files[found])
        return self._forms[key]

    def with_files(self, changed: Mapping[str, bytes]) -> "Definitions":
        """The same with other content of some files, in which nothing is gone but rows of tables."""
        others = copy(self)
        others.files = {**self.files, **changed}
        others.elements, others.tables = dict(self.elements), dict(self.tables)
        for path, content in changed.items():
            others._add(path, content)
        return others
