"""The data of a case at a moment, with what its record changed."""

from dataclasses import dataclass

from engine.language.model import Element
from engine.queries.inspection import CaseView
from engine.queries.story import Change, Chapter, Origin, TokenView
from engine.storage.plain import Plain
from web.auditor.timeline import merge_changes, tell_changes


@dataclass(frozen=True)
class Datum:
    """A variable as it was; `change` is what the record did to it."""

    name: str
    value: Plain
    origin: Origin | None
    change: Change | None


@dataclass(frozen=True)
class Standing:
    """The data a token carries, those that just changed first; those of an ended case are what its last element had."""

    element: Element
    index: int | None
    data: list[Datum]

    @property
    def changed(self) -> int:
        """How many of them the record changed."""
        return sum(one.change is not None for one in self.data)


def list_standings(view: CaseView) -> list[Standing]:
    """What the data are at each place where the case stands at the moment; places touched by its record first."""
    story = view.story
    chapter = next(one for one in story.chapters if one.seq == view.moment.seq)
    changes = _find_changes(chapter)
    places = [token for token in story.tokens if not token.element.is_listener]
    holders = {token.scope for token in places}
    innermost = [token for token in places if token.task not in holders]
    ended = [story.last] if story.last is not None else []
    standings = [_stand(token, view, changes) for token in innermost or ended]
    return sorted(standings, key=lambda standing: standing.changed == 0)


def _stand(token: TokenView, view: CaseView, changes: dict[tuple[str, str], Change]) -> Standing:
    process = token.element.process_key
    data = [
        Datum(name, value, view.story.origins.get((process, name)), changes.get((process, name)))
        for name, value in sorted(token.data.items())
    ]
    return Standing(token.element, token.index, sorted(data, key=lambda one: one.change is None))


def _find_changes(chapter: Chapter) -> dict[tuple[str, str], Change]:
    """What a step changed, by process and variable: the first old and the last new value."""
    found: dict[str, tuple[Change, ...]] = {}
    for entry in chapter.entries:
        if entry.element is not None:
            process = entry.element.process_key
            found[process] = merge_changes(found.get(process, ()), tell_changes(entry))
    return {(process, one.name): one for process, changes in found.items() for one in changes if one.old != one.new}
