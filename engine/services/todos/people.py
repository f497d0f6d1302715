"""Who has an item to do: handlers, whoever stands in for them, and what they are called."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, select

from engine.definitions.registry import RelationCall, relation
from engine.services.todos.states import fetch_handling
from engine.services.todos.tables import todo_absence, todo_transfer
from engine.storage.actor import PLATFORM, STAFF
from engine.storage.plain import Plain
from engine.storage.tables import membership, party, user

HANDLER, SUPERVISOR = "todo_handler", "todo_supervisor"


def list_handlers(connection: Connection) -> list[str]:
    """User ids of everybody who may be given items."""
    query = (
        select(membership.c.user_id)
        .join(user, user.c.id == membership.c.user_id)
        .where(membership.c.party_id == PLATFORM, membership.c.role == HANDLER, membership.c.is_disabled == 0)
        .where(user.c.is_disabled == 0)
    )
    return sorted(connection.execute(query).scalars())


def find_substitutes(connection: Connection, user_ids: Collection[str], now: datetime) -> dict[str, list[str]]:
    """Who stands in at this instant for each of the users who is absent."""
    query = select(todo_absence.c.user_id, todo_absence.c.substitute_id).where(
        todo_absence.c.user_id.in_(list(user_ids)),
        todo_absence.c.from_at <= now,
        todo_absence.c.until_at > now,
        todo_absence.c.ended_at.is_(None),
    )
    rows = connection.execute(query).all()
    active = {*list_handlers(connection)} if rows else set()  # a substitute may have left himself
    found: dict[str, list[str]] = {}
    for user_id, substitute_id in rows:
        if substitute_id in active:
            found.setdefault(user_id, []).append(substitute_id)
    return found


def add_substitutes(user_ids: Collection[str], substitutes: Mapping[str, list[str]]) -> list[str]:
    """The users themselves, then who stands in for them."""
    standing_in = {one for user_id in user_ids for one in substitutes.get(user_id, ())}
    return [*user_ids, *sorted(standing_in - {*user_ids})]


def with_substitutes(connection: Connection, user_ids: Collection[str], now: datetime) -> list[str]:
    """The users themselves, then who stands in for them at this instant."""
    return add_substitutes(user_ids, find_substitutes(connection, user_ids, now))


def find_logins(connection: Connection, logins: Collection[str]) -> dict[str, str]:
    """User ids by login."""
    query = select(user.c.login, user.c.id).where(user.c.login.in_([one.casefold() for one in logins]))
    known = {row.login: row.id for row in connection.execute(query)}
    return {one: known[one.casefold()] for one in logins if one.casefold() in known}


@relation("todo_handlers")
def relate_handlers(call: RelationCall) -> list[str]:
    """Those who have the item of this case now, and who stands in for them."""
    handling = fetch_handling(call.connection, str(call.data["handling_id"]))
    handlers = cast(list[str], handling["handlers"])
    return [STAFF + one for one in with_substitutes(call.connection, handlers, call.now)]


@relation("todo_transferee")
def relate_transferee(call: RelationCall) -> list[str]:
    """To whom the item of this case is being transferred."""
    query = select(todo_transfer.c.to_id).where(
        todo_transfer.c.handling_id == str(call.data["handling_id"]), todo_transfer.c.state == "offered"
    )
    return [STAFF + one for one in call.connection.execute(query).scalars()]


def name_people(connection: Connection, user_ids: Collection[str]) -> dict[str, tuple[str, str]]:
    """Chinese and English names by user id."""
    query = select(party.c.id, party.c.name_zh, party.c.name_en).where(party.c.id.in_(list(user_ids)))
    return {row.id: (row.name_zh, row.name_en) for row in connection.execute(query)}


def list_names(connection: Connection, user_ids: Collection[str]) -> str:
    """Names as a message holds them, in one text for both languages."""
    names = name_people(connection, user_ids)
    return ", ".join(" ".join(dict.fromkeys(names[one])) for one in user_ids if one in names)


def describe_rows(connection: Connection, user_ids: Collection[str], language: str) -> list[Plain]:
    """People as rows of a form: id and name."""
    names = name_people(connection, user_ids)
    return [{"id": one, "name": names[one][0 if language == "zh" else 1]} for one in user_ids if one in names]
