"""What is deployed, version by version, and what uses it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, exists, func, select

from engine.definitions.catalogue import PROCESS, parts_of
from engine.language.model import Element
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.step import ACTIVE
from engine.storage.prepared import Prepared
from engine.storage.tables import definition, deployment, instance, task

_HAS_CASE = exists(select(1).where(instance.c.process_key == definition.c.key))
_NAMES = Prepared(
    select(definition.c.key, definition.c.name_zh, definition.c.name_en)
    .where(definition.c.kind == PROCESS, _HAS_CASE)
    .order_by(definition.c.key, definition.c.version)
)


@dataclass(frozen=True)
class DefinitionRow:
    """One version. `running` and `total` count its instances, for processes."""

    id: str
    kind: str
    key: str
    version: int
    name_zh: str
    name_en: str
    sha256: str
    deployed_at: datetime
    deployed_by: str
    note: str
    running: int
    total: int


@dataclass(frozen=True)
class ProcessName:
    """A process by its newest name."""

    key: str
    name_zh: str
    name_en: str


@dataclass(frozen=True)
class Use:
    """A place that names a definition: an element of a process."""

    process_key: str
    element: Element


@dataclass(frozen=True)
class DefinitionView:
    """One version with its file, its sisters, and the newest processes that use it."""

    definition: DefinitionRow
    content: bytes
    versions: list[DefinitionRow]
    elements: Mapping[str, Element]
    uses: list[Use]


def list_definitions(engine: Engine, kind: str | None = None) -> list[DefinitionRow]:
    """The newest version of everything, or of everything of a kind, by key."""
    newest = (
        select(definition.c.kind, definition.c.key, func.max(definition.c.version).label("version"))
        .group_by(definition.c.kind, definition.c.key)
        .subquery()
    )
    query = _select().join(
        newest,
        (definition.c.kind == newest.c.kind)
        & (definition.c.key == newest.c.key)
        & (definition.c.version == newest.c.version),
    )
    if kind:
        query = query.where(definition.c.kind == kind)
    with engine.database.read() as connection:
        return [_read(row) for row in connection.execute(query.order_by(definition.c.kind, definition.c.key))]


def name_processes(engine: Engine) -> list[ProcessName]:
    """The processes that cases were started of, by key."""
    with engine.database.read() as connection:
        return ask_process_names(connection)()


def ask_process_names(connection: Connection) -> Callable[[], list[ProcessName]]:
    """The same, to be called for when other questions were asked as well."""
    asked = _NAMES.ask(connection)
    return lambda: list({row.key: ProcessName(*row) for row in asked.all()}.values())  # the newest comes last


def fetch_definition(engine: Engine, definition_id: str) -> DefinitionView:
    """One version. Raises NotFound."""
    with engine.database.read() as connection:
        row = connection.execute(_select().where(definition.c.id == definition_id)).one_or_none()
        if row is None:
            raise NotFound("definition", definition_id)
        found = _read(row)
        query = _select().where(definition.c.kind == found.kind, definition.c.key == found.key)
        versions = [_read(one) for one in connection.execute(query.order_by(definition.c.version.desc()))]
        content = engine.catalogue.content(connection, definition_id)["content"]
        elements = engine.catalogue.elements(connection, definition_id) if found.kind == PROCESS else {}
    return DefinitionView(found, content, versions, elements, find_uses(engine, found.kind, found.key))


def find_uses(engine: Engine, kind: str, key: str) -> list[Use]:
    """The elements of the newest processes that name a definition."""
    uses = []
    for process in list_definitions(engine, PROCESS):
        with engine.database.read() as connection:
            elements = engine.catalogue.elements(connection, process.id)
        for element in elements.values():
            if element.process_key == process.key and (kind, key) in parts_of(element):
                uses.append(Use(process.key, element))
    return uses


def _select() -> Select[Any]:
    of_version = select(func.count()).select_from(instance).where(instance.c.definition_id == definition.c.id)
    return select(
        definition.c.id,
        definition.c.kind,
        definition.c.key,
        definition.c.version,
        definition.c.name_zh,
        definition.c.name_en,
        definition.c.sha256,
        definition.c.deployed_at,
        deployment.c.actor_id.label("deployed_by"),
        deployment.c.note,
        of_version.where(instance.c.status == ACTIVE).scalar_subquery().label("running"),
        of_version.scalar_subquery().label("total"),
    ).join(deployment, deployment.c.id == definition.c.deployment_id)


def _read(row: Row[Any]) -> DefinitionRow:
    return DefinitionRow(**row._mapping)


def count_waiting(engine: Engine, definition_id: str) -> dict[str, int]:
    """How many open tasks wait at each element of a version."""
    counted = func.count().label("waiting")
    query = select(task.c.element, counted).where(task.c.definition_id == definition_id).group_by(task.c.element)
    with engine.database.read() as connection:
        return {row.element: row.waiting for row in connection.execute(query)}


def drawing_of(engine: Engine, definition_id: str) -> bytes:
    """The BPMN file of a process definition. Raises NotFound."""
    with engine.database.read() as connection:
        row = connection.execute(
            select(definition.c.content).where(definition.c.id == definition_id, definition.c.kind == PROCESS)
        ).one_or_none()
    if row is None:
        raise NotFound("definition", definition_id)
    content: bytes = row.content
    return content
