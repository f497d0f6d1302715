"""Drafts: definitions somebody is working on. All analysts share them; a revision keeps one from undoing another."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from engine.commands.deployments import DeploymentResult, check, deploy
from engine.definitions.blanks import make_blank
from engine.definitions.catalogue import DECISION, FORM, PROCESS, path_of
from engine.definitions.findings import Finding
from engine.language.decisions import find_decision_keys
from engine.language.errors import EngineError
from engine.language.model import MAX_BYTES
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.actor import Actor
from engine.storage.clock import format_instant
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict
from engine.storage.tables import definition, draft

MAX_NAME = 200
# As ids of BPMN and names of the sandbox: what both, and file names, can hold.
_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")
_FORM_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}/[a-z][a-z0-9_]{0,58}")


class DraftConflict(EngineError):
    """Somebody has saved the draft since it was loaded. Nothing was changed."""

    def __init__(self, draft_id: str, revision: int, by: str, at: datetime) -> None:
        facts: PlainDict = {"draft_id": draft_id, "revision": revision, "by": by, "at": format_instant(at)}
        super().__init__(f"Expected the newest revision of the draft, but revision {revision} was saved since", **facts)


class DefinitionExists(EngineError):
    """There is such a definition, or somebody has begun one."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"Expected a new {kind}, but there is one under {key!r}", kind=kind, key=key)


class NameUnfit(EngineError):
    """A key or a name that a definition cannot have; `field` says which."""

    def __init__(self, field: str, value: str) -> None:
        super().__init__(f"Expected a {field} that a definition can have, but got {value!r}", field=field, value=value)


class DraftTooLarge(EngineError):
    """The content is larger than any file we read."""

    def __init__(self, size: int) -> None:
        super().__init__(f"Expected at most {MAX_BYTES} bytes, but got {size}", size=size, most=MAX_BYTES)


def open_draft(engine: Engine, actor: Actor, definition_id: str) -> str:
    """The draft of what a definition is a version of; one of its newest version if nobody has begun any. Its id.

    Raises NotFound.
    """

    def work(unit: UnitOfWork) -> str:
        asked = unit.connection.execute(select(definition).where(definition.c.id == definition_id)).one_or_none()
        if asked is None:
            raise NotFound("definition", definition_id)
        same = (definition.c.kind == asked.kind, definition.c.key == asked.key)
        query = select(definition).where(*same).order_by(definition.c.version.desc()).limit(1)
        newest = unit.connection.execute(query).one()
        if begun := find_begun(unit.connection, asked.kind, asked.key):
            return begun
        return insert_draft(unit, actor, newest.kind, newest.key, newest.content, newest.id)

    return engine.database.transact(work)


def create_draft(engine: Engine, actor: Actor, kind: str, key: str, name_zh: str, name_en: str) -> str:
    """A draft of something new; its id. Raises NameUnfit, DefinitionExists."""
    if kind not in (PROCESS, DECISION, FORM):
        raise NameUnfit("kind", kind)
    if not (_FORM_KEY if kind == FORM else _KEY).fullmatch(key):
        raise NameUnfit("key", key)
    for field, name in (("name_zh", name_zh), ("name_en", name_en)):
        if not (kind == FORM or 0 < len(name) <= MAX_NAME) or not name.isprintable():
            raise NameUnfit(field, name)

    def work(unit: UnitOfWork) -> str:
        query = select(definition.c.id).where(definition.c.kind == kind, definition.c.key == key).limit(1)
        if unit.connection.execute(query).one_or_none() or find_begun(unit.connection, kind, key):
            raise DefinitionExists(kind, key)
        return insert_draft(unit, actor, kind, key, make_blank(kind, key, name_zh, name_en), None)

    return engine.database.transact(work)


def save_draft(engine: Engine, actor: Actor, draft_id: str, content: bytes, revision: int) -> int:
    """Replaces the content of a draft that was loaded at a revision; gives its new one.

    The same content again changes nothing and is answered alike. Raises NotFound, DraftConflict, DraftTooLarge.
    """
    if len(content) > MAX_BYTES:
        raise DraftTooLarge(len(content))

    def work(unit: UnitOfWork) -> int:
        query = select(draft).where(draft.c.id == draft_id).with_for_update()
        row = unit.connection.execute(query).one_or_none()
        if row is None:
            raise NotFound("draft", draft_id)
        if row.content == content:
            return int(row.revision)
        if row.revision != revision:
            raise DraftConflict(draft_id, row.revision, row.updated_by, row.updated_at)
        values = {
            "content": content,
            "revision": revision + 1,
            "updated_by": actor.user_id,
            "updated_at": unit.now,
        }
        unit.connection.execute(update(draft).where(draft.c.id == draft_id).values(values))
        return revision + 1

    return engine.database.transact(work)


def discard_draft(engine: Engine, draft_id: str, revision: int) -> None:
    """Throws a draft away as it was seen. Raises NotFound, DraftConflict."""
    engine.database.transact(lambda unit: _remove(unit, {draft_id: revision}))


def deploy_drafts(engine: Engine, actor: Actor, revisions: Mapping[str, int], note: str = "") -> DeploymentResult:
    """Deploys drafts as they were seen, all or none; they are drafts no longer.

    Raises NotFound, DraftConflict, and DefinitionInvalid with what keeps them from being deployed.
    """
    files = _read_files(engine, revisions)
    return deploy(engine, actor, files, note, also=lambda unit: _remove(unit, revisions))


def check_drafts(engine: Engine, draft_ids: Collection[str]) -> list[Finding]:
    """What is wrong with drafts, seen together with every other draft and with what is deployed. Raises NotFound."""
    with engine.database.read() as connection:
        others = connection.execute(select(draft).where(draft.c.id.not_in(draft_ids))).all()
    beside = {path_of(row.kind, row.key): row.content for row in others}
    return check(engine, _read_files(engine, draft_ids), beside)


def find_begun(connection: Connection, kind: str, key: str) -> str | None:
    """The draft of a definition; that of a decision may have been begun for another in the same file."""
    rows = connection.execute(select(draft.c.id, draft.c.key, draft.c.content).where(draft.c.kind == kind)).all()
    for row in rows:
        if key == row.key or (kind == DECISION and key in find_decision_keys(row.content)):
            return str(row.id)
    return None


def _read_files(engine: Engine, draft_ids: Collection[str]) -> dict[str, bytes]:
    """The contents of drafts by their paths. Raises NotFound."""
    with engine.database.read() as connection:
        rows = connection.execute(select(draft).where(draft.c.id.in_(draft_ids))).all()
    if missing := set(draft_ids) - {row.id for row in rows}:
        raise NotFound("draft", min(missing))
    return {path_of(row.kind, row.key): row.content for row in rows}


def insert_draft(unit: UnitOfWork, actor: Actor, kind: str, key: str, content: bytes, base_id: str | None) -> str:
    """The row of a new draft; its id."""
    row = {
        "id": new_id(),
        "kind": kind,
        "key": key,
        "content": content,
        "base_id": base_id,
        "revision": 1,
        "created_by": actor.user_id,
        "updated_by": actor.user_id,
        "updated_at": unit.now,
    }
    unit.connection.execute(insert(draft), row)
    return str(row["id"])


def _remove(unit: UnitOfWork, revisions: Mapping[str, int]) -> None:
    query = select(draft).where(draft.c.id.in_(revisions)).order_by(draft.c.id).with_for_update()
    found = {row.id: row for row in unit.connection.execute(query)}
    for draft_id, revision in revisions.items():
        row = found.get(draft_id)
        if row is None:
            raise NotFound("draft", draft_id)
        if row.revision != revision:
            raise DraftConflict(draft_id, row.revision, row.updated_by, row.updated_at)
    unit.connection.execute(delete(draft).where(draft.c.id.in_(revisions)))
