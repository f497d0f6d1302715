"""Who takes part in a repair order: technicians to choose from, the team, and what the diagrams call them."""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, func, select

from engine.definitions.registry import RelationCall, relation
from engine.services.onboarding.person_tables import capacity
from engine.services.repairs.inputs import list_gaps
from engine.services.repairs.states import CLOSED, CREATED, LEADER, fetch_turn, list_members, mark_members
from engine.services.repairs.tables import repair_member, repair_order
from engine.storage.plain import Plain
from engine.storage.tables import membership, party, user

TECHNICIAN, GRANTED = "technician", "granted"  # as the onboarding writes them down
_IDLE = frozenset({CREATED, *CLOSED})


def list_technicians(connection: Connection) -> list[dict[str, Plain]]:
    """Everybody who may be put on a team, with name, trades and how many open orders he is on; the idle first."""
    load = (
        select(repair_member.c.user_id, func.count().label("load"))
        .join(repair_order, repair_order.c.id == repair_member.c.order_id)
        .where(repair_member.c.left_at.is_(None), repair_order.c.state.not_in(_IDLE))
        .group_by(repair_member.c.user_id)
        .subquery()
    )
    query = (
        select(user.c.id, party.c.name_zh, party.c.name_en, membership.c.skills, load.c.load)
        .join(party, party.c.id == user.c.id)
        .join(membership, (membership.c.user_id == user.c.id) & (membership.c.party_id == user.c.id))
        .outerjoin(load, load.c.user_id == user.c.id)
        .where(user.c.is_disabled == 0, membership.c.is_disabled == 0, membership.c.role == "individual")
        .order_by(func.coalesce(load.c.load, 0), user.c.id)
    )
    trades = _list_trades(connection)
    return [
        {
            "id": row.id,
            "name_zh": row.name_zh,
            "name_en": row.name_en,
            "trades": trades.get(row.id, []),
            "load": row.load or 0,
        }
        for row in connection.execute(query)
        if TECHNICIAN in row.skills
    ]


def _list_trades(connection: Connection) -> dict[str, Plain]:
    query = select(capacity.c.party_id, capacity.c.stated).where(
        capacity.c.kind == TECHNICIAN, capacity.c.state == GRANTED
    )
    return {row.party_id: row.stated.get("trades") or [] for row in connection.execute(query)}


def find_member(connection: Connection, order_id: str, user_id: str) -> RowMapping | None:
    """A user's place in the team that he has now."""
    return next((one for one in list_members(connection, order_id) if one["user_id"] == user_id), None)


def find_leader(connection: Connection, order_id: str) -> RowMapping:
    """The leader's place. Raises StopIteration before there is a team."""
    return next(one for one in list_members(connection, order_id) if one["role"] == LEADER)


def find_submitters(members: Sequence[RowMapping]) -> list[str]:
    """Who may merge and submit: the leader, and the deputy once he is appointed."""
    return [one["user_id"] for one in members if one["role"] == LEADER or (one["is_deputy"] and one["appointed_at"])]


@relation("repair_leader")
def relate_leader(call: RelationCall) -> list[str]:
    """The leader of the team, and the deputy once he is appointed to stand in for him."""
    return find_submitters(list_members(call.connection, call.instance_id))


@relation("repair_submitters")
def relate_submitters(call: RelationCall) -> list[str]:
    """Who may submit the report: the leader and the deputy he appointed."""
    return relate_leader(call)


@relation("repair_deputy")
def relate_deputy(call: RelationCall) -> list[str]:
    """The deputy, appointed or not."""
    return [one["user_id"] for one in list_members(call.connection, call.instance_id) if one["is_deputy"]]


@relation("repair_turn")
def relate_turn(call: RelationCall) -> list[str]:
    """The member who has this turn now."""
    turn = fetch_turn(call.connection, str(call.data["turn"]))
    query = select(repair_member.c.user_id).where(repair_member.c.id == turn["member_id"])
    return list(call.connection.execute(query).scalars())


@relation("repair_team")
def relate_team(call: RelationCall) -> list[str]:
    """Everybody who is or was on the team: who repaired does not verify."""
    return sorted({one["user_id"] for one in list_members(call.connection, call.instance_id, is_present=False)})


@relation("repair_gap_fixers")
def relate_gap_fixers(call: RelationCall) -> list[str]:
    """The leader, and the members whom a gap of the report concerns."""
    members = list_members(call.connection, call.instance_id)
    marks = mark_members(list_members(call.connection, call.instance_id, is_present=False))
    concerned = {mark for gap in list_gaps(call.connection, call.instance_id) for mark in gap.marks}
    others = [one["user_id"] for one in members if marks[one["id"]] in concerned]
    return [*dict.fromkeys([*find_submitters(members), *others])]
