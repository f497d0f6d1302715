"""Places with their addresses, as forms, process data and the vault hold them."""

import re
from dataclasses import dataclass

from sqlalchemy import Connection

from engine.services.places.geometry import Place
from engine.storage import vault
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict

_TEXT = re.compile(r"(.*) \((-?\d{1,2}\.\d{6}), (-?\d{1,3}\.\d{6})\)")


@dataclass(frozen=True)
class Address:
    """A place and what people call it."""

    address: str
    place: Place

    def as_plain(self) -> PlainDict:
        """The value of a form field: address, lat and lng."""
        return {"address": self.address, **self.place.as_plain()}

    @classmethod
    def of_plain(cls, value: Plain) -> "Address":
        """From the value of a form field. Raises ValueError."""
        place = Place.of_plain(value)
        return cls(str(value.get("address") or "") if isinstance(value, dict) else "", place)

    def as_text(self) -> str:
        """As the vault keeps it, to be read by people as well: `文三路 478 号 (30.276000, 120.130000)`."""
        return f"{self.address} ({self.place.latitude:.6f}, {self.place.longitude:.6f})"

    @classmethod
    def of_text(cls, text: str) -> "Address":
        """From `as_text`. Raises ValueError."""
        found = _TEXT.fullmatch(text)
        if found is None:
            raise ValueError("Expected an address with its coordinates, but got another text")
        return cls(found[1], Place.of_degrees(float(found[2]), float(found[3])))


def is_placed(value: Plain) -> bool:
    """Whether a value says where: a place, or a reference to one."""
    return isinstance(value, dict) and (vault.is_reference(value) or value.get("lat") is not None)


def open_address(connection: Connection, keys: KeyRing, value: Plain) -> Address | None:
    """The address behind a value or a vault reference; none where there is none, or the person was erased."""
    if not isinstance(value, dict) or not is_placed(value):
        return None
    if not vault.is_reference(value):
        return Address.of_plain(value)
    text = vault.open_reference(connection, keys, value)
    return None if text is None else Address.of_text(text)


def open_place(connection: Connection, keys: KeyRing, value: Plain) -> Place | None:
    """The place of `open_address`."""
    found = open_address(connection, keys, value)
    return None if found is None else found.place
