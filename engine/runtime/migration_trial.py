"""What a trial on a copy says of a case: clean, a decision would differ, or blocked, with element and reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from engine.language.migration import MigrationBlocked, move_case
from engine.language.model import Element
from engine.language.parser import ProcessSpecs
from engine.language.script_engine import SandboxEngine
from engine.language.specs.activities import Nested
from engine.language.specs.events import ListeningEvent
from engine.language.specs.gateways import JoiningSpec
from engine.language.specs.loops import LoopSpec
from engine.language.specs.schedules import find_due
from engine.language.specs.task import TracedTask
from engine.language.state import thaw
from engine.language.versions import split_version
from engine.language.workflow import Case
from engine.records.history import read_stream
from engine.records.migrations import BLOCKED, CLEAN, DIFFERS
from engine.runtime.assignment import Assigner
from engine.runtime.calendar import WorkingCalendar
from engine.runtime.engine import Engine
from engine.runtime.migration import Goal, is_offered_anew, make_offer, pair_tokens, place_of
from engine.runtime.reconsidering import Difference, Place, Reconsideration, Versions
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict

MAX_DIFFERENCES = 10


@dataclass(frozen=True)
class Verdict:
    """What a trial says of a case: clean, differs or blocked. `reason` is a key of words, `facts` fill them in.

    `process_key` and `element` are what is to blame; `places` are where the case waits, as `process/element`, and
    `around` the sub-processes and calls it is inside of.
    """

    kind: str
    places: tuple[str, ...] = ()
    reason: str = ""
    process_key: str = ""
    element: str = ""
    facts: PlainDict = field(default_factory=dict)
    around: tuple[str, ...] = ()


class Trial:
    """Judges cases that go one way; what their versions have in common is worked out once. Nothing is written."""

    def __init__(self, engine: Engine, goal: Goal, now: datetime) -> None:
        self.engine, self.goal, self.now = engine, goal, now
        self._reconsiderations: dict[str, Reconsideration] = {}

    def judge(self, connection: Connection, row: Mapping[str, Any]) -> Verdict:
        """The verdict on a case as its row stands. Raises TryAgain."""
        catalogue, key = self.engine.catalogue, self.goal.process_key
        pins = catalogue.pins(connection, row["pin_set_id"])
        source, target = catalogue.process(connection, pins, key), catalogue.process(connection, self.goal.pins, key)
        host = _TrialHost(self, connection)
        script_engine = SandboxEngine(self.engine.form_sandbox, values={"now": format_instant(self.now)})
        case = thaw(row["state"], source, script_engine, host)
        places = _name_places(_list_waiting(case))
        around = _name_places(task for task in case.tokens() if isinstance(task.task_spec, Nested))
        try:
            moved = move_case(case, target, self.goal.renamed, script_engine, host)
            self._check_offers(connection, row["id"], case, moved)
        except MigrationBlocked as blocked:
            return replace(_describe_blocked(blocked, source, target), places=places, around=around)
        found = self._reconsider(
            connection, row["id"], Versions(source, target, pins, self.goal.pins, self.goal.renamed)
        )
        verdict = _describe_differences(found, source, target) if found else Verdict(CLEAN)
        return replace(verdict, places=places, around=around)

    def _reconsider(self, connection: Connection, instance_id: str, versions: Versions) -> list[Difference]:
        known = self._reconsiderations.get(versions.source_pins.id)
        if known is None:
            known = Reconsideration(self.engine.catalogue, self.engine.form_sandbox, versions)
            self._reconsiderations[versions.source_pins.id] = known
        return known.find(connection, read_stream(connection, instance_id)) if known.is_needed else []

    def _check_offers(self, connection: Connection, instance_id: str, case: Case, moved: Case) -> None:
        """Tasks that are offered anew must name somebody."""
        for was, task in pair_tokens(case, moved):
            if is_offered_anew(was, task):
                assigner = Assigner(connection, self.now, instance_id, self._evaluate, self._find_instant(connection))
                make_offer(assigner, self.goal.definition_id, was, task)

    def _evaluate(self, text: str, data: Mapping[str, Plain]) -> Plain:
        return self.engine.form_sandbox.evaluate(text, {"now": format_instant(self.now), **data})

    def _find_instant(self, connection: Connection) -> Any:
        return lambda text: find_due(text, self.now, _TrialHost(self, connection))


class _TrialHost:
    """See `engine.language.specs.task.Host`: what is needed to arm an event; nothing else may happen in a trial."""

    def __init__(self, trial: Trial, connection: Connection) -> None:
        self._trial, self._connection = trial, connection

    def now(self) -> datetime:
        return self._trial.now

    @property
    def zone(self) -> ZoneInfo:
        return self._trial.engine.zone

    @cached_property
    def _calendar(self) -> WorkingCalendar:
        catalogue = self._trial.engine.catalogue
        return WorkingCalendar(catalogue.calendar(self._connection, self._trial.goal.pins.ids), self.zone)

    def working_time(self, text: str, start: datetime) -> datetime:
        return self._calendar.working_time(text, start)

    def call_topic(self, task: TracedTask, element: Element, inputs: PlainDict) -> NoReturn:
        raise _ElementRan(element.id)

    def decide(self, task: TracedTask, element: Element, data: PlainDict) -> NoReturn:
        raise _ElementRan(element.id)

    def publish(self, name: str, correlation_key: str, payload: PlainDict) -> NoReturn:
        raise _ElementRan(name)

    def broadcast(self, name: str, payload: PlainDict) -> NoReturn:
        raise _ElementRan(name)

    def open_incident(self, task: TracedTask, error: Exception) -> NoReturn:
        raise error


class _ElementRan(Exception):
    """A trial leaves everything as it is: a fault of the engine itself."""


def _list_waiting(case: Case) -> list[TracedTask]:
    """Where a case stands, for people: not what only stands around or beside that."""
    silent = Nested | ListeningEvent | LoopSpec | JoiningSpec
    tokens = case.tokens()
    return [task for task in tokens if not isinstance(task.task_spec, silent)] or tokens


def _name_places(tasks: Iterable[TracedTask]) -> tuple[str, ...]:
    """As `process/element`, each once."""
    return tuple(sorted({f"{process}/{element}" for process, element in map(place_of, tasks)}))


# --- in words -----------------------------------------------------------------------------------------------------
def _describe_blocked(blocked: MigrationBlocked, source: ProcessSpecs, target: ProcessSpecs) -> Verdict:
    place = blocked.process, blocked.element
    element = _find(source, place) or _find(target, place)
    facts: PlainDict = {**blocked.facts, **_name("", element, blocked.element)}
    if isinstance(other := blocked.facts.get("other"), str):
        facts |= _name("other_", _find(target, (blocked.process, other)), other)
    return Verdict(BLOCKED, (), blocked.reason, blocked.process, blocked.element, facts)


def _describe_differences(found: list[Difference], source: ProcessSpecs, target: ProcessSpecs) -> Verdict:
    told: list[Plain] = [_describe_difference(one, source, target) for one in found[:MAX_DIFFERENCES]]
    first = found[0]
    facts: PlainDict = {"differences": told, "count": len(found)}
    return Verdict(DIFFERS, (), "table" if first.table else "way", *first.place, facts)


def _describe_difference(one: Difference, source: ProcessSpecs, target: ProcessSpecs) -> PlainDict:
    facts = _name("", _find(source, one.place), one.place[1])
    if one.table:
        return {**facts, "table": one.table, "taken": one.taken, "now": one.now}
    for name, specs, ways in (("taken", source, one.taken), ("now", target, one.now)):
        assert isinstance(ways, list)
        gateway = one.place[1]
        elements = [_find_way(specs, one.place[0], gateway, str(way)) for way in ways]
        facts |= {
            f"{name}_zh": "、".join(e.name_zh or e.id for e in elements),
            f"{name}_en": ", ".join(e.name_en or e.id for e in elements),
        }
    return facts


def _find_way(specs: ProcessSpecs, process: str, gateway: str, target: str) -> Element:
    """The named flow that leads from a gateway to an element, else that element."""
    for (key, _), one in specs.elements.items():
        is_flow = split_version(key)[0] == process and one.source == gateway and one.target == target
        if is_flow and one.name_zh:
            return one
    return _find(specs, (process, target)) or Element(target, "unknown", process)


def _find(specs: ProcessSpecs, place: Place) -> Element | None:
    found = (one for (key, _), one in specs.elements.items() if (split_version(key)[0], one.id) == place)
    return next(found, None)


def _name(prefix: str, element: Element | None, element_id: str) -> PlainDict:
    zh, en = (element.name_zh, element.name_en) if element else ("", "")
    return {f"{prefix}zh": zh or element_id, f"{prefix}en": en or zh or element_id}
