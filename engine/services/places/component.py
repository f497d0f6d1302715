"""The field for a place: an address in words and its point, set on a map, found by the device, or of a known place."""

import re
from collections.abc import Iterator, Mapping

from wtforms.form import BaseForm

from engine.definitions.forms.components import FormComponent, form_component, text_of
from engine.definitions.forms.fields import PlainField, Submitted, find_datum
from engine.definitions.forms.messages import Language
from engine.definitions.forms.model import Component, Finding
from engine.definitions.forms.typed import InputRefused, clean_text, fold_width
from engine.definitions.registry import ViewCall, view
from engine.services.places.city import LANDMARKS
from engine.services.places.geometry import Place, measure_metres, write_distance
from engine.services.places.saved import list_saved, save_address
from engine.services.places.stored import Address
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict

PLACE = "baton:place"
VIEW = "known_places"
MAX_ADDRESS = 200
_POINT = re.compile(r"(-?\d{1,3}(?:\.\d{1,12})?)\s*[,，;\s]\s*(-?\d{1,3}(?:\.\d{1,12})?)", re.ASCII)


@view(VIEW)
def list_known_places(call: ViewCall) -> Plain:
    """What the reader may choose from: his saved addresses, and the landmarks of the city."""
    saved = list_saved(call.connection, call.keys, call.actor.party_id)
    own: list[Plain] = [{"id": one.id, "is_own": True, **one.address.as_plain()} for one in saved]
    landmarks: list[Plain] = [
        {"id": name, "is_own": False, "address": zh if call.language == "zh" else en, **place.as_plain()}
        for name, (zh, en, place) in LANDMARKS.items()
    ]
    return own + landmarks


class PlaceField(PlainField):
    """An address and a point: `{"address", "lat", "lng"}` in micro-degrees. A known place that is chosen fills what
    was left blank."""

    PARTS = ("address", "point", "known", "save")

    def __init__(self, component: Component, **options: object) -> None:
        super().__init__(component, **options)
        self.typed_address = self.typed_point = self.chosen = ""
        self.is_saved = False

    def input_name(self, part: str) -> str:
        """The name of an input: of the address, the point in degrees, the known place, or the tick to save it."""
        return f"{self.name}-{part}"

    def input_names(self) -> tuple[str, ...]:
        return tuple(self.input_name(part) for part in self.PARTS)

    def read_submitted(self, submitted: Submitted) -> None:
        address, point, known, save = (str(next(iter(submitted.getlist(one)), "")) for one in self.input_names())
        self.is_saved = bool(save)
        self._take(address, point, known)

    def read_stored(self, value: Plain) -> None:
        if isinstance(value, str) and value:
            value = Address.of_text(value).as_plain()
        if not isinstance(value, dict):
            return
        if "point" in value:  # a draft, as it was typed
            self._take(*(str(value.get(part) or "") for part in ("address", "point", "known")))
        elif value.get("lat") is not None:
            found = Address.of_plain(value)
            self._take(found.address, _write_point(found.place), "")

    def _take(self, address: str, point: str, known: str) -> None:
        self.typed_address, self.typed_point, self.chosen = address, point, known
        if not (address.strip() or point.strip() or known):
            self.data = None
            return
        self.data = {"address": address, "point": point}  # something: `check` says what is missing
        chosen = self._find_known(known)
        words = clean_text(address) or (chosen.address if chosen else "")
        place = chosen.place if chosen else None
        if point.strip():
            place = read_point(point)
        self.data = {"address": words, **(place.as_plain() if place else {"lat": None, "lng": None})}

    def _find_known(self, known: str) -> Address | None:
        rows = self.meta.binding.data.get(VIEW)
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and row.get("id") == known:
                return Address.of_plain(row)
        return None

    def check(self, form: BaseForm) -> None:
        assert isinstance(self.data, dict)
        if not self.data["address"]:
            raise self.refuse("address_missing")
        if self.data["lat"] is None:
            raise self.refuse("point_missing")
        length = len(str(self.data["address"]))
        if length > MAX_ADDRESS:
            raise self.refuse("too_long", max_length=MAX_ADDRESS, length=length, excess=length - MAX_ADDRESS)

    def pre_validate(self, form: BaseForm) -> None:
        super().pre_validate(form)
        spot = find_datum(self.meta.binding.data, self.component.bounds) if self.component.bounds else None
        instead = text_of(self.component, "unless")
        if isinstance(spot, dict) and spot and not (instead in form and form[instead].data):
            self._check_near(spot)

    def _check_near(self, spot: PlainDict) -> None:
        """What is typed lies so near a place of the case."""
        if self.is_empty:
            raise self.refuse("place_needed")
        metres, most = measure_metres(Place.of_plain(self.data), Place.of_plain(spot)), int(str(spot["metres"]))
        if metres > most:
            raise self.refuse("place_too_far", distance=write_distance(metres), most=most)

    @property
    def draft(self) -> Plain:
        if not (self.typed_address or self.typed_point or self.chosen):
            return None
        return {"address": self.typed_address, "point": self.typed_point, "known": self.chosen}

    def as_text(self) -> str:
        return Address.of_plain(self.data).as_text()


def read_point(text: str) -> Place:
    """Coordinates as people type them: latitude, longitude in degrees. Raises InputRefused."""
    found = _POINT.fullmatch(fold_width(text))
    try:
        if found is None:
            raise ValueError
        return Place.of_degrees(float(found[1]), float(found[2]))
    except ValueError:
        raise InputRefused("point_wrong") from None


def _write_point(place: Place) -> str:
    return f"{place.latitude:.6f}, {place.longitude:.6f}"


@form_component(PLACE)
class PlacePicker(FormComponent):
    """Asks for an address and its point on the map; its value is `{"address", "lat", "lng"}` in micro-degrees, with
    `personal` a vault reference to both. `source` is `known_places`. With `bounds`, the path of a dict with `lat`,
    `lng` and `metres`, it must lie so near that place, unless the field `unless` was filled in instead.
    """

    properties = frozenset({"source", "personal", "bounds", "unless"})
    field_class = PlaceField
    receives = True

    def check(self, component: Component, keys: frozenset[str]) -> Iterator[Finding]:
        if component.properties.get("source") != VIEW:
            yield Finding(component.name, "wrong_property", {"property": "source", "expected": f'"{VIEW}"'})

    def view(self, component: Component, data: Mapping[str, Plain], language: Language) -> PlainDict:
        known = data.get(VIEW)
        return {"known": known if isinstance(known, list) else []}

    def receive(
        self, unit: UnitOfWork, keys: KeyRing, actor: Actor, instance_id: str, component: Component, sent: Submitted
    ) -> None:
        address, point, save = (
            str(next(iter(sent.getlist(f"{component.name}-{part}")), "")) for part in ("address", "point", "save")
        )
        if not save:
            return
        try:
            found = Address(clean_text(address), read_point(point))
        except InputRefused:
            return  # the form says what is wrong
        if 0 < len(found.address) <= MAX_ADDRESS:
            save_address(unit.connection, keys, actor.party_id, found, unit.now)
