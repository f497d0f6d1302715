"""What of a case a person is told: the turns people took, and what comes if nobody takes the present one."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.language.model import Element
from engine.queries.progress import Progress, Step

_TURNS = frozenset({"userTask", "intermediateCatchEvent"})
_ENDS = frozenset({"startEvent", "endEvent"})


@dataclass(frozen=True)
class Silence:
    """A time limit of a task, and where the case goes when it has passed."""

    event: Element
    consequence: Element


def list_turns(progress: Progress) -> list[Step]:
    """The steps that were somebody's turn, a message or a time limit, and where the case itself began and ended.

    Begin and end of the parts it is made of say nothing to people.
    """
    return [step for step in progress.steps if _is_turn(step.element, progress.process_key)]


def _is_turn(element: Element, process_key: str) -> bool:
    is_own_end = element.kind in _ENDS and element.parent is None and element.process_key == process_key
    return element.kind in _TURNS or element.is_listener or is_own_end


def find_silences(elements: Mapping[str, Element], element_id: str) -> list[Silence]:
    """The time limits drawn on a task. Events that wait for a message are no silence."""
    limits = [one for one in elements.values() if one.attached_to == element_id and one.message_name is None]
    targets = {flow.source: flow.target for flow in elements.values() if flow.kind == "sequenceFlow"}
    found = [(limit, elements.get(targets.get(limit.id) or "")) for limit in limits]
    return [Silence(limit, target) for limit, target in found if target is not None and target.name_zh]


def find_followers(elements: Mapping[str, Element], element_id: str) -> list[Element]:
    """What the diagram draws behind an element, as far as it has a name."""
    flows = [flow for flow in elements.values() if flow.kind == "sequenceFlow" and flow.source == element_id]
    found = [elements.get(flow.target or "") for flow in flows]
    return [one for one in found if one is not None and one.name_zh]
