"""x coordinates: longest path over the forward flows with true widths, boundary events along their activity."""

from collections.abc import Iterator, Mapping

from engine.definitions.drawing.elements import Node, Scope, SequenceFlow
from engine.definitions.drawing.text import text_size

GRID = 10
GAP = 50
GUEST_PITCH = (110, 180)  # least and most distance of boundary events on a sub-process
TASK_WIDTH = 100

LaneOrder = Mapping[str | None, int]


def round_up(value: float, step: int = 2 * GRID) -> int:
    return int(-(-value // step) * step)


def place_columns(scope: Scope, lane_order: LaneOrder) -> None:
    """Set x of all nodes; their centres are on the grid."""
    mark_back_flows(scope)
    forward = scope.forward_flows()
    pending = {node.id: sum(flow.target is node for flow in forward) for node in scope.nodes.values()}
    ready = [node for node in scope.nodes.values() if not node.host_id and not pending[node.id]]
    while ready:
        node = ready.pop(0)
        node.x = round_up(node.x + node.w / 2) - node.w // 2
        _place_guests(scope, node, lane_order)
        for flow in (f for source in (node, *scope.guests(node)) for f in scope.leaving(source) if not f.is_back):
            flow.target.x = max(flow.target.x, _least_x(flow))
            pending[flow.target.id] -= 1
            if not pending[flow.target.id]:
                ready.append(flow.target)
    for flow in forward:
        if _is_short_exit(scope, flow, lane_order):
            flow.target.x = flow.source.cx - flow.target.w // 2


def mark_back_flows(scope: Scope) -> None:
    """Depth first in document order: a flow to a node that is still open closes a loop."""
    entered = {flow.target.id for flow in scope.flows}
    free = [node for node in scope.nodes.values() if not node.host_id]
    seen: set[str] = set()
    is_open: set[str] = set()
    for start in [*(node for node in free if node.id not in entered), *free]:
        stack = [(start, _steps(scope, start))] if start.id not in seen else []
        seen.add(start.id)
        is_open.add(start.id)
        while stack:
            node, steps = stack[-1]
            flow, following = next(steps, (None, None))
            if following is None:
                is_open.discard(node.id)
                stack.pop()
                continue
            if flow:
                flow.is_back = following.id in is_open
            if following.id not in seen:
                seen.add(following.id)
                is_open.add(following.id)
                stack.append((following, _steps(scope, following)))


def _steps(scope: Scope, node: Node) -> Iterator[tuple[SequenceFlow | None, Node]]:
    for guest in scope.guests(node):
        yield None, guest
    for flow in scope.leaving(node):
        yield flow, flow.target


def _place_guests(scope: Scope, host: Node, lane_order: LaneOrder) -> None:
    """Boundary events: on the bottom edge; on the top edge only if the handler is in a lane above."""
    top: list[Node] = []
    bottom: list[Node] = []
    for guest in scope.guests(host):
        handler = next((flow.target for flow in scope.leaving(guest)), guest)
        guest.is_on_top = lane_order.get(handler.lane, 0) < lane_order.get(host.lane, 0)
        (top if guest.is_on_top else bottom).append(guest)
    for row, is_shifted in (
        (bottom, False),
        (top, bool(bottom)),
    ):  # never one above the other: messages run straight
        first, pitch = _guest_pitch(host, len(row))
        if is_shifted:
            first = first + pitch // 2 // GRID * GRID if host.w > TASK_WIDTH else 30
        for i, guest in enumerate(row):
            guest.x = host.x + first + i * pitch - guest.w // 2


def _guest_pitch(host: Node, count: int) -> tuple[int, int]:
    """(distance of the first boundary event from the left, distance of two)."""
    if host.w <= TASK_WIDTH:
        return (70 if count == 1 else 30), 50
    least = GUEST_PITCH[0] if host.body else 90
    return 40, round_up(max(least, min(GUEST_PITCH[1], (host.w - 80) / max(count, 1))), GRID)


def _least_x(flow: SequenceFlow) -> int:
    source = flow.source
    if source.host_id:
        return source.cx + GAP
    return source.right + max(GAP, text_size(flow.name)[0] + 30 if flow.name else 0)


def _is_short_exit(scope: Scope, flow: SequenceFlow, lane_order: LaneOrder) -> bool:
    """A branch that is nothing but an end event: it stands right below (or above) its gateway or boundary event."""
    source, target = flow.source, flow.target
    if not target.is_event or scope.leaving(target) or sum(f.target is target for f in scope.flows) > 1:
        return False
    start, end = (lane_order.get((node.host or node).lane, 0) for node in (source, target))
    if source.host_id:
        return end < start if source.is_on_top else start <= end
    branches = [f for f in scope.leaving(source) if not f.is_back][1:]
    return source.is_gateway and start <= end and branches == [flow]
