"""The field for a place: what is typed, chosen or set on a map becomes an address with a point, or is refused."""

from functools import partial

import pytest

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.places.geometry import Place
from engine.services.places.saved import forget_address, list_saved, save_address
from engine.services.places.stored import Address
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain, PlainDict
from tests.engine.definitions.forms.support import fill, find, make, part
from tests.support.clock import ManualClock

PLACE = part("baton:place", "pickup", source="known_places", validate={"required": True})
KNOWN: PlainDict = {
    "known_places": [{"id": "home", "is_own": True, "address": "家", "lat": 30_276_000, "lng": 120_130_000}]
}
POINT: PlainDict = {"address": "文三路 478 号", "lat": 30_276_000, "lng": 120_130_000}


def send(address: str = "", point: str = "", known: str = "") -> tuple[Plain, list[str], Plain]:
    typed = {"pickup-address": address, "pickup-point": point, "pickup-known": known}
    bound = fill(make(PLACE), typed, data=KNOWN)
    bound.validate()
    return bound.values["pickup"], bound.errors.get("pickup", []), bound.draft["pickup"]


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ({"address": " 文三路 478 号 ", "point": "30.276, 120.13"}, POINT),
        ({"address": "文三路 478 号", "point": "３０．２７６，１２０．１３"}, POINT),
        ({"address": "文三路 478 号", "known": "home"}, POINT),
        ({"known": "home"}, POINT | {"address": "家"}),
        ({"known": "home", "point": "30.28 120.14"}, {"address": "家", "lat": 30_280_000, "lng": 120_140_000}),
    ],
)
def test_a_place_is_typed_or_chosen(typed: dict[str, str], value: Plain) -> None:
    assert send(**typed)[:2] == (value, [])


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({}, "Required"),
        ({"address": "文三路"}, "No place yet"),
        ({"address": "文三路", "known": "stranger's"}, "No place yet"),
        ({"point": "30.276, 120.13"}, "Enter the address"),
        ({"address": "文三路", "point": "by the river"}, "Not coordinates"),
        ({"address": "文三路", "point": "91, 120"}, "Not coordinates"),
        ({"address": "x" * 201, "point": "30, 120"}, "At most 200"),
        ({"address": "a\u202eb", "point": "30, 120"}, "cannot be kept"),
    ],
)
def test_what_is_missing_or_wrong_is_said_and_kept(typed: dict[str, str], problem: str) -> None:
    _, errors, draft = send(**typed)
    assert len(errors) == 1
    assert problem in errors[0]
    if typed:
        assert draft == {"address": "", "point": "", "known": ""} | typed
        again = fill(make(PLACE), draft={"pickup": draft}, data=KNOWN).fields["pickup"]
        assert again.draft == draft


def test_a_place_comes_back_from_what_was_sent_and_from_the_vault() -> None:
    for stored in (POINT, Address.of_plain(POINT).as_text()):
        bound = fill(make(PLACE), draft={"pickup": stored})
        assert bound.validate()
        assert bound.values["pickup"] == POINT
    assert find(part("baton:place", "pickup")) == [("pickup", "wrong_property")]


def _save(engine: Engine, address: Address, unit: UnitOfWork) -> None:
    save_address(unit.connection, engine.keys, "ann", address, unit.now)


def test_saved_addresses_are_once_there_one_s_own_and_encrypted(any_engine: Engine, clock: ManualClock) -> None:
    database, keys = any_engine.database, any_engine.keys
    home, work = Address("家", Place(30_276_000, 120_130_000)), Address("公司", Place(30_270_000, 120_150_000))
    for address in (home, work, home):
        database.transact(partial(_save, any_engine, address))
        clock.advance(minutes=1)
    with database.read() as connection:
        saved = list_saved(connection, keys, "ann")
        assert [one.address for one in saved] == [home, work]
        assert list_saved(connection, keys, "bob") == []
    ann, bob = (Actor(name, name, "individual") for name in ("ann", "bob"))
    with pytest.raises(NotFound):
        forget_address(any_engine, bob, saved[0].id)
    forget_address(any_engine, ann, saved[0].id)
    with database.read() as connection:
        assert [one.address for one in list_saved(connection, keys, "ann")] == [work]
