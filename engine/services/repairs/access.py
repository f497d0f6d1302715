"""Who may see and do what with a repair order: the permission matrix of B.10, in one place."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, bindparam, select

from engine.definitions.registry import file_guard
from engine.runtime.errors import NotFound
from engine.services.repairs.people import find_submitters
from engine.services.repairs.reports import DAILY, FINAL, MERGED, PARTIAL
from engine.services.repairs.states import CLOSED, SIGNING, fetch_order, list_members
from engine.services.repairs.tables import repair_info, repair_member, repair_order, repair_photo
from engine.storage.actor import PLATFORM, Actor
from engine.storage.prepared import Prepared
from engine.storage.tables import membership

DISPATCHER = "repair_dispatcher"
WATCHERS = frozenset({"repair_verifier", "auditor"})  # see everything with its sources, and change nothing
STAFF = WATCHERS | {DISPATCHER}
_IS_REPAIR = Prepared(select(repair_order.c.id).where(repair_order.c.id == bindparam("instance_id_")))
SHOWN_TO_CUSTOMER = frozenset({DAILY, FINAL, PARTIAL})


class Act(StrEnum):
    """What one may do on the page of an order."""

    SUBMIT = "submit"
    CLOSE = "close"
    OPEN_INFO = "open_info"
    APPOINT = "appoint"
    REPLACE = "replace"
    CANCEL = "cancel"
    ADD = "add"


@dataclass(frozen=True)
class Access:
    """An actor before an order that is his business: as member, customer, or one of the platform's people."""

    actor: Actor
    order: RowMapping
    member: RowMapping | None
    former_ids: frozenset[str]  # his places in the team, those he has left as well
    is_leading: bool  # the leader, or the deputy once he is appointed
    is_customer: bool

    @property
    def role(self) -> str:
        return self.actor.role if self.actor.party_id == PLATFORM else ""

    @property
    def sees_all(self) -> bool:
        """Raw information and photos of everybody."""
        return self.is_leading or self.role in WATCHERS

    def sees_info(self, info: RowMapping) -> bool:
        """Whether he may read what somebody sent: his own, all if he leads or watches, what the leader has opened."""
        is_opened = bool(info["is_opened"]) and self.member is not None
        return self.sees_all or info["member_id"] in self.former_ids or is_opened

    def sees_photo(self, photo: RowMapping) -> bool:
        """His own, all if he leads or watches; the customer those of a report he may read."""
        is_out = self.order["state"] in {SIGNING, *CLOSED}
        return self.sees_all or photo["member_id"] in self.former_ids or (self.is_customer and is_out)

    def sees_report(self, kind: str) -> bool:
        """Everybody of the team and the platform; the customer what was put out, or lies before him to sign."""
        if not self.is_customer or self.member is not None or self.role in STAFF:
            return True
        return kind in SHOWN_TO_CUSTOMER or (kind == MERGED and self.order["state"] in {SIGNING, *CLOSED})

    def may(self, act: Act) -> bool:
        """Whether he may do something, if it can be done now."""
        is_dispatcher = self.role == DISPATCHER
        allowed = {
            Act.SUBMIT: self.is_leading,
            Act.CLOSE: self.is_leading,
            Act.OPEN_INFO: self.is_leading,
            Act.APPOINT: is_dispatcher or (self.member is not None and self.member["role"] == "leader"),
            Act.REPLACE: is_dispatcher,
            Act.CANCEL: is_dispatcher,
            Act.ADD: self.member is not None,
        }
        return allowed[act]


def look(connection: Connection, actor: Actor, order_id: str) -> Access:
    """An order for somebody it concerns. Raises NotFound, for a stranger as well."""
    order = fetch_order(connection, order_id)
    everybody = list_members(connection, order_id, is_present=False)
    is_himself = actor.party_id == actor.user_id
    own = [one for one in everybody if is_himself and one["user_id"] == actor.user_id]
    member = next((one for one in own if one["left_at"] is None), None)
    present = [one for one in everybody if one["left_at"] is None]
    access = Access(
        actor,
        order,
        member,
        frozenset(one["id"] for one in own),
        is_leading=member is not None and actor.user_id in find_submitters(present),
        is_customer=actor.party_id == order["customer_id"],
    )
    if not (own or access.is_customer or access.role in STAFF):
        raise NotFound("repair order", order_id)
    return access


def is_customers_person(connection: Connection, user_id: str, order_id: str) -> bool:
    """Whether somebody belongs to the customer, whatever he acts as now."""
    own = select(membership.c.user_id).where(membership.c.user_id == user_id, repair_order.c.id == order_id)
    query = own.join(repair_order, repair_order.c.customer_id == membership.c.party_id)
    return connection.execute(query).first() is not None


def fetch_info(connection: Connection, order_id: str, info_id: str) -> RowMapping:
    """One version of somebody's information. Raises NotFound."""
    query = select(repair_info).where(repair_info.c.id == info_id, repair_info.c.order_id == order_id)
    found = connection.execute(query).mappings().one_or_none()
    if found is None:
        raise NotFound("repair information", info_id)
    return found


def fetch_photo(connection: Connection, order_id: str, photo_id: str) -> RowMapping:
    """One photo. Raises NotFound."""
    query = select(repair_photo).where(repair_photo.c.id == photo_id, repair_photo.c.order_id == order_id)
    found = connection.execute(query).mappings().one_or_none()
    if found is None:
        raise NotFound("photo", photo_id)
    return found


@file_guard
def hide_photos(connection: Connection, actor: Actor, instance_id: str) -> list[str]:
    """Photos of others, from whoever may not see them on the order's page either."""
    if _IS_REPAIR.first(connection, {"instance_id_": instance_id}) is None:
        return []
    if actor.party_id == PLATFORM and actor.role not in STAFF:
        return []  # who reads every case anyway
    access = look(connection, actor, instance_id)
    query = select(repair_photo).where(repair_photo.c.order_id == instance_id)
    return [row["file_id"] for row in connection.execute(query).mappings() if not access.sees_photo(row)]


def list_own_orders(connection: Connection, actor: Actor) -> list[str]:
    """The ids of the orders an actor of the market is on the team of, or is the customer of."""
    teams = select(repair_member.c.order_id).where(repair_member.c.user_id == actor.user_id)
    owns = select(repair_order.c.id).where(repair_order.c.customer_id == actor.party_id)
    chosen = owns.union(teams) if actor.party_id == actor.user_id else owns
    return list(connection.execute(chosen).scalars())
