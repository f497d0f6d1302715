"""What reminders cost does not grow with their number: counted, since times depend on the machine."""

from collections import Counter
from dataclasses import replace

from sqlalchemy import func, select

from bench.measuring import count_sql
from engine.commands.work import settle
from engine.runtime.engine import Engine
from engine.services.notifications.tables import delivery
from engine.services.todos.tables import todo_reminder
from tests.engine.services.notifications.receivers import mail_server
from tests.engine.services.todos.crowd import gather_crowd

REMINDERS, HANDLERS = 1_000, 10
STATEMENTS_A_REMINDER, COMMITS = 0.2, 30


def test_a_thousand_reminders_of_one_minute_are_few_transactions_and_each_comes_once(any_engine: Engine) -> None:
    gather_crowd(any_engine, REMINDERS, HANDLERS, any_engine.clock())
    with mail_server() as inbox, count_sql(any_engine.database) as counts:
        url = f"smtp://127.0.0.1:{inbox.port}"
        any_engine.settings = replace(any_engine.settings, smtp_url=url, mail_from="baton@example.org")
        settle(any_engine)
        mails = inbox.arrivals
    assert Counter(str(mail["To"]) for mail in mails) == {
        f"handler{number}@example.org": REMINDERS // HANDLERS for number in range(HANDLERS)
    }
    assert len({mail["Message-ID"] for mail in mails}) == REMINDERS
    with any_engine.database.read() as connection:
        for table, state in ((todo_reminder, "sent"), (delivery, "sent")):
            query = select(table.c.state, func.count()).group_by(table.c.state)
            assert [tuple(row) for row in connection.execute(query)] == [(state, REMINDERS)]
    rest = [one for one in counts.statements if not one.startswith("INSERT")]  # SQLite tells of each row put in
    assert len(rest) <= REMINDERS * STATEMENTS_A_REMINDER, Counter(rest).most_common(5)
    assert counts.commits <= COMMITS
