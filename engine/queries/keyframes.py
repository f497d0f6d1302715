"""A case told from its keyframes: however long it is, only the rows around what is asked for are read."""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from engine.language.model import Element
from engine.queries.story import Chapter, Origin, Story, Teller, Versions, has_failed
from engine.queries.versions import list_pins, specs_of
from engine.queries.waits import Sent, Wait, Waits
from engine.records.history import read_between
from engine.records.keyframes import list_keyframes, read_keyframe
from engine.records.rebuild import Picture
from engine.runtime.engine import Engine
from engine.storage.clock import format_instant, parse_instant
from engine.storage.plain import Plain, PlainDict

LISTED = 50  # how many waits that are over, and sent messages, a keyframe and a page hold: the newest


class Past:
    """One case, to be told at any of its records, each in the versions it stood on then."""

    def __init__(self, engine: Engine, connection: Connection, instance_id: str, process_key: str) -> None:
        self.connection = connection
        self.keys = engine.keys
        self.instance_id = instance_id
        self.versions = specs_of(engine, connection, process_key)
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
        return [*self._begin(start).story.failures, *(row.seq for row in rows if has_failed(row))]

    def _freeze_from(self, start: int, until: int, tasks: Collection[str]) -> PlainDict:
        teller = self._begin(start)
        for row in read_between(self.connection, self.instance_id, start, until):
            teller.tell(row, is_wanted=False)
        return {**_freeze(teller, tasks), "start": start}

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
            [first] = list_pins([*read_between(self.connection, self.instance_id, 0, 1)])
            return Teller(self.versions(first), first, self.versions)
        return _thaw(content, self.versions)

    def _read(self, frame: int) -> PlainDict | None:
        if frame not in self._contents:
            self._contents[frame] = read_keyframe(self.connection, self.keys, self.instance_id, frame)
        return self._contents[frame]


def _freeze(teller: Teller, tasks: Collection[str]) -> PlainDict:
    story = teller.story
    kept = {*tasks, *([teller.last] if teller.last else [])}
    picture: dict[str, Any] = teller.picture.keyframe(kept)
    key = partial(_key, teller)
    places = {task: [*key(teller.places[task]), format_instant(teller.since[task])] for task in picture["data"]}
    content: dict[str, Any] = {
        "pins": [pin_set_id for pin_set_id, _ in teller.used],
        "picture": picture,
        "places": places,
        "last": teller.last,
        "elements": [[*key(element)] for element in story.elements.values()],
        "visits": [[*place, count] for place, count in story.visits.items()],
        "flows": [[*place, count] for place, count in story.flows.items()],
        "completed": sorted([*place] for place in story.completed),
        "origins": [
            [*whose, origin.seq, format_instant(origin.at), *key(origin.element)]
            for whose, origin in story.origins.items()
        ],
        "processes": sorted(story.processes),
        "failures": story.failures,
        "open": [_freeze_wait(teller, wait) for wait in story.waits.open.values()],
        "ended": [_freeze_wait(teller, wait) for wait in story.waits.ended[-LISTED:]],
        "sent": [[one.name, one.key, format_instant(one.at), one.seq] for one in story.waits.sent[-LISTED:]],
        "counts": story.waits.counts,
    }
    return content


def _thaw(content: dict[str, Any], versions: Versions) -> Teller:
    used = [(pin_set_id, versions(pin_set_id)) for pin_set_id in content["pins"]]
    teller = Teller(used[-1][1], used[-1][0], versions)
    teller.used = used
    story, find = teller.story, partial(_find, teller)
    teller.picture = Picture(content["picture"])
    teller.places = {task: find(*key) for task, (*key, _) in content["places"].items()}
    teller.since = {task: parse_instant(since) for task, (*_, since) in content["places"].items()}
    teller.last = content["last"]
    story.elements = {
        (process, element): find(process, element, used) for process, element, used in content["elements"]
    }
    story.visits = Counter({(process, element): count for process, element, count in content["visits"]})
    story.flows = Counter({(process, flow): count for process, flow, count in content["flows"]})
    story.completed = {(process, element) for process, element in content["completed"]}
    story.origins = {
        (process, name): Origin(seq, parse_instant(at), find(*key))
        for process, name, seq, at, *key in content["origins"]
    }
    story.processes = set(content["processes"])
    story.failures = list(content["failures"])
    story.waits = Waits(
        {wait.task: wait for wait in _thaw_waits(teller, content["open"])},
        [*_thaw_waits(teller, content["ended"])],
        [Sent(name, key, parse_instant(at), seq) for name, key, at, seq in content["sent"]],
        Counter(content["counts"]),
    )
    return teller


def _freeze_wait(teller: Teller, wait: Wait) -> Plain:
    return [
        wait.task,
        wait.scope,
        *_key(teller, wait.element),
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


def _thaw_waits(teller: Teller, frozen: list[Any]) -> Iterator[Wait]:
    for task, scope, process, element, used, kind, since, seq, number, due_at, name, key, *ended in frozen:
        end, ended_at, ended_seq = ended
        place, set_at = _find(teller, process, element, used), parse_instant(since)
        over = (end, _parse(ended_at), ended_seq)
        yield Wait(task, scope, place, kind, set_at, seq, number, _parse(due_at), name, key, *over)


def _key(teller: Teller, element: Element) -> tuple[str, str, int | None]:
    """What names an element, and of the versions used the one whose diagram it is of; none where it is of none."""
    place = element.process_key, element.id
    of = (number for number, (_, specs) in enumerate(teller.used) if specs.elements.get(place) == element)
    return *place, max(of, default=None)


def _find(teller: Teller, process: str, element_id: str, used: int | None) -> Element:
    found = None if used is None else teller.used[used][1].elements.get((process, element_id))
    return found or teller.find_element(process, element_id)


def _format(at: datetime | None) -> str | None:
    return None if at is None else format_instant(at)


def _parse(at: str | None) -> datetime | None:
    return None if at is None else parse_instant(at)
