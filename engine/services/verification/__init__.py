"""Proof that what is remembered is what happened: every chain, seal and hash of the database, recomputed.

Each finding names the table and the row. Nothing here writes, and a server may run beside it.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, Table, func, select

from engine.runtime.engine import Engine
from engine.services.agreements.tables import signature
from engine.services.documents.tables import document, document_consent
from engine.services.ledger.tables import account, journal, posting
from engine.services.verification.checkpoints import ShippedCheck, verify_checkpoints
from engine.services.verification.findings import Finding
from engine.services.verification.keyframes import verify_keyframes
from engine.services.verification.raw_rows import read_snapshot
from engine.services.verification.roles import verify_roles
from engine.services.verification.streams import StreamCheck
from engine.services.verification.tables import (
    verify_definitions,
    verify_documents,
    verify_files,
    verify_ledger,
    verify_pinned,
    verify_signatures,
    verify_vault,
)
from engine.storage.proving import checkpoint, keyframe
from engine.storage.tables import definition, file, history, instance, submission, vault_item

__all__ = ["Finding", "ShippedCheck", "count_rows", "verify"]

_CHECKS = (verify_definitions, verify_vault, verify_ledger, verify_documents, verify_signatures, verify_roles)


def verify(engine: Engine, instance_id: str | None = None) -> Iterator[Finding]:
    """Everything that is wrong with the database, or with one case and what belongs to it."""
    with engine.database.reader.connect() as fresh, read_snapshot(fresh) as connection:
        yield from StreamCheck(engine, connection, instance_id).run()
        yield from verify_checkpoints(engine, connection, instance_id)
        yield from verify_keyframes(engine, connection, instance_id)
        yield from verify_files(engine, connection, instance_id)
        if instance_id is not None:
            yield from verify_pinned(engine, connection, instance_id)
        else:
            for check in _CHECKS:
                yield from check(engine, connection)


def count_rows(connection: Connection) -> dict[str, int]:
    """How many rows a full verification covers, by table."""
    tables: tuple[Table, ...] = (
        *(history, keyframe, checkpoint, instance, submission, definition, file, vault_item),
        *(account, journal, posting, document, document_consent, signature),
    )
    return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
