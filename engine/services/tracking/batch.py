"""Positions of couriers: taken into memory as they come, written by one transaction a second for all of them.

What was not written yet is lost with the process. So a courier's page keeps what it sent until it is told that it was
written, and sends it again: the sender's token keeps it from being counted twice.
"""

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_on_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_on_sqlite

from engine.runtime.engine import Engine
from engine.services.dispatch.positions import update_places
from engine.services.places.geometry import Place, measure_bearing, measure_metres, round_to_grid
from engine.services.tracking.routing import SHOWN_METRES, ask_for_ways, must_ask, track_topic
from engine.services.tracking.tables import position, track
from engine.storage.database import UnitOfWork

log = logging.getLogger(__name__)
EVERY_SECONDS = 1.0
TELL_EVERY = timedelta(seconds=10)  # nobody is told more often where a courier is
LATE = timedelta(hours=1)  # so long after the end a trail is completed by what waited for a connection
FRESH = timedelta(minutes=1)  # older ones do not say where a courier is
LEAST_METRES = 5  # below it a direction is chance
MAX_WAITING = 200_000

_INSERTS = {
    "sqlite": insert_on_sqlite(position).on_conflict_do_nothing(),
    "postgresql": insert_on_postgresql(position).on_conflict_do_nothing(),
}
_LAST = ("last_lat", "last_lng", "last_at")
_SHOWN = ("shown_lat", "shown_lng", "shown_at", "shown_bearing", "told_at")
_UPDATE = (
    update(track)
    .where(track.c.id == bindparam("track_id"))
    .values({name: bindparam(f"new_{name}") for name in (*_LAST, *_SHOWN)})
)


@dataclass(frozen=True)
class Fix:
    """Where a courier was. `token`: the sender's own number of it, by which it is kept once; `at`: by our clock."""

    token: int
    at: datetime
    place: Place
    accuracy_m: int


@dataclass
class _Written:
    """What one transaction did."""

    told: set[str]  # orders
    behind: set[str]  # tracks whose newest place is not shown yet


class PositionBatch:
    """The positions of one process that wait to be written. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._waiting: list[tuple[str, Fix]] = []
        self._behind: set[str] = set()
        self._written: dict[str, int] = {}
        self._writer: threading.Thread | None = None

    def report(self, courier_id: str, fixes: Sequence[Fix]) -> int | None:
        """Takes positions of a courier, to be written within a second; gives the newest token of his that has been.

        Past MAX_WAITING nothing more is taken: the senders keep it, and send it again.
        """
        with self._lock:
            if len(self._waiting) < MAX_WAITING:
                self._waiting += [(courier_id, fix) for fix in fixes]
            return self._written.get(courier_id)

    def flush(self) -> int:
        """Writes what waits, in one transaction; gives how many positions. What cannot be written waits on."""
        with self._lock:
            fixes, self._waiting = self._waiting, []
            behind, self._behind = self._behind, set()
        if not fixes and not behind:
            return 0
        try:
            done = self._engine.database.transact(lambda unit: _write(unit, fixes, behind))
        except Exception:
            with self._lock:
                self._waiting, self._behind = fixes + self._waiting, behind | self._behind
            raise
        with self._lock:
            self._behind |= done.behind
            for courier_id, fix in fixes:
                self._written[courier_id] = max(fix.token, self._written.get(courier_id, 0))
        self._engine.changes.publish(track_topic(order_id) for order_id in done.told)
        return len(fixes)

    def start(self) -> None:
        """Sees to it that what waits is written: every second, by a thread that lives as long as something does."""
        with self._lock:
            if self._writer is None and (self._waiting or self._behind):
                self._writer = threading.Thread(target=self._keep_writing, name="positions", daemon=True)
                self._writer.start()

    def _keep_writing(self) -> None:
        with self._engine.changes.listen(()) as listener:  # to nothing, but it is closed with the engine
            while not listener.is_closed and self._must_go_on():
                listener.pause(EVERY_SECONDS)
                try:
                    self.flush()
                except Exception:  # the thread must outlive a database that is away for a while
                    log.exception("positions could not be written yet")

    def _must_go_on(self) -> bool:
        with self._lock:
            if not self._waiting and not self._behind:
                self._writer = None
            return self._writer is not None


def _write(unit: UnitOfWork, fixes: Sequence[tuple[str, Fix]], behind: set[str]) -> _Written:
    by_courier: dict[str, list[Fix]] = {}
    for courier_id, fix in fixes:
        by_courier.setdefault(courier_id, []).append(fix)
    update_places(unit, _list_fresh(by_courier, unit.now))
    tracks = _find_tracks(unit.connection, unit.now, by_courier, behind)
    rows: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    done = _Written(set(), set())
    for row in tracks:
        own = [fix for fix in by_courier.get(row["courier_id"], ()) if _is_within(row, fix)]
        rows += [_row_of(row["id"], fix) for fix in own]
        if row["closed_at"] is None:
            changes.append(_move(unit, row, own, done))
    if rows:
        unit.connection.execute(_INSERTS[unit.connection.dialect.name], rows)
    if changes:
        unit.connection.execute(_UPDATE, changes)
    return done


def _list_fresh(by_courier: Mapping[str, list[Fix]], now: datetime) -> dict[str, Place]:
    """Where couriers are now: what waited for a connection says where they were."""
    newest = {courier_id: max(fixes, key=lambda fix: fix.at) for courier_id, fixes in by_courier.items()}
    return {courier_id: fix.place for courier_id, fix in newest.items() if now - fix.at <= FRESH}


def _find_tracks(
    connection: Connection, now: datetime, couriers: Iterable[str], behind: set[str]
) -> Sequence[RowMapping]:
    """The tracks the positions may belong to, those closed a while ago among them; another process may not put an
    older place in the way of a newer one meanwhile.
    """
    is_recent = or_(track.c.closed_at.is_(None), track.c.closed_at > now - LATE)
    wanted = or_(track.c.courier_id.in_(list(couriers)) & is_recent, track.c.id.in_(behind))
    query = select(track).where(wanted).order_by(track.c.id).with_for_update()
    return connection.execute(query).mappings().all()


def _is_within(row: RowMapping, fix: Fix) -> bool:
    return row["opened_at"] <= fix.at and (row["closed_at"] is None or fix.at <= row["closed_at"])


def _row_of(track_id: str, fix: Fix) -> dict[str, Any]:
    return {
        "track_id": track_id,
        "token": fix.token,
        "at": fix.at,
        "lat": fix.place.lat,
        "lng": fix.place.lng,
        "accuracy_m": fix.accuracy_m,
    }


def _move(unit: UnitOfWork, row: RowMapping, fixes: Sequence[Fix], done: _Written) -> dict[str, Any]:
    """The new values of a running track; notes in `done` whether its requester is told."""
    values = {name: row[name] for name in (*_LAST, *_SHOWN)}
    newest = max(fixes, key=lambda fix: fix.at, default=None)
    if newest is not None and (row["last_at"] is None or newest.at > row["last_at"]):
        values |= {"last_lat": newest.place.lat, "last_lng": newest.place.lng, "last_at": newest.at}
        if must_ask(row, newest.place, unit.now):
            ask_for_ways(unit.connection, unit.now, row["id"])
    is_due = row["told_at"] is None or unit.now - row["told_at"] >= TELL_EVERY
    if values["last_at"] is not None and is_due:
        values |= _show(values) | {"told_at": unit.now}
        done.told.add(row["order_id"])
    elif values["last_at"] != values["shown_at"]:
        done.behind.add(row["id"])
    return {"track_id": row["id"], **{f"new_{name}": value for name, value in values.items()}}


def _show(values: dict[str, Any]) -> dict[str, Any]:
    """What the requester sees of the last place: its cell of 10 m, and which way the courier went."""
    seen = round_to_grid(Place(values["last_lat"], values["last_lng"]), SHOWN_METRES)
    bearing = values["shown_bearing"]
    if values["shown_at"] is not None:
        before = Place(values["shown_lat"], values["shown_lng"])
        if measure_metres(before, seen) >= LEAST_METRES:
            bearing = measure_bearing(before, seen)
    return {"shown_lat": seen.lat, "shown_lng": seen.lng, "shown_at": values["last_at"], "shown_bearing": bearing}
