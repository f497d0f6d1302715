"""Which accounts a manual posting may name."""

from sqlalchemy import Connection, select

from engine.services.ledger import accounts
from engine.services.ledger.posting import balance_of
from engine.services.ledger.tables import account
from engine.storage.tables import party

SAME, UNKNOWN_ACCOUNT, UNKNOWN_PARTY, INSUFFICIENT = "same_account", "unknown_account", "unknown_party", "insufficient"


def describe_problem(connection: Connection, debit: str, credit: str, amount_fen: int) -> tuple[str, str]:
    """Why an amount cannot be posted now and the account to blame; two empty texts if it can."""
    if debit == credit:
        return SAME, debit
    for code in (debit, credit):
        if not accounts.is_known(code) or "#" in code:
            return UNKNOWN_ACCOUNT, code
        if not _is_usable(connection, code):
            return UNKNOWN_PARTY if accounts.owner_in(code) else UNKNOWN_ACCOUNT, code
    for code, signed_fen in ((debit, amount_fen), (credit, -amount_fen)):
        if accounts.has_floor(code) and balance_of(connection, code) + accounts.natural_fen(code, signed_fen) < 0:
            return INSUFFICIENT, code
    return "", ""


def _is_usable(connection: Connection, code: str) -> bool:
    """An account of a party is opened for any party there is; frozen money only where an order has opened it."""
    owner_id = accounts.owner_in(code)
    if owner_id is not None:
        return connection.execute(select(party.c.id).where(party.c.id == owner_id)).first() is not None
    if accounts.is_frozen(code):
        return connection.execute(select(account.c.code).where(account.c.code == code)).first() is not None
    return True
