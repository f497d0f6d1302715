"""How people are told of a repair order."""

from collections.abc import Collection

from sqlalchemy import RowMapping

from engine.definitions.registry import BusinessCalendar, Outbox
from engine.services.notifications.recipients import find_people
from engine.services.notifications.telling import Notice
from engine.services.notifications.telling import tell as tell_all
from engine.services.repairs.states import fetch_order
from engine.storage.clock import format_instant
from engine.storage.plain import Plain

DISPATCHER = "repair_dispatcher"
TODO, FINISHED = "todo", "repair.finished"


def tell(
    outbox: Outbox,
    calendar: BusinessCalendar,
    order_id: str,
    template: str,
    parties: Collection[str],
    occasion: str,
    *,
    groups: Collection[str] = (),
    **more: Plain,
) -> int:
    """Tells parties, and people in roles of the platform, what has become of an order. `occasion` tells one such
    notice from the next.
    """
    order = fetch_order(outbox.connection, order_id)
    notice = Notice(
        key=f"{order_id}:{template}:{occasion}",
        template=template,
        facts={**_describe(order), **more},
        subject=f"repair:{order_id}",
        path=f"/repairs/{order_id}",
        recipients=find_people(outbox.connection, parties, groups),
    )
    return tell_all(outbox, calendar.zone, [notice])


def answer_source(outbox: Outbox, source: str, source_ref: str, *, is_repaired: bool) -> None:
    """A to-do item that asked for the repair waits for its end, whichever it is."""
    if source == TODO:
        outbox.publish(FINISHED, source_ref, {"is_repaired": is_repaired})


def _describe(order: RowMapping) -> dict[str, Plain]:
    return {"number": order["number"], "title": order["title"], "due_at": format_instant(order["due_at"])}
