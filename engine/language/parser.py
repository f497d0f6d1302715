"""From BPMN files to specs: our attributes are read here, and whatever we do not execute is refused."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs.mixins.subworkflow_task import SubWorkflowTask as SubWorkflowTaskMixin

from engine.language.errors import BpmnUnreadable, DefinitionUnparsable
from engine.language.flow_nodes import NODE_PARSERS
from engine.language.model import BPMN, Element, find_link_target, local_tag, read_bpmn, read_called, read_elements
from engine.language.specs.process import ProcessSpec
from engine.language.versions import split_version

RESERVED_IDS = frozenset({"Start", "End"})
SOURCES_KEPT = 32  # a process and what it calls, several times over


@dataclass(frozen=True)
class ProcessSpecs:
    """A process, all it calls and their elements, ready to run; shared between cases and never changed."""

    key: str
    spec: ProcessSpec
    subprocess_specs: dict[str, ProcessSpec]
    elements: Mapping[tuple[str, str], Element] = field(repr=False)

    def find(self, task_spec: Any) -> Element:
        """The element a task is of."""
        return task_spec.element  # type: ignore[no-any-return]  # SpiffWorkflow is untyped


@dataclass(frozen=True)
class SourceFile:
    """A file as it was read: its processes, and the elements of each, by id."""

    processes: Mapping[str, etree._Element]
    elements: Mapping[str, Mapping[str, Element]]


class Sources:
    """The files that processes are parsed from, each read once. `files`: name of a process -> its pinned file.

    The name of a fixed version is the id of its process here (`engine.language.versions`). A version that is not among
    the files stands for the one that is: diagrams are checked without old versions.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def find(self, name: str, caller: str) -> SourceFile:
        """The file of a process. Raises BpmnUnreadable, and DefinitionUnparsable for the caller if there is none."""
        key, version = split_version(name)
        content = self._files.get(name, self._files.get(key))
        if content is None:
            raise DefinitionUnparsable(caller, f"Expected a process {name!r}, but it is not deployed")
        return _read_source(content) if version is None else _read_source(content, key, name)


def parse_process(sources: Mapping[str, bytes] | Sources, key: str) -> ProcessSpecs:
    """Parse a process and the processes it calls.

    `sources`: name of a process -> the pinned file that contains it, see `Sources`.
    Raises BpmnUnreadable, DefinitionUnparsable.
    """
    parser = CaseParser()
    elements: dict[tuple[str, str], Element] = {}
    try:
        for process, found in _find_called(sources if isinstance(sources, Sources) else Sources(sources), key):
            process_key = process.get("id", "")
            elements |= {(process_key, element_id): element for element_id, element in found.items()}
            parser.add_process(process, process_key, found)
        specs = parser.collect_specs(key)
        for each in specs.values():
            _refuse_endless(each)
    except ValidationException as error:
        raise DefinitionUnparsable(error.id or key, _explain(error)) from error
    except (BpmnUnreadable, DefinitionUnparsable):
        raise
    except Exception as error:
        # Several of SpiffWorkflow's own error paths fail with a TypeError or KeyError of their own.
        raise DefinitionUnparsable(key, f"Expected a diagram that can be executed, but {error!r}") from error
    return ProcessSpecs(key, specs.pop(key), specs, elements)


def spec_fingerprint(specs: ProcessSpecs) -> str:
    """A digest of all a case reads of its specs: equal as long as nobody has changed them."""
    digest = hashlib.sha256()
    for spec in (specs.spec, *specs.subprocess_specs.values()):
        digest.update(repr((spec.name, spec.process_key)).encode())
        for name, task_spec in spec.task_specs.items():
            digest.update(repr((name, type(task_spec).__name__)).encode())
            for attribute, value in sorted(vars(task_spec).items()):
                digest.update(repr((attribute, _describe(value))).encode())
    return digest.hexdigest()


class ElementProcessParser(ProcessParser):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """One process or sub-process. The name of its spec is unique among all files a case is made of."""

    def __init__(
        self, parser: "CaseParser", node: Any, process_key: str, elements: Mapping[str, Element], lane: Any = None
    ) -> None:
        super().__init__(parser, node, parser.namespaces, {}, lane=lane)
        self.process_key, self.elements = process_key, elements
        self.unconnected: list[Any] = []

    @property
    def spec_name(self) -> str:
        return self.process_key if self.node.tag == full_tag("process") else f"{self.process_key}/{self.bpmn_id}"

    def create_spec(self) -> ProcessSpec:
        if not self.process_executable:
            raise ValidationException("Expected an executable process, but isExecutable is false", node=self.node)
        return ProcessSpec(self.spec_name, self.process_key)

    def add_tasks(self) -> None:
        starts = self.xpath("./bpmn:startEvent")
        if not starts:
            raise ValidationException("Expected a start event, but there is none", node=self.node)
        for node in starts:
            self.parse_node(node)
        while self.unconnected:
            with _blaming(self.unconnected[-1].node):
                self.unconnected.pop().connect_flows()
        for node in self.xpath("./bpmn:subProcess[@triggeredByEvent='true']"):
            self.parse_node(node)

    def get_outgoing_sequence_flows(self, source_ref: str) -> list[etree._Element]:
        """Of a link event that throws this is the way to the one that catches it."""
        node = self.get_node_by_id(source_ref)
        target = None if node is None else find_link_target(node)
        if target is None:
            return super().get_outgoing_sequence_flows(source_ref)  # type: ignore[no-any-return]  # untyped
        return [etree.Element(full_tag("sequenceFlow"), sourceRef=source_ref, targetRef=target)]

    def parse_node(self, node: Any) -> Any:
        """Where a token enters the element: its spec, or the split of its boundary events."""
        specs, name = self.spec.task_specs, node.get("id")
        if name in specs:
            return specs.get(f"{name}.BoundaryEventSplit", specs[name])
        if node.tag not in CaseParser.PARSER_CLASSES:
            raise ValidationException(
                f"Expected another element, but a {local_tag(node)} cannot be executed", node=node
            )
        parser_class, spec_class = CaseParser.PARSER_CLASSES[node.tag]
        parser = parser_class(self, spec_class, node, self.nsmap, lane=self.lane)
        with _blaming(node):
            entry = parser.parse_node()
        self.unconnected.append(parser)
        return entry


@contextmanager
def _blaming(node: etree._Element) -> Iterator[None]:
    """What fails without naming an element was the fault of this one."""
    try:
        yield
    except (ValidationException, DefinitionUnparsable):
        raise
    except Exception as error:
        raise ValidationException(repr(error), node) from error


class CaseParser(BpmnParser):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """Holds the parsers of all processes a case is made of."""

    PARSER_CLASSES = {full_tag(tag): classes for tag, classes in NODE_PARSERS.items()}

    def add_process(self, process: etree._Element, key: str, elements: Mapping[str, Element]) -> None:
        self.process_parsers[key] = ElementProcessParser(self, process, key, elements)

    def collect_specs(self, key: str) -> dict[str, ProcessSpec]:
        """The specs of a process and of all inside it and called by it, by name; its own is the first."""
        found: dict[str, ProcessSpec] = {}
        waiting = [key]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = self.get_spec(name)
                inner = (each for each in found[name].task_specs.values() if isinstance(each, SubWorkflowTaskMixin))
                waiting.extend(each.spec for each in inner)
        return found


@lru_cache(maxsize=SOURCES_KEPT)
def _read_source(content: bytes, key: str = "", name: str = "") -> SourceFile:
    """With the process of that key, if one is given, under the name of its fixed version.

    Raises BpmnUnreadable, DefinitionUnparsable for an id used twice.
    """
    root = read_bpmn(content)
    for process in root.iterchildren(full_tag("process")):
        if process.get("id") == key:
            process.set("id", name)
    seen = set[str]()
    for node in root.iterfind(f".//{{{BPMN}}}*[@id]"):
        element_id = node.get("id", "")
        if element_id in seen:
            raise DefinitionUnparsable(element_id, "Expected every id once in the file, but this one is there again")
        if element_id in RESERVED_IDS:
            raise DefinitionUnparsable(element_id, f"Expected another id, but {element_id!r} is reserved")
        seen.add(element_id)
    elements: dict[str, dict[str, Element]] = {}
    for element in read_elements(root).values():
        elements.setdefault(element.process_key, {})[element.id] = element
    return SourceFile({node.get("id", ""): node for node in root.iterchildren(full_tag("process"))}, elements)


def _find_called(sources: Sources, key: str) -> Iterator[tuple[etree._Element, Mapping[str, Element]]]:
    """The process and all it calls, with their elements; what is called is read only when it is needed."""
    wanted, seen = [(key, key)], set[str]()
    while wanted:
        process_key, caller = wanted.pop()
        if process_key in seen:
            continue
        seen.add(process_key)
        file = sources.find(process_key, caller)
        if process_key not in file.processes:
            message = f"Expected the file to contain process {process_key!r}, but it does not"
            raise DefinitionUnparsable(process_key, message)
        process = file.processes[process_key]
        for call in process.iter(f"{{{BPMN}}}callActivity"):
            called = read_called(call)
            if not called:
                raise DefinitionUnparsable(call.get("id", ""), "Expected a called element, but there is none")
            wanted.append((called, call.get("id", "")))
        yield process, file.elements[process_key]


def _refuse_endless(spec: ProcessSpec) -> None:
    """A cycle without a decision in it never ends."""
    passed: set[str] = set()
    for task_spec in spec.task_specs.values():
        trail = [task_spec]
        on_trail = {task_spec.name}
        while len(trail[-1].outputs) == 1 and trail[-1].name not in passed:
            following = trail[-1].outputs[0]
            if following.name in on_trail:
                loop = trail[trail.index(following) :]
                element = next((each.bpmn_id for each in loop if each.bpmn_id), spec.name)
                raise DefinitionUnparsable(element, "Expected a way out of the loop, but there is none")
            trail.append(following)
            on_trail.add(following.name)
        passed |= on_trail


def _explain(error: ValidationException) -> str:
    """Stock wraps what its own code raises, and turns it into its `repr`."""
    text = str(error).rstrip(". ")
    return text if text.startswith("Expected") else f"Expected a diagram that can be executed, but: {text}"


def _describe(value: object) -> object:
    """Specs refer to each other and to events with locks inside; what matters are names and plain values."""
    if isinstance(value, str | int | float | bool | None):
        return value
    if isinstance(value, Element) or type(value).__module__.startswith("engine.language.specs.definitions"):
        return repr(value)
    if isinstance(value, dict):
        return [(key, _describe(item)) for key, item in value.items()]
    if isinstance(value, list | tuple | set | frozenset):
        return [_describe(item) for item in value]
    if hasattr(value, "args"):
        return [type(value).__name__, _describe(value.args)]
    if hasattr(value, "n_subscribers"):
        return value.n_subscribers()
    return type(value).__name__
