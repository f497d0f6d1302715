"""An office that handles to-do items: managers, reviewers, handlers, supervisors, and what they do."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select

from engine.commands.work import settle
from engine.queries.inbox import find_tasks_of_case
from engine.services.identity.people import grant_role, revoke_role
from engine.services.notifications.queries import Told, list_told
from engine.services.todos.commands import add_item, change_item
from engine.services.todos.tables import todo_handling, todo_item
from engine.storage.actor import PLATFORM, SYSTEM, Actor
from engine.storage.ids import new_id
from engine.storage.plain import Plain
from engine.storage.tables import instance, job, user
from tests.support.stage import Stage

ITEM: dict[str, Plain] = {
    "title": "核对九月对账单",
    "body": "请核对九月份对账单第 3 页的差额，并在系统中登记。",
    "item_class": "routine",
    "priority": "3",
    "due_rule": "WT:P2D",
    "reminder_rule": "usual",
    "handlers": ["han"],
    "assignment": "one",
    "allowed": ["complete", "transfer", "exception"],
    "change_action": "submit",
}
WHO = {
    "mia": "todo_manager",
    "max": "todo_manager",
    "rob": "todo_reviewer",
    "han": "todo_handler",
    "hal": "todo_handler",
    "hue": "todo_handler",
    "sue": "todo_supervisor",
    "eve": "exception_owner",
    "ops": "platform_operator",
}


@dataclass
class Office:
    """The stage, and everybody by name."""

    stage: Stage
    people: dict[str, Actor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, role in WHO.items():
            self.people[name] = self.hire(name, role)

    def hire(self, name: str, role: str = "todo_handler") -> Actor:
        """Somebody new, with an account and a role of the platform."""
        self.stage._party("person", name)
        row = {"id": name, "login": name, "password_hash": "-", "is_disabled": 0, "created_at": self.stage.clock()}
        self.stage.engine.database.transact(lambda unit: unit.connection.execute(insert(user), row))
        grant_role(self.stage.engine, SYSTEM, name, PLATFORM, role)
        return self.stage.staff(name, role)

    def fire(self, name: str) -> None:
        """A handler leaves."""
        revoke_role(self.stage.engine, SYSTEM, name, PLATFORM, "todo_handler")

    def __getattr__(self, name: str) -> Actor:
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None

    def add(self, **fields: Plain) -> str:
        """An item, reviewed and effective; gives its id."""
        case = add_item(self.stage.engine, self.mia, new_id())
        self.stage.do(self.mia, case, "edit_item", ITEM | fields)
        if "four_eyes" in self.stage.open(case):
            self.stage.do(self.rob, case, "four_eyes", {"review_decision": "approve"})
        assert not self.stage.incidents(case), self.stage.incidents(case)
        return self.newest_item()

    def change(self, item_id: str, kind: str, **fields: Plain) -> str:
        """A change, filled in and waiting for its review; gives its case."""
        element = {"handlers": "edit_handlers", "delete": "confirm_delete"}.get(kind, "edit_item")
        case = change_item(self.stage.engine, self.mia, new_id(), item_id, kind)
        usual = ITEM if kind == "modify" else {"change_action": "submit"}
        self.stage.do(self.mia, case, element, usual | fields)
        return case

    def approve(self, case: str) -> None:
        """The reviewer approves a change."""
        self.stage.do(self.rob, case, "four_eyes", {"review_decision": "approve"})

    def newest_item(self) -> str:
        """The id of the item added last."""
        with self.stage.engine.database.read() as connection:
            query = select(todo_item.c.id).order_by(todo_item.c.id.desc()).limit(1)
            return str(connection.execute(query).scalar_one())

    def handlings(self, item_id: str) -> list[Any]:
        """The handlings of an item, in order."""
        with self.stage.engine.database.read() as connection:
            query = select(todo_handling).where(todo_handling.c.item_id == item_id).order_by(todo_handling.c.id)
            return list(connection.execute(query).all())

    def do(self, name: str, item_id: str, element: str, **fields: Plain) -> None:
        """Somebody completes a task of the newest handling of an item."""
        case = self.handlings(item_id)[-1].instance_id
        self.stage.do(self.people[name], case, element, fields)
        assert not self.stage.incidents(case), self.stage.incidents(case)

    def tasks(self, name: str, item_id: str) -> set[str]:
        """The tasks of the newest handling somebody may do."""
        case = self.handlings(item_id)[-1].instance_id
        with self.stage.engine.database.read() as connection:
            return {*find_tasks_of_case(connection, self.people[name], case)}

    def told(self, name: str) -> list[Told]:
        """What somebody sees in his list of notifications, the newest first."""
        return list_told(self.stage.engine, self.people[name], "en", 50)

    def titles(self, name: str) -> list[str]:
        """The first words of what somebody was told."""
        return [one.title.split(":")[0] for one in self.told(name)]

    def run_on(self, **duration: float) -> None:
        """Time passes; what falls due on the way is done at its own instant."""
        clock, engine = self.stage.clock, self.stage.engine
        end = clock() + timedelta(**duration)
        while (due := self._next_due()) is not None and due <= end:
            clock.advance(seconds=max(0.0, (due - clock()).total_seconds()))
            settle(engine)
        clock.advance(seconds=(end - clock()).total_seconds())
        settle(engine)

    def _next_due(self) -> datetime | None:
        now = self.stage.clock()
        with self.stage.engine.database.read() as connection:
            timers = select(func.min(instance.c.next_due_at)).where(instance.c.next_due_at > now)
            jobs = select(func.min(job.c.due_at)).where(job.c.due_at > now)
            found = [connection.execute(query).scalar_one() for query in (timers, jobs)]
        return min((at for at in found if at is not None), default=None)
