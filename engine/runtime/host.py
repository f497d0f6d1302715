"""What a step offers to the elements it runs, and what it gives to the services they call."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import InterfaceError, OperationalError

from engine.definitions.registry import TOPICS, BatchTopic
from engine.language.decisions import Decision, map_result
from engine.language.errors import BpmnError, ValueUnfit
from engine.language.model import Element
from engine.language.specs.task import TracedTask
from engine.language.values import has_reference
from engine.records import jobs
from engine.records.batches import add_batch, reopen_batch
from engine.records.external import add_external_task
from engine.records.history import event
from engine.records.messages import SIGNAL, add_message
from engine.records.recorder import name_error
from engine.records.submissions import last_content
from engine.runtime.calendar import WorkingCalendar
from engine.runtime.failures import describe_failure
from engine.storage.actor import Actor
from engine.storage.ids import new_id
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import incident, instance, instance_party

if TYPE_CHECKING:
    from engine.runtime.step import Step

_OPEN_INCIDENT = insert(incident)
_RESOLVE = (
    update(incident)
    .where(incident.c.task_id.in_(bindparam("task_ids", expanding=True)), incident.c.resolved_at.is_(None))
    .values(resolved_at=bindparam("now"))
)
_PARTY = select(instance_party.c.party_id).where(
    instance_party.c.instance_id == bindparam("instance_id_"),
    instance_party.c.party_id == bindparam("party_id_"),
    instance_party.c.relation == bindparam("relation_"),
)


class StepOutbox:
    """What any piece of work in a transaction may leave behind for after the commit."""

    def __init__(self, connection: Connection, keys: KeyRing, now: datetime) -> None:
        self.connection = connection
        self.keys = keys
        self.now = now

    def enqueue(self, kind: str, payload: Plain, due_at: datetime | None = None, key: str | None = None) -> str:
        """See `registry.Outbox`."""
        return jobs.enqueue(self.connection, self.now, kind, payload, due_at, key)

    def publish(self, name: str, correlation_key: str, payload: PlainDict) -> str:
        """See `registry.Outbox`."""
        return add_message(self.connection, self.now, name, correlation_key, payload)


class ReadPolicy(dict[str, Plain]):
    """The policy; what is taken from it is noted in `read`, for a service may decide by it."""

    def __init__(self, policy: PlainDict, read: PlainDict) -> None:
        super().__init__(policy)
        self._read = read

    def __getitem__(self, key: str) -> Plain:
        value = self._read[key] = super().__getitem__(key)
        return value

    def get(self, key: str, default: Any = None) -> Any:
        """See `dict.get`; that there is none is noted as well."""
        value = self._read[key] = super().get(key)
        return default if value is None else value


class StepTopicCall(StepOutbox):
    """See `registry.TopicCall`. `forms`: the elements whose forms the topic says it reads; `consulted`: the parts of
    policy and calendar it was asked for."""

    def __init__(self, step: "Step", task: TracedTask, element: Element, forms: Collection[str]) -> None:
        super().__init__(step.connection, step.engine.keys, step.now)
        self._forms = forms
        self._step = step
        self._task = task
        self.actor: Actor = step.actor
        self.instance_id = step.instance_id
        self.process_key: str = step.row["process_key"]
        self.business_key: str | None = step.row["business_key"]
        self.element = element.id
        self.task_id = task.id
        self._policy_read: PlainDict = {}
        self._is_calendar_read = False

    @property
    def consulted(self) -> PlainDict:
        """What of the policy, and whether the calendar was looked at: history keeps it with the result."""
        return {
            **({"policy": self._policy_read} if self._policy_read else {}),
            **({"calendar": True} if self._is_calendar_read else {}),
        }

    @property
    def key(self) -> str:
        return f"{self.instance_id}:{self.element}:{self.task_id}"

    @property
    def policy(self) -> PlainDict:
        return ReadPolicy(self._step.engine.catalogue.policy(self.connection, self._step.pins), self._policy_read)

    @property
    def calendar(self) -> WorkingCalendar:
        self._is_calendar_read = True
        return self._step.calendar

    def values_of(self, element: str) -> PlainDict:
        if element not in self._forms:  # the lint could not know that the diagram must have it
            raise ValueError(f"Expected the topic of {self.element} to say that it reads {element}, but it does not")
        if element == self._step.command.element:  # this very step's: it is written down at the end
            return self._step.command.content
        return last_content(self.connection, self.instance_id, element)

    def decide(self, table: str, values: Mapping[str, Plain]) -> Decision:
        return self._step.decide(table, values, self.element, self.task_id)

    def describe(self, subject_zh: str, subject_en: str, amount_fen: int | None = None, number: str = "") -> None:
        self._step.row.update(subject_zh=subject_zh[:200], subject_en=subject_en[:200])
        if amount_fen is not None:
            self._step.row["amount_fen"] = amount_fen
        if number:
            self._step.row["business_key"] = number
            same = instance.c.id == self.instance_id
            self.connection.execute(update(instance).where(same).values(business_key=number))

    def add_party(self, party_id: str, relation: str) -> None:
        values = {"instance_id_": self.instance_id, "party_id_": party_id, "relation_": relation}
        if self.connection.execute(_PARTY, values).one_or_none() is None:
            row = {"instance_id": self.instance_id, "party_id": party_id, "relation": relation}
            self.connection.execute(insert(instance_party), row)

    def note(self, kind: str, **facts: Plain) -> None:
        self._step.note(event(kind, **({"task": self.task_id, "element": self.element} | facts)))


class StepHost:
    """See `engine.language.specs.task.Host`."""

    def __init__(self, step: "Step") -> None:
        self.step = step

    def now(self) -> datetime:
        return self.step.now

    @property
    def zone(self) -> ZoneInfo:
        return self.step.engine.zone

    def working_time(self, text: str, start: datetime) -> datetime:
        return self.step.calendar.working_time(text, start)

    def call_topic(self, task: TracedTask, element: Element, inputs: PlainDict) -> PlainDict | None:
        """In-step: the result of the registered function, run in a savepoint. A batch and an external task wait."""
        digest = digest_inputs(inputs)
        described = event("service", task=task.id, element=element.id, topic=element.topic, inputs=digest)
        try:
            return self._call(task, element, inputs, described)
        except BpmnError as error:
            self.step.note({**described, "error": error.code, "message": str(error), "values": error.values})
            raise
        except Exception as error:
            self.step.note({**described, "failed": name_error(error)})
            raise

    def _call(self, task: TracedTask, element: Element, inputs: PlainDict, described: PlainDict) -> PlainDict | None:
        topic = TOPICS.get(element.topic or "")
        if topic is None:
            self._offer_outside(task, element, inputs, described)
            return None
        is_batch = isinstance(topic, BatchTopic)
        if is_batch and reopen_batch(self.step.connection, self.step.now, task.id):
            self.step.outside.add(task.id)
            self.step.note({**described, "kind": "batch_reopened"})
            return None
        topic.check_inputs(inputs)
        call = StepTopicCall(self.step, task, element, topic.list_forms(inputs))
        try:
            with self.step.connection.begin_nested():
                found = topic.function(call, **inputs)
        finally:
            described |= call.consulted
        if isinstance(topic, BatchTopic) and found:
            self._begin_batch(task, element, topic, found, described)
            return None
        result: PlainDict = {"results": [], "rejected": [], "items": 0} if is_batch else found
        self.step.note({**described, "result": result})
        return result

    def _offer_outside(self, task: TracedTask, element: Element, inputs: PlainDict, described: PlainDict) -> None:
        """A worker gets what the diagram maps; personal data never leave, not even as references."""
        for name, value in inputs.items():
            if has_reference(value):
                raise ValueUnfit(f"Expected no personal data for a worker outside, but {name} is", variable=name)
        topic, step = element.topic or "", self.step
        add_external_task(step.connection, step.now, task.id, step.instance_id, element.id, topic, inputs)
        step.outside.add(task.id)
        step.note({**described, "kind": "external"})

    def _begin_batch(
        self, task: TracedTask, element: Element, topic: BatchTopic, items: list[Plain], described: PlainDict
    ) -> None:
        step = self.step
        where = (task.id, step.instance_id, element.id, topic.name)
        chunks = add_batch(step.connection, step.now, *where, items, topic.chunk_items)
        step.outside.add(task.id)
        step.note({**described, "kind": "batch", "items": len(items), "chunks": chunks})

    def decide(self, task: TracedTask, element: Element, data: PlainDict) -> Plain:
        decision = self.step.decide(element.decision_ref or "", data, element.id, task.id)
        return map_result(decision, element.map_decision_result or "singleResult")

    def publish(self, name: str, correlation_key: str, payload: PlainDict) -> None:
        message_id = add_message(self.step.connection, self.step.now, name, correlation_key, payload)
        self.step.note(event("published", message=message_id, name=name, key=correlation_key, payload=payload))

    def broadcast(self, name: str, payload: PlainDict) -> None:
        content: PlainDict = {"name": name, "payload": payload}
        jobs.enqueue(self.step.connection, self.step.now, SIGNAL, content)
        self.step.note(event("broadcast", name=name, payload=payload))

    def open_incident(self, task: TracedTask, error: Exception) -> None:
        """Keeps what the person sent and says what went wrong; programming errors of ours are incidents as well.

        A database that is away, or that has chosen this transaction to end a deadlock, is no fault of the case: the
        step is given up whole, and done again.
        """
        if isinstance(error, (OperationalError, InterfaceError)):
            raise error
        element, described = _find_element(task), describe_failure(error)
        incident_id = new_id()
        row = {
            "id": incident_id,
            "instance_id": self.step.instance_id,
            "task_id": task.id,
            "process_key": element.process_key,
            "element": element.id,
            "code": described.code,
            "message": described.message,
            "facts": described.facts,
            "opened_at": self.step.now,
            "resolved_at": None,
        }
        self.step.connection.execute(_OPEN_INCIDENT, row)
        told = event("incident", task=task.id, element=element.id, incident=incident_id, message=described.message)
        self.step.note(told)


def resolve_incidents(connection: Connection, task_ids: Collection[str], now: datetime) -> None:
    """Closes the open incidents of tasks: they are tried again, or gone."""
    if task_ids:
        connection.execute(_RESOLVE, {"task_ids": sorted(task_ids), "now": now})


def _find_element(task: TracedTask) -> Element:
    """The element of a task; of what stands between elements that of the nearest before it, else the process."""
    for one in (task, *task.ancestors):
        if (found := getattr(one.task_spec, "element", None)) is not None:
            return found  # type: ignore[no-any-return]  # SpiffWorkflow is untyped
    spec = task.workflow.spec
    return Element(spec.name, "process", spec.process_key)


def digest_inputs(inputs: PlainDict) -> str:
    """History keeps a hash of what a service was given: the values are those of the step's data."""
    return hashlib.sha256(orjson.dumps(inputs, option=orjson.OPT_SORT_KEYS)).hexdigest()
