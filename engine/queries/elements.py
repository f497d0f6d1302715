"""An element by its id, in the diagrams a case runs on."""

from sqlalchemy import Connection

from engine.language.model import Element
from engine.runtime.engine import Engine


def find_element(
    engine: Engine,
    connection: Connection,
    pin_set_id: str,
    process_key: str,
    element_id: str,
    drawn_in: str | None = None,
) -> Element:
    """The element of a case of this process: in the diagram `drawn_in`, else in its own before those it calls.

    A bare one if none of them has it.
    """
    specs = engine.catalogue.process(connection, engine.catalogue.pins(connection, pin_set_id), process_key)
    places = [drawn_in or process_key, *(key for key, _ in specs.elements)]
    found = (specs.elements.get((place, element_id)) for place in places)
    return next((element for element in found if element is not None), Element(element_id, "unknown", process_key))
