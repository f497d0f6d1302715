"""An errand once more: what was described of an earlier one, for the form of the next."""

from engine.records.submissions import last_content
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.errands import states
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.plain import PlainDict

DESCRIBE = "describe_errand"
_ONCE = frozenset({"timing", "scheduled_at", "answer_by", "station_code", "images", "print_files", "question_files"})
"""What belongs to one errand only: its time, what its parcel station asks for, its files."""


def read_described(engine: Engine, actor: Actor, order_id: str) -> PlainDict:
    """What the actor's party said of an errand of its own, by field. Raises NotFound, for a stranger as well."""
    with engine.database.read() as connection:
        row = connection.execute(states.SELECT_ERRAND, {"order_id": order_id}).mappings().one_or_none()
        if row is None or row["requester_id"] != actor.party_id:
            raise NotFound("errand", order_id)
        sent = last_content(connection, order_id, DESCRIBE)
        opened = {
            name: vault.open_reference(connection, engine.keys, value) if vault.is_reference(value) else value
            for name, value in sent.items()
            if name not in _ONCE
        }
    return {name: value for name, value in opened.items() if value is not None}
