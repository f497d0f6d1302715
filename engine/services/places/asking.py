"""Asks for ways: who is asked by the settings, how long one waits by the policy."""

from datetime import timedelta

from engine.language.specs.durations import parse_duration
from engine.runtime.engine import Engine
from engine.services.places.geometry import Place
from engine.services.places.osrm import OsrmRoutes
from engine.services.places.routes import Route, RoutePort, Vehicle, ask_route
from engine.services.places.simulator import EmbeddedRoutes
from engine.storage.plain import PlainDict

SIMULATOR = "simulator"
DEFAULT_TIMEOUT = "PT3S"  # `route_timeout` of the policy, where a case that pinned one is not at hand


def routes_of(engine: Engine) -> RoutePort:
    """Who is asked: BATON_ROUTES is `simulator` or the address of an OSRM server."""
    if engine.settings.routes == SIMULATOR:
        return EmbeddedRoutes(engine.database, engine.settings.simulator_seed)
    return OsrmRoutes(engine.settings.routes)


def plan_route(
    engine: Engine,
    start: Place,
    end: Place,
    vehicle: Vehicle = Vehicle.E_BIKE,
    timeout: timedelta = timedelta(seconds=3),
) -> Route:
    """The way from one place to another, or an estimate where the provider does not answer in time."""
    return ask_route(routes_of(engine), start, end, vehicle, timeout)


def read_timeout(policy: PlainDict) -> timedelta:
    """How long a provider may take, from the policy a case pinned."""
    return parse_duration(str(policy.get("route_timeout", DEFAULT_TIMEOUT))).longest
