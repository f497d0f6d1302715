"""The custody proof (I6): customers' money is whole at any time, and what else lies there is the platform's own."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, literal_column, null, select

from engine.services.ledger import accounts
from engine.services.ledger.tables import account


@dataclass(frozen=True)
class CustodyProof:
    """Sums in fen. What lies at the bank and with providers covers what customers, VAT and tax are owed.

    `customers` are the liabilities by the prefix of their accounts. The rest is the platform's: its income, less what
    it took out, what it spent, and what others owe it (`claims_fen`).
    """

    bank_fen: int
    provider_fen: int
    customers: Mapping[str, int]
    vat_fen: int
    tax_fen: int
    income_fen: int
    taken_fen: int
    claims_fen: int

    @property
    def there_fen(self) -> int:
        """What lies in custody, or is on its way there."""
        return self.bank_fen + self.provider_fen

    @property
    def owed_fen(self) -> int:
        """What belongs to others."""
        return sum(self.customers.values()) + self.vat_fen + self.tax_fen

    @property
    def own_fen(self) -> int:
        """What belongs to the platform; below 0 customers' money is short by as much."""
        return self.there_fen - self.owed_fen

    @property
    def difference_fen(self) -> int:
        """How far that is from what the income accounts say; 0 in books that balance."""
        return self.own_fen - (self.income_fen - self.taken_fen - self.claims_fen)

    @property
    def sweepable_fen(self) -> int:
        """What the platform may take out now: its own money that has arrived at the bank."""
        return max(0, min(self.own_fen, self.bank_fen))

    @property
    def holds(self) -> bool:
        """Whether customers' money is whole and every fen is accounted for."""
        return self.own_fen >= 0 and self.difference_fen == 0


def prove_custody(connection: Connection) -> CustodyProof:
    """The proof as the books stand now."""
    sums = _sum_by_group(connection)
    return CustodyProof(
        bank_fen=sums.get(accounts.CUSTODY, 0),
        provider_fen=sums.get("psp", 0),
        customers={prefix: sums.get(prefix, 0) for prefix in accounts.CUSTOMERS},
        vat_fen=sums.get("vat", 0),
        tax_fen=sums.get("tax", 0),
        income_fen=sums.get("rev", 0),
        taken_fen=sums.get(accounts.OWN_BANK, 0) + sums.get("exp", 0),
        claims_fen=sums.get("recv", 0),
    )


def _sum_by_group(connection: Connection) -> dict[str, int]:
    rows = connection.execute(select(_GROUP, func.sum(account.c.balance_fen)).group_by(_GROUP))
    return {group: int(balance_fen) for group, balance_fen in rows}


_GROUPS = (accounts.CUSTODY, accounts.OWN_BANK, "psp", *accounts.CUSTOMERS, "vat", "tax", "rev", "exp", "recv")
_GROUP = case(*((account.c.code.startswith(group), literal_column(f"'{group}'")) for group in _GROUPS), else_=null())
