"""One engine on which the people of a scenario act: every step is the command a page would send."""

from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from typing import Any

from sqlalchemy import Connection, Row, func, select

from engine.commands.instances import start_instance
from engine.commands.messages import broadcast_signal, correlate_message
from engine.commands.starts import start_process
from engine.commands.tasks import FormRejected, claim_task, complete_task
from engine.commands.work import settle
from engine.definitions.forms import Form
from engine.definitions.forms.fields import Typed
from engine.language.errors import BpmnError, EngineError
from engine.language.specs.schedules import find_due
from engine.queries.inbox import list_tasks
from engine.queries.page import MAX_LIMIT
from engine.queries.story import Story
from engine.queries.versions import tell_case
from engine.queries.waits import Wait as Waiting
from engine.records.history import HistoryRow, event, read_stream
from engine.runtime.calendar import read_calendar
from engine.runtime.engine import Engine
from engine.runtime.step import Command as StepCommand
from engine.runtime.step import Step as EngineStep
from engine.runtime.step import run_step
from engine.runtime.tasks import TaskView, fetch_task
from engine.scenarios.clock import ManualClock
from engine.scenarios.commands import run_command
from engine.scenarios.definitions import Definitions, Name
from engine.scenarios.errands import right_code
from engine.scenarios.failures import ScenarioFailed
from engine.scenarios.model import CASE, FormFields, Place, Role, Start
from engine.scenarios.people import act_as, register
from engine.services.agreements.component import SIGN
from engine.services.agreements.filling import ask_for_code, read_and_accept
from engine.services.errands.component import HANDOVER_CODE
from engine.services.identity.people import ORGANISATION
from engine.services.ledger import rules
from engine.services.one_time_codes.component import CODE
from engine.services.payments.simulator import SIMULATOR, SimulatorRules, change_rules
from engine.storage.actor import SYSTEM, Actor
from engine.storage.database import UnitOfWork
from engine.storage.files import store_file
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import instance, instance_party, job, process_start, subscription

NOW = "now"  # in a field of time: the time the form is filled in
RIGHT = "right"  # in a field for a pickup or delivery code: the right one
SENT = "sent"  # in a field for a one-time code: the code that is sent at that moment
PICTURE = b"\x89PNG\r\n\x1a\n"


class Stage:
    """An engine with a clock that moves only when it is told to, and the case under test."""

    def __init__(
        self, engine: Engine, clock: ManualClock, definitions: Definitions, process: str, case_id: str | None
    ) -> None:
        self.engine, self.clock, self.definitions = engine, clock, definitions
        self.process, self.case_id = process, case_id
        self.actors: dict[str, Actor] = {}
        self._told: dict[str, tuple[int, tuple[list[HistoryRow], Story]]] = {}  # by case, with the rows it is told from

    @property
    def case(self) -> str:
        """The id of the case under test, which has begun."""
        assert self.case_id is not None
        return self.case_id

    # --- people and money -------------------------------------------------------------------------------------------
    def admit(self, roles: Mapping[str, Role], known: Mapping[str, Role]) -> None:
        """Lets people in who were not there before, with the money they have."""
        fresh = [role for name, role in roles.items() if name not in known]
        fresh.sort(key=lambda role: role.kind != ORGANISATION)  # members after what they belong to

        def work(unit: UnitOfWork) -> None:
            for role in fresh:
                register(unit.connection, role, unit.now)

        self.engine.database.transact(work)
        self.actors = {name: act_as(role) for name, role in roles.items() if role.kind != ORGANISATION}
        self.pay_in({role.name: role.wallet_fen for role in fresh if role.wallet_fen})

    def pay_in(self, amounts_fen: Mapping[str, int]) -> None:
        """Money in wallets, as the payment provider would have confirmed it."""

        def work(unit: UnitOfWork) -> None:
            for party_id, amount_fen in amounts_fen.items():
                reference = new_id()
                book = rules.Book(unit.connection, self.engine.keys, rules.Origin(reference, unit.now, SYSTEM.user_id))
                rules.top_up(book, provider=SIMULATOR, party_id=party_id, amount_fen=amount_fen, provider_ref=reference)

        self.engine.database.transact(work)

    def change_provider(self, provider_rules: SimulatorRules) -> None:
        """The simulated provider behaves in another way from now on."""
        change_rules(self.engine.database, provider_rules)

    # --- what is done to the case -----------------------------------------------------------------------------------
    def start(self, how: Start) -> None:
        """Begins the case."""
        actor = self.actors[how.by] if how.by else SYSTEM
        if how.command:
            self.case_id = str(run_command(self.engine, actor, how.command, None, {}))
        elif how.form is not None:
            typed = self._type(how.form, self._start_form(), actor)
            self.case_id = start_process(self.engine, actor, self.process, new_id(), typed)
        else:
            self.case_id = start_instance(self.engine, actor, self.process, how.values, new_id())
        self.settle()

    def complete(self, name: Name, by: str, form: FormFields, about: str | None = None) -> None:
        """Completes an open task of the element, with the form as the person would send it."""
        actor, task_id = self.actors[by], self.task_id(by, name, about)
        view = fetch_task(self.engine, actor, task_id)
        typed = self._sign(self._type(form, view.form, actor), view, actor)
        complete_task(self.engine, actor, task_id, new_id(), typed)
        self.settle()

    def claim(self, name: Name, by: str) -> None:
        """Takes an open task out of its pool."""
        claim_task(self.engine, self.actors[by], self.task_id(by, name))

    def command(self, name: str, by: str, values: PlainDict) -> None:
        """Somebody does something beside his tasks."""
        run_command(self.engine, self.actors[by], name, self.case_id, values)
        self.settle()

    def deliver(self, place: Place, name: str, payload: PlainDict) -> None:
        """A message comes for the case, with the key it waits for. Raises ScenarioFailed if it does not wait."""
        with self.engine.database.read() as connection:
            rows = connection.execute(select(subscription)).all()
        key = next((row.correlation_key for row in rows if row.kind == "message" and row.name == name), None)
        if key is None:
            waits = ", ".join(sorted({row.name for row in rows})) or "nothing"
            raise ScenarioFailed(place, f"Expected the case to wait for {name}, but it waits for {waits}")
        correlate_message(self.engine, SYSTEM, name, key, self._fill(payload))
        self.settle()

    def broadcast(self, name: str, payload: PlainDict) -> None:
        """A signal for whoever listens."""
        broadcast_signal(self.engine, SYSTEM, name, self._fill(payload))
        self.settle()

    def answer(self, place: Place, name: Name, result: PlainDict, error: str | None) -> None:
        """An external service answers. Raises ScenarioFailed unless the element waits for it."""

        def act(step: EngineStep) -> Plain:
            waiting = [task for task in step.case.service_waits() if self._is_of(task.task_spec.element, name)]
            if not waiting:
                raise ScenarioFailed(place, f"Expected {name[1]} to wait for its service, but it does not")
            where: PlainDict = {"task": waiting[0].id, "element": name[1]}
            if error is None:
                step.note(event("worked", **where, result=result))
                step.case.complete_service(waiting[0], result)
            else:
                step.note(event("worker_error", **where, error=error))
                step.case.throw(waiting[0], BpmnError(error))
            return None

        run_step(self.engine, self.case, StepCommand("service", SYSTEM, act))
        self.settle()

    # --- time -------------------------------------------------------------------------------------------------------
    def settle(self) -> None:
        """Does everything that is due now."""
        settle(self.engine)

    def wait(self, duration: str) -> None:
        """Lets a duration pass."""
        with self.engine.database.read() as connection:
            calendar = read_calendar(self.engine, connection)
        self.wait_until(find_due(duration, self.clock(), calendar))

    def wait_until(self, at: datetime) -> None:
        """Lets time pass; whatever falls due on the way is done at its own instant, as it would be in production."""
        while (due := self._next_due()) is not None and self.clock() < due <= at:
            self.clock.at = due
            self.settle()
        self.clock.at = max(at, self.clock.at)
        self.settle()

    def wait_until_due(self, place: Place, timer: Name) -> None:
        """Lets time pass until a running timer has gone off. Raises ScenarioFailed if it does not run."""
        running = [wait for wait in self.waits() if wait.kind == "timer" and wait.end is None]
        due = [wait.due_at for wait in running if self._is_of(wait.element, timer) and wait.due_at]
        if not due:
            others = ", ".join(sorted({wait.element.id for wait in running})) or "none"
            raise ScenarioFailed(place, f"Expected timer {timer[1]} to run, but running are: {others}")
        self.wait_until(min(due))

    def _next_due(self) -> datetime | None:
        with self.engine.database.read() as connection:
            timers = select(func.min(instance.c.next_due_at)).where(
                instance.c.status == "active", instance.c.next_due_at > self.clock()
            )
            jobs = select(func.min(job.c.due_at)).where(job.c.due_at > self.clock())
            starts = select(func.min(process_start.c.next_due_at)).where(process_start.c.next_due_at > self.clock())
            found = [connection.execute(query).scalar_one() for query in (timers, jobs, starts)]
        return min((at for at in found if at is not None), default=None)

    # --- what came of it --------------------------------------------------------------------------------------------
    def tell(self) -> list[tuple[list[HistoryRow], Story]]:
        """The case under test, and the cases that messages began since, each as its history tells it."""
        with self.engine.database.read() as connection:
            rows = connection.execute(select(instance).order_by(instance.c.started_at, instance.c.id)).all()
            return [self._tell(connection, row) for row in sorted(rows, key=lambda row: row.id != self.case)]

    def _tell(self, connection: Connection, row: Row[Any]) -> tuple[list[HistoryRow], Story]:
        """Anew where the case has gone on: what is expected of it asks for the same story again and again."""
        rows, told = self._told.get(row.id, (0, None))
        if told is None or rows != row.history_seq:
            history = read_stream(connection, row.id)
            told = history, tell_case(self.engine, connection, row.process_key, history)
            self._told[row.id] = row.history_seq, told
        return told

    def stories(self) -> list[Story]:
        """The stories of all cases, that of the case under test first."""
        return [story for _, story in self.tell()]

    def waits(self) -> list[Waiting]:
        """The timers and messages of all cases."""
        return [wait for story in self.stories() for wait in story.waits.list_newest()]

    def open_tasks(self) -> dict[Name, frozenset[str]]:
        """The open user tasks of the case, each with the people who may do it."""
        may: dict[Name, set[str]] = {}
        for token in (token for story in self.stories() for token in story.tokens):
            if token.element.kind == "userTask" and not token.is_failed:
                may.setdefault((token.element.process_key, token.element.id), set())
        for name, actor in self.actors.items():
            for row in list_tasks(self.engine, actor, limit=MAX_LIMIT).rows:
                may.setdefault((row.element.process_key, row.element.id), set()).add(name)
        return {element: frozenset(people) for element, people in may.items()}

    def task_id(self, by: str, name: Name, about: str | None = None) -> str:
        """An open task of the element that a person may do, in a case of the party `about` if there are several.

        Raises LookupError with what he could do instead.
        """
        rows = list(list_tasks(self.engine, self.actors[by], limit=MAX_LIMIT).rows)
        if about:
            with self.engine.database.read() as connection:
                known = select(instance_party.c.instance_id).where(instance_party.c.party_id == about)
                cases = set(connection.execute(known).scalars())
            rows = [row for row in rows if row.instance_id in cases]
        found = next((row.id for row in rows if self._is_of(row.element, name)), None)
        if found is None:
            raise LookupError(f"Expected {name[1]} open for {by}, but open are: {self.describe_open()}")
        return found

    def describe_open(self) -> str:
        """What is open, and for whom."""
        tasks = sorted(
            (name[1], ", ".join(sorted(people)) or "nobody here") for name, people in self.open_tasks().items()
        )
        return "; ".join(f"{element} ({people})" for element, people in tasks) or "no task"

    # --- forms ------------------------------------------------------------------------------------------------------
    def _start_form(self) -> Form | None:
        elements = (one for (key, _), one in self.definitions.elements.items() if key == self.process)
        keys = [one.form_key for one in elements if one.kind == "startEvent" and one.parent is None and one.form_key]
        return self.definitions.form(keys[0]) if keys else None

    def _type(self, fields: FormFields, form: Form | None, actor: Actor) -> Typed:
        """Fields with uploads stored and `now` written out."""
        known = form.inputs if form else {}
        typed = Typed()
        for name, texts in fields.items():
            part = known.get(name)
            if part and part.takes_files:
                typed[name] = [self._upload(text, actor) for text in texts]
            elif part and part.type == "datetime" and texts == (NOW,):
                typed[name] = [self.clock().astimezone(self.engine.zone).strftime("%Y-%m-%dT%H:%M")]
            else:
                typed[name] = list(texts)
        return typed

    def _sign(self, typed: Typed, view: TaskView, actor: Actor) -> Typed:
        """Agreements whose field says `accept` as read, and codes asked for."""
        for name, part in (view.form.inputs if view.form else {}).items():
            if part.type == SIGN and f"{name}-accept" in typed:
                typed |= read_and_accept(self.engine, actor, view, name)
            elif part.type == CODE and typed.get(name) == [SENT]:
                typed[name] = [ask_for_code(self.engine, actor, view.instance_id)]
            elif part.type == HANDOVER_CODE and typed.get(name) == [RIGHT]:
                typed[name] = [right_code(self.engine, view.instance_id, view.element.id)]
        return typed

    def _upload(self, name: str, actor: Actor) -> str:
        """A picture of the actor's own; one of the same name has the same content."""
        engine, content = self.engine, BytesIO(PICTURE + name.encode())
        stored = engine.database.transact(
            lambda unit: store_file(unit, engine.keys, engine.files, name, content, actor.party_id)
        )
        return stored.id

    def _fill(self, payload: PlainDict) -> PlainDict:
        return {name: self.case if value == CASE else value for name, value in payload.items()}

    @staticmethod
    def _is_of(element: object, name: Name) -> bool:
        return (getattr(element, "process_key", None), getattr(element, "id", None)) == name


def explain(error: Exception) -> str:
    """What went wrong in a step, for whoever wrote it."""
    if isinstance(error, FormRejected):
        return "; ".join(f"{name}: {', '.join(texts)}" for name, texts in sorted(error.bound.errors.items()))
    return str(error) if isinstance(error, EngineError | LookupError) else f"{type(error).__name__}: {error}"
