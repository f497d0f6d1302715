"""Topics that begin and end a tracking, and what becomes of the trail."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from engine.definitions.registry import JobDone, JobRun, TopicCall, job_handler, topic
from engine.services.cases.tables import service_case
from engine.services.places.routes import Vehicle
from engine.services.places.stored import is_placed
from engine.services.policy import end_of
from engine.services.tracking.routing import CLOSED, TO_DROPOFF, TO_PICKUP, ask_for_ways
from engine.services.tracking.tables import position, track
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict

PURGE = "track.purge"
RETENTION = "track_retention"


@topic("tracking.open")
def open_tracking(
    call: TopicCall,
    *,
    courier: str,
    requester: str,
    pickup: dict[str, Plain] | None = None,
    dropoff: dict[str, Plain] | None = None,
    vehicle: str = "e_bike",
    has_goods: bool = False,
) -> PlainDict:
    """From now on the requester sees where the courier of this order is, by his own positions. Of an order that is
    tracked already the courier changes: with `has_goods` he heads for the drop-off at once.

    Places are `{"lat", "lng"}` in micro-degrees or vault references to a place; an errand may have none.
    Returns: track_id.
    """
    _close_open(call, "relayed")
    stage = TO_DROPOFF if has_goods or not is_placed(pickup) else TO_PICKUP
    row: dict[str, Any] = {
        "id": new_id(),
        "order_id": call.instance_id,
        "courier_id": courier,
        "requester_id": requester,
        "vehicle": Vehicle(vehicle).value,
        "stage": stage,
        "pickup": pickup if is_placed(pickup) else None,
        "dropoff": dropoff if is_placed(dropoff) else None,
        "opened_at": call.now,
    }
    call.connection.execute(insert(track), row)
    call.note("tracking_opened", courier_id=courier)
    return {"track_id": row["id"]}


@topic("tracking.picked_up")
def go_to_dropoff(call: TopicCall) -> PlainDict:
    """The goods are with the courier: from now on he is on his way to the drop-off.

    Returns: nothing.
    """
    found = find_open(call.connection, call.instance_id)
    if found is not None:
        change = update(track).where(track.c.id == found["id"])
        call.connection.execute(change.values(stage=TO_DROPOFF, routes=[], asked_at=call.now))
        ask_for_ways(call.connection, call.now, found["id"])
    return {}


@topic("tracking.close")
def close_tracking(call: TopicCall, *, outcome: str = "delivered") -> PlainDict:
    """From now on nobody who took part sees where the courier is or was. His trail is kept for disputes, for as long
    as `track_retention` of the policy says, and then deleted.

    Returns: nothing.
    """
    _close_open(call, outcome)
    return {}


def find_open(connection: Connection, order_id: str) -> RowMapping | None:
    """The running track of an order."""
    query = select(track).where(track.c.order_id == order_id, track.c.closed_at.is_(None))
    return connection.execute(query).mappings().one_or_none()


def _close_open(call: TopicCall, outcome: str) -> None:
    found = find_open(call.connection, call.instance_id)
    if found is None:
        return
    change = update(track).where(track.c.id == found["id"])
    call.connection.execute(change.values(stage=CLOSED, closed_at=call.now, outcome=outcome, routes=[]))
    purge_at = end_of(str(call.policy.get(RETENTION, "P30D")), call.now, call.calendar.zone)
    call.enqueue(PURGE, {"track_id": found["id"]}, due_at=purge_at, key=f"{PURGE}:{found['id']}")
    call.note("tracking_closed", courier_id=found["courier_id"])


@job_handler(PURGE)
def wait_for_purge(run: JobRun) -> Plain:
    """Nothing to ask outside."""
    return None


@wait_for_purge.finish
def purge(done: JobDone, _: Plain) -> None:
    """Deletes the trail and the places of a track; that there was one stays. As long as a case about the order is open
    it is put off by a day."""
    track_id = str(done.payload["track_id"])
    disputed = (
        select(service_case.c.ref)
        .join(track, track.c.order_id == service_case.c.subject_id)
        .where(track.c.id == track_id, service_case.c.closed_at.is_(None))
    )
    if done.connection.execute(disputed.limit(1)).first() is not None:
        done.enqueue(PURGE, done.payload, due_at=done.now + timedelta(days=1))
    else:
        delete_trail(done.connection, track_id)


def delete_trail(connection: Connection, track_id: str) -> None:
    """Deletes where somebody was."""
    connection.execute(delete(position).where(position.c.track_id == track_id))
    kept = {"last_lat", "last_lng", "last_at", "shown_lat", "shown_lng", "shown_at", "shown_bearing"}
    nothing: dict[str, Any] = dict.fromkeys([*kept, "pickup", "dropoff"])
    connection.execute(update(track).where(track.c.id == track_id).values(**nothing))
