"""A signed agreement with its evidence. What is personal in it stays a reference into the vault."""

from sqlalchemy import select

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.agreements.tables import signature
from engine.services.documents.drafting import Draft
from engine.services.one_time_codes.tables import one_time_code
from engine.storage.actor import Actor
from engine.storage.clock import format_instant
from engine.storage.database import UnitOfWork
from engine.storage.plain import PlainDict


def draft_agreement(unit: UnitOfWork, engine: Engine, actor: Actor, signature_id: str) -> Draft:
    """One signature of the acting party, and the very version it was given to."""
    found = select(signature, one_time_code.c.sent_at, one_time_code.c.verified_at)
    found = found.join(one_time_code, one_time_code.c.id == signature.c.code_id)
    row = unit.connection.execute(found.where(signature.c.id == signature_id)).one_or_none()
    if row is None or row.party_id != actor.party_id:
        raise NotFound("signature", signature_id)
    content: PlainDict = {
        "signature_id": row.id,
        "agreement": row.kind,
        "definition_id": row.definition_id,
        "version": row.version,
        "text_sha256": row.sha256,
        "language": row.language,
        "party_id": row.party_id,
        "signer_id": row.user_id,
        "acting_role": row.acting_role,
        "signer_name": row.signer_name,
        "method": row.method,
        "code_sent_at": format_instant(row.sent_at),
        "code_verified_at": format_instant(row.verified_at),
        "origin": row.origin,
        "signed_at": format_instant(row.signed_at),
        "case_id": row.instance_id,
    }
    return Draft(row.id, row.signed_at.astimezone(engine.zone).date().replace(day=1), content)
