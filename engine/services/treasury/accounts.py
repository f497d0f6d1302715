"""Which accounts a manual posting may name, and whether it can be made."""

from sqlalchemy import Connection, select

from engine.services.ledger import accounts
from engine.services.ledger.posting import balance_of
from engine.services.ledger.tables import account
from engine.services.treasury.parties import find_party

OF_MEMBERS = ("wallet", "recv")
OTHER = "other"


class Unusable(Exception):
    """Why an account cannot be posted to: unknown_member, unknown_account, same_account or insufficient."""

    def __init__(self, problem: str, account: str) -> None:
        super().__init__(f"Expected an account to post to, but {account} is {problem}")
        self.problem = problem


def find_account(connection: Connection, kind: str, of: str) -> str:
    """The code of an account: of a member's, `kind` is its prefix and `of` the member; with "other", `of` is the code.

    Raises Unusable.
    """
    if kind in OF_MEMBERS:
        member_id = find_party(connection, of)
        if member_id is None:
            raise Unusable("unknown_member", of)
        return f"{kind}:{member_id}"
    code = of.strip() if kind == OTHER else kind
    if not accounts.is_known(code) or "#" in code or not _is_open(connection, code):
        raise Unusable("unknown_account", code)
    return code


def check_amount(connection: Connection, debit: str, credit: str, amount_fen: int) -> None:
    """Raises Unusable if the accounts are the same, or one with a floor would fall below it."""
    if debit == credit:
        raise Unusable("same_account", debit)
    for code, signed_fen in ((debit, amount_fen), (credit, -amount_fen)):
        if accounts.has_floor(code) and balance_of(connection, code) + accounts.natural_fen(code, signed_fen) < 0:
            raise Unusable("insufficient", code)


def _is_open(connection: Connection, code: str) -> bool:
    """The platform's own accounts are always there; those of members and orders where something has opened them."""
    if accounts.owner_in(code) is None and not accounts.is_frozen(code):
        return True
    return connection.execute(select(account.c.code).where(account.c.code == code)).first() is not None
