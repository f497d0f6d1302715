"""What comes if nobody acts: the timers that will go off at a place where a case stands, and where they lead."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from engine.language.model import Element
from engine.language.parser import ProcessSpecs
from engine.queries.story import Story, TokenView
from engine.queries.waits import TIMER, Wait


@dataclass(frozen=True)
class Limit:
    """What comes if nobody acts: the timer, when it goes off, and where its flow leads."""

    timer: Element
    due_at: datetime
    consequence: Element | None


def find_limits(token: TokenView, story: Story, waits: Iterable[Wait], specs: ProcessSpecs) -> list[Limit]:
    """The timers that go off if nothing happens at a token: on its element or scope, else on the activities around."""
    timers = [wait for wait in waits if wait.kind == TIMER and wait.end is None]
    for place in (token, *_holders(token, story)):
        found = [one for one in timers if one.scope == place.scope and _concerns(one, place)]
        if found:
            return sorted((_make_limit(one, specs) for one in found), key=lambda limit: limit.due_at)
    return []


def _make_limit(wait: Wait, specs: ProcessSpecs) -> Limit:
    return Limit(wait.element, wait.due_at or wait.since, _find_consequence(wait.element, specs))


def _find_consequence(event: Element, specs: ProcessSpecs) -> Element | None:
    """The first element with a name on the way from an event, past joins; none where the way forks before."""
    place, passed = event, {event.id}
    while place is event or not place.name_zh:
        flows = [
            one
            for (key, _), one in specs.elements.items()
            if key == event.process_key and one.kind == "sequenceFlow" and one.source == place.id
        ]
        target = specs.elements.get((event.process_key, flows[0].target or "")) if len(flows) == 1 else None
        if target is None or target.id in passed:
            return None
        place = target
        passed.add(place.id)
    return place


def _concerns(wait: Wait, place: TokenView) -> bool:
    is_of_scope = wait.element.is_listener and wait.element.attached_to is None
    return is_of_scope or wait.element.attached_to == place.element.id or wait.task == place.task


def _holders(token: TokenView, story: Story) -> Iterator[TokenView]:
    """The activities around a token, the nearest first."""
    places = {one.task: one for one in story.tokens}
    holder = places.get(token.scope or "")
    while holder is not None:
        yield holder
        holder = places.get(holder.scope or "")
