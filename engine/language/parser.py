"""From BPMN files to specs: our attributes are read here, and whatever we do not execute is refused."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from engine.language.errors import BpmnUnreadable, DefinitionUnparsable
from engine.language.model import BPMN, Element, find_link_target, local_tag, read_bpmn, read_elements
from engine.language.nodes import NODE_PARSERS
from engine.language.specs.process import ProcessSpec

RESERVED_IDS = frozenset({"Start", "End"})


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


def parse_process(sources: Mapping[str, bytes], key: str) -> ProcessSpecs:
    """Parse a process and the processes it calls.

    `sources`: process key -> the pinned file that contains it. Raises BpmnUnreadable, DefinitionUnparsable.
    """
    parser = CaseParser()
    elements: dict[tuple[str, str], Element] = {}
    roots: dict[bytes, etree._Element] = {}
    try:
        for process_key in _find_called(sources, key, roots):
            root = roots[sources[process_key]]
            found = _read_once(root, process_key)
            elements |= {(process_key, element_id): element for element_id, element in found.items()}
            parser.add_process(root, process_key, found)
        spec, inner = parser.get_spec(key), parser.get_subprocess_specs(key)
        for each in (spec, *inner.values()):
            _refuse_endless(each)
    except ValidationException as error:
        raise DefinitionUnparsable(error.id or key, _explain(error)) from error
    except (BpmnUnreadable, DefinitionUnparsable):
        raise
    except Exception as error:
        # Several of SpiffWorkflow's own error paths fail with a TypeError or KeyError of their own.
        raise DefinitionUnparsable(key, f"Expected a diagram that can be executed, but {error!r}") from error
    return ProcessSpecs(key, spec, inner, elements)


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
        self, parser: "CaseParser", node: Any, process_key: str, elements: dict[str, Element], lane: Any = None
    ) -> None:
        super().__init__(parser, node, parser.namespaces, {}, lane=lane)
        self.process_key, self.elements = process_key, elements

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
        if node.tag not in CaseParser.PARSER_CLASSES:
            raise ValidationException(
                f"Expected another element, but a {local_tag(node)} cannot be executed", node=node
            )
        return super().parse_node(node)


class CaseParser(BpmnParser):  # type: ignore[misc]  # SpiffWorkflow is untyped
    """Holds the parsers of all processes a case is made of."""

    PARSER_CLASSES = {full_tag(tag): classes for tag, classes in NODE_PARSERS.items()}

    def add_process(self, root: etree._Element, key: str, elements: dict[str, Element]) -> None:
        process = next(node for node in root.iterchildren(full_tag("process")) if node.get("id") == key)
        self._add_diagram_indexes(root)
        self.process_parsers[key] = ElementProcessParser(self, process, key, elements)


def _read_once(root: etree._Element, key: str) -> dict[str, Element]:
    """The elements of one process. Raises DefinitionUnparsable for an id that is not its own."""
    seen = set[str]()
    for node in root.iterfind(f".//{{{BPMN}}}*[@id]"):
        element_id = node.get("id", "")
        if element_id in seen:
            raise DefinitionUnparsable(element_id, "Expected every id once in the file, but this one is there again")
        if element_id in RESERVED_IDS:
            raise DefinitionUnparsable(element_id, f"Expected another id, but {element_id!r} is reserved")
        seen.add(element_id)
    return {element.id: element for element in read_elements(root).values() if element.process_key == key}


def _find_called(sources: Mapping[str, bytes], key: str, roots: dict[bytes, etree._Element]) -> Iterator[str]:
    """The process and all it calls, by key; what is called is read only when it is needed."""
    wanted, seen = [(key, key)], set[str]()
    while wanted:
        process_key, caller = wanted.pop()
        if process_key in seen:
            continue
        seen.add(process_key)
        if process_key not in sources:
            raise DefinitionUnparsable(caller, f"Expected a process {process_key!r}, but it is not deployed")
        content = sources[process_key]
        if content not in roots:
            roots[content] = read_bpmn(content)
        process = next(
            (p for p in roots[content].iterchildren(full_tag("process")) if p.get("id") == process_key), None
        )
        if process is None:
            raise DefinitionUnparsable(
                process_key, f"Expected the file to contain process {process_key!r}, but it does not"
            )
        for call in process.iter(f"{{{BPMN}}}callActivity"):
            called = call.get("calledElement")
            if not called:
                raise DefinitionUnparsable(call.get("id", ""), "Expected a called element, but there is none")
            wanted.append((called, call.get("id", "")))
        yield process_key


def _refuse_endless(spec: ProcessSpec) -> None:
    """A cycle without a decision in it never ends."""
    for task_spec in spec.task_specs.values():
        trail = [task_spec]
        while len(trail[-1].outputs) == 1 and len(trail) <= len(spec.task_specs):
            trail.append(trail[-1].outputs[0])
            if trail[-1] is task_spec:
                element = next((each.bpmn_id for each in trail if each.bpmn_id), spec.name)
                raise DefinitionUnparsable(element, "Expected a way out of the loop, but there is none")


def _explain(error: ValidationException) -> str:
    """Stock wraps what its own code raises, and turns it into its `repr`."""
    if isinstance(error.__context__, RecursionError):
        return "Expected shorter chains of elements, but this one is too long to parse"
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
