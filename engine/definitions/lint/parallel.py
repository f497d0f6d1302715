"""What goes wrong between branches that run side by side."""

from collections.abc import Iterator
from functools import reduce
from itertools import pairwise
from operator import or_

from engine.definitions.lint.diagram import Diagram, Node, Scope
from engine.definitions.lint.graph import ForwardReach, is_join, is_split
from engine.definitions.lint.project import Project
from engine.definitions.lint.registry import Problem, problem, rule
from engine.definitions.lint.uses import writes_outside

FORKS = ("parallelGateway", "inclusiveGateway")


def _forks(scope: Scope) -> list[Node]:
    return [node for node in scope.of_kind(*FORKS) if is_split(node)]


def _is_side_by_side(branches: list[int], members: int) -> bool:
    """Whether two of the members stand in different branches: no branch holds all that the others hold."""
    held = sorted({branch & members for branch in branches}, key=int.bit_count)
    return any(small | large != large for small, large in pairwise(held))


def _clashes(scope: Scope, writers: dict[str, list[Node]]) -> Iterator[tuple[Node, str, list[Node]]]:
    """Fork, variable and the nodes that write it in different branches behind the fork."""
    shared = {name: nodes for name, nodes in writers.items() if len(nodes) > 1}
    forks = _forks(scope)
    if not shared or not forks:
        return
    reach = ForwardReach(scope)
    for fork in forks:
        branches = reach.branches(fork)
        common = reduce(int.__and__, branches, -1)
        for name, nodes in shared.items():
            members = reduce(or_, (reach.bit[node] for node in nodes)) & ~common
            if members and _is_side_by_side(branches, members) and not _is_allowed(reach, branches, name):
                yield fork, name, reach.nodes_in(members & reach.mask[fork])


def _is_allowed(reach: ForwardReach, branches: list[int], name: str) -> bool:
    """Whether a join that several branches lead to lets the last one win."""
    joins = (node for node in reach.order if node.kind in FORKS and is_join(node))
    reached = (join for join in joins if sum(bool(branch & reach.bit[join]) for branch in branches) > 1)
    return any(name in [part.strip() for part in join.baton("lastWins").split(",")] for join in reached)


def _writers(nodes: list[Node], project: Project) -> dict[str, list[Node]]:
    writers: dict[str, list[Node]] = {}
    for node in nodes:
        for name in sorted(writes_outside(node, project)):
            writers.setdefault(name, []).append(node)
    return writers


@rule(
    "parallel-write",
    "error",
    en="Expected parallel branches to write distinct variables, but {nodes} all write {name} behind {fork}: "
    "rename one, or list it in baton:lastWins of the join (M14).",
    zh="并行分支应写不同的变量，但 {fork} 之后 {nodes} 都写 {name}：请改名，或列入汇聚网关的 baton:lastWins（M14）。",
)
def check_parallel_writes(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """The branch that ends last would overwrite what the other wrote; the join opens an incident instead (M14)."""
    for scope in diagram.scopes:
        nodes = [node for node in scope.nodes if node.kind != "callActivity"]
        calls = _writers(scope.of_kind("callActivity"), project)
        writers = _writers(nodes, project)
        for name in writers:
            writers[name] += calls.get(name, [])
        for fork, name, found in _clashes(scope, writers):
            yield problem(fork, nodes=", ".join(node.id for node in found), name=name, fork=fork.id)


@rule(
    "call-outputs-clash",
    "error",
    en="Expected distinct targets of camunda:out, but the parallel calls {nodes} all write {name}: "
    "give each call a target of its own (M16).",
    zh="camunda:out 的目标应各不相同，但并行调用 {nodes} 都写 {name}：请为每个调用使用不同的目标（M16）。",
)
def check_call_outputs(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """Of parallel calls with the same output names the last one wins (M16)."""
    for scope in diagram.scopes:
        others = _writers([node for node in scope.nodes if node.kind != "callActivity"], project)
        calls = {
            name: nodes
            for name, nodes in _writers(scope.of_kind("callActivity"), project).items()
            if name not in others
        }
        for fork, name, found in _clashes(scope, calls):
            yield problem(fork, nodes=", ".join(node.id for node in found), name=name)


@rule(
    "calls-beside-calls",
    "error",
    en="Expected the error boundary of {element} around the whole parallel block, but it is on the call behind {fork}: "
    "wrap the block in a sub-process and put the boundary on that (M15).",
    zh="{element} 的错误边界事件应在整个并行块上，但它在 {fork} 之后的调用上：请把并行块包成子流程，"
    "并把边界事件放在子流程上（M15）。",
)
def check_calls_beside_calls(diagram: Diagram, project: Project) -> Iterator[Problem]:
    """The join behind the block fires although one of its branches was interrupted (M15)."""
    for scope in diagram.scopes:
        guarded = [node for node in scope.of_kind("callActivity") if _has_error_boundary(node)]
        forks = _forks(scope)
        if not guarded or not forks:
            continue
        reach = ForwardReach(scope)
        found: dict[Node, Node] = {}
        for fork in forks:
            for node in guarded:
                if _stands_in_block(reach, fork, node):
                    found.setdefault(node, fork)
        for node, fork in found.items():
            yield problem(node, fork=fork.id)


def _has_error_boundary(node: Node) -> bool:
    return any(boundary.definition("error") is not None for boundary in node.boundaries)


def _stands_in_block(reach: ForwardReach, fork: Node, call: Node) -> bool:
    """Whether the call stands in one branch of the fork, before a join that another branch reaches too."""
    branches = reach.branches(fork)
    inside = [branch for branch in branches if branch & reach.bit[call]]
    if not inside or len(inside) == len(branches):
        return False
    joins = [node for node in reach.order if node.kind in FORKS and is_join(node)]
    behind = [join for join in joins if reach.mask[call] & reach.bit[join]]
    others = [branch for branch in branches if not branch & reach.bit[call]]
    meeting = [join for join in behind if any(branch & reach.bit[join] for branch in others)]
    return bool(meeting) and _can_miss(reach, call, meeting, others)


def _can_miss(reach: ForwardReach, call: Node, meeting: list[Node], others: list[int]) -> bool:
    """Another call stands beside it, or the error leads past the join."""
    has_call_beside = any(
        branch & reach.bit[node] for branch in others for node in call.scope.of_kind("callActivity") if node is not call
    )
    errors = [boundary for boundary in call.boundaries if boundary.definition("error") is not None]
    return has_call_beside or any(not reach.mask[error] & reach.bit[meeting[0]] for error in errors)
