"""Where couriers are: written once a second, shown rounded and rarely, and to nobody who has no business with it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, func, insert, select, update

from engine.commands.work import settle
from engine.definitions.registry import TOPICS
from engine.records.jobs import enqueue
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.cases.tables import service_case
from engine.services.places.geometry import Place, measure_metres
from engine.services.places.simulator import RouteRules, change_route_rules
from engine.services.tracking.batch import Fix, PositionBatch
from engine.services.tracking.links import make_tracking_link
from engine.services.tracking.queries import TrackView, read_linked_track, read_track, read_trail
from engine.services.tracking.routing import track_topic
from engine.services.tracking.tables import position, track
from engine.storage.actor import PLATFORM, Actor
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain, PlainDict
from tests.engine.services.ledger.counter import Call
from tests.support.clock import ManualClock

ORDER, COURIER, REQUESTER = "order-1", "carl", "rita"
PICKUP, DROPOFF = Place.of_degrees(30.2760, 120.1300), Place.of_degrees(30.2700, 120.1500)
START_LINE = Place.of_degrees(30.2800, 120.1250)


def person(name: str) -> Actor:
    return Actor(name, name, "individual", frozenset({"individual"}))


def staff(role: str) -> Actor:
    return Actor(f"the {role}", PLATFORM, role, frozenset({role}))


@dataclass
class Step(Call):
    """A call whose jobs are rows."""

    calendar: Any = field(default_factory=lambda: SimpleNamespace(zone=ZoneInfo("Asia/Shanghai")))

    def enqueue(self, kind: str, payload: Plain, due_at: datetime | None = None, key: str | None = None) -> str:
        return enqueue(self.connection, self.now, kind, payload, due_at, key)


class Street:
    """One order being carried, and those who look at it."""

    def __init__(self, engine: Engine, clock: ManualClock) -> None:
        self.engine, self.clock = engine, clock
        self.batch = PositionBatch(engine)
        self.token = 0
        self.commits = 0
        event.listen(engine.database.writer, "commit", self._count)

    def _count(self, _: object) -> None:
        self.commits += 1

    def do(self, topic: str, /, **inputs: Plain) -> PlainDict:
        def work(unit: UnitOfWork) -> PlainDict:
            call = Step(unit.connection, self.engine.keys, topic, now=unit.now, instance_id=ORDER)
            call.policy = {"track_retention": "P30D"}
            given: PlainDict = TOPICS[topic].function(call, **inputs)
            return given

        return self.engine.database.transact(work)

    def open(self, courier: str = COURIER, **more: Plain) -> None:
        places = {"pickup": PICKUP.as_plain(), "dropoff": DROPOFF.as_plain()}
        self.do("tracking.open", courier=courier, requester=REQUESTER, **(places | more))

    def fix(self, place: Place, ago: float = 0) -> Fix:
        self.token += 1
        return Fix(self.token, self.clock() - timedelta(seconds=ago), place, 8)

    def go(self, place: Place, courier: str = COURIER) -> None:
        """The courier reports that he is there, and what follows of it is done."""
        self.batch.report(courier, [self.fix(place)])
        self.batch.flush()
        settle(self.engine)

    def see(self, who: str = REQUESTER) -> TrackView:
        return read_track(self.engine, person(who), ORDER)

    def count(self) -> int:
        with self.engine.database.read() as connection:
            return connection.execute(select(func.count()).select_from(position)).scalar_one()


@pytest.fixture
def street(any_engine: Engine, clock: ManualClock) -> Iterator[Street]:
    found = Street(any_engine, clock)
    yield found
    event.remove(any_engine.database.writer, "commit", found._count)


def test_any_number_of_positions_cost_one_transaction(street: Street) -> None:
    street.open()
    street.commits = 0
    for number in range(300):
        street.batch.report(COURIER, [street.fix(Place(PICKUP.lat + number, PICKUP.lng), ago=300 - number)])
        street.batch.report(f"stranger {number}", [street.fix(PICKUP)])
    assert street.batch.flush() == 600
    assert street.commits == 1
    assert street.batch.flush() == 0


def test_what_is_sent_again_is_kept_once_and_the_sender_hears_what_was_written(street: Street) -> None:
    street.open()
    street.clock.advance(seconds=40)
    fixes = [street.fix(PICKUP, ago=30 - number) for number in range(30)]
    assert street.batch.report(COURIER, fixes[:20]) is None
    street.batch.flush()
    assert street.batch.report(COURIER, fixes) == fixes[19].token
    street.batch.flush()
    assert street.batch.report(COURIER, []) == fixes[-1].token
    assert street.count() == 30
    PositionBatch(street.engine).report(COURIER, fixes)  # of a process that ended: the next one knows nothing of it
    assert street.count() == 30


def test_a_requester_sees_ten_metres_every_ten_seconds(street: Street) -> None:
    street.open()
    with street.engine.changes.listen([track_topic(ORDER)]) as listener:
        street.batch.report(COURIER, [street.fix(START_LINE)])
        street.batch.flush()
        assert listener.wait(0)
        assert street.see().metres is None
        settle(street.engine)  # the ways are known a moment later, and told
        assert listener.wait(0)
        assert street.see().metres is not None
        seen = street.see().here
        assert seen is not None
        assert seen != START_LINE
        assert measure_metres(seen, START_LINE) <= 10
        street.clock.advance(seconds=4)
        street.go(PICKUP)
        assert (street.see().here, listener.wait(0)) == (seen, frozenset())
        street.clock.advance(seconds=6)  # nothing new is reported: what was held back is shown
        street.batch.flush()
        now = street.see()
        assert listener.wait(0)
        assert now.here is not None
        assert measure_metres(now.here, PICKUP) <= 10
        assert now.bearing is not None
        assert 100 < now.bearing < 150


def test_the_arrival_follows_the_way_and_is_asked_for_again_only_off_it(street: Street) -> None:
    street.open()
    street.go(START_LINE)
    before = street.see()
    assert (before.stage, before.is_simulated, before.is_estimated) == ("to_pickup", True, False)
    assert before.metres is not None
    assert before.metres > measure_metres(START_LINE, PICKUP) + measure_metres(PICKUP, DROPOFF)
    asked_at = _asked_at(street)
    street.do("tracking.picked_up")
    street.clock.advance(seconds=60)
    street.go(PICKUP)
    on_way = street.see()
    assert on_way.stage == "to_dropoff"
    assert on_way.arrives_at is not None
    assert on_way.seen_at is not None
    assert on_way.arrives_at > on_way.seen_at
    halfway = on_way.line[len(on_way.line) // 2]
    asked_at = _asked_at(street)
    street.clock.advance(seconds=60)
    street.go(halfway)
    later = street.see()
    assert later.metres is not None
    assert on_way.metres is not None
    assert later.metres < on_way.metres
    assert _asked_at(street) == asked_at
    street.clock.advance(seconds=60)
    street.go(Place(halfway.lat + 20_000, halfway.lng))
    assert _asked_at(street) != asked_at


def _asked_at(street: Street) -> datetime:
    with street.engine.database.read() as connection:
        found: datetime = connection.execute(select(track.c.asked_at)).scalar_one()
    return found


def test_without_the_provider_the_arrival_is_an_estimate_and_says_so(street: Street) -> None:
    change_route_rules(street.engine.database, RouteRules(failure_bps=10_000))
    street.open(pickup=None)
    street.go(PICKUP)
    seen = street.see()
    assert (seen.is_estimated, seen.is_simulated) == (True, False)
    assert seen.metres == pytest.approx(measure_metres(PICKUP, DROPOFF) * 1.3, abs=15)


def test_who_sees_the_courier(street: Street) -> None:
    """Requester and courier while the order runs, the recipient by his link; after the end nobody but who decides a
    dispute, and after its retention nobody at all (scenario 37)."""
    engine, proof = street.engine, make_tracking_link(street.engine.keys, ORDER).rpartition("/")[2]
    others = [person("stan"), staff("auditor"), staff("platform_operator"), staff("customer_service")]
    assert read_linked_track(engine, ORDER, proof).stage == "waiting"
    with pytest.raises(NotFound):
        street.see()
    street.open()
    street.go(START_LINE)
    assert street.see().here == street.see(COURIER).here == read_linked_track(engine, ORDER, proof).here is not None
    for stranger in others:
        with pytest.raises(NotFound):
            read_track(engine, stranger, ORDER)
    for altered in (proof[:-1] + ("A" if proof[-1] != "A" else "B"), "", make_tracking_link(engine.keys, "order-2")):
        with pytest.raises(NotFound):
            read_linked_track(engine, ORDER, altered)
    street.clock.advance(seconds=20)
    street.do("tracking.close")
    nothing = TrackView(ORDER, "closed", "delivered")
    assert street.see() == street.see(COURIER) == read_linked_track(engine, ORDER, proof) == nothing
    street.batch.report(
        COURIER, [street.fix(PICKUP, ago=5), street.fix(DROPOFF, ago=-30)]
    )  # came late, and is too late
    street.batch.flush()
    assert street.see() == nothing
    trail = [(one.courier_id, one.place) for one in read_trail(engine, staff("arbiter"), ORDER)]
    assert trail == [(COURIER, START_LINE), (COURIER, PICKUP)]
    for stranger in (*others[:3], person(REQUESTER), person(COURIER)):
        with pytest.raises(NotFound):
            read_trail(engine, stranger, ORDER)
    _open_case(street)
    street.clock.advance(days=31)
    settle(engine)
    assert len(read_trail(engine, staff("arbiter"), ORDER)) == 2  # still needed
    _close_cases(street)
    street.clock.advance(days=1)
    settle(engine)
    assert read_trail(engine, staff("arbiter"), ORDER) == []
    assert street.count() == 0
    with pytest.raises(NotFound):
        read_linked_track(engine, ORDER, proof)


def _open_case(street: Street) -> None:
    parties = dict.fromkeys(("party_a", "party_b", "payer", "payee"), REQUESTER)
    row = {"ref": "c", "instance_id": "", "subject_id": ORDER, "category": "errand", "state": "open", "disputed_fen": 1}
    values = row | parties | {"opened_at": street.clock()}
    street.engine.database.transact(lambda unit: unit.connection.execute(insert(service_case).values(values)))


def _close_cases(street: Street) -> None:
    change = update(service_case).values(closed_at=street.clock())
    street.engine.database.transact(lambda unit: unit.connection.execute(change))


def test_a_relay_changes_who_is_seen(street: Street) -> None:
    street.open("evan")
    street.go(START_LINE, "evan")
    street.do("tracking.close", outcome="released")
    assert street.see() == TrackView(ORDER, "waiting")
    street.clock.advance(seconds=20)
    street.open()
    street.go(START_LINE)
    street.clock.advance(seconds=20)
    street.open("dora", has_goods=True)
    assert street.see().here is None
    street.go(PICKUP)
    assert street.see().here is None
    street.go(DROPOFF, "dora")
    assert street.see().here is not None
    with pytest.raises(NotFound):
        street.see(COURIER)
