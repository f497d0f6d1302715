"""Start events by which a message, a signal or a timer begins cases."""

from collections.abc import Iterator

from engine.definitions.lint.calls import start_variables
from engine.definitions.lint.diagram import Diagram, Node
from engine.definitions.lint.events import message_name
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule


def _triggered(diagram: Diagram) -> Iterator[Node]:
    return (node for node in diagram.of_kind("startEvent") if node.starts_cases and node.definitions)


@rule(
    "start-variable-unmapped",
    "error",
    en="Expected {element} to give {name}, because the process needs it, but nothing hands it in here: add an output "
    "parameter {name} to the start event, or mark the variable as optional.",
    zh="流程需要变量 {name}，但由 {element} 开始时没有提供：请在该开始事件上添加输出参数 {name}，或把变量标为可选。",
)
def check_start_mapping(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Who begins a case by a message, a signal or a timer is nobody; its data are what the start event maps."""
    for node in _triggered(diagram):
        mapped = {(parameter.get("name") or "").strip() for parameter in node.parameters("outputParameter")}
        for name in sorted(start_variables(node.scope)[0] - mapped):
            yield problem(node, name=name)


@rule(
    "start-message-taken",
    "error",
    en="Expected the message {name} to begin cases in one place only, but {other} begins by it as well: name another "
    "message, or use a signal, which begins all of them.",
    zh="消息 {name} 只能在一处发起流程，但 {other} 也由它开始：请换用其他消息，或改用信号（会同时发起）。",
)
def check_message_taken(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """A message is delivered once: of two starts that take it, only one would ever begin."""
    for node in _triggered(diagram):
        name = message_name(diagram, node)
        others = sorted(place for place in _places_of(name, project) if place != (node.scope.id, node.id))
        if name and others:
            yield problem(node, name=name, other=" ".join(others[0]))


def _places_of(name: str, project: Project) -> Iterator[tuple[str, str]]:
    """Process and start event of every start by this message, each process where it counts."""
    for key, places in project.processes.items():
        path, process = places[0]
        for start in process.of_kind("startEvent"):
            if message_name(project.diagrams[path], start) == name:
                yield key, start.id


@rule(
    "correlation-key-ignored",
    "warning",
    en="Expected no correlation key on the start event {element}, but it has one, which is ignored: a start takes "
    "every message of its name, whatever key the sender gives.",
    zh="开始事件 {element} 的关联键会被忽略：它接收该名称的所有消息，不论发送方给出什么键。",
)
def check_start_key(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Before a case begins there is nothing to compare a key with."""
    for node in _triggered(diagram):
        if node.baton("correlationKey"):
            yield problem(node)
