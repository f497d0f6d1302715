"""Pushing: professional couriers are told of every order in both ranges, the nearest first (ER-10, AM8).

Told means a notification, and a note to the courier's open pages. It happens right after the offer was opened or
widened, in transactions of their own of at most PUSH_COUNT couriers each; couriers who come into range later are told
when their place was written down. Once an offer is gone their pages are told so and the notifications taken back.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, RowMapping, delete, insert, select

from engine.definitions.forms.typed import format_yuan
from engine.definitions.registry import JobDone, JobRun, job_handler
from engine.services.dispatch.courier_classes import PROFESSIONAL
from engine.services.dispatch.near_offers import find_duty, list_near
from engine.services.dispatch.nearest import Search, find_nearest
from engine.services.dispatch.positions import CATCH_UP
from engine.services.dispatch.rows import NO_ZONE, OPEN, PUSH, courier_topic, find_offer, read_pickup
from engine.services.dispatch.tables import errand_push
from engine.services.dispatch.words import CATEGORIES
from engine.services.job_engine import engine_of
from engine.services.notifications.telling import Notice, tell, withdraw
from engine.storage.plain import Plain

PUSH_COUNT = 200
MAX_RANGE_M = 10_000  # no courier's own range is wider
TEMPLATE = "errand_offered"


@job_handler(PUSH)
def push(run: JobRun) -> Plain:
    """Finds the nearest couriers who have not been told of an offer; nobody where it is not open any more."""
    order_id = str(run.payload["order_id"])
    with engine_of(run).database.read() as connection:
        row = find_offer(connection, order_id)
        if row is None or row["state"] != OPEN:
            return []
        wanted = Search(
            order_id=order_id,
            round=row["round"],
            requester_id=row["requester_id"],
            courier_class=PROFESSIONAL,
            radius_m=float(min(row["range_m"], MAX_RANGE_M)),
            limit=PUSH_COUNT,
        )
        return [one.courier_id for one in find_nearest(connection, read_pickup(row), wanted)]


@push.finish
def record_push(done: JobDone, found: Plain) -> None:
    """Writes down who is told, and goes on where there may be more of them."""
    order_id = str(done.payload["order_id"])
    row = find_offer(done.connection, order_id)
    if row is None or row["state"] != OPEN:
        _take_back(done, order_id)
    elif isinstance(found, list) and found:
        _push_to(done, row, map(str, found))
        if len(found) == PUSH_COUNT:
            done.enqueue(PUSH, {"order_id": order_id})


@job_handler(CATCH_UP)
def catch_up(run: JobRun) -> Plain:
    """Finds what couriers who came elsewhere have not been told of: orders, and the couriers of each."""
    found: dict[str, list[Plain]] = {}
    couriers = run.payload["couriers"]
    assert isinstance(couriers, list)
    with engine_of(run).database.read() as connection:
        for courier_id in map(str, couriers):
            for order_id in _list_untold(connection, courier_id):
                found.setdefault(order_id, []).append(courier_id)
    return {**found}


@catch_up.finish
def record_catch_up(done: JobDone, found: Plain) -> None:
    """Writes down who is told of what."""
    assert isinstance(found, dict)
    for order_id, couriers in found.items():
        row = find_offer(done.connection, order_id)
        if row is not None and row["state"] == OPEN and isinstance(couriers, list):
            _push_to(done, row, map(str, couriers))


def _list_untold(connection: Connection, courier_id: str) -> list[str]:
    duty = find_duty(connection, courier_id)
    if duty is None or duty.courier_class != PROFESSIONAL:
        return []
    query = select(errand_push.c.order_id, errand_push.c.round).where(errand_push.c.courier_id == courier_id)
    told = {(row.order_id, row.round) for row in connection.execute(query)}
    return [row.order_id for row in list_near(connection, duty) if (row.order_id, row.round) not in told]


def _push_to(done: JobDone, row: RowMapping, couriers: Iterable[str]) -> None:
    order_id, people = row["order_id"], sorted(set(couriers))
    same = (errand_push.c.order_id == order_id, errand_push.c.courier_id.in_(people))
    is_told = select(errand_push.c.courier_id).where(*same, errand_push.c.round == row["round"])
    known = set(done.connection.execute(is_told).scalars())
    people = [one for one in people if one not in known]
    if not people:
        return
    done.connection.execute(delete(errand_push).where(*same, errand_push.c.round != row["round"]))
    told = {"order_id": order_id, "round": row["round"], "pushed_at": done.now}
    done.connection.execute(insert(errand_push), [told | {"courier_id": one} for one in people])
    _notify(done, row, people)
    done.announce(*map(courier_topic, people))


def _notify(done: JobDone, row: RowMapping, people: list[str]) -> None:
    zh, en = CATEGORIES[row["category"]]
    notice = Notice(
        key=f"offer:{row['order_id']}:{row['round']}",
        template=TEMPLATE,
        facts={"category_zh": zh, "category_en": en, "fee": format_yuan(row["fee_fen"] + row["tip_fen"])},
        subject=f"offer:{row['order_id']}",
        path="/courier",
        recipients=people,
        channels=(),
        is_urgent=True,
    )
    tell(done, NO_ZONE, [notice])


def _take_back(done: JobDone, order_id: str) -> None:
    same = errand_push.c.order_id == order_id
    told = sorted(done.connection.execute(select(errand_push.c.courier_id).where(same)).scalars())
    if told:
        done.connection.execute(delete(errand_push).where(same))
        withdraw(done.connection, done.now, f"offer:{order_id}")
        done.announce(*map(courier_topic, told))
