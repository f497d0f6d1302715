"""What it costs to find the nearest 200 of 50,000 couriers in one city, on both databases."""

from collections.abc import Iterator

from bench import world
from bench.city import CENTRE, settle_couriers, shift
from bench.diagrams import pair
from bench.measuring import Figure, measure_cpu, measure_server
from engine.runtime.engine import Engine
from engine.services.dispatch.courier_classes import PROFESSIONAL
from engine.services.dispatch.nearest import Search, find_nearest

BUDGET_MS, RATIO_BUDGET = 5.0, 3.0
LIMIT, PLACES, ROUNDS = 200, 25, 4
NEAR_M, FAR_M = 3_000, 10_000
FEW = 0.05  # the share of professional couriers where they are few


def measure_nearest(is_quick: bool) -> Iterator[Figure]:
    """On SQLite, and on PostgreSQL where the tests are installed."""
    count = 10_000 if is_quick else 50_000
    for suffix, name, url in world.each_database(is_quick):
        yield from _measure(suffix.removeprefix(".") or "sqlite", name, count, url)


def _measure(key: str, name: str, count: int, url: str) -> Iterator[Figure]:
    """All of one class, which is the most crowded a search can be, and few of a class, which is the widest."""
    with world.open_engine(pair(), url) as engine:
        fifth = _search(engine, count // 5, 1.0, NEAR_M)
        near = _search(engine, count, 1.0, NEAR_M)
        what = f"nearest {LIMIT} of {count:,} couriers within"
        yield Figure(f"nearest.{key}.3km_cpu_ms", f"{what} 3 km, {name}", near, "ms", BUDGET_MS)
        yield Figure(f"nearest.{key}.growth_ratio", "  a fifth as many couriers = 1", near / fifth, "x", RATIO_BUDGET)
        far = _search(engine, 0, 1.0, FAR_M)
        yield Figure(f"nearest.{key}.10km_cpu_ms", f"{what} 10 km, {name}", far, "ms", BUDGET_MS)
        yield Figure(f"nearest.{key}.width_ratio", "  3 km = 1", far / near, "x", RATIO_BUDGET)
        for metres in (NEAR_M, FAR_M):
            rare = _search(engine, count if metres == NEAR_M else 0, FEW, metres)
            told = f"  {count * FEW:,.0f} of them of the class, {metres // 1000} km"
            yield Figure(f"nearest.{key}.few_{metres // 1000}km_cpu_ms", told, rare, "ms", BUDGET_MS)


def _search(engine: Engine, count: int, share: float, radius_m: float) -> float:
    """CPU milliseconds of a search, of our process and of the database's, in the quietest of several rounds. The city
    is filled anew unless `count` is 0.
    """
    if count:
        settle_couriers(engine, count, share)
        if not engine.database.is_sqlite:
            with engine.database.read() as connection:
                connection.exec_driver_sql("VACUUM ANALYZE courier_place")  # as the server does by itself
    wanted = Search("order", 1, "nobody", PROFESSIONAL, radius_m, LIMIT)
    places = [shift(CENTRE, (number % 5 - 2) * 900, (number // 5 - 2) * 900) for number in range(PLACES)]
    with engine.database.read() as connection:

        def search_everywhere() -> None:
            for place in places:
                find_nearest(connection, place, wanted)

        search_everywhere()
        found = []
        for _ in range(ROUNDS):
            before = measure_server(engine.database)
            found.append(measure_cpu(search_everywhere) + measure_server(engine.database) - before)
    return min(found) / PLACES * 1e3
