"""Who may read an upload: the party that sent it, and those who take part in the case it belongs to."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import and_, exists, or_, select

from engine.queries.cases import READERS
from engine.records.access import IS_CANDIDATE, describe_actor
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.actor import Actor
from engine.storage.tables import file, instance_party, task


@dataclass(frozen=True)
class FileView:
    """An upload the actor may read."""

    id: str
    sha256: str
    media_type: str
    name: str
    path: Path


def fetch_file(engine: Engine, actor: Actor, file_id: str) -> FileView:
    """Raises NotFound, for a stranger as well."""
    is_party = exists(
        select(1).where(instance_party.c.instance_id == file.c.instance_id, instance_party.c.party_id == actor.party_id)
    )
    has_task = exists(select(1).where(task.c.instance_id == file.c.instance_id, IS_CANDIDATE))
    allowed = [file.c.owner_id == actor.party_id, is_party, has_task]
    if actor.role in READERS:
        allowed.append(and_(file.c.instance_id.is_not(None)))
    with engine.database.read() as connection:
        query = select(file).where(file.c.id == file_id, or_(*allowed))
        row = connection.execute(query, describe_actor(actor)).one_or_none()
    if row is None:
        raise NotFound("file", file_id)
    return FileView(row.id, row.sha256, row.media_type, row.name, engine.files.path(row.sha256))
