"""Who signed what: the signature in force, and whether one has to sign again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from engine.services.agreements.tables import signature
from engine.services.agreements.texts import first_valid_version


@dataclass(frozen=True)
class Signed:
    """A signature as others need it; the evidence stands in the row."""

    id: str
    kind: str
    version: int
    sha256: str
    signed_at: datetime


def find_valid_agreement(connection: Connection, party_id: str, kind: str) -> Signed | None:
    """The newest signature of a party that still binds; None where it has never signed, or has to sign again."""
    newest = _find_newest(connection, party_id, kind)
    if newest is None or newest.version < first_valid_version(connection, kind):
        return None
    return Signed(newest.id, kind, newest.version, newest.sha256, newest.signed_at)


def find_outdated(connection: Connection, party_id: str) -> list[str]:
    """The kinds a party has signed and has to sign again, because a version after it changed materially."""
    kinds = connection.execute(
        select(signature.c.kind).where(signature.c.party_id == party_id).distinct().order_by(signature.c.kind)
    ).scalars()
    return [kind for kind in kinds if find_valid_agreement(connection, party_id, kind) is None]


def is_bound(connection: Connection, row: Any) -> bool:
    """Whether a party, given by its row, has an agreement with the platform that is in force."""
    return bool(row.has_agreement) and not find_outdated(connection, row.id)


def list_signatures(connection: Connection, party_id: str) -> list[Row[Any]]:
    """All signatures of a party, newest first."""
    query = select(signature).where(signature.c.party_id == party_id)
    return list(connection.execute(query.order_by(signature.c.signed_at.desc(), signature.c.kind)).all())


def _find_newest(connection: Connection, party_id: str, kind: str) -> Row[Any] | None:
    same = (signature.c.party_id == party_id) & (signature.c.kind == kind)
    return connection.execute(select(signature).where(same).order_by(signature.c.version.desc()).limit(1)).one_or_none()
