"""What people and other systems do with items beside their tasks: begin a change, take items in, leave for a while."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.commands.instances import start_instance
from engine.definitions.registry import JobDone, JobRun, job_handler
from engine.records.jobs import enqueue
from engine.records.messages import add_message
from engine.runtime.engine import Engine
from engine.runtime.errors import Forbidden, NotFound
from engine.runtime.step import Step
from engine.services.todos.content import find_problems, make_content
from engine.services.todos.errors import ChangeOpen, ItemUnfit
from engine.services.todos.people import list_handlers
from engine.services.todos.states import fetch_item
from engine.services.todos.tables import todo_absence, todo_change, todo_handling, todo_item
from engine.services.todos.topics.maintaining import ADD, DELETE, DRAFT, HANDLERS, MODIFY
from engine.services.todos.topics.supervising import HANDLER_CHANGED
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict

PROCESS = "todo_maintenance"
ABSENCE = "todo.absence"
KINDS = (MODIFY, HANDLERS, DELETE)


def add_item(engine: Engine, actor: Actor, token: str) -> str:
    """Begins a new item, to be filled in; gives the case of its first change."""
    return _begin_change(engine, actor, token, ADD, new_item=make_content({"title": "", "body": ""}))


def change_item(engine: Engine, actor: Actor, token: str, item_id: str, kind: str) -> str:
    """Begins a change of an item (modify, handlers, delete); gives its case. Raises NotFound, ChangeOpen."""
    with engine.database.read() as connection:
        _check_changeable(connection, item_id)
    return _begin_change(engine, actor, token, kind, item_id=item_id)


def _check_changeable(connection: Connection, item_id: str) -> None:
    query = select(todo_item.c.state).where(todo_item.c.id == item_id)
    if connection.execute(query).scalar_one_or_none() != "active":
        raise NotFound("todo", item_id)
    if connection.execute(select(todo_change.c.id).where(todo_change.c.open_item_id == item_id)).first():
        raise ChangeOpen(item_id)


def _begin_change(
    engine: Engine,
    actor: Actor,
    token: str,
    kind: str,
    *,
    item_id: str = "",
    new_item: PlainDict | None = None,
    filled: PlainDict | None = None,
    origin: tuple[str, str] = ("", ""),
) -> str:
    """One step: the row of the change, of a new item also its own, and the case. `filled`: nothing is left to fill in;
    it does not wait for a manager who is still at it, whose change is then found to be out of date.

    `origin`: the token of the system an item comes from, and its id there.
    """

    def record(step: Step) -> PlainDict:
        connection = step.connection
        found = item_id or _insert_item(step, actor, new_item or {}, origin)
        item = fetch_item(connection, found)
        is_open = select(todo_change.c.id).where(todo_change.c.open_item_id == found)
        if filled is None and connection.execute(is_open).first():
            raise ChangeOpen(found)
        row = {
            "id": step.instance_id,
            "item_id": found,
            "open_item_id": found if filled is None else None,
            "kind": kind,
            "base_version": item["version"],
            "content": filled or item["content"],
            "state": DRAFT,
            "maker_id": actor.user_id,
            "made_at": step.now,
        }
        connection.execute(insert(todo_change).values(row))
        return {"item_id": found, "kind": kind, "maker": actor.data_id, "is_filled": filled is not None}

    values: PlainDict = {"kind": kind, "item_id": item_id, "filled": filled}
    try:
        return start_instance(engine, actor, PROCESS, values, token, take_in=record)
    except IntegrityError as error:  # on SQLite two that began at once
        raise ChangeOpen(item_id) from error


def _insert_item(step: Step, actor: Actor, content: PlainDict, origin: tuple[str, str]) -> str:
    item_id = new_id()
    source_id, external_id = origin
    row = {
        "id": item_id,
        "number": f"TD-{item_id[-8:].upper()}",
        "source_id": source_id,
        "external_id": external_id or item_id,
        "version": 0,
        "state": "pending",
        "title": content["title"],
        "content": content,
        "occurrences": 0,
        "created_by": actor.user_id,
        "created_at": step.now,
        "updated_at": step.now,
    }
    step.connection.execute(insert(todo_item).values(row))
    return item_id


def take_in_item(engine: Engine, actor: Actor, token: str, external_id: str, values: Mapping[str, Plain]) -> str:
    """Another system sends an item, or sends it again changed; gives its number. The same content changes nothing.

    Raises ItemUnfit.
    """
    is_known = (todo_item.c.source_id == actor.user_id, todo_item.c.external_id == external_id)
    with engine.database.read() as connection:
        row = connection.execute(select(todo_item).where(*is_known)).mappings().one_or_none()
        content = _read_sent(connection, engine.clock(), values, row["content"] if row else None)
    if row is not None and row["state"] == "deleted":
        raise ItemUnfit(["withdrawn"])
    if row is not None and row["content"] == content:
        return str(row["number"])
    kind = ADD if row is None else MODIFY
    origin = (actor.user_id, external_id)
    item_id = str(row["id"]) if row else ""
    _begin_change(engine, actor, token, kind, item_id=item_id, new_item=content, filled=content, origin=origin)
    with engine.database.read() as connection:
        return str(connection.execute(select(todo_item.c.number).where(*is_known)).scalar_one())


def _read_sent(
    connection: Connection, now: datetime, values: Mapping[str, Plain], before: PlainDict | None
) -> PlainDict:
    try:
        content = make_content(values, before)
        problems = find_problems(content, list_handlers(connection), now)
    except (ValueError, TypeError, KeyError) as error:
        raise ItemUnfit(["fields"]) from error
    if problems:
        raise ItemUnfit(problems)
    return content


def withdraw_item(engine: Engine, actor: Actor, token: str, external_id: str) -> None:
    """Another system withdraws its item. Raises NotFound."""
    is_known = (todo_item.c.source_id == actor.user_id, todo_item.c.external_id == external_id)
    with engine.database.read() as connection:
        row = connection.execute(select(todo_item).where(*is_known)).mappings().one_or_none()
    if row is None:
        raise NotFound("todo", external_id)
    if row["state"] != "deleted":
        _begin_change(engine, actor, token, DELETE, item_id=row["id"], filled=row["content"])


def enter_absence(
    engine: Engine, actor: Actor, token: str, substitute_id: str, from_at: datetime, until_at: datetime
) -> None:
    """The actor is away for a while, and somebody has his items meanwhile. A repeated token changes nothing.

    Raises Forbidden for a substitute who may not handle items, or a time that does not end after now.
    """
    row = {
        "id": token,
        "user_id": actor.user_id,
        "substitute_id": substitute_id,
        "from_at": from_at,
        "until_at": until_at,
        "entered_by": actor.user_id,
    }

    def work(unit: UnitOfWork) -> None:
        is_fit = substitute_id != actor.user_id and substitute_id in list_handlers(unit.connection)
        if not is_fit or until_at <= max(from_at, unit.now):
            raise Forbidden("Expected another handler and a time that is still to end", substitute=substitute_id)
        if unit.connection.execute(select(todo_absence.c.id).where(todo_absence.c.id == token)).first():
            return
        unit.connection.execute(insert(todo_absence).values(row))
        payload: PlainDict = {"user": actor.user_id}
        for at in (from_at, until_at):
            enqueue(unit.connection, unit.now, ABSENCE, payload, max(at, unit.now), f"{ABSENCE}:{token}:{at}")

    engine.database.transact(work)


def end_absence(engine: Engine, actor: Actor, absence_id: str) -> None:
    """The actor is back early. Raises NotFound."""

    def work(unit: UnitOfWork) -> None:
        is_own = (todo_absence.c.id == absence_id) & (todo_absence.c.user_id == actor.user_id)
        ended = update(todo_absence).where(is_own, todo_absence.c.ended_at.is_(None)).values(ended_at=unit.now)
        if not unit.connection.execute(ended).rowcount:
            raise NotFound("absence", absence_id)
        _offer_again(unit.connection, unit.now, actor.user_id)

    engine.database.transact(work)


def _offer_again(connection: Connection, now: datetime, user_id: str) -> None:
    """Everything the user has to do is offered anew: to whoever stands in for him now."""
    query = select(todo_handling.c.id, todo_handling.c.handlers).where(todo_handling.c.closed_at.is_(None))
    for row in connection.execute(query):
        if user_id in row.handlers:
            add_message(connection, now, HANDLER_CHANGED, row.id, {"handlers": []})


@job_handler(ABSENCE)
def look_who_is_away(_run: JobRun) -> Plain:
    """Everything happens in the transaction that deletes the job."""
    return None


@look_who_is_away.finish
def offer_again(done: JobDone, _result: Plain) -> None:
    """An absence begins or ends: the items go to whoever stands in, or back."""
    _offer_again(done.connection, done.now, str(done.payload["user"]))
