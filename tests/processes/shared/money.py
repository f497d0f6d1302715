"""Walks cases of the shared money processes: deploy, start, complete tasks, let time pass, look at the ledger."""

from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from engine.commands.deployments import deploy
from engine.commands.instances import start_instance
from engine.commands.tasks import complete_task
from engine.commands.work import EngineJobDone, EngineJobRun, settle
from engine.definitions.registry import JOB_HANDLERS
from engine.queries.inbox import TaskRow, list_tasks
from engine.records.jobs import Job
from engine.runtime.engine import Engine
from engine.services.ledger import rules
from engine.services.ledger.checks import LedgerFinding, check_books, check_seals
from engine.services.ledger.posting import balance_of
from engine.services.ledger.rules import Book, Origin
from engine.services.payments.simulator import SimulatorRules, change_rules
from engine.storage.actor import SYSTEM, Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import incident, instance, job
from tests.support.clock import ManualClock

ROOT = Path(__file__).parents[3]
FINANCE = Actor("fiona", "platform", "platform_finance", frozenset({"platform_finance"}))


def person(user_id: str) -> Actor:
    """Somebody who acts for himself."""
    return Actor(user_id, user_id, "individual", frozenset({"individual"}))


def read_files(*folders: str) -> dict[str, bytes]:
    """Definitions as deployed: their content by path."""
    found = [
        path for folder in folders for path in (ROOT / folder).iterdir() if path.is_file() and path.suffix != ".md"
    ]
    return {str(path.relative_to(ROOT)): path.read_bytes() for path in found}


class MoneyCase:
    """One instance of a process and the money around it."""

    def __init__(self, engine: Engine, clock: ManualClock) -> None:
        self.engine = engine
        self.clock = clock
        self.id = ""
        deploy(engine, SYSTEM, read_files("bpmn/shared", "forms/shared"))

    def start(self, process_key: str, actor: Actor, values: PlainDict) -> None:
        """Starts an instance and does what is due."""
        self.id = start_instance(self.engine, actor, process_key, values, new_id())
        self.work()

    def work(self) -> None:
        """Does what is due now."""
        settle(self.engine)

    def wait(self, **duration: float) -> None:
        """Lets time pass, then does what is due."""
        self.clock.advance(**duration)
        self.work()

    def tasks(self, actor: Actor) -> list[TaskRow]:
        """What the actor may do."""
        return [row for row in list_tasks(self.engine, actor).rows if row.instance_id == self.id]

    def complete(self, actor: Actor, element: str, **fields: str) -> None:
        """Completes the actor's open task at an element, and does what follows by itself."""
        row = next(row for row in self.tasks(actor) if row.element.id == element)
        complete_task(self.engine, actor, row.id, new_id(), MultiDict(fields))
        self.work()

    def simulate(self, **rules_: Any) -> None:
        """Changes how the simulated provider behaves."""
        change_rules(self.engine.database, SimulatorRules(**rules_))

    def give(self, party_id: str, amount_fen: int) -> None:
        """Money into a wallet from outside."""

        def work(unit: UnitOfWork) -> None:
            book = Book(unit.connection, self.engine.keys, Origin("", unit.now, "someone"))
            rules.top_up(book, provider="test", party_id=party_id, amount_fen=amount_fen, provider_ref=new_id())

        self.engine.database.transact(work)

    def balance(self, code: str) -> int:
        """The balance of an account in fen."""
        with self.engine.database.read() as connection:
            return balance_of(connection, code)

    def outcome(self) -> tuple[str, str | None]:
        """Status and last end event of the instance."""
        with self.engine.database.read() as connection:
            row = connection.execute(select(instance).where(instance.c.id == self.id)).one()
        return row.status, row.outcome

    def incidents(self) -> list[str]:
        """What stopped the instance."""
        with self.engine.database.read() as connection:
            query = select(incident.c.message).where(
                incident.c.instance_id == self.id, incident.c.resolved_at.is_(None)
            )
            return list(connection.execute(query).scalars())

    def jobs(self) -> list[str]:
        """The kinds of the jobs that wait, messages nobody took included."""
        with self.engine.database.read() as connection:
            return list(connection.execute(select(job.c.kind).order_by(job.c.kind)).scalars())

    def report_twice(self, kind: str, order_id: str) -> None:
        """Two workers ask the provider at the same time, and both write down its answer."""
        handler = JOB_HANDLERS[f"{kind}.poll"]
        claimed = Job("poll", handler.kind, {"id": order_id}, 1)
        answers = [
            handler.perform(EngineJobRun(self.engine, claimed.id, 1, claimed.payload, self.clock())) for _ in range(2)
        ]

        def write(unit: UnitOfWork, answer: Plain) -> None:
            assert handler.finishing is not None
            handler.finishing(EngineJobDone(self.engine, unit, claimed), answer)

        for answer in answers:
            self.engine.database.transact(partial(write, answer=answer))
        self.work()

    def findings(self) -> list[LedgerFinding]:
        """What every check of the ledger finds."""
        with self.engine.database.read() as connection:
            return check_books(connection) + check_seals(connection, self.engine.keys)
