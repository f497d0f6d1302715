"""Walks over the nodes of one scope."""

from collections.abc import Callable, Iterable, Iterator

from engine.definitions.lint.diagram import Node, Scope

Steps = Callable[[Node], Iterable[Node]]


def follow_flows(node: Node) -> Iterator[Node]:
    """Where the token goes next."""
    return (flow.target for flow in node.outgoing if flow.target)


def follow_all(node: Node) -> Iterator[Node]:
    """Where the token goes next, boundary events included."""
    yield from follow_flows(node)
    yield from node.boundaries


def reach(starts: Iterable[Node], steps: Steps = follow_all) -> set[Node]:
    """The starts and everything behind them."""
    seen = set(starts)
    waiting = list(seen)
    while waiting:
        for node in steps(waiting.pop()):
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return seen


def find_cycles(nodes: Iterable[Node], steps: Steps) -> Iterator[list[Node]]:
    """The groups of nodes that lead to each other, or of one that leads to itself (Tarjan, without recursion)."""
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    stack: list[Node] = []
    on_stack: set[Node] = set()
    for root in nodes:
        if root in index:
            continue
        work = [(root, iter(list(steps(root))))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, following = work[-1]
            target = next(following, None)
            if target is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = _pop_group(node, stack, on_stack)
                    if len(group) > 1 or node in steps(node):
                        yield group
            elif target not in index:
                index[target] = low[target] = len(index)
                stack.append(target)
                on_stack.add(target)
                work.append((target, iter(list(steps(target)))))
            elif target in on_stack:
                low[node] = min(low[node], index[target])


def _pop_group(node: Node, stack: list[Node], on_stack: set[Node]) -> list[Node]:
    group = []
    while True:
        member = stack.pop()
        on_stack.discard(member)
        group.append(member)
        if member is node:
            return group[::-1]


def sort_forward(scope: Scope) -> tuple[list[Node], dict[Node, list[Node]]]:
    """The nodes in an order in which steps lead forward, and the steps of each node without those that lead back.

    Flows that close a cycle in the order of the document count as leading back.
    """
    order: list[Node] = []
    state: dict[Node, int] = {}
    forward: dict[Node, list[Node]] = {node: [] for node in scope.nodes}
    for root in [*scope.of_kind("startEvent"), *scope.nodes]:
        if root in state:
            continue
        state[root] = 1
        work = [(root, iter(list(follow_all(root))))]
        while work:
            node, following = work[-1]
            target = next(following, None)
            if target is None:
                state[node] = 2
                order.append(node)
                work.pop()
                continue
            if state.get(target) != 1:
                forward[node].append(target)
            if target not in state:
                state[target] = 1
                work.append((target, iter(list(follow_all(target)))))
    return order[::-1], forward


class ForwardReach:
    """For each node of a scope the set of nodes it leads to without going back, as bits of one integer."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.order, forward = sort_forward(scope)
        self.bit = {node: 1 << position for position, node in enumerate(self.order)}
        self.mask: dict[Node, int] = {}
        for node in reversed(self.order):
            mask = self.bit[node]
            for target in forward[node]:
                mask |= self.mask[target]
            self.mask[node] = mask

    def nodes_in(self, mask: int) -> list[Node]:
        """The nodes of a set in the order of the document."""
        return [node for node in self.scope.nodes if self.bit[node] & mask]

    def branches(self, split: Node) -> list[int]:
        """What each outgoing flow of a split leads to."""
        return [self.mask[target] for target in follow_flows(split)]


def is_split(node: Node) -> bool:
    return len(node.outgoing) > 1


def is_join(node: Node) -> bool:
    return len(node.incoming) > 1
