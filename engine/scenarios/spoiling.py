"""A catalogue in which one diagram is another than the one deployed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from engine.definitions.catalogue import PROCESS, Catalogue
from engine.scenarios.definitions import Definitions


class SpoiledCatalogue(Catalogue):
    """Shares whatever `base` has parsed that the diagram has no part in.

    Only conditions may differ: cases that began on the deployed diagram go on, so that a fault is tried out from just
    before it matters.
    """

    def __init__(self, base: Catalogue, definitions: Definitions, path: str, content: bytes) -> None:
        super().__init__()
        self._spoiled = {key for key, place in definitions.paths.items() if place == path}
        self._other = content
        self._pins, self._forms, self._decisions = base._pins, base._forms, base._decisions
        self._policies, self._calendars = base._policies, base._calendars
        self._elements = {key: found for key, found in base._elements.items() if not self._spoiled & found.keys()}
        self._processes = {
            (pins_id, key): specs
            for (pins_id, key), specs in base._processes.items()
            if self._spoiled.isdisjoint(definitions.called_by(key))
        }

    def content(self, connection: Connection, definition_id: str) -> Mapping[Any, Any]:
        """Kind, key and file of a definition, with the other diagram in the place of its own."""
        row = super().content(connection, definition_id)
        if row["kind"] == PROCESS and row["key"] in self._spoiled:
            return {**row, "content": self._other}
        return row
