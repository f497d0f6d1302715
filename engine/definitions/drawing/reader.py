"""From the semantic part of a BPMN document to views."""

from collections.abc import Collection, Iterator, Sequence

from lxml import etree

from engine.definitions.drawing.document import (
    ARTIFACTS,
    LINKS,
    SUB_PROCESSES,
    NotDrawable,
    id_of,
    is_flow_node,
    kind_of,
    q,
    text_of,
)
from engine.definitions.drawing.elements import (
    BLACK_BOX_HEIGHT,
    Artifact,
    End,
    Lane,
    Link,
    MessageFlow,
    Node,
    Pool,
    Scope,
    SequenceFlow,
    View,
    size_of,
)

NODES_PER_PLANE = 35


def read_views(root: etree._Element, collapse: Sequence[str] | None) -> list[View]:
    """The planes to draw. Raises NotDrawable when a reference leads nowhere."""
    reader = Reader(root, choose_collapsed(root) if collapse is None else _checked(root, collapse))
    return list(reader.views())


def choose_collapsed(root: etree._Element) -> set[str]:
    """The largest sub-processes, as few as bring the first plane down to the limit."""
    sizes = {id_of(element): _count_nodes(element) for element in root.iter(*map(q, SUB_PROCESSES))}
    left = sum(_is_counted(element) for element in root.iter())
    chosen: set[str] = set()
    for sub_process, size in sorted(sizes.items(), key=lambda item: -item[1]):
        if left > NODES_PER_PLANE and size:
            chosen.add(sub_process)
            left -= size
    return chosen


def _count_nodes(element: etree._Element) -> int:
    return sum(map(_is_counted, element))


def _is_counted(element: etree._Element) -> bool:
    return is_flow_node(element) and kind_of(element) != "boundaryEvent"


def _checked(root: etree._Element, collapse: Sequence[str]) -> set[str]:
    known = {id_of(element) for element in root.iter(*map(q, SUB_PROCESSES))}
    unknown = sorted(set(collapse) - known)
    if unknown:
        raise NotDrawable(f"Expected ids of sub-processes to collapse, but found {', '.join(unknown)}.")
    return set(collapse)


class Reader:
    """Builds the scopes; those of collapsed sub-processes are kept aside in `inner`."""

    def __init__(self, root: etree._Element, collapsed: Collection[str]) -> None:
        self.collapsed = collapsed
        self.inner: dict[str, Scope] = {}
        self.nodes: dict[str, Node] = {}
        self.artifacts: dict[str, Artifact] = {}
        self.processes = {id_of(process): self._scope(process, None) for process in root.findall(q("process"))}
        if not self.processes and root.find(q("collaboration")) is None:
            raise NotDrawable("Expected a process or a collaboration, but found neither.")
        self.collaborations = root.findall(q("collaboration")) or [
            etree.Element(q("collaboration"), id=next(iter(self.processes)))
        ]
        self.loose = [self._artifacts(collaboration, None) for collaboration in self.collaborations]
        self.pools = [self._participants(collaboration) for collaboration in self.collaborations]
        self.pools[0] += self._processes_without_pool()
        self.ends: dict[str, End] = dict(self.nodes)
        self.ends |= {pool.id: pool for pools in self.pools for pool in pools}
        for element in root.iter(*map(q, LINKS)):
            self._link(element)

    def views(self) -> Iterator[View]:
        """One per collaboration, then one per collapsed sub-process."""
        for collaboration, pools, loose in zip(self.collaborations, self.pools, self.loose, strict=True):
            yield View(
                id_of(collaboration),
                pools,
                self._messages(collaboration),
                loose.values(),
            )
        for sub_process, scope in self.inner.items():
            yield View(sub_process, [_invisible_frame(sub_process, scope)])

    def _scope(self, element: etree._Element, owner: Node | None) -> Scope:
        scope = Scope(id_of(element), owner)
        for child in element:
            if is_flow_node(child):
                self._node(child, scope)
        for node in scope.nodes.values():
            host = scope.nodes.get(node.host_id or "")
            if node.host_id and (host is None or host.host_id):
                raise NotDrawable(f"Expected {node.id} to be attached to an activity, but {node.host_id} is none here.")
        for flow in element.findall(q("sequenceFlow")):
            scope.flows.append(self._sequence_flow(flow, scope))
        for lane_set in element.findall(q("laneSet"))[:1]:
            self._lanes(scope, lane_set, 0)
        scope.artifacts = self._artifacts(element, scope)
        return scope

    def _node(self, element: etree._Element, scope: Scope) -> None:
        kind = kind_of(element)
        width, height = size_of(kind)
        node = Node(
            id_of(element),
            element.get("name", ""),
            kind,
            w=width,
            h=height,
            scope=scope,
            port=height // 2,
            host_id=element.get("attachedToRef"),
        )
        scope.nodes[node.id] = self.nodes[node.id] = node
        if kind in SUB_PROCESSES:
            inside = self._scope(element, node)
            if inside.nodes and node.id in self.collapsed:
                inside.owner, self.inner[node.id] = None, inside
            elif inside.nodes:
                node.body = inside

    def _sequence_flow(self, element: etree._Element, scope: Scope) -> SequenceFlow:
        ends = [scope.nodes.get(element.get(attribute, "")) for attribute in ("sourceRef", "targetRef")]
        source, target = ends
        if source is None or target is None:
            raise NotDrawable(
                f"Expected the flow {id_of(element)} to join two nodes of {scope.id}, but "
                f"{element.get('sourceRef')} or {element.get('targetRef')} is not there."
            )
        if target.host_id:
            raise NotDrawable(
                f"Expected no flow into the boundary event {target.id}, but {id_of(element)} leads there."
            )
        return SequenceFlow(id_of(element), element.get("name", ""), source, target)

    def _lanes(self, scope: Scope, lane_set: etree._Element, depth: int) -> list[str]:
        leaves: list[str] = []
        for element in lane_set.findall(q("lane")):
            lane = Lane(id_of(element), element.get("name", ""), depth, [id_of(element)])
            scope.lanes.append(lane)
            for reference in element.findall(q("flowNodeRef")):
                node = scope.nodes.get((reference.text or "").strip())
                if node:
                    node.lane = lane.id
            for child in element.findall(q("childLaneSet")):
                lane.leaves = self._lanes(scope, child, depth + 1) or lane.leaves
            leaves += lane.leaves
        return leaves

    def _artifacts(self, element: etree._Element, scope: Scope | None) -> dict[str, Artifact]:
        found = {}
        for child in element:
            kind = kind_of(child)
            if kind in ARTIFACTS and child.get("id"):
                name = text_of(child, "text") if kind == "textAnnotation" else child.get("name", "")
                found[id_of(child)] = Artifact(id_of(child), name, kind, scope=scope)
        self.artifacts.update(found)
        return found

    def _participants(self, collaboration: etree._Element) -> list[Pool]:
        return [
            Pool(
                id_of(element),
                element.get("name", ""),
                "participant",
                h=BLACK_BOX_HEIGHT,
                scope=self.processes.get(element.get("processRef", "")),
            )
            for element in collaboration.findall(q("participant"))
        ]

    def _processes_without_pool(self) -> list[Pool]:
        seen = {pool.scope for pools in self.pools for pool in pools}
        return [
            _invisible_frame(key, scope) for key, scope in self.processes.items() if scope not in seen and scope.nodes
        ]

    def _link(self, element: etree._Element) -> None:
        """Associations in either direction; data associations belong to the node they are written in."""
        source, target = (text_of(element, tag) or element.get(tag, "") for tag in ("sourceRef", "targetRef"))
        parent = element.getparent()
        if kind_of(element) == "association":
            end = self.ends.get(target) or self.ends.get(source)
        else:
            end = self.ends.get(id_of(parent)) if parent is not None else None
        for artifact, is_incoming in (
            (self.artifacts.get(source), False),
            (self.artifacts.get(target), True),
        ):
            if artifact and end and element.get("id"):
                artifact.links.append(Link(id_of(element), end, is_incoming))
                return

    def _messages(self, collaboration: etree._Element) -> Iterator[MessageFlow]:
        for element in collaboration.findall(q("messageFlow")):
            source = self.ends.get(element.get("sourceRef", ""))
            target = self.ends.get(element.get("targetRef", ""))
            if source and target:
                yield MessageFlow(id_of(element), element.get("name", ""), source, target)


def _invisible_frame(key: str, scope: Scope) -> Pool:
    return Pool(key, "", "frame", scope=scope, is_visible=False)
