"""Repair orders as pages list them, each only as far as who looks may see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, func, select

from engine.queries.inbox import find_tasks_of_case
from engine.runtime.engine import Engine
from engine.runtime.errors import Forbidden, NotFound
from engine.services.repairs.access import STAFF, Access, list_own_orders, look
from engine.services.repairs.people import list_technicians
from engine.services.repairs.reports import list_reports
from engine.services.repairs.states import DONE, list_lines, list_members, list_turns, mark_members
from engine.services.repairs.tables import (
    repair_dissent,
    repair_info,
    repair_order,
    repair_photo,
    repair_photo_facts,
    repair_report,
    repair_turn,
    repair_verdict,
)
from engine.storage import vault
from engine.storage.actor import PLATFORM, Actor
from engine.storage.plain import Plain
from engine.storage.tables import file

LIMIT = 200


@dataclass(frozen=True)
class OrderLine:
    """An order in a list, with how far its team is in this round."""

    row: RowMapping
    sent: int
    expected: int
    photos: int


@dataclass(frozen=True)
class Place:
    """A place in the team and its turn in the newest round, if there is one."""

    member: RowMapping
    mark: str
    turn: RowMapping | None
    photos: int


@dataclass(frozen=True)
class OrderView:
    """An order for one reader: only what he may see is there."""

    access: Access
    contact: str | None
    lines: Sequence[RowMapping]
    places: list[Place]
    former: list[Place]
    infos: list[RowMapping]
    photos: list[RowMapping]
    reports: list[RowMapping]
    verdicts: Sequence[RowMapping]
    dissents: Sequence[RowMapping]
    tasks: Mapping[str, str]
    technicians: list[dict[str, Plain]]

    @property
    def order(self) -> RowMapping:
        return self.access.order


def list_orders(connection: Connection, actor: Actor) -> list[OrderLine]:
    """The newest orders: all for the platform's people, else those of the actor's teams and his party's own."""
    query = select(repair_order).order_by(repair_order.c.created_at.desc(), repair_order.c.id.desc()).limit(LIMIT)
    if not (actor.party_id == PLATFORM and actor.role in STAFF):
        query = query.where(repair_order.c.id.in_(list_own_orders(connection, actor)))
    rows = connection.execute(query).mappings().all()
    ids = [row["id"] for row in rows]
    sent = repair_turn.c.info_state == DONE
    turns = (
        select(repair_turn.c.order_id, func.count().label("expected"), func.count().filter(sent).label("sent"))
        .join(repair_order, repair_order.c.id == repair_turn.c.order_id)
        .where(repair_turn.c.order_id.in_(ids), repair_turn.c.round == repair_order.c.round)
        .group_by(repair_turn.c.order_id)
    )
    told = {row.order_id: row for row in connection.execute(turns)}
    counted = select(repair_photo.c.order_id, func.count()).where(repair_photo.c.order_id.in_(ids))
    photos = {row[0]: row[1] for row in connection.execute(counted.group_by(repair_photo.c.order_id))}
    return [
        OrderLine(
            row,
            told[row["id"]].sent if row["id"] in told else 0,
            told[row["id"]].expected if row["id"] in told else 0,
            photos.get(row["id"], 0),
        )
        for row in rows
    ]


def fetch_view(engine: Engine, actor: Actor, order_id: str) -> OrderView:
    """An order with its team and all the reader may see of it. Raises NotFound, for a stranger as well."""
    with engine.database.read() as connection:
        access = look(connection, actor, order_id)
        content = access.order["content"]
        is_near = access.member is not None or access.role in STAFF
        contact = vault.open_reference(connection, engine.keys, content["contact"]) if content["contact"] else None
        members = list_members(connection, order_id, is_present=False)
        photos = _list_photos(connection, order_id)
        places = _list_places(connection, access, members, photos)
        return OrderView(
            access=access,
            contact=contact if is_near else None,
            lines=list_lines(connection, order_id),
            places=[one for one in places if one.member["left_at"] is None],
            former=[one for one in places if one.member["left_at"] is not None],
            infos=[row for row in _list_rows(connection, repair_info, order_id) if access.sees_info(row)],
            photos=[row for row in photos if access.sees_photo(row)],
            reports=[row for row in list_reports(connection, order_id) if access.sees_report(row["kind"])],
            verdicts=_list_rows(connection, repair_verdict, order_id),
            dissents=[] if access.is_customer else _list_rows(connection, repair_dissent, order_id),
            tasks=find_tasks_of_case(connection, actor, order_id),
            technicians=list_technicians(connection) if access.role == "repair_dispatcher" else [],
        )


def _list_rows(connection: Connection, table: object, order_id: str) -> Sequence[RowMapping]:
    query = select(table).filter_by(order_id=order_id)  # type: ignore[call-overload]
    return connection.execute(query).mappings().all()


def _list_photos(connection: Connection, order_id: str) -> list[RowMapping]:
    query = (
        select(repair_photo, repair_photo_facts.c.content.label("facts"), file.c.name)
        .join(file, file.c.id == repair_photo.c.file_id)
        .outerjoin(repair_photo_facts, repair_photo_facts.c.photo_id == repair_photo.c.id)
        .where(repair_photo.c.order_id == order_id)
        .order_by(repair_photo.c.id)
    )
    return list(connection.execute(query).mappings())


def _list_places(
    connection: Connection, access: Access, members: Sequence[RowMapping], photos: Sequence[RowMapping]
) -> list[Place]:
    round_ = access.order["round"]
    turns = {one["member_id"]: one for one in list_turns(connection, access.order["id"], round_)}
    marks = mark_members(members)
    return [
        Place(
            member,
            marks[member["id"]],
            turns.get(member["id"]),
            sum(one["member_id"] == member["id"] and one["round"] == round_ for one in photos),
        )
        for member in members
    ]


def fetch_report(engine: Engine, actor: Actor, order_id: str, version: int) -> RowMapping:
    """A version of the report as it was kept. Raises NotFound, and Forbidden for a customer before it is put out."""
    with engine.database.read() as connection:
        access = look(connection, actor, order_id)
        query = select(repair_report).where(repair_report.c.order_id == order_id, repair_report.c.version == version)
        found = connection.execute(query).mappings().one_or_none()
    if found is None:
        raise NotFound("report", f"{order_id}/{version}")
    if not access.sees_report(found["kind"]):
        raise Forbidden("Expected a report that was put out", order_id=order_id)
    return found
