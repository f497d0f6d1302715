"""To-do items as scenarios begin with them: sent by another system, handed out, or about to be changed."""

from sqlalchemy import select

from engine.commands.work import settle
from engine.runtime.engine import Engine
from engine.services.todos.commands import change_item, take_in_item
from engine.services.todos.people import list_handlers
from engine.services.todos.tables import todo_change, todo_handling, todo_item
from engine.storage.actor import Actor
from engine.storage.plain import PlainDict

EXTERNAL_ID = "E-1"
TITLE = "核对对账单"


def send_item(engine: Engine, actor: Actor, token: str) -> str:
    """Another system sends an item for the first handler there is; gives the case of its first change."""
    _send(engine, actor, token, TITLE)
    with engine.database.read() as connection:
        return str(connection.execute(select(todo_change.c.id).order_by(todo_change.c.id.desc()).limit(1)).scalar_one())


def resend_item(engine: Engine, actor: Actor, token: str, title: str) -> None:
    """The system sends that item again, under another title."""
    _send(engine, actor, token, title)


def hand_out_item(engine: Engine, actor: Actor, token: str) -> str:
    """The item of another system is with its handler; gives the case of its handling."""
    return _hand_out(engine, actor, token, {})


def hand_out_checked_item(engine: Engine, actor: Actor, token: str) -> str:
    """The same, of an item whose result is checked."""
    return _hand_out(engine, actor, token, {"needs_check": True})


def begin_change(engine: Engine, actor: Actor, token: str, kind: str) -> str:
    """A manager begins a change (modify, handlers, delete) of the item added last; gives its case."""
    with engine.database.read() as connection:
        item_id = connection.execute(select(todo_item.c.id).order_by(todo_item.c.id.desc()).limit(1)).scalar_one()
    return change_item(engine, actor, token, item_id, kind)


def _hand_out(engine: Engine, actor: Actor, token: str, more: PlainDict) -> str:
    _send(engine, actor, token, TITLE, more)
    settle(engine)
    with engine.database.read() as connection:
        return str(connection.execute(select(todo_handling.c.instance_id)).scalar_one())


def _send(engine: Engine, actor: Actor, token: str, title: str, more: PlainDict | None = None) -> None:
    with engine.database.read() as connection:
        handler = list_handlers(connection)[-1]
    sent: PlainDict = {"title": title, "body": title, "due_rule": "WT:P2D", "handlers": [handler]}
    take_in_item(engine, actor, token, EXTERNAL_ID, sent | (more or {}))
