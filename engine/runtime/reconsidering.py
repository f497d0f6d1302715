"""Which decisions a case has passed that other versions of its diagrams and tables would take otherwise.

Only gateways and tables that differ between the versions are looked at, each passage on the data of its own moment.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from engine.definitions.catalogue import DECISION, Catalogue, Pins
from engine.language.decisions import decide
from engine.language.errors import EngineError, TryAgain
from engine.language.expressions import parse_expression, unwrap
from engine.language.migration import SPLIT, Renamed
from engine.language.model import Element
from engine.language.parser import ProcessSpecs
from engine.language.sandbox import Sandbox
from engine.language.specs.gateways import ExclusiveGateway, InclusiveGateway
from engine.language.values import is_same
from engine.language.versions import split_version
from engine.records.history import HistoryRow
from engine.records.rebuild import TOKEN_KINDS, Picture
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict

Place = tuple[str, str]
"""Process without its version, and element."""


@dataclass(frozen=True)
class Passage:
    """A gateway or table a case has passed: at which data, and what came of it."""

    place: Place
    at: str
    data: PlainDict
    taken: tuple[str, ...]  # elements entered behind a gateway
    table: str = ""
    result: Plain = None


@dataclass(frozen=True)
class Difference:
    """`taken` and `now` name ways by the ids of their targets, or are what a table gave and would give."""

    place: Place
    table: str
    taken: Plain
    now: Plain


class Gateway:
    """The conditions of a gateway in the order they are asked, each with the element it leads to; no text: else."""

    def __init__(self, specs: ProcessSpecs, spec: Any, renamed: Renamed) -> None:
        self.process = spec._wf_spec.process_key
        self.is_exclusive = isinstance(spec, ExclusiveGateway)
        key = split_version(self.process)[0]
        self.flows: dict[str, str] = {}
        self.ways: list[tuple[str | None, str]] = []
        for condition, name in spec.cond_task_specs:
            target = name.removesuffix(SPLIT)
            new = renamed.get((key, target), target)
            self.ways.append((None if condition is None else condition.args[0], new))
            self.flows[new] = _find_flow(specs, self.process, spec.bpmn_id, target)

    def is_like(self, other: "Gateway") -> bool:
        """Whether they always decide the same; two conditions may have changed places where they exclude each other."""
        return self.is_exclusive == other.is_exclusive and self.ways == other.ways


class Reconsideration:
    """What differs between the versions a case has passed decisions in, and those it would have now."""

    def __init__(self, catalogue: Catalogue, sandbox: Sandbox, versions: "Versions") -> None:
        self._catalogue, self._sandbox, self._versions = catalogue, sandbox, versions
        old, new = versions.source, versions.target
        before = _list_gateways(old, versions.renamed)
        after = _list_gateways(new, {})
        self._gateways = {
            place: (gateway, after[_rename(place, versions.renamed)])
            for place, gateway in before.items()
            if _rename(place, versions.renamed) in after
            and not gateway.is_like(after[_rename(place, versions.renamed)])
        }
        tables = versions.target_pins.ids.get(DECISION, {})
        self._tables = {
            key: tables[key]
            for key, definition_id in versions.source_pins.ids.get(DECISION, {}).items()
            if tables.get(key, definition_id) != definition_id
        }
        self._known: dict[bytes, Plain] = {}

    @property
    def is_needed(self) -> bool:
        """Whether any decision could differ at all."""
        return bool(self._gateways or self._tables)

    def find(self, connection: Any, rows: Sequence[HistoryRow]) -> list[Difference]:
        """The decisions that would differ: of each gateway and table the last one, in the order of the case."""
        found: dict[tuple[Place, str], Difference] = {}
        for passage in self._read(rows):
            key = passage.place, passage.table
            difference = self._reconsider(connection, passage)
            if difference is not None:
                found.pop(key, None)
                found[key] = difference
        return list(found.values())

    def _reconsider(self, connection: Any, passage: Passage) -> Difference | None:
        if passage.table:
            now = self._once(passage, lambda: self._decide(connection, passage))
            is_like = is_same(_plain(now), _plain(passage.result))
            return None if is_like else Difference(passage.place, passage.table, passage.result, now)
        old, new = self._gateways[passage.place]
        names = {name: passage.data[name] for name in _list_names(new) if name in passage.data}
        asked = Passage(passage.place, passage.at if "now" in _list_names(new) else "", names, ())
        ways = self._once(asked, lambda: [*self._choose(new, passage)])
        assert isinstance(ways, list)
        key = passage.place[0]
        taken = [self._versions.renamed.get((key, one), one) for one in passage.taken]
        if sorted(taken) == sorted(map(str, ways)):
            return None
        if sorted(old.flows.get(one, one) for one in taken) == sorted(new.flows.get(str(one), "") for one in ways):
            return None
        return Difference(passage.place, "", list(passage.taken), ways)

    def _once(self, passage: Passage, work: Any) -> Plain:
        """Cases that decide the same on the same data are many."""
        content = (passage.place, passage.table, passage.at if not passage.table else "", passage.data)
        key = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        if key not in self._known:
            self._known[key] = work()
        return self._known[key]

    def _choose(self, gateway: Gateway, passage: Passage) -> Iterator[Plain]:
        """The ways it would go on; none where no condition can be answered."""
        chosen = [way for text, way in gateway.ways if text is not None and self._holds(text, passage)]
        chosen = chosen[:1] if gateway.is_exclusive else chosen
        yield from chosen or [way for text, way in gateway.ways if text is None]

    def _holds(self, text: str, passage: Passage) -> bool:
        name = unwrap(text).strip()
        if name in passage.data:
            return bool(passage.data[name])
        try:
            return bool(self._sandbox.evaluate(text, {"now": passage.at, **passage.data}))
        except TryAgain:
            raise
        except EngineError:
            return False

    def _decide(self, connection: Any, passage: Passage) -> Plain:
        logic = self._catalogue.decision(connection, self._tables[passage.table])
        try:
            return decide(logic, passage.data, self._sandbox).result
        except TryAgain:
            raise
        except EngineError:
            return None

    # --- what history tells -----------------------------------------------------------------------------------------
    def _read(self, rows: Sequence[HistoryRow]) -> Iterator[Passage]:
        reader = _Reader(self._versions.source, _read_renames(rows))
        for row in rows:
            at = format_instant(row.at)
            entered: dict[str, list[str]] = {}
            passed: list[tuple[str, Place, PlainDict]] = []
            for event in row.events:
                place = reader.follow(event, row.seq)
                task = str(event.get("task"))
                if event["kind"] == "entered" and "base" in event and place is not None:
                    entered.setdefault(str(event["base"]), []).append(place[1])
                elif event["kind"] == "completed" and place in self._gateways and place is not None:
                    passed.append((task, place, reader.picture.data_of(task)))
                elif event["kind"] == "decision" and str(event["table"]) in self._tables and place is not None:
                    inputs = event.get("inputs", {})
                    assert isinstance(inputs, dict)
                    data = {**reader.data_of(task), **inputs}
                    yield Passage(place, at, data, (), str(event["table"]), event.get("result"))
            for task, place, data in passed:
                old = self._gateways[place][0].flows
                renamed = self._versions.renamed
                ways = tuple(one for one in entered.get(task, ()) if renamed.get((place[0], one), one) in old)
                if ways:
                    yield Passage(place, at, data, ways)


@dataclass(frozen=True)
class Versions:
    """What a case runs on, and what it would run on."""

    source: ProcessSpecs
    target: ProcessSpecs
    source_pins: Pins
    target_pins: Pins
    renamed: Renamed


class _Reader:
    """Follows the tokens of a case: in which process each stands, and with which data."""

    def __init__(self, specs: ProcessSpecs, renames: list[tuple[int, Renamed]]) -> None:
        self.specs, self.renames = specs, renames
        self.picture = Picture()
        self.elements: dict[str, Element] = {}

    def follow(self, event: PlainDict, seq: int) -> Place | None:
        """Takes an event into account; where it happened, in the names of today. None for one without a token."""
        if event["kind"] in TOKEN_KINDS:
            if event["kind"] == "entered":
                self.elements[str(event["task"])] = self._find(event, seq)
            self.picture.apply(event)
        element = self.elements.get(str(event.get("task")))
        return None if element is None else (split_version(element.process_key)[0], element.id)

    def data_of(self, task: str) -> PlainDict:
        """The data of a task; nothing where history does not know it."""
        return self.picture.data_of(task) if task in self.elements else {}

    def _find(self, event: PlainDict, seq: int) -> Element:
        holder = self.elements.get(str(event.get("scope")))
        process = self.specs.key if holder is None else holder.called_element or holder.process_key
        name = str(event["element"])
        for since, renamed in self.renames:
            if since > seq:
                name = renamed.get((split_version(process)[0], name), name)
        return self.specs.elements.get((process, name)) or Element(name, "unknown", process)


def read_renamed(value: Mapping[str, Plain]) -> dict[Place, str]:
    """The names of elements as they are written down: `process/element` and the new element."""
    pairs = ((key.partition("/"), str(new)) for key, new in value.items())
    return {(process, element): new for (process, _, element), new in pairs}


def _read_renames(rows: Sequence[HistoryRow]) -> list[tuple[int, Renamed]]:
    return [
        (row.seq, read_renamed(renamed))
        for row in rows
        for event in row.events
        if event["kind"] == "migrated" and isinstance(renamed := event.get("renamed"), dict)
    ]


def _list_gateways(specs: ProcessSpecs, renamed: Renamed) -> dict[Place, Gateway]:
    return {
        (split_version(spec.process_key)[0], found.bpmn_id): Gateway(specs, found, renamed)
        for spec in (specs.spec, *specs.subprocess_specs.values())
        for found in spec.task_specs.values()
        if isinstance(found, ExclusiveGateway | InclusiveGateway) and len(found.cond_task_specs) > 1
    }


def _rename(place: Place, renamed: Renamed) -> Place:
    return place[0], renamed.get(place, place[1])


def _find_flow(specs: ProcessSpecs, process: str, source: str, target: str) -> str:
    return next(
        (
            one.id
            for (key, _), one in specs.elements.items()
            if key == process and one.kind == "sequenceFlow" and one.source == source and one.target == target
        ),
        "",
    )


def _list_names(gateway: Gateway) -> set[str]:
    return set[str]().union(*(parse_expression(text).names for text, _ in gateway.ways if text is not None))


def _plain(result: Plain) -> Plain:
    """History leaves out what is empty."""
    return None if result in (None, {}, [], "") else result
