"""Who sees where a courier is: the requester and the courier himself while the order runs, the recipient by his link,
and for a dispute the platform's people who decide it. Everybody else is told that there is no such track.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, select

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.places.geometry import Place
from engine.services.places.stored import open_place
from engine.services.tracking.links import check_link
from engine.services.tracking.routing import CLOSED, look_ahead, read_routes
from engine.services.tracking.tables import position, track
from engine.storage.actor import Actor
from engine.storage.keys import KeyRing

WAITING = "waiting"
RELEASED = "released"  # the outcome of a track whose courier gave the order back: it waits for another
LINK_LIFE = timedelta(days=1)  # so long after the end a recipient's link still says how it went
TRAIL_READERS = frozenset({"customer_service", "arbiter"})


@dataclass(frozen=True)
class TrackView:
    """A track as somebody may see it. `stage`: waiting, to_pickup, to_dropoff or closed.

    Of a closed one nothing is there but its stage and outcome. `here` is where the courier was at `seen_at`; what is
    left of his way: `metres`, `seconds` and the points of `line`, which the provider gave, unless it `is_estimated` or
    `is_simulated`.
    """

    order_id: str
    stage: str
    outcome: str | None = None
    pickup: Place | None = None
    dropoff: Place | None = None
    here: Place | None = None
    seen_at: datetime | None = None
    bearing: int | None = None
    metres: int | None = None
    seconds: int | None = None
    passed: tuple[Place, ...] = ()
    line: tuple[Place, ...] = ()
    is_estimated: bool = False
    is_simulated: bool = False

    @property
    def arrives_at(self) -> datetime | None:
        """When the courier is expected at the end: counted from where he was seen."""
        if self.seconds is None or self.seen_at is None:
            return None
        return self.seen_at + timedelta(seconds=self.seconds)


@dataclass(frozen=True)
class Footprint:
    """A point of a trail, kept for disputes."""

    courier_id: str
    at: datetime
    place: Place
    accuracy_m: int


def read_track(engine: Engine, actor: Actor, order_id: str) -> TrackView:
    """The newest track of an order, for its requester and its courier. Raises NotFound for anybody else, and before
    somebody took the order."""
    with engine.database.read() as connection:
        row = _find_newest(connection, order_id)
        if row is None or actor.party_id not in (row["requester_id"], row["courier_id"]):
            raise NotFound("track", order_id)
        return _show(connection, engine.keys, row)


def read_linked_track(engine: Engine, order_id: str, proof: str) -> TrackView:
    """The track behind a recipient's link. Raises NotFound for a link that was never made or is over."""
    check_link(engine.keys, order_id, proof)
    with engine.database.read() as connection:
        row = _find_newest(connection, order_id)
        if row is None:
            return TrackView(order_id, WAITING)
        has_ended = row["closed_at"] is not None and row["outcome"] != RELEASED
        if has_ended and row["closed_at"] + LINK_LIFE < engine.clock():
            raise NotFound("track", order_id)
        return _show(connection, engine.keys, row)


def read_trail(engine: Engine, actor: Actor, order_id: str) -> list[Footprint]:
    """Where the couriers of an order were, as long as that is kept, for those who decide disputes. Raises NotFound."""
    if actor.role not in TRAIL_READERS:
        raise NotFound("track", order_id)
    query = (
        select(position, track.c.courier_id)
        .join(track, track.c.id == position.c.track_id)
        .where(track.c.order_id == order_id)
        .order_by(position.c.at, position.c.token)
    )
    with engine.database.read() as connection:
        return [
            Footprint(row.courier_id, row.at, Place(row.lat, row.lng), row.accuracy_m)
            for row in connection.execute(query)
        ]


def has_trail(connection: Connection, actor: Actor, order_id: str) -> bool:
    """Whether there is a trail of an order that the actor may read."""
    if actor.role not in TRAIL_READERS:
        return False
    query = select(position.c.token).join(track, track.c.id == position.c.track_id).where(track.c.order_id == order_id)
    return connection.execute(query.limit(1)).first() is not None


def _find_newest(connection: Connection, order_id: str) -> RowMapping | None:
    query = select(track).where(track.c.order_id == order_id).order_by(track.c.opened_at.desc(), track.c.id.desc())
    return connection.execute(query.limit(1)).mappings().one_or_none()


def _show(connection: Connection, keys: KeyRing, row: RowMapping) -> TrackView:
    if row["outcome"] == RELEASED:
        return TrackView(row["order_id"], WAITING)
    if row["closed_at"] is not None:
        return TrackView(row["order_id"], CLOSED, row["outcome"])
    pickup, dropoff = (open_place(connection, keys, row[name]) for name in ("pickup", "dropoff"))
    seen = TrackView(row["order_id"], row["stage"], pickup=pickup, dropoff=dropoff)
    if row["shown_at"] is None:
        return seen
    here, routes = Place(row["shown_lat"], row["shown_lng"]), read_routes(row)
    seen = replace(seen, here=here, seen_at=row["shown_at"], bearing=row["shown_bearing"])
    if not routes:
        return seen
    ahead = look_ahead(routes, here)
    return replace(
        seen,
        metres=ahead.metres,
        seconds=ahead.seconds,
        passed=ahead.passed,
        line=ahead.line,
        is_estimated=any(one.is_estimated for one in routes),
        is_simulated=any(one.is_simulated for one in routes),
    )
