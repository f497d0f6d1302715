"""The embedded route provider: ways along the streets of the schematic city, always the same for the same places."""

from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import Connection, delete, insert, select

from engine.services.places.city import the_city
from engine.services.places.geometry import Place
from engine.services.places.routes import SPEEDS, Route, RouteUnavailable, Vehicle, measure_line
from engine.services.places.tables import route_rules
from engine.services.simulation import Chance
from engine.storage.database import Database, UnitOfWork


@dataclass(frozen=True)
class RouteRules:
    """How the simulated provider behaves. Each `_bps` is the share of questions it happens to, by seed and places."""

    delay_ms: int = 0  # how long an answer takes; nobody waits for it, but longer than asked for is no answer
    failure_bps: int = 0


def read_route_rules(connection: Connection) -> RouteRules:
    """The rules in force."""
    rules = connection.execute(select(route_rules.c.rules)).scalar_one_or_none()
    return RouteRules(**rules) if rules else RouteRules()


def change_route_rules(database: Database, rules: RouteRules) -> None:
    """Other rules for questions from now on."""

    def work(unit: UnitOfWork) -> None:
        unit.connection.execute(delete(route_rules))
        unit.connection.execute(insert(route_rules), {"id": 1, "rules": asdict(rules)})

    database.transact(work)


class EmbeddedRoutes:
    """See `RoutePort`."""

    is_simulated = True

    def __init__(self, database: Database, seed: int) -> None:
        self._database = database
        self._chance = Chance(seed)

    def route(self, start: Place, end: Place, vehicle: Vehicle, timeout: timedelta) -> Route:
        """See `RoutePort`."""
        with self._database.read() as connection:
            rules = read_route_rules(connection)
        key = f"{start.lat},{start.lng};{end.lat},{end.lng}"
        if timedelta(milliseconds=rules.delay_ms) > timeout:
            raise RouteUnavailable("the simulated provider took too long")
        if self._chance.happens("route", key, rules.failure_bps):
            raise RouteUnavailable("the simulated provider failed")
        line = find_way(start, end)
        metres = measure_line(line)
        return Route(metres, round(metres / SPEEDS[vehicle]), False, line, is_simulated=True)


def find_way(start: Place, end: Place) -> tuple[Place, ...]:
    """Along the streets of the schematic city; elsewhere round one corner."""
    city = the_city()
    if city.covers(start) and city.covers(end):
        return city.find_way(start, end)
    return (start, Place(start.lat, end.lng), end)
