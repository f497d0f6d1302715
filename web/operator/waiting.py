"""What waits to happen by itself: messages nobody has taken yet, and what begins cases."""

from collections.abc import Callable

from flask import g, render_template

from engine.queries.waiting import list_case_starts, list_waiting_messages
from engine.runtime.engine import Engine
from web.auditor.names import Names


def make_waiting(engine: Engine) -> Callable[[], str]:
    """The view of the page "Messages and timers"."""

    def waiting() -> str:
        messages, total = list_waiting_messages(engine)
        senders = {one.sender for one in messages if one.sender}
        with engine.database.read() as connection:
            names = Names(connection, senders, g.fmt)
        return render_template(
            "operator/waiting.html",
            messages=messages,
            total=total,
            starts=list_case_starts(engine),
            names=names,
        )

    return waiting
