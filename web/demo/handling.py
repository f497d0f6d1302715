"""One to-do item from its review to its end, told step by step, with proofs."""

from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

from sqlalchemy import ColumnElement, Connection, Table, func, select

from engine.runtime.engine import Engine
from engine.services.notifications.preferences import Address, Preferences, save_preferences
from engine.services.notifications.queries import list_told
from engine.services.notifications.tables import delivery, notification
from engine.services.todos.acting import act, look
from engine.services.todos.links import PATH, read_link
from engine.services.todos.tables import todo_exception, todo_handling, todo_reminder, todo_transfer
from engine.services.verification import count_rows, verify
from web.demo.player import Player
from web.demo.telling import prove, say
from web.demo.throwaway import DemoClock, open_throwaway
from web.demo.todos import TodoOffice

MAX_TRANSFERS = 5


def play_todos(transfers: int, has_exception: bool) -> int:
    """Plays on a throwaway engine; 0 if every proof held, else 1."""
    if not 0 <= transfers <= MAX_TRANSFERS:
        print(f"Expected 0 to {MAX_TRANSFERS} transfers, but got {transfers}.")
        return 1
    with open_throwaway() as (engine, clock):
        return Handling(engine, clock).run(transfers, has_exception)


class Handling:
    """The play on one engine."""

    def __init__(self, engine: Engine, clock: DemoClock) -> None:
        self.engine, self.clock = engine, clock
        self.player = Player(engine)
        self.office = TodoOffice(self.player)

    def run(self, transfers: int, has_exception: bool) -> int:
        """The whole case; the exit code."""
        item = self._begin()
        holder = self._transfer(item, transfers)
        if has_exception:
            self._except(item, holder)
        self._wait_until_overdue(item)
        repeated = self._press_link(holder)
        return self._prove(item, transfers, has_exception, repeated)

    def _begin(self) -> str:
        liu = self.office.people["liu"]
        save_preferences(self.engine, liu, Preferences({"mail": Address("liu.yang@example.org")}))
        case = self.office.add(["liu"], title="核对九月对账单差额", body="请核对第 3 页的差额，并登记原因。")
        say("Su adds an item for Liu; it takes effect once a second person has reviewed it.")
        item = self.office.approve(case)
        told = list_told(self.engine, liu, "en", 1)[0]
        say(f"Pan approves. Liu gets the item itself with its reminder: {told.title}.")
        return item

    def _transfer(self, item: str, transfers: int) -> str:
        holders = ["liu", "sun", "wei", "liu", "sun", "wei"][: transfers + 1]
        for by, to in pairwise(holders):
            self.office.transfer(item, by, to, "他更熟悉此账户的情况。")
            self.office.do(to, item, "accept_transfer", answer="accept")
            say(f"{by} transfers it to {to}, who is reminded at once and accepts.")
        return holders[-1]

    def _except(self, item: str, holder: str) -> None:
        self.office.do(
            *(holder, item, "handle"),
            action="exception",
            event_type="system_outage",
            description="对账系统无法登录，暂时不能核对。",
        )
        with self.engine.database.read() as connection:
            people = connection.execute(
                select(func.count()).where(notification.c.template == "todo_exception")
            ).scalar_one()
        say(f"{holder} files a system outage: the item is paused, {people} people know at once.")
        self._advance(hours=1)
        self.office.do("heming", item, "resolve_exception", outcome="resume", resolution="系统已恢复，请继续核对。")
        say("An hour later the owner of exceptions closes it; the item goes on.")

    def _wait_until_overdue(self, item: str) -> None:
        for _ in range(110):
            self._advance(minutes=30)
        say(f"Nobody acts for two days: reminders go out by the rule; it escalates to level {self._row(item).level}.")

    def _press_link(self, holder: str) -> bool:
        told = list_told(self.engine, self.office.people[holder], "en", 20)
        path = next(str(action["path"]) for one in told for action in one.actions if action["key"] == "complete")
        link = read_link(self.engine.keys, unquote(path.removeprefix(PATH)))
        first = self.player.send(lambda: act(self.engine, link))
        again = look(self.engine, link)
        say(f"{holder} presses the button of the message: {first.outcome}; pressed again: {again.outcome}.")
        return (first.outcome, again.outcome) == ("done", "done")

    def _prove(self, item: str, transfers: int, has_exception: bool, repeated: bool) -> int:
        row = self._row(item)
        findings = list(verify(self.engine))
        with self.engine.database.read() as connection:
            accepted = self._count(connection, todo_transfer, todo_transfer.c.state == "accepted")
            open_ = self._count(connection, todo_reminder, todo_reminder.c.state == "planned")
            queued = self._count(connection, delivery, delivery.c.state == "queued")
            shown = self._count(
                connection,
                notification,
                (notification.c.subject == f"todo:{row.id}") & notification.c.withdrawn_at.is_(None),
            )
            exceptions = self._count(connection, todo_exception, todo_exception.c.closed_at.is_not(None))
            counts = count_rows(connection)
        held = [
            prove("the item is handled once", row.state == "done" and repeated, f"{row.number}: {row.state}"),
            prove("every transfer was accepted", accepted == transfers, f"{accepted} of {transfers}"),
            prove("every exception is closed", exceptions == int(has_exception), f"{exceptions}"),
            prove("it is closed everywhere", not open_ and not queued, f"{open_} reminders, {queued} messages left"),
            prove("only who wanted to stay informed still sees it", shown <= transfers, f"{shown} notifications"),
            prove("all that is remembered is verified", not findings, ", ".join(f"{n} {t}" for t, n in counts.items())),
        ]
        return 0 if all(held) else 1

    def _count(self, connection: Connection, table: Table, condition: ColumnElement[bool]) -> int:
        return int(connection.execute(select(func.count()).select_from(table).where(condition)).scalar_one())

    def _row(self, item: str) -> Any:
        with self.engine.database.read() as connection:
            return connection.execute(select(todo_handling).where(todo_handling.c.item_id == item)).one()

    def _advance(self, **duration: float) -> None:
        self.clock.at += timedelta(**duration)
        self.player.send(lambda: None)
