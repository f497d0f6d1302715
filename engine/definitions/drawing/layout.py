"""Draw a BPMN document: placement, routing, artifacts, labels.

Conventions of the input: document order is reading order; the first outgoing flow of a node is the happy path; lanes
and pools are listed from top to bottom, boundary events from left to right."""

from collections.abc import Sequence

from engine.definitions.drawing.artifacts import place_artifacts
from engine.definitions.drawing.document import (
    SUB_PROCESSES,
    NotDrawable,
    id_of,
    parse_document,
    q,
    serialize_document,
)
from engine.definitions.drawing.elements import Drawing, View
from engine.definitions.drawing.geometry import Rect
from engine.definitions.drawing.labels import place_labels
from engine.definitions.drawing.place import place_view
from engine.definitions.drawing.plain import draw_plainly
from engine.definitions.drawing.reader import read_views
from engine.definitions.drawing.route import route_flows
from engine.definitions.drawing.writer import remove_diagrams, write_diagrams

MOST_NODES, MOST_FLOWS = 80, 110


def lay_out(xml: bytes, collapse: Sequence[str] | None = None) -> bytes:
    """The document with a new drawing; any drawing it had is dropped, everything else stays.

    collapse: ids of the sub-processes to draw collapsed, each with a plane of its own; None: the largest sub-processes
    of planes with more than 35 nodes; []: none. Where a plane is too large or too tangled to be drawn well in a few
    seconds, all sub-processes are collapsed and that plane is drawn plainly. The same input gives the same bytes.
    Raises NotDrawable."""
    root = parse_document(xml)
    remove_diagrams(root)
    every = [id_of(element) for element in root.iter(*map(q, SUB_PROCESSES))]
    views = read_views(root, collapse)
    if any(map(_is_large, views)):
        views = read_views(root, every)
    try:
        drawings = [draw_any(view) for view in views]
    except NotDrawable:  # the shapes leave no way
        views = read_views(root, every)
        drawings = [draw_plainly(view) for view in views]
    write_diagrams(root, views, drawings)
    return serialize_document(root)


def _is_large(view: View) -> bool:
    """Whether the search for good ways would take more than a few seconds."""
    flows = len(view.messages) + sum(len(scope.flows) for scope in view.scopes)
    return len(view.nodes) > MOST_NODES or flows > MOST_FLOWS


def draw_any(view: View) -> Drawing:
    """As well as can be done in a few seconds. Raises NotDrawable when the shapes leave no way."""
    return draw_plainly(view) if _is_large(view) else draw_view(view)


def draw_view(view: View) -> Drawing:
    """Shapes, edges and labels of one plane."""
    lanes = place_view(view)
    frames: list[Rect] = [*(pool.rect for pool in view.visible_pools), *lanes.values()]
    routes = route_flows(view, frames)
    artifacts, links = place_artifacts(view, routes, frames)
    nodes = sorted(view.nodes.values(), key=lambda node: node.host_id is not None)  # boundary events above their hosts
    shapes = {pool.id: pool.rect for pool in view.visible_pools} | lanes | {node.id: node.rect for node in nodes}
    edges = {route.id: route.points for route in routes}
    return Drawing(
        shapes | artifacts,
        edges | links,
        place_labels(view, routes, frames, links.values()),
    )
