"""Piecework in numbers: what of each delivery was accepted, is to be done again, or is scrap."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from engine.services.work_tasks.tables import engagement, work_quantity


@dataclass(frozen=True)
class Quantities:
    """Pieces of an engagement so far."""

    delivered: int
    accepted: int
    rework: int
    scrap: int


def sum_quantities(connection: Connection, engagement_id: str) -> Quantities:
    """All deliveries of an engagement together."""
    columns = [func.coalesce(func.sum(work_quantity.c[name]), 0) for name in Quantities.__dataclass_fields__]
    row = connection.execute(select(*columns).where(work_quantity.c.engagement_id == engagement_id)).one()
    return Quantities(*(int(value) for value in row))


def count_open(connection: Connection, engagement_id: str) -> int:
    """The pieces a worker may still deliver: his share less what was accepted or scrapped. 0 of other modes."""
    cap = connection.execute(select(engagement.c.quantity_cap).where(engagement.c.id == engagement_id)).scalar_one()
    done = sum_quantities(connection, engagement_id)
    return max(0, int(cap) - done.accepted - done.scrap)
