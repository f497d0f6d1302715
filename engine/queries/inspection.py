"""One process instance as auditors look at it: told by its history, at any of its records."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, and_, func, select

from engine.definitions.catalogue import PROCESS, Pins
from engine.language.model import Element
from engine.language.parser import ProcessSpecs
from engine.queries.cases import CaseRow, read_case, require_reader, select_cases
from engine.queries.keyframes import LISTED, Past
from engine.queries.limits import Limit, find_limits
from engine.queries.outside import Batch, ExternalTask, list_batches, list_external_tasks
from engine.queries.story import Story
from engine.queries.versions import list_pins
from engine.queries.waits import Sent, Wait
from engine.records.history import HistoryRow, read_between, read_lines, read_stream
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.actor import MACHINES, Actor
from engine.storage.plain import PlainDict
from engine.storage.tables import definition, incident, instance, instance_party, party, submission, task

PAGE_CHAPTERS = 50
FORM = "form"
WINDOW_ROWS = 100  # looked through at once for what is asked for


@dataclass(frozen=True)
class Look:
    """From which of its records a case is looked at, and which steps up to it are told, the newest first.

    Without `at` from the last one. `before` is where the next page of steps begins.
    """

    at: int | None = None
    before: int | None = None
    is_people_only: bool = False
    element: str = ""
    variable: str = ""


LATEST = Look()


@dataclass(frozen=True)
class Record:
    """A line of the history, without what it says."""

    seq: int
    at: datetime
    kind: str
    acting_role: str
    is_failure: bool

    @property
    def is_human(self) -> bool:
        return self.acting_role not in MACHINES


@dataclass(frozen=True)
class Drawing:
    """A diagram of the case: its own, or that of a process it may call."""

    process_key: str
    name_zh: str
    name_en: str
    xml: bytes
    pin_set_id: str  # of the versions the case had then


@dataclass(frozen=True)
class FilledForm:
    """A form as it was submitted."""

    element: Element
    form_id: str
    actor_id: str
    party_id: str
    acting_role: str
    content: dict[str, Any]
    submitted_at: datetime


@dataclass(frozen=True)
class OpenWork:
    """An open task of the case: why it waits, since when, until when, for whom."""

    task_id: str
    element: Element
    assignee_id: str | None
    created_at: datetime
    due_at: datetime | None


@dataclass(frozen=True)
class Incident:
    """Something that could not go on. `since`: of an open one, when its step failed first."""

    id: str
    element: str
    message: str
    since: datetime
    resolved_at: datetime | None


@dataclass(frozen=True)
class CaseParty:
    """One of the case's own parties."""

    party_id: str
    relation: str
    name_zh: str
    name_en: str


@dataclass(frozen=True)
class CaseView:
    """A case at one of its records.

    Of `story` only the record itself and the steps that were asked for are told: `told` are the numbers of these, the
    newest first, and `earlier` is that of the first one left out. What is open, done outside or stopped is that of
    today. `forms`, `waits` and `sent` go up to the record; of what is over only the newest LISTED are there, and how
    many there were is in `counts`. `limits` say by task what comes if nobody acts.
    """

    case: CaseRow
    records: list[Record]
    moment: Record
    drawings: list[Drawing]
    story: Story
    told: list[int]
    earlier: int | None
    waits: list[Wait]
    limits: dict[str, list[Limit]]
    sent: list[Sent]
    forms: list[FilledForm]
    counts: dict[str, int]
    open_work: list[OpenWork]
    external_tasks: list[ExternalTask]
    batches: list[Batch]
    incidents: list[Incident]
    parties: list[CaseParty]

    @property
    def is_now(self) -> bool:
        """Whether the record is the last one, so that the work list belongs to it."""
        return self.moment.seq == self.records[-1].seq


def fetch_case(engine: Engine, actor: Actor, instance_id: str, look: Look = LATEST) -> CaseView:
    """One case. Raises NotFound, for whoever may not look at cases and for a record it does not have as well."""
    require_reader(actor)
    with engine.database.read() as connection:
        row = connection.execute(select_cases().where(instance.c.id == instance_id)).one_or_none()
        if row is None:
            raise NotFound("case", instance_id)
        past = Past(engine, connection, instance_id, row.process_key)
        lines = read_lines(connection, instance_id)
        failures = set(past.find_failures(lines[-1].seq))
        records = [Record(line.seq, line.at, line.kind, line.acting_role, line.seq in failures) for line in lines]
        moment = records[-1] if look.at is None else next((one for one in records if one.seq == look.at), None)
        if moment is None:
            raise NotFound("record", f"{instance_id}:{look.at}")
        told, earlier = _choose(connection, instance_id, [one for one in records if one.seq <= moment.seq], look)
        story = past.tell(moment.seq, {moment.seq, *told})
        pins = engine.catalogue.pins(connection, story.pins[-1])
        specs = engine.catalogue.process(connection, pins, row.process_key)
        waits = story.waits.list_newest(LISTED)
        forms, form_count = _read_forms(connection, instance_id, story, moment.at)
        return CaseView(
            replace(read_case(row), version=_read_version(connection, pins, row.process_key)),
            records,
            moment,
            [_read_drawing(engine, connection, pins, key) for key in _list_processes(specs)],
            story,
            told,
            earlier,
            waits,
            {token.task: find_limits(token, story, waits, specs) for token in story.tokens},
            story.waits.sent[-LISTED:],
            forms,
            {**story.waits.counts, FORM: form_count},
            _read_open_work(engine, connection, instance_id),
            list_external_tasks(engine, connection, instance_id),
            list_batches(engine, connection, instance_id),
            _read_incidents(connection, instance_id),
            _read_parties(connection, instance_id),
        )


def fetch_drawing(
    engine: Engine, actor: Actor, instance_id: str, process_key: str, pin_set_id: str | None = None
) -> bytes:
    """A diagram in the version a case runs on, or ran on under another pinned set. Raises NotFound."""
    require_reader(actor)
    with engine.database.read() as connection:
        row = connection.execute(select_cases().where(instance.c.id == instance_id)).one_or_none()
        if row is None:
            raise NotFound("case", instance_id)
        chosen = row.pin_set_id if pin_set_id is None else pin_set_id
        if chosen != row.pin_set_id and chosen not in list_pins(read_stream(connection, instance_id)):
            raise NotFound("drawing", process_key)
        pins = engine.catalogue.pins(connection, chosen)
        if process_key not in _list_processes(engine.catalogue.process(connection, pins, row.process_key)):
            raise NotFound("drawing", process_key)
        definition_id = engine.catalogue.process_id(connection, pins, process_key)
        content: bytes = engine.catalogue.content(connection, definition_id)["content"]
        return content


def _list_processes(specs: ProcessSpecs) -> list[str]:
    """The case's own process and those it may call, its own first."""
    return list(dict.fromkeys([specs.key, *(key for key, _ in specs.elements)]))


def _choose(
    connection: Connection, instance_id: str, records: list[Record], look: Look
) -> tuple[list[int], int | None]:
    """The numbers of the steps to tell, the newest first, and the first one that has no room on the page."""
    found = [
        one.seq
        for one in reversed(records)
        if (look.before is None or one.seq < look.before) and (one.is_human or not look.is_people_only)
    ]
    if look.element or look.variable:
        found = [*islice(_search(connection, instance_id, found, look), PAGE_CHAPTERS + 1)]
    return found[:PAGE_CHAPTERS], found[PAGE_CHAPTERS] if len(found) > PAGE_CHAPTERS else None


def _search(connection: Connection, instance_id: str, seqs: list[int], look: Look) -> Iterator[int]:
    """Those of the records that are about what is asked for: the only question that may read back to the first one."""
    for start in range(0, len(seqs), WINDOW_ROWS):
        window = seqs[start : start + WINDOW_ROWS]
        rows = {row.seq: row for row in read_between(connection, instance_id, window[-1] - 1, window[0])}
        yield from (seq for seq in window if _is_about(rows[seq], look))


def _is_about(row: HistoryRow, look: Look) -> bool:
    if look.element and all(event.get("element") != look.element for event in row.events):
        return False
    return not look.variable or any(_touches(event, look.variable) for event in row.events)


def _touches(event: PlainDict, variable: str) -> bool:
    changed = (event.get(name) for name in ("set", "grown", "gone"))
    return any(isinstance(one, (dict, list)) and variable in one for one in changed)


def _read_drawing(engine: Engine, connection: Connection, pins: Pins, key: str) -> Drawing:
    row = connection.execute(
        select(definition.c.name_zh, definition.c.name_en, definition.c.content).where(
            definition.c.id == engine.catalogue.process_id(connection, pins, key)
        )
    ).one()
    return Drawing(key, row.name_zh, row.name_en, row.content, pins.id)


def _read_version(connection: Connection, pins: Pins, process_key: str) -> int:
    query = select(definition.c.version).where(definition.c.id == pins.find(PROCESS, process_key))
    version: int = connection.execute(query).scalar_one()
    return version


def _read_forms(
    connection: Connection, instance_id: str, story: Story, until: datetime
) -> tuple[list[FilledForm], int]:
    """The newest forms, oldest first, and how many there are."""
    is_known = and_(
        submission.c.instance_id == instance_id,
        submission.c.form_id.is_not(None),
        submission.c.submitted_at <= until,
    )
    newest = select(submission).where(is_known).order_by(submission.c.submitted_at.desc(), submission.c.scope.desc())
    forms = [
        FilledForm(
            story.element(row.element),
            row.form_id,
            row.actor_id,
            row.party_id,
            row.acting_role,
            row.content,
            row.submitted_at,
        )
        for row in connection.execute(newest.limit(LISTED))
    ]
    count = connection.execute(select(func.count()).select_from(submission).where(is_known)).scalar_one()
    return forms[::-1], count


def _read_open_work(engine: Engine, connection: Connection, instance_id: str) -> list[OpenWork]:
    rows = connection.execute(select(task).where(task.c.instance_id == instance_id).order_by(task.c.created_at))
    return [
        OpenWork(
            row.id,
            engine.catalogue.elements(connection, row.definition_id)[row.element],
            row.assignee_id,
            row.created_at,
            row.due_at,
        )
        for row in rows
    ]


def _read_incidents(connection: Connection, instance_id: str) -> list[Incident]:
    query = select(incident).where(incident.c.instance_id == instance_id).order_by(incident.c.opened_at)
    first: dict[str, datetime] = {}
    found = []
    for row in connection.execute(query):
        since = first.setdefault(row.task_id, row.opened_at) if row.resolved_at is None else row.opened_at
        first.setdefault(row.task_id, row.opened_at)
        found.append(Incident(row.id, row.element, row.message, since, row.resolved_at))
    return found


def _read_parties(connection: Connection, instance_id: str) -> list[CaseParty]:
    rows = connection.execute(
        select(instance_party.c.party_id, instance_party.c.relation, party.c.name_zh, party.c.name_en)
        .join(party, party.c.id == instance_party.c.party_id)
        .where(instance_party.c.instance_id == instance_id)
        .order_by(instance_party.c.relation)
    )
    return [CaseParty(*row) for row in rows]
