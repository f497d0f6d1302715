"""Sums over the ledger, and accounts in words: the money of one case, all accounts, the invariants."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from engine.services.ledger import accounts
from engine.services.ledger.checks import LedgerFinding, check_books, check_escrow
from engine.services.ledger.posting import balance_of
from engine.services.ledger.tables import account
from engine.services.ledger.views import EntryView
from engine.storage.tables import instance
from web.auditor.names import Names
from web.auditor.timeline import say

ESCROW = "escrow"
PREFIXES = ("bank", "psp", "recv", "exp", "wallet", "escrow", "hold", "goods", "guarantee", "payout", "suspense")
PREFIXES_OF_PLATFORM = ("tax", "vat", "rev")
ALL_PREFIXES = (*PREFIXES, *PREFIXES_OF_PLATFORM)
INVARIANTS = ("I1", "I2", "I3", "I6", "I9", "I10", "I11", "I12", "I13", "I14")
MACHINE_LENGTH, SHOWN_LENGTH = 32, 12


@dataclass(frozen=True)
class Escrow:
    """What went into an escrow and out of it, in fen, and what its proofs found once the case has ended."""

    ref: str
    into_fen: int
    out_fen: int
    balance_fen: int
    findings: list[LedgerFinding]

    @property
    def is_empty(self) -> bool:
        return self.balance_fen == 0 and self.into_fen == self.out_fen


@dataclass(frozen=True)
class AccountSum:
    """Accounts under one heading: those of a kind people own, or one of the platform with all its shards."""

    code: str
    kind: str
    count: int
    balance_fen: int


def list_escrows(
    connection: Connection, entries: Iterable[EntryView], *, is_now: bool, has_ended: bool
) -> list[Escrow]:
    """Every escrow the entries of a case touch, with the sums of these entries.

    Now the balance is that of the account; of the past it is what these entries come to.
    """
    lines = [line for entry in entries for line in entry.lines if line[0].startswith(f"{ESCROW}:")]
    escrows = []
    for code in dict.fromkeys(code for code, _ in lines):
        ref = code.partition(":")[2]
        amounts = [amount for other, amount in lines if other == code]
        escrows.append(
            Escrow(
                ref,
                -sum(amount for amount in amounts if amount < 0),
                sum(amount for amount in amounts if amount > 0),
                balance_of(connection, code) if is_now else -sum(amounts),
                check_escrow(connection, ref) if is_now and has_ended else [],
            )
        )
    return escrows


def sum_by_element(entries: Iterable[EntryView]) -> dict[str, int]:
    """What the entries moved at each element, in fen."""
    sums: dict[str, int] = {}
    for entry in entries:
        if entry.element is not None:
            moved = sum(amount for _, amount in entry.lines if amount > 0)
            sums[entry.element] = sums.get(entry.element, 0) + moved
    return sums


def sum_accounts(connection: Connection) -> list[AccountSum]:
    """The balances of all accounts: owned ones summed by what they are, the platform's one by one."""
    sums = []
    for prefix in ALL_PREFIXES:
        rows = connection.execute(
            select(account.c.code, account.c.balance_fen).where(
                or_(account.c.code.startswith(f"{prefix}:"), account.c.code == prefix)
            )
        ).all()
        groups: dict[str, list[int]] = {}
        for code, balance_fen in rows:
            name = accounts.unsharded(code) if accounts.is_hot(code) else prefix
            groups.setdefault(name, []).append(balance_fen)
        kind = accounts.kind_of(f"{prefix}:any")
        sums += [AccountSum(name, kind, len(found), sum(found)) for name, found in sorted(groups.items())]
    return sums


def check_invariants(connection: Connection) -> dict[str, list[LedgerFinding]]:
    """What every invariant over the whole ledger finds wrong now."""
    findings = check_books(connection)
    return {name: [one for one in findings if one.invariant == name] for name in INVARIANTS}


def find_case_number(connection: Connection, instance_id: str | None) -> str:
    """What people call a case; its id where it has no number, empty without a case."""
    query = select(instance.c.business_key).where(instance.c.id == instance_id)
    return connection.execute(query).scalar_one_or_none() or instance_id or ""


def owners_in(entries: Iterable[EntryView]) -> set[str | None]:
    """The parties whose accounts the entries touch."""
    return {accounts.owner_in(code) for entry in entries for code, _ in entry.lines}


def name_account(code: str, names: Names) -> str:
    """An account in words: what it is, and whose or of which order."""
    if own_words := say(f"account.{code}", ""):
        return own_words
    prefix, _, rest = code.partition(":")
    owner = accounts.owner_in(code)
    return f"{say(f'account.{prefix}', prefix)} · {names.of(owner) if owner else shorten(rest)}" if rest else prefix


def shorten(reference: str) -> str:
    """A reference as far as the eye needs it: one made by a machine is cut, one made for people stays whole."""
    return f"{reference[:SHOWN_LENGTH]}…" if len(reference) >= MACHINE_LENGTH else reference


def sums_by_kind(sums: Sequence[AccountSum], kind: str) -> list[AccountSum]:
    """Those of assets, liabilities, income or expenses."""
    return [one for one in sums if one.kind == kind]
