"""Two runs side by side, step by step, until they differ for the first time."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import TypeAlias

import orjson

from engine.language.values import is_reference, is_same
from engine.records.rebuild import TOKEN_KINDS, Picture, change_data
from engine.runtime.replay.recorded import RecordedStep
from engine.runtime.replay.results import Difference, Kind, Reason
from engine.storage.plain import Plain, PlainDict

Data: TypeAlias = dict[str, PlainDict]
"""What tasks hold, as the events of one run tell it."""
_TASKS = ("task", "scope", "base")
_NOTHING: PlainDict = {}


class Comparison:
    """As long as nothing differs it knows for every task of the replay which recorded one it stands for."""

    def __init__(self) -> None:
        self._same: dict[str, Plain] = {}
        self._before: list[PlainDict] = []
        self._now: list[PlainDict] = []
        self._data: tuple[Data, Data] = {}, {}

    def compare(self, step: RecordedStep, events: Sequence[PlainDict], waits: Sequence[PlainDict]) -> Difference | None:
        """The first difference between a recorded step and the replay of it."""
        return self._compare(step.seq, step.events, events) or self._compare_waits(step, waits)

    def compare_begun(self, step: RecordedStep, events: Sequence[PlainDict]) -> Difference | None:
        """The first difference up to where the replay of a step had to stop."""
        return self._compare(step.seq, step.events[: len(events)], events)

    def _compare(self, seq: int, before: Sequence[PlainDict], now: Sequence[PlainDict]) -> Difference | None:
        for old, new in zip(before, now, strict=False):
            if old["kind"] == new["kind"] == "entered" and old["element"] == new["element"]:
                self._same[str(new["task"])] = old["task"]
        recorded = [_tidy(one, self._data[0]) for one in before]
        replayed = [_tidy(self._translate(one), self._data[1]) for one in now]
        if _dump(recorded) != _dump(replayed):
            return self._explain(seq, recorded, replayed)
        self._before += recorded
        self._now += replayed
        return None

    def _compare_waits(self, step: RecordedStep, waits: Sequence[PlainDict]) -> Difference | None:
        recorded = sorted(step.waits, key=_wait_key)
        replayed = sorted(map(self._translate, waits), key=_wait_key)
        if _dump(recorded) == _dump(replayed):
            return None
        pairs = zip_longest(recorded, replayed, fillvalue=_NOTHING)
        before, now = next((before, now) for before, now in pairs if _dump(before) != _dump(now))
        element = str((before or now)["element"])
        return Difference(Kind.DATA, Reason.WAIT, step.seq, element, _show(before), _show(now))

    def _translate(self, event: PlainDict) -> PlainDict:
        """The event in terms of recorded tasks."""
        known = self._same
        return event | {name: known.get(str(event[name]), event[name]) for name in _TASKS if name in event}

    def _explain(self, seq: int, recorded: list[PlainDict], replayed: list[PlainDict]) -> Difference:
        pairs = zip_longest(recorded, replayed, fillvalue=_NOTHING)
        place = next(place for place, (before, now) in enumerate(pairs) if _dump(before) != _dump(now))
        before = recorded[place] if place < len(recorded) else _NOTHING
        now = replayed[place] if place < len(replayed) else _NOTHING
        last = next((str(one["element"]) for one in reversed(recorded[:place]) if "element" in one), None)
        element = (before or now).get("element", last)
        where = None if element is None else str(element)
        if before.get("kind") == now.get("kind"):
            if "task" not in before:
                return Difference(Kind.DATA, Reason.SENT, seq, where, _show(before), _show(now))
            if before["task"] == now["task"] and (found := self._compare_data(recorded, replayed, place)) is not None:
                name, old, new = found
                return Difference(Kind.DATA, Reason.VARIABLE, seq, where, old, new, {"variable": name})
        reason = Reason.FAILED if now.get("kind") == "failed" else Reason.ELEMENT
        return Difference(Kind.PATH, reason, seq, where, _show(before), _show(now), {"after": last})

    def _compare_data(
        self, recorded: list[PlainDict], replayed: list[PlainDict], place: int
    ) -> tuple[str, Plain, Plain] | None:
        """The first variable that differs after the events of this place: its name, and both values."""
        task = str(recorded[place]["task"])
        old = _rebuild([*self._before, *recorded[: place + 1]], task)
        new = _rebuild([*self._now, *replayed[: place + 1]], task)
        for name in sorted({**old, **new}):
            if (name in old) is not (name in new) or not is_same(old.get(name), new.get(name)):
                return _narrow(name, old.get(name), new.get(name))
        return None


def _narrow(name: str, old: Plain, new: Plain) -> tuple[str, Plain, Plain]:
    """The first part of a value that differs, and what it is called: `fee.rate_bps`, `lines[2].amount_fen`."""
    if isinstance(old, dict) and isinstance(new, dict) and not is_reference(old) and not is_reference(new):
        for key in sorted(old.keys() & new.keys()):
            if not is_same(old[key], new[key]):
                return _narrow(f"{name}.{key}", old[key], new[key])
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        place = next(place for place, pair in enumerate(zip(old, new, strict=True)) if not is_same(*pair))
        return _narrow(f"{name}[{place}]", old[place], new[place])
    return name, old, new


def _wait_key(wait: PlainDict) -> tuple[str, str]:
    return str(wait["task"]), str(wait["awaits"])


def _rebuild(events: Sequence[PlainDict], task: str) -> PlainDict:
    picture = Picture()
    for event in events:
        if event["kind"] in TOKEN_KINDS:
            picture.apply(event)
    return picture.data_of(task)


def _tidy(event: PlainDict, data: Data) -> PlainDict:
    """Without what is of no order, or of one run only; lists that grew are told whole, as older cases have them."""
    gone, grown, changed = event.get("gone"), event.get("grown"), event.get("set", _NOTHING)
    if event["kind"] in TOKEN_KINDS:
        change_data(data, event)
    if isinstance(grown, dict) and isinstance(changed, dict):
        whole = data[str(event["task"])]
        event = {**event, "set": {**changed, **{name: whole[name] for name in grown}}}
        del event["grown"]
    if isinstance(gone, list):
        event = event | {"gone": sorted(gone, key=str)}
    return {name: value for name, value in event.items() if name != "message"} if "message" in event else event


def _show(event: PlainDict) -> Plain:
    """What of an event says what happened, without the ids and the data."""
    return {name: value for name, value in event.items() if name not in (*_TASKS, "set", "gone")} or None


def _dump(events: PlainDict | list[PlainDict]) -> bytes:
    return orjson.dumps(events, option=orjson.OPT_SORT_KEYS)
