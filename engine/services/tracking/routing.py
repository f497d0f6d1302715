"""The ways a courier still has to go: asked for in a job, kept with the track, asked for again only where he leaves
them. What is left of them follows from where he is on their line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import Connection, RowMapping, select, update

from engine.definitions.registry import JobDone, JobRun, job_handler
from engine.records.jobs import enqueue
from engine.runtime.engine import Engine
from engine.services.job_engine import engine_of
from engine.services.places.asking import plan_route
from engine.services.places.geometry import Place, measure_aside, measure_metres, round_to_grid
from engine.services.places.routes import Route, Vehicle, measure_line
from engine.services.places.stored import open_place
from engine.services.tracking.tables import track
from engine.storage.plain import Plain

ASK = "track.route"
ASIDE_METRES = 150  # who is so far from the way has taken another one
PAUSE = timedelta(seconds=30)  # between two questions about one track
SHOWN_METRES = 10  # how exactly anybody is told where a courier is
TO_PICKUP, TO_DROPOFF, CLOSED = "to_pickup", "to_dropoff", "closed"


def track_topic(order_id: str) -> str:
    """What is told when there is news of where the courier of an order is."""
    return f"track:{order_id}"


@dataclass(frozen=True)
class Ahead:
    """What is left of the ways from a place on."""

    metres: int
    seconds: int
    passed: tuple[Place, ...]
    line: tuple[Place, ...]
    aside_m: float  # how far the place is from the way


def ask_for_ways(connection: Connection, now: datetime, track_id: str) -> None:
    """Asks for the ways of a track, after the commit; one question at a time."""
    enqueue(connection, now, ASK, {"track_id": track_id}, key=f"{ASK}:{track_id}")


def must_ask(row: RowMapping, here: Place, now: datetime) -> bool:
    """Whether the ways of a track are out of date for a courier who is here."""
    if row["dropoff"] is None:
        return False
    if row["asked_at"] is not None and now - row["asked_at"] < PAUSE:
        return False
    routes = read_routes(row)
    return not routes or look_ahead(routes, here).aside_m > ASIDE_METRES


def read_routes(row: RowMapping) -> list[Route]:
    """The ways of a track, in the order they are gone."""
    return [Route.of_plain(one) for one in row["routes"]]


def look_ahead(routes: Sequence[Route], here: Place) -> Ahead:
    """What is left of the ways for somebody who is here: he is on the first of them, where its line is nearest."""
    first, later = routes[0], routes[1:]
    line = first.line
    asides = [measure_aside(here, one, other) for one, other in pairwise(line)]
    at = min(range(len(asides)), key=asides.__getitem__) if asides else 0
    rest = (here, *line[at + 1 :])
    total = max(1, measure_line(line))
    metres = round(first.metres * min(total, measure_line(rest)) / total)
    seconds = round(first.seconds * metres / max(1, first.metres))
    return Ahead(
        metres=metres + sum(one.metres for one in later),
        seconds=seconds + sum(one.seconds for one in later),
        passed=(*line[: at + 1], here),
        line=(*rest, *(point for one in later for point in one.line[1:])),
        aside_m=asides[at] if asides else float(measure_metres(here, line[0])),
    )


@job_handler(ASK)
def ask_provider(run: JobRun) -> Plain:
    """The ways from where the courier is, by way of the pickup if he has not been there."""
    engine = engine_of(run)
    with engine.database.read() as connection:
        row = connection.execute(select(track).where(track.c.id == run.payload["track_id"])).mappings().one()
        stops = _list_stops(engine, connection, row)
    vehicle = Vehicle(row["vehicle"])
    return [plan_route(engine, start, end, vehicle).as_plain() for start, end in pairwise(stops)]


@ask_provider.finish
def keep_ways(done: JobDone, routes: Plain) -> None:
    """Kept with the track, unless it was closed meanwhile."""
    is_running = (track.c.id == done.payload["track_id"]) & track.c.closed_at.is_(None)
    change = update(track).where(is_running).values(routes=routes, asked_at=done.now)
    for order_id in done.connection.execute(change.returning(track.c.order_id)).scalars():
        done.announce(track_topic(order_id))


def _list_stops(engine: Engine, connection: Connection, row: RowMapping) -> list[Place]:
    """From the courier, as exactly as the requester may know, to the end. None where he or the end is unknown."""
    dropoff = open_place(connection, engine.keys, row["dropoff"])
    pickup = open_place(connection, engine.keys, row["pickup"])
    if dropoff is None:
        return []
    begin = [] if row["last_at"] is None else [round_to_grid(Place(row["last_lat"], row["last_lng"]), SHOWN_METRES)]
    if row["stage"] == TO_PICKUP and pickup is not None:
        begin.append(pickup)
    return [*(begin or ([pickup] if pickup else [])), dropoff]
