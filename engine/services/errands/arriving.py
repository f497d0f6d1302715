"""Where a courier has to be to say that he is at the pickup."""

from engine.definitions.registry import ViewCall, view
from engine.services.errands import states
from engine.services.places.stored import open_place
from engine.storage.plain import Plain

NEAR_METRES = 150


@view("errand_pickup_spot")
def show_pickup_spot(call: ViewCall) -> Plain:
    """The pickup, and how near one has to be; empty for an errand that names none."""
    row = states.fetch_row(call.connection, call.instance_id)
    found = open_place(call.connection, call.keys, row["pickup"])
    return {**found.as_plain(), "metres": NEAR_METRES} if found is not None else {}
