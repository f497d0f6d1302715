"""The certificate of what tax was withheld from a person's pay in a month, settlement by settlement."""

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.documents.drafting import Draft, read_past_month
from engine.services.documents.settled import list_settled
from engine.storage.actor import Actor
from engine.storage.clock import format_instant
from engine.storage.database import UnitOfWork
from engine.storage.plain import Plain, PlainDict


def draft_withholding(unit: UnitOfWork, engine: Engine, actor: Actor, text: str) -> Draft:
    """Of the acting party, for a month that is over and in which it was paid."""
    month = read_past_month(unit, engine, text)
    party_id = actor.party_id
    paid = [
        one for one in list_settled(unit.connection, month.since, month.until, party_id) if one.payee_id == party_id
    ]
    if not paid:
        raise NotFound("withholding", text)
    lines: list[Plain] = [
        {
            "entry_id": one.entry_id,
            "at": format_instant(one.at),
            "payer_id": one.payer_id,
            "gross_fen": one.gross_fen,
            "tax_fen": one.tax_fen,
        }
        for one in paid
    ]
    content: PlainDict = {
        "party_id": party_id,
        "month": str(month),
        "lines": lines,
        "gross_fen": sum(one.gross_fen for one in paid),
        "tax_fen": sum(one.tax_fen for one in paid),
    }
    return Draft(f"{party_id}:{month}", month.first, content)
