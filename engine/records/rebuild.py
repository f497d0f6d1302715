"""Tokens and data of a case at any event, from its history alone. Nothing here knows SpiffWorkflow."""

from collections.abc import Collection, Iterable

from engine.records.growth import grow
from engine.storage.frozen import frozen
from engine.storage.plain import PlainDict

NOTHING: PlainDict = {}
# The kinds of events a picture is made of; history rows hold others beside them.
TOKEN_KINDS = frozenset({"entered", "data", "fixed", "failed", "retried", "completed", "cancelled", "joined"})
_CHANGES_DATA = frozenset({"data", "fixed"})


@frozen
class Token:
    """`index` is that of a multi-instance or loop; `is_body` marks its container; `is_failed`: it has an incident."""

    task: str
    element: str
    scope: str | None
    index: int | None
    is_body: bool
    is_failed: bool
    data: PlainDict


class Picture:
    """A case after an event. Feed it one event after the other; `keyframe` lets a later picture start in between."""

    def __init__(self, keyframe: PlainDict | None = None) -> None:
        self._open: dict[str, PlainDict] = {}
        self._data: dict[str, PlainDict] = {}
        if keyframe is not None:
            opened, data = keyframe["open"], keyframe["data"]
            assert isinstance(opened, dict)
            assert isinstance(data, dict)
            self._open = {task: event for task, event in opened.items() if isinstance(event, dict)}
            self._data = {task: values for task, values in data.items() if isinstance(values, dict)}

    def apply(self, event: PlainDict) -> "Picture":
        """Take one more event into account."""
        kind, task = event["kind"], str(event["task"])
        change_data(self._data, event)
        if kind == "entered":
            kept = ("element", "scope", "index", "body")
            self._open[task] = {name: event[name] for name in kept if name in event}
        elif kind == "failed":
            self._open[task] = {**self._open[task], "failed": True}
        elif kind == "retried":
            self._open[task] = {name: value for name, value in self._open[task].items() if name != "failed"}
        elif kind not in _CHANGES_DATA:
            del self._open[task]
        return self

    def tokens(self) -> list[Token]:
        """What is open, in the order it was entered."""
        return [self._make_token(task, event) for task, event in self._open.items()]

    def data_of(self, task: str) -> PlainDict:
        """The data of a task as last written down, also when it has ended. Raises KeyError."""
        return self._data[task]

    def scope_of(self, task: str) -> str | None:
        """The task of the sub-process or call activity an open task lives in; none for the case itself."""
        scope = self._open.get(task, NOTHING).get("scope")
        return scope if isinstance(scope, str) else None

    def keyframe(self, tasks_in_state: Collection[str]) -> PlainDict:
        """All a later picture needs: the events after it count only against tasks that are still in the state."""
        data = {task: values for task, values in self._data.items() if task in tasks_in_state or task in self._open}
        return {"open": dict(self._open), "data": data}  # type: ignore[dict-item]  # a dict of plain dicts is plain

    def _make_token(self, task: str, event: PlainDict) -> Token:
        scope, index = event.get("scope"), event.get("index")
        return Token(
            task=task,
            element=str(event["element"]),
            scope=scope if isinstance(scope, str) else None,
            index=index if isinstance(index, int) else None,
            is_body="body" in event,
            is_failed="failed" in event,
            data=self._data[task],
        )


def change_data(data: dict[str, PlainDict], event: PlainDict) -> None:
    """What an event does to the data of its task, in what is known of all tasks."""
    old = data.get(str(event.get("base") if event["kind"] == "entered" else event["task"]), NOTHING)
    gone, changed, grown = event.get("gone"), event.get("set"), event.get("grown")
    if isinstance(gone, list):
        old = {name: value for name, value in old.items() if name not in gone}
    if isinstance(grown, dict):
        old = old | {name: grow(old.get(name), added) for name, added in grown.items()}
    data[str(event["task"])] = old | changed if isinstance(changed, dict) else old  # shared: nobody writes into it


def rebuild(events: Iterable[PlainDict], keyframe: PlainDict | None = None) -> Picture:
    """The picture after these events."""
    picture = Picture(keyframe)
    for event in events:
        picture.apply(event)
    return picture
