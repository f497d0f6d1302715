"""Open incidents, those of one cause together."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from engine.language.model import Element
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.tables import definition, incident, instance

MAX_ROWS = 500


@dataclass(frozen=True)
class OpenIncident:
    """One case that cannot go on."""

    id: str
    instance_id: str
    business_key: str | None
    subject_zh: str
    subject_en: str
    opened_at: datetime


@dataclass(frozen=True)
class Cause:
    """Incidents of one element of a process with one message, oldest first."""

    process_key: str
    process_zh: str
    process_en: str
    element: Element
    message: str
    incidents: list[OpenIncident]


def list_causes(engine: Engine) -> list[Cause]:
    """The oldest open incidents, the cause that stops most cases first."""
    causes: dict[tuple[str, str, str], Cause] = {}
    query = (
        select(
            incident.c.id,
            incident.c.instance_id,
            incident.c.element,
            incident.c.message,
            incident.c.opened_at,
            instance.c.process_key,
            instance.c.business_key,
            instance.c.subject_zh,
            instance.c.subject_en,
            instance.c.pin_set_id,
            definition.c.name_zh,
            definition.c.name_en,
        )
        .join(instance, instance.c.id == incident.c.instance_id)
        .join(definition, definition.c.id == instance.c.definition_id)
        .where(incident.c.resolved_at.is_(None))
        .order_by(incident.c.opened_at, incident.c.id)
        .limit(MAX_ROWS)
    )
    with engine.database.read() as connection:
        for row in connection.execute(query):
            key = (row.process_key, row.element, row.message)
            if key not in causes:
                element = _find_element(engine, connection, row.pin_set_id, row.process_key, row.element)
                causes[key] = Cause(row.process_key, row.name_zh, row.name_en, element, row.message, [])
            causes[key].incidents.append(
                OpenIncident(row.id, row.instance_id, row.business_key, row.subject_zh, row.subject_en, row.opened_at)
            )
    return sorted(causes.values(), key=lambda cause: -len(cause.incidents))


def find_instance(connection: Connection, incident_id: str) -> str:
    """The case of an incident. Raises NotFound."""
    found = connection.execute(select(incident.c.instance_id).where(incident.c.id == incident_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("incident", incident_id)
    return str(found)


def count_open(connection: Connection, instance_id: str) -> int:
    """How many incidents of a case are open."""
    query = select(func.count()).where(incident.c.instance_id == instance_id, incident.c.resolved_at.is_(None))
    return connection.scalar(query) or 0


def _find_element(
    engine: Engine, connection: Connection, pin_set_id: str, process_key: str, element_id: str
) -> Element:
    """The element in the diagrams the case runs on; a bare one if none of them has it."""
    specs = engine.catalogue.process(connection, engine.catalogue.pins(connection, pin_set_id), process_key)
    found = [element for (_, one), element in specs.elements.items() if one == element_id]
    return found[0] if found else Element(element_id, "unknown", process_key)
