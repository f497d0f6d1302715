"""One step: everything that happens to a case goes through `run_step`, in one transaction, on one instance."""

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from functools import cache, cached_property
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.exc import DBAPIError

from engine.definitions.catalogue import DECISION, Pins
from engine.language.decisions import Decision, decide
from engine.language.errors import EngineError, TryAgain
from engine.language.sandbox import TimeBudget
from engine.language.script_engine import SandboxEngine
from engine.language.specs.schedules import find_due
from engine.language.state import compact, freeze, thaw
from engine.language.workflow import Case
from engine.records.batches import remove_batches
from engine.records.external import remove_external_tasks
from engine.records.history import Head, append_row, event
from engine.records.jobs import enqueue
from engine.records.keyframes import KEYFRAME, is_due, plan_keyframe
from engine.records.messages import MESSAGE, ask_turn, end_turn, wake_messages
from engine.records.recorder import Recorder
from engine.records.submissions import Answer, SubmissionKey, find_answer, record_submission
from engine.records.subscriptions import add_subscriptions, remove_subscriptions
from engine.records.worklist import add_tasks, change_candidates, remove_tasks
from engine.runtime.assignment import Assigner
from engine.runtime.calendar import WorkingCalendar
from engine.runtime.engine import Engine
from engine.runtime.errors import InstanceClosed, NotFound, SubmissionConflict
from engine.runtime.host import StepHost, resolve_incidents
from engine.storage.actor import Actor
from engine.storage.changes import WORK, case_topic
from engine.storage.clock import format_instant
from engine.storage.database import UnitOfWork
from engine.storage.digests import digest_hex
from engine.storage.frozen import frozen
from engine.storage.grams import add_case_grams
from engine.storage.plain import Plain, PlainDict
from engine.storage.prepared import Prepared
from engine.storage.seal import seal_row
from engine.storage.tables import instance

Found = TypeVar("Found")
ACTIVE, COMPLETED, CANCELLED = "active", "completed", "cancelled"
CONTINUE = "continue"  # job: an element marked asyncBefore goes on
SEARCHED = ("business_key", "subject_zh", "subject_en")
CHANGING = (
    "subject_zh",
    "subject_en",
    "amount_fen",
    "status",
    "outcome",
    "version",
    "state",
    "ended_at",
    "next_due_at",
    "history_seq",
    "history_mac",
)

_LOCK = Prepared(select(instance).where(instance.c.id == bindparam("instance_id")).with_for_update())
_SAVE = update(instance).where(instance.c.id == bindparam("id_"))


@cache
def _save_of(columns: tuple[str, ...]) -> Prepared:
    """Saves these columns: SQLite writes the indexes of all that are named, changed or not."""
    return Prepared(_SAVE, columns)


def _nothing(_connection: Connection) -> None:
    return None


@frozen
class Command:
    """What is to be done to one instance.

    `authorise` raises if the actor may not; it is called under the lock. `act` does it; what it returns is recorded
    under `key` and given to every repetition. `is_final`: once it is done `authorise` refuses whoever asks again, so
    that an answer from before is looked for only then.
    """

    kind: str
    actor: Actor
    act: "Callable[[Step], Plain]"
    authorise: Callable[[Connection], None] = _nothing
    key: SubmissionKey | None = None
    element: str | None = None
    form_id: str | None = None
    content: PlainDict = field(default_factory=dict)
    is_final: bool = False


def run_step(engine: Engine, instance_id: str, command: Command) -> Plain:
    """Runs one command on one instance and gives its answer; a repeated key is answered from its record.

    Callers that can refuse without the lock have done so before; only what is found under the lock counts.
    Raises NotFound, InstanceClosed, SubmissionConflict, and whatever `authorise` and `act` raise, with nothing written.
    """

    def work(unit: UnitOfWork) -> Plain:
        locked = _LOCK.ask(unit.connection, {"instance_id": instance_id})  # what comes behind it waits for the lock
        if not command.is_final:
            if answer := _answer(unit.connection, command.actor, command.key):
                return answer.result
            if locked.first() is None:
                raise NotFound("case", instance_id)
        try:
            command.authorise(unit.connection)
        except EngineError:
            if command.is_final and (answer := _answer(unit.connection, command.actor, command.key)):
                return answer.result
            raise
        row = locked.first()
        if row is None:
            raise NotFound("case", instance_id)
        if row.status != ACTIVE:
            raise InstanceClosed(instance_id)
        step = Step(engine, unit, row._asdict(), command)
        result = command.act(step)
        step.close(result)
        return result

    return engine.database.transact(work)


def look_ahead(
    engine: Engine, actor: Actor, key: SubmissionKey | None, look: Callable[[Connection], Found]
) -> Answer | Found:
    """What a command needs to know before its step, by `look`; or the answer that was given to its key already.

    The same may have been sent twice at once: whoever is refused looks once more whether the other was answered just
    now. Raises SubmissionConflict, and whatever `look` raises.
    """
    with engine.database.read() as connection:
        if answer := _answer(connection, actor, key):
            return answer
        try:
            return look(connection)
        except EngineError:
            if answer := _answer(connection, actor, key):
                return answer
            raise


def _answer(connection: Connection, actor: Actor, key: SubmissionKey | None) -> Answer | None:
    if key is None:
        return None
    answer = find_answer(connection, key, actor)
    if answer is not None and not answer.is_same:
        raise SubmissionConflict(key.scope)
    return answer


class Step:
    """An instance under its lock, and what is being done to it. The case is loaded when it is first asked for."""

    def __init__(self, engine: Engine, unit: UnitOfWork, row: dict[str, Any], command: Command) -> None:
        self.engine = engine
        self.unit = unit
        self.connection = unit.connection
        self.now = unit.now
        self.row = row
        self._row_before = dict(row)
        self.command = command
        self.actor: Actor = command.actor
        self.instance_id: str = row["id"]
        self._texts_before = self._texts() if row["version"] else [None]  # of a new case nothing can be searched yet
        self.recorder = Recorder()
        self.host = StepHost(self)
        self.budget = TimeBudget()
        self._open_before: set[str] = set()
        self._woken: set[str] = set()  # user tasks that were open before, but slept
        self._waiting_before: set[tuple[str, str, str, str]] = set()
        self._due_before: dict[str, datetime] = {}
        self._stalled_before: set[str] = set()
        self.outside: set[str] = set()  # service tasks done outside this step, those that failed there included

    @cached_property
    def pins(self) -> Pins:
        """The versions this instance pinned at its start."""
        return self.engine.catalogue.pins(self.connection, self.row["pin_set_id"])

    @cached_property
    def calendar(self) -> WorkingCalendar:
        """The company's days as this instance pinned them."""
        return WorkingCalendar(self.engine.catalogue.calendar(self.connection, self.pins.ids), self.engine.zone)

    @cached_property
    def case(self) -> Case:
        """The live case; made anew for an instance that has no state yet."""
        specs = self.engine.catalogue.process(self.connection, self.pins, self.row["process_key"])
        script_engine = SandboxEngine(self.engine.sandbox, values={"now": format_instant(self.now)}, budget=self.budget)
        if not self.row["state"]:
            return Case(specs, script_engine, self.host, self.recorder)
        case = thaw(self.row["state"], specs, script_engine, self.host, self.recorder)
        self._open_before, self._woken = {task.id for task in case.awake_user_tasks()}, case.woken
        self._waiting_before = set(case.subscriptions())
        self._due_before = dict(case.timers())
        held = case.held_tasks()
        self._stalled_before = {task.id for task in held if "stalled" in task.internal_data}
        self.outside = {task.id for task in held}
        return case

    def replace_case(self, case: Case, pins: Pins, definition_id: str) -> None:
        """The instance goes on as another case, on other versions; `close` writes down what that changes."""
        self.case.wake()
        self.recorder.replace(case)
        self.__dict__.pop("calendar", None)
        self.__dict__ |= {"case": case, "pins": pins}
        versions = {"definition_id": definition_id, "pin_set_id": pins.id}
        self.row.update(versions)
        self.connection.execute(update(instance).where(instance.c.id == self.instance_id).values(versions))

    def note(self, fact: PlainDict) -> None:
        """Adds an event to the history row of this step."""
        self.recorder.events.append(fact)

    def decide(self, key: str, values: Mapping[str, Plain], element: str, task_id: str) -> Decision:
        """The answer of a pinned decision; it and each it requires are written down with what they were asked."""
        logic = self.engine.catalogue.decision(self.connection, self.pins.find(DECISION, key))
        decision = decide(logic, values, self.engine.sandbox, self.budget)
        for one in (*decision.required, decision):
            self.note(
                event(
                    "decision",
                    task=task_id,
                    element=element,
                    table=one.key,
                    inputs=one.inputs,
                    matched=list(one.matched),
                    result=one.result,
                )
            )
        return decision

    def enqueue(self, kind: str, payload: Plain, due_at: datetime | None = None, key: str | None = None) -> str:
        """A job row in this transaction."""
        return enqueue(self.connection, self.now, kind, payload, due_at, key)

    def close(self, result: Plain) -> None:
        """Writes all the step changed: work list, subscriptions, submission, history, state. Tells who listens."""
        if self.command.key is not None:  # first, so that tasks that exclude its actor find it
            self.note(event("submitted", **self._record_submission(self.command.key, result)))
        if "case" in self.__dict__:
            self._sync_tasks()
            self._sync_subscriptions()
            self._sync_timers()
            self._sync_services()
            self._release_async()
            self._store_state()
        has_ended = self.row["status"] != ACTIVE
        find_turn = ask_turn(self.connection, self.instance_id) if has_ended else None
        self._append_history()
        self._plan_keyframe()
        self._save()
        if find_turn is not None and (turn := find_turn()):
            end_turn(self.connection, self.now, self.instance_id, turn)
        if (texts := self._texts()) != self._texts_before:
            add_case_grams(self.connection, self.instance_id, self._texts_before, texts)
        topics = (WORK, case_topic(self.instance_id))
        self.unit.after_commit.append(lambda: self.engine.changes.publish(topics))

    def _texts(self) -> list[str | None]:
        return [self.row[name] for name in SEARCHED]

    def _sync_tasks(self) -> None:
        tasks = {task.id: task for task in self.case.awake_user_tasks()}
        before = self._open_before | self._woken
        remove_tasks(self.connection, sorted(before - tasks.keys()))
        assigner, offers = self.assigner, []
        for task_id in sorted(tasks.keys() - before):
            task, element = tasks[task_id], tasks[task_id].task_spec.element
            definition_id = self.engine.catalogue.process_id(self.connection, self.pins, element.process_key)
            try:
                offers.append(assigner.offer(task_id, definition_id, element, task.data))
            except (DBAPIError, TryAgain):
                raise  # nothing is wrong with the case: the step is done again
            except Exception as error:  # noqa: BLE001  # whatever a diagram says wrongly of whose task it is
                task.stall("run", error)
        add_tasks(self.connection, self.instance_id, self.row["process_key"], self.now, offers)

    @property
    def assigner(self) -> Assigner:
        """Says whose the tasks of this instance are."""
        return Assigner(self.connection, self.now, self.instance_id, self._evaluate, self._instant)

    def offer_again(self) -> None:
        """Offers the open tasks anew where those whom a relation names have changed; nobody holds such a task then."""
        for task_ in self.case.user_tasks():
            element = task_.task_spec.element
            if task_.id not in self._open_before | self._woken or not element.relation:
                continue
            definition_id = self.engine.catalogue.process_id(self.connection, self.pins, element.process_key)
            fresh = self.assigner.offer(task_.id, definition_id, element, task_.data)
            if change_candidates(self.connection, fresh):
                self.note(event("assigned", task=task_.id, element=element.id, user=None))

    def _sync_subscriptions(self) -> None:
        waiting, before = set(self.case.subscriptions()), self._waiting_before
        remove_subscriptions(self.connection, sorted(found[0] for found in before - waiting))
        fresh = sorted(waiting - before)
        add_subscriptions(self.connection, self.instance_id, fresh)
        for task_id, kind, name, key in fresh:
            self._note_wait(task_id, awaits=kind, name=name, key=key)
            if kind == MESSAGE:
                wake_messages(self.connection, self.now, name, key)

    def _sync_timers(self) -> None:
        """History keeps the instant of every timer that was set, so that what would have come is known afterwards."""
        timers = dict(self.case.timers())
        for task_id, at in timers.items():
            if self._due_before.get(task_id) != at:
                self._note_wait(task_id, awaits="timer", due_at=format_instant(at))
        self.row["next_due_at"] = min(timers.values(), default=None)

    def _sync_services(self) -> None:
        """Forgets what is done outside for tasks that are gone, and closes incidents of what goes on or is gone."""
        if not self.outside:
            return
        held = self.case.held_tasks()
        stalled = {task.id for task in held if "stalled" in task.internal_data}
        gone = self.outside - {task.id for task in held}
        remove_external_tasks(self.connection, sorted(gone | (self.outside & stalled)))
        remove_batches(self.connection, sorted(gone))
        resolve_incidents(self.connection, self._stalled_before - stalled, self.now)

    def _note_wait(self, task_id: str, **facts: Plain) -> None:
        element = self.case.get_task_from_id(task_id).task_spec.element.id
        self.note(event("waiting", task=task_id, element=element, **facts))

    def _release_async(self) -> None:
        for task in self.case.async_waits():
            payload: PlainDict = {"instance": self.instance_id, "task": task.id}
            self.enqueue(CONTINUE, payload, key=f"{CONTINUE}:{task.id}")

    def _evaluate(self, text: str, data: Mapping[str, Plain]) -> Plain:
        return self.engine.sandbox.evaluate(text, {"now": format_instant(self.now), **data}, budget=self.budget)

    def _instant(self, text: str) -> datetime:
        return find_due(text, self.now, self.host)

    def _record_submission(self, key: SubmissionKey, result: Plain) -> PlainDict:
        return record_submission(
            self.connection,
            self.engine.keys,
            key,
            self.actor,
            self.now,
            instance_id=self.instance_id,
            element=self.command.element,
            form_id=self.command.form_id,
            content=self.command.content,
            result=result,
        )

    def _store_state(self) -> None:
        compact(self.case)
        self.row.update(state=freeze(self.case), outcome=self.case.outcome)
        if self.case.is_completed() and self.row["status"] == ACTIVE:
            self.row.update(status=COMPLETED, ended_at=self.now)

    def _append_history(self) -> None:
        """The last event commits to the state row, so that an older state put back in its place is found."""
        events = self.recorder.finish()
        self.row["version"] += 1
        events.append(
            event("state", version=self.row["version"], status=self.row["status"], sha256=state_digest(self.row))
        )
        head = Head(self.row["history_seq"], self.row["history_mac"])
        head = append_row(
            self.connection, self.engine.keys, self.instance_id, head, self.now, self.actor, self.command.kind, events
        )
        self.row.update(history_seq=head.seq, history_mac=head.mac)

    def _plan_keyframe(self) -> None:
        if is_due(self.row["history_seq"]):
            tasks = {task_id for scope in self.case.scopes for task_id in scope.tasks}
            self.enqueue(KEYFRAME, plan_keyframe(self.instance_id, self.row["history_seq"], tasks))

    def _save(self) -> None:
        """Nobody else changes a row that is locked; a second row of history under one number would be refused."""
        seal = seal_row(self.engine.keys.mac, "instance", self.row)
        changed = {name: self.row[name] for name in CHANGING if self.row[name] != self._row_before[name]}
        _save_of((*changed, "seal")).send(self.connection, changed | {"seal": seal, "id_": self.instance_id})


def state_digest(row: Mapping[str, Any]) -> str:
    """What history commits to of an instance row: its state, and nothing that the history row itself changes."""
    return digest_hex(row["state"])
