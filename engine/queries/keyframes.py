"""A case told from its keyframes: however long it is, only the rows around what is asked for are read."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from engine.language.model import Element
from engine.queries.story import Chapter, Origin, Story, Teller, has_failed
from engine.queries.versions import list_pins, specs_of
from engine.queries.waits import Sent, Wait, Waits
from engine.records.history import read_between
from engine.records.keyframes import list_keyframes, read_keyframe
from engine.records.rebuild import Picture
from engine.runtime.engine import Engine
from engine.storage.clock import format_instant, parse_instant
from engine.storage.plain import Plain, PlainDict

Find = Callable[[str, str], Element]  # by process and id
VERSION = 1  # of what a keyframe holds: those of another one are not read any more
LISTED = 50  # how many waits that are over, and sent messages, a keyframe and a page hold: the newest


class Past:
    """One case, to be told at any of its records, each of its steps in the diagrams it had then."""

    def __init__(self, engine: Engine, connection: Connection, instance_id: str, process_key: str) -> None:
        self.connection = connection
        self.keys = engine.keys
        self.instance_id = instance_id
        self.process_key = process_key
        self._versions = specs_of(engine, connection, process_key)
        self._frames = list_keyframes(connection, instance_id)
        self._contents: dict[int, PlainDict | None] = {}

    def tell(self, until: int, wanted: Collection[int]) -> Story:
        """The story after a record; those of the `wanted` numbers up to it become chapters.

        Each chapter is told from the keyframe before it, so that steps which lie far apart do not read what is between.
        """
        chapters: list[Chapter] = []
        for start, group in sorted(self._group({*wanted, until}).items()):
            teller = self._begin(start)
            for row in read_between(self.connection, self.instance_id, start, max(group)):
                teller.tell(row, is_wanted=row.seq in wanted)
            chapters += teller.story.chapters
        story = teller.finish()
        story.chapters = chapters
        return story

    def freeze(self, until: int, tasks: Collection[str]) -> PlainDict:
        """What a keyframe after a record holds. `tasks`: those that were in the saved state then."""
        [start] = self._group({until})
        return self._freeze_from(start, until, tasks)

    def freeze_again(self, until: int, content: PlainDict) -> PlainDict:
        """The same keyframe, worked out once more from the one it was worked out from."""
        places, start = content["places"], content["start"]
        assert isinstance(places, dict)
        assert isinstance(start, int)
        return {**self._freeze_from(self._find_start(start + 1), until, places), "start": start}

    def find_failures(self, until: int) -> list[int]:
        """The numbers of the records up to this one in which something could not go on."""
        start = self._find_start(until)
        rows = read_between(self.connection, self.instance_id, start, until)
        before: Any = (self._read(start) or {}).get("failures", [])
        return [*before, *(row.seq for row in rows if has_failed(row))]

    def _freeze_from(self, start: int, until: int, tasks: Collection[str]) -> PlainDict:
        teller = self._begin(start)
        for row in read_between(self.connection, self.instance_id, start, until):
            teller.tell(row, is_wanted=False)
        return {**_freeze(teller, tasks), "start": start, "version": VERSION}

    def _group(self, wanted: Collection[int]) -> dict[int, list[int]]:
        """Records by the keyframe that each is told from; 0 is the beginning."""
        groups: dict[int, list[int]] = {}
        for seq in wanted:
            groups.setdefault(self._find_start(seq), []).append(seq)
        return groups

    def _find_start(self, seq: int) -> int:
        """The last keyframe before a record that is whole; 0 is the beginning."""
        return next((frame for frame in reversed(self._frames) if frame < seq and self._read(frame) is not None), 0)

    def _begin(self, start: int) -> Teller:
        content = self._read(start) if start else None
        if content is None:
            first = list_pins(read_between(self.connection, self.instance_id, 0, 1))
            return Teller(self._versions(first[0]), self._versions)
        return self._thaw(content)

    def _read(self, frame: int) -> PlainDict | None:
        if frame not in self._contents:
            content = read_keyframe(self.connection, self.keys, self.instance_id, frame)
            self._contents[frame] = content if content is not None and content.get("version") == VERSION else None
        return self._contents[frame]

    def _thaw(self, content: dict[str, Any]) -> Teller:
        """As the teller was that the keyframe was made of. An element is that of the last version that has it."""
        teller = Teller(self._versions(content["pins"][-1]), self._versions)
        versions = [self._versions(pins) for pins in reversed(content["pins"])]

        def find(process: str, element: str) -> Element:
            found = (specs.elements.get((process, element)) for specs in versions)
            return next((one for one in found if one), None) or teller.find_element(process, element)

        teller.picture = Picture(content["picture"])
        teller.places = {task: find(process, element) for task, (process, element, _) in content["places"].items()}
        teller.since = {task: parse_instant(since) for task, (_, _, since) in content["places"].items()}
        teller.last = content["last"]
        teller.story = _thaw_story(content, find)
        return teller


def _freeze(teller: Teller, tasks: Collection[str]) -> PlainDict:
    story = teller.story
    kept = {*tasks, *([teller.last] if teller.last else [])}
    picture: dict[str, Any] = teller.picture.keyframe(kept)
    places = {task: [*_key(teller.places[task]), format_instant(teller.since[task])] for task in picture["data"]}
    content: dict[str, Any] = {
        "picture": picture,
        "places": places,
        "last": teller.last,
        "elements": [[*key] for key in story.elements],
        "visits": [[*key, count] for key, count in story.visits.items()],
        "flows": [[*key, count] for key, count in story.flows.items()],
        "completed": sorted([*key] for key in story.completed),
        "origins": [
            [*key, origin.seq, format_instant(origin.at), origin.element.id] for key, origin in story.origins.items()
        ],
        "processes": sorted(story.processes),
        "failures": story.failures,
        "pins": story.pins,
        "open": [_freeze_wait(wait) for wait in story.waits.open.values()],
        "ended": [_freeze_wait(wait) for wait in story.waits.ended[-LISTED:]],
        "sent": [[one.name, one.key, format_instant(one.at), one.seq] for one in story.waits.sent[-LISTED:]],
        "counts": story.waits.counts,
    }
    return content


def _thaw_story(content: dict[str, Any], find: Find) -> Story:
    return Story(
        visits=Counter({(process, element): count for process, element, count in content["visits"]}),
        flows=Counter({(process, flow): count for process, flow, count in content["flows"]}),
        completed={(process, element) for process, element in content["completed"]},
        origins={
            (process, name): Origin(seq, parse_instant(at), find(process, element))
            for process, name, seq, at, element in content["origins"]
        },
        processes=set(content["processes"]),
        elements={(process, element): find(process, element) for process, element in content["elements"]},
        waits=Waits(
            {wait.task: wait for wait in _thaw_waits(content["open"], find)},
            [*_thaw_waits(content["ended"], find)],
            [Sent(name, key, parse_instant(at), seq) for name, key, at, seq in content["sent"]],
            Counter(content["counts"]),
        ),
        failures=list(content["failures"]),
        pins=list(content["pins"]),
    )


def _freeze_wait(wait: Wait) -> Plain:
    return [
        wait.task,
        wait.scope,
        *_key(wait.element),
        wait.kind,
        format_instant(wait.since),
        wait.seq,
        wait.number,
        _format(wait.due_at),
        wait.name,
        wait.key,
        wait.end,
        _format(wait.ended_at),
        wait.ended_seq,
    ]


def _thaw_waits(frozen: list[Any], find: Find) -> Iterator[Wait]:
    for task, scope, process, element, kind, since, seq, number, due_at, name, key, end, ended_at, ended_seq in frozen:
        place = find(process, element)
        ended = (end, _parse(ended_at), ended_seq)
        yield Wait(task, scope, place, kind, parse_instant(since), seq, number, _parse(due_at), name, key, *ended)


def _key(element: Element) -> tuple[str, str]:
    return element.process_key, element.id


def _format(at: datetime | None) -> str | None:
    return None if at is None else format_instant(at)


def _parse(at: str | None) -> datetime | None:
    return None if at is None else parse_instant(at)
