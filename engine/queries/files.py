"""Who may read an upload: the party that sent it, and those who take part in the case it belongs to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, and_, bindparam, exists, or_, select

from engine.definitions.registry import FILE_GUARDS
from engine.queries.cases import READERS
from engine.records.access import IS_CANDIDATE, describe_actor
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.actor import Actor
from engine.storage.files import StoredFile
from engine.storage.plain import PlainDict
from engine.storage.prepared import Prepared
from engine.storage.tables import file, instance_party, party, task

_OF_CASE = Prepared(
    select(file, party.c.name_zh, party.c.name_en)
    .join(party, party.c.id == file.c.owner_id, isouter=True)
    .where(file.c.instance_id == bindparam("instance_id"))
    .order_by(file.c.stored_at.desc(), file.c.id.desc())
)


@dataclass(frozen=True)
class FileView:
    """An upload the actor may read."""

    id: str
    sha256: str
    media_type: str
    name: str
    path: Path


@dataclass(frozen=True)
class CaseFile:
    """An upload that is part of a case. `by_zh`, `by_en` name the party it came from, if that is one of the case's."""

    stored: StoredFile
    by_zh: str
    by_en: str
    stored_at: datetime

    def describe(self) -> PlainDict:
        """The upload as form values hold it."""
        return self.stored.describe()


def ask_files(connection: Connection, actor: Actor, instance_id: str) -> Callable[[], list[CaseFile]]:
    """The uploads of a case that is found for its reader before they are called for, newest first; without those he
    may not see.
    """
    asked = _OF_CASE.ask(connection, {"instance_id": instance_id})

    def read() -> list[CaseFile]:
        rows = asked.all()
        hidden = _list_hidden(connection, actor, instance_id) if rows else set()
        return [
            CaseFile(
                StoredFile(row.id, row.sha256, row.size_bytes, row.media_type, row.name),
                row.name_zh or "",
                row.name_en or "",
                row.stored_at,
            )
            for row in rows
            if row.id not in hidden
        ]

    return read


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
        hidden = _list_hidden(connection, actor, row.instance_id) if row and row.instance_id else set()
    if row is None or row.id in hidden:
        raise NotFound("file", file_id)
    return FileView(row.id, row.sha256, row.media_type, row.name, engine.files.path(row.sha256))


def _list_hidden(connection: Connection, actor: Actor, instance_id: str) -> set[str]:
    """The files of a case that a service takes from the actor's sight."""
    return {one for guard in FILE_GUARDS for one in guard(connection, actor, instance_id)}
