"""Versions of agreements, newest first."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from engine.definitions.agreements import AgreementText, parse_agreement
from engine.definitions.catalogue import AGREEMENT
from engine.storage.tables import definition

SERVICE_ENTERPRISE, SERVICE_INDIVIDUAL, PRIVACY = "service_enterprise", "service_individual", "privacy"


@dataclass(frozen=True)
class AgreementVersion:
    """One version of an agreement, as it was deployed."""

    definition_id: str
    kind: str
    version: int
    sha256: str
    text: AgreementText


def list_versions(connection: Connection, kind: str) -> list[AgreementVersion]:
    """All versions of an agreement, newest first."""
    query = select(definition).where(definition.c.kind == AGREEMENT, definition.c.key == kind)
    rows = connection.execute(query.order_by(definition.c.version.desc())).all()
    return [AgreementVersion(row.id, row.key, row.version, row.sha256, parse_agreement(row.content)) for row in rows]


def fetch_newest(connection: Connection, kinds: Iterable[str]) -> list[AgreementVersion]:
    """The versions to sign now. Raises LookupError for a kind that was never deployed."""
    found = []
    for kind in kinds:
        versions = list_versions(connection, kind)
        if not versions:
            raise LookupError(f"Expected an agreement {kind!r}, but none was deployed")
        found.append(versions[0])
    return found


def fetch_version(connection: Connection, definition_id: str) -> AgreementVersion:
    """One version. Raises NoResultFound."""
    query = select(definition).where(definition.c.id == definition_id, definition.c.kind == AGREEMENT)
    row = connection.execute(query).one()
    return AgreementVersion(row.id, row.key, row.version, row.sha256, parse_agreement(row.content))


def first_valid_version(connection: Connection, kind: str) -> int:
    """The oldest version whose signature still holds: nothing after it asked to sign again. 1 where there is none."""
    return next((one.version for one in list_versions(connection, kind) if one.text.must_sign_again), 1)
