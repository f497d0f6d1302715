"""What people said about a case."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, exists, select

from engine.queries.cases import READERS
from engine.records.access import TAKES_PART, describe_actor
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.prepared import Prepared
from engine.storage.tables import comment, instance, instance_party, party

_TAKES_PART = Prepared(select(1).where(instance.c.id == bindparam("instance_id"), TAKES_PART))
_IS_PARTY = and_(instance_party.c.instance_id == comment.c.instance_id, instance_party.c.party_id == comment.c.party_id)
_LIST = Prepared(
    select(comment, party.c.name_zh, party.c.name_en, exists(select(1).where(_IS_PARTY)).label("is_party"))
    .join(party, party.c.id == comment.c.party_id, isouter=True)
    .where(comment.c.instance_id == bindparam("instance_id"))
    .order_by(comment.c.written_at, comment.c.id)
)


@dataclass(frozen=True)
class Comment:
    """`text` is None where the reader may only know that there is one, and once its author was erased.

    Parties are named to each other; the platform's people appear by their role only.
    """

    id: str
    element: str
    is_own: bool
    by_zh: str
    by_en: str
    acting_role: str
    text: str | None
    written_at: datetime


def list_comments(engine: Engine, actor: Actor, instance_id: str) -> list[Comment]:
    """Comments of a case, oldest first: with their texts for those who take part, without for those who may look at
    cases. Raises NotFound, for a stranger as well.
    """
    with engine.database.read() as connection:
        takes_part = _TAKES_PART.first(connection, describe_actor(actor) | {"instance_id": instance_id})
        if takes_part is None and actor.role not in READERS:
            raise NotFound("case", instance_id)
        return ask_comments(engine, connection, actor, instance_id, has_texts=takes_part is not None)()


def ask_comments(
    engine: Engine, connection: Connection, actor: Actor, instance_id: str, *, has_texts: bool
) -> Callable[[], list[Comment]]:
    """Comments of a case that is found for its reader before they are called for, oldest first."""
    asked = _LIST.ask(connection, {"instance_id": instance_id})
    return lambda: [
        Comment(
            row.id,
            row.element,
            row.author_id == actor.user_id,
            row.name_zh if row.is_party else "",
            row.name_en if row.is_party else "",
            row.acting_role,
            vault.open_reference(connection, engine.keys, row.text) if has_texts else None,
            row.written_at,
        )
        for row in asked.all()
    ]
