"""The data of a case where it stands now, rebuilt from its history."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from engine.language.model import Element
from engine.queries.story import Story
from engine.records.history import HistoryRow
from engine.records.rebuild import TOKEN_KINDS, Picture
from engine.storage.plain import Plain


@dataclass(frozen=True)
class Origin:
    """When a variable got its value, in which step, and at which element."""

    at: datetime
    seq: int
    element: Element


@dataclass(frozen=True)
class Datum:
    """A variable as it is now."""

    name: str
    value: Plain
    origin: Origin | None


@dataclass(frozen=True)
class Standing:
    """The data a token carries; those of an ended case are what its last element had."""

    element: Element
    index: int | None
    data: list[Datum]


def list_standings(rows: Iterable[HistoryRow], story: Story) -> list[Standing]:
    """What the data are at each place where the case stands."""
    picture, last = Picture(), ""
    for event in (event for row in rows for event in row.events if event["kind"] in TOKEN_KINDS):
        picture.apply(event)
        last = str(event["task"]) if event["kind"] == "completed" and "scope" not in event else last
    places = [(token.task, token.index) for token in picture.tokens() if not token.is_body] or [(last, None)]
    places = [(task, index) for task, index in places if story.elements[task].kind != "boundaryEvent"]
    origins = _find_origins(story)
    return [
        Standing(
            element := story.elements[task],
            index,
            [
                Datum(name, value, origins.get((element.process_key, name)))
                for name, value in sorted(picture.data_of(task).items())
            ],
        )
        for task, index in places
    ]


def _find_origins(story: Story) -> dict[tuple[str, str], Origin]:
    """The last place each variable of a process was written."""
    return {
        (entry.element.process_key, change.name): Origin(chapter.at, chapter.seq, entry.element)
        for chapter in story.chapters
        for entry in chapter.entries
        if entry.element is not None
        for change in entry.changes
    }
