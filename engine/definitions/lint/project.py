"""What the rules of one diagram may know of the rest: other diagrams, forms, decision tables, registered topics."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

import orjson

from engine.definitions.forms import Form, FormInvalid, parse_form
from engine.definitions.lint.diagram import Diagram, Scope
from engine.definitions.registry import MEMBER_ROLES, RELATIONS, TOPICS, VIEW_NEEDS, Topic
from engine.language.decisions import DecisionInvalid, DecisionLogic, parse_decisions
from engine.language.errors import BpmnUnreadable
from engine.language.model import read_bpmn
from engine.language.parser import Sources


@dataclass(frozen=True)
class Registry:
    """What services registered. An empty one means that no service was loaded: rules about them keep silent."""

    topics: Mapping[str, Topic]
    relations: Collection[str]
    member_roles: Collection[str]
    view_needs: Mapping[str, Collection[str]] = field(default_factory=dict)


REGISTERED = Registry(TOPICS, RELATIONS, MEMBER_ROLES, VIEW_NEEDS)
POLICY_FILE = "policy.json"


def form_key_of(path: str) -> str:
    """`forms/hire_order/describe_demand.form` is the form `hire_order/describe_demand`."""
    parts = PurePosixPath(path).with_suffix("").parts
    return "/".join(parts[-2:])


class Project:
    """All files that are known: those under examination, and around them what is deployed or lies beside them.

    Where both hold a process, form or table of one key, the file under examination counts.
    """

    def __init__(self, files: Mapping[str, bytes], registry: Registry, context: Mapping[str, bytes]) -> None:
        self.examined = files
        self.files = {**context, **files}
        self.registry = registry

    def _with_suffix(self, suffix: str) -> Iterable[tuple[str, bytes]]:
        """The files of one kind, those under examination last."""
        found = sorted(self.files.items(), key=lambda file: (file[0] in self.examined, file[0]))
        return ((path, content) for path, content in found if path.endswith(suffix))

    @cached_property
    def read_diagrams(self) -> dict[str, Diagram | BpmnUnreadable]:
        """What is drawn in each file, or why it cannot be read, by its path."""
        found: dict[str, Diagram | BpmnUnreadable] = {}
        for path, content in self._with_suffix(".bpmn"):
            try:
                found[path] = Diagram(path, read_bpmn(content))
            except BpmnUnreadable as error:
                found[path] = error
        return found

    @cached_property
    def diagrams(self) -> dict[str, Diagram]:
        """The readable diagrams by path."""
        return {path: file for path, file in self.read_diagrams.items() if isinstance(file, Diagram)}

    @cached_property
    def processes(self) -> dict[str, list[tuple[str, Scope]]]:
        """Every place where a process of that key is written: path and process."""
        places: dict[bool, dict[str, list[tuple[str, Scope]]]] = {False: {}, True: {}}
        for path, diagram in self.diagrams.items():
            for process in diagram.processes:
                places[path in self.examined].setdefault(process.id, []).append((path, process))
        return places[False] | places[True]

    @cached_property
    def sources(self) -> Sources:
        """What the parser of the engine reads."""
        return Sources({key: self.files[places[0][0]] for key, places in self.processes.items()})

    @cached_property
    def calls(self) -> dict[str, list[str]]:
        """The keys of the processes that each process calls, in the order of the file, each once."""
        return {
            key: list(
                dict.fromkeys(
                    called
                    for scope in places[0][1].walk()
                    for node in scope.of_kind("callActivity")
                    if (called := node.xml.get("calledElement", ""))
                )
            )
            for key, places in self.processes.items()
        }

    def list_called(self, key: str) -> set[str]:
        """The process and those it calls, which those call and so on: a case of it is all of them."""
        found, ahead = set(), [key]
        while ahead:
            if (one := ahead.pop()) not in found:
                found.add(one)
                ahead += self.calls.get(one, ())
        return found

    def find_process(self, key: str) -> Scope | None:
        places = self.processes.get(key)
        return places[0][1] if places else None

    @cached_property
    def form_keys(self) -> frozenset[str]:
        return frozenset(form_key_of(path) for path, _ in self._with_suffix(".form"))

    @cached_property
    def forms(self) -> dict[str, Form]:
        """The valid forms by key."""
        found = {}
        for path, content in self._with_suffix(".form"):
            key = form_key_of(path)
            try:
                found[key] = parse_form(key, content)
            except FormInvalid:
                continue
        return found

    @cached_property
    def read_decisions(self) -> dict[str, tuple[DecisionLogic, ...] | DecisionInvalid]:
        """The decisions of each file, or what is wrong with it, by its path."""
        found: dict[str, tuple[DecisionLogic, ...] | DecisionInvalid] = {}
        for path, content in self._with_suffix(".dmn"):
            try:
                found[path] = parse_decisions(content)
            except DecisionInvalid as error:
                found[path] = error
        return found

    @cached_property
    def decision_files(self) -> dict[str, tuple[DecisionLogic, ...]]:
        """The decisions of each file that is valid, by its path."""
        return {path: read for path, read in self.read_decisions.items() if not isinstance(read, DecisionInvalid)}

    @cached_property
    def decisions(self) -> dict[str, DecisionLogic]:
        """The valid decisions by key.

        What is deployed lies under the key of each decision, in the file it came with: others in there may be older.
        """
        found: dict[str, DecisionLogic] = {}
        named: dict[str, DecisionLogic] = {}
        examined: dict[str, DecisionLogic] = {}
        for path, decisions in self.decision_files.items():
            for one in decisions:
                is_own = PurePosixPath(path).stem == one.key
                place = examined if path in self.examined else named if is_own else found
                place[one.key] = one
        return found | named | examined

    @cached_property
    def policy(self) -> frozenset[str]:
        """The keys of the policy; none when no policy file is known."""
        keys: set[str] = set()
        for path, content in self._with_suffix(".json"):
            if PurePosixPath(path).name == POLICY_FILE:
                try:
                    policy = orjson.loads(content)
                except orjson.JSONDecodeError:
                    continue
                keys |= set(policy) if isinstance(policy, dict) else set()
        return frozenset(keys)
