"""Where couriers on duty are, written in batches."""

from collections.abc import Mapping

from sqlalchemy import bindparam, insert, select, update

from engine.records.jobs import enqueue
from engine.services.dispatch.cells import find_cells
from engine.services.dispatch.courier_classes import PROFESSIONAL
from engine.services.dispatch.tables import courier, courier_place
from engine.services.places.geometry import Place
from engine.storage.database import UnitOfWork

CATCH_UP = "dispatch.catch_up"  # job: tells couriers who came elsewhere of the offers there
_KNOWN = (
    select(courier.c.id, courier.c.courier_class, courier.c.range_m, courier_place.c.cell_9)
    .outerjoin(courier_place, courier_place.c.courier_id == courier.c.id)
    .where(courier.c.id.in_(bindparam("couriers", expanding=True)), courier.c.on_duty_since.is_not(None))
)
_MOVED = ("lat", "lng", "cell_9", "cell_8", "cell_7", "seen_at")
_UPDATE = (
    update(courier_place)
    .where(courier_place.c.courier_id == bindparam("courier_id_"))
    .values({name: bindparam(name) for name in _MOVED})
)


def update_places(unit: UnitOfWork, positions: Mapping[str, Place]) -> frozenset[str]:
    """Keeps where couriers are, as long as they are on duty; gives those who are. What others tell is not kept.

    One call and three statements for however many there are. Couriers who came elsewhere hear of the offers there.
    """
    if not positions:
        return frozenset()
    rows = unit.connection.execute(_KNOWN, {"couriers": list(positions)}).all()
    known = {row.id: row for row in rows}
    told = {one: positions[one].as_plain() | find_cells(positions[one]) | {"seen_at": unit.now} for one in known}
    fresh = [
        {"courier_id": one, "courier_class": row.courier_class, "range_m": row.range_m} | told[one]
        for one, row in known.items()
        if row.cell_9 is None
    ]
    moved = [told[one] | {"courier_id_": one} for one, row in known.items() if row.cell_9 is not None]
    if fresh:
        unit.connection.execute(insert(courier_place), fresh)
    if moved:
        unit.connection.execute(_UPDATE, moved)
    elsewhere = [
        one
        for one, row in sorted(known.items())
        if row.courier_class == PROFESSIONAL and row.cell_9 != told[one]["cell_9"]
    ]
    if elsewhere:
        enqueue(unit.connection, unit.now, CATCH_UP, {"couriers": [*elsewhere]})
    return frozenset(known)
