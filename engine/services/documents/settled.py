"""Settlements as documents add them up: who was paid by whom, and who bore the fee."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select

from engine.services.ledger import accounts
from engine.services.ledger.fees import ON_TOP
from engine.services.ledger.settling import RULES
from engine.services.ledger.tables import account, journal, posting

BATCH = 500
DECIDED = "P-DISPUTE"
_AMOUNTS = ("gross_fen", "fee_fen", "vat_fen", "tax_fen", "net_fen")


@dataclass(frozen=True)
class Settled:
    """A settlement, in fen. `vat_fen` is contained in the fee."""

    entry_id: str
    at: datetime
    order_ref: str
    payer_id: str
    payee_id: str
    gross_fen: int
    fee_fen: int
    vat_fen: int
    tax_fen: int
    net_fen: int
    is_fee_on_top: bool

    @property
    def fee_payer_id(self) -> str:
        """Who bore the platform fee."""
        return self.payer_id if self.is_fee_on_top else self.payee_id


def list_settled(
    connection: Connection, since: datetime, until: datetime, party_id: str | None = None
) -> Iterator[Settled]:
    """The settlements of a span of time in their order, those in which a party paid or was paid."""
    wanted = [journal.c.at >= since, journal.c.at < until]
    if party_id is not None:
        touched = select(posting.c.journal_id).join(account, account.c.code == posting.c.account)
        wanted.append(journal.c.id.in_(touched.where(account.c.owner_id == party_id)))
    for one in _list(connection, *wanted):
        if party_id is None or party_id in (one.payer_id, one.payee_id):
            yield one


def list_settled_for(connection: Connection, order_refs: Collection[str]) -> list[Settled]:
    """The settlements of some engagements or orders."""
    refs = sorted(order_refs)
    parts = (refs[start : start + BATCH] for start in range(0, len(refs), BATCH))
    return [one for part in parts for one in _list(connection, journal.c.order_ref.in_(part))]


def _list(connection: Connection, *wanted: ColumnElement[bool]) -> Iterator[Settled]:
    query = (
        select(journal.c.id, journal.c.at, journal.c.rule, journal.c.order_ref, journal.c.facts)
        .add_columns(posting.c.account, account.c.owner_id)
        .join(posting, posting.c.journal_id == journal.c.id)
        .join(account, account.c.code == posting.c.account)
        .where(journal.c.rule.in_((*RULES, DECIDED)), account.c.owner_id.is_not(None), *wanted)
        .order_by(journal.c.at, journal.c.id, posting.c.account)
    )
    lines: dict[str, list[tuple[str, str]]] = {}
    entries = {}
    for row in connection.execute(query):
        lines.setdefault(row.id, []).append((row.account, row.owner_id))
        entries[row.id] = row
    for entry_id, row in entries.items():
        if row.rule == DECIDED and not _pays_from_escrow(row.facts, lines[entry_id]):
            continue
        payer_id, payee_id = find_sides(row.facts, lines[entry_id])
        amounts = {name: int(row.facts[name]) for name in _AMOUNTS}
        is_on_top = row.facts.get("fee_bearer") == ON_TOP
        yield Settled(entry_id, row.at, row.order_ref, payer_id, payee_id, is_fee_on_top=is_on_top, **amounts)


def _pays_from_escrow(facts: dict[str, object], lines: list[tuple[str, str]]) -> bool:
    """Whether a decision paid for work; one over money that was paid before moves what was counted then."""
    return bool(facts.get("gross_fen")) and any(accounts.is_frozen(code) for code, _ in lines)


def find_sides(facts: dict[str, object], lines: list[tuple[str, str]]) -> tuple[str, str]:
    """Who paid and who was paid: the one the money was frozen for, and the other wallet. `lines`: account and owner."""
    frozen = [owner for code, owner in lines if accounts.is_frozen(code)]
    payer_id = str(facts.get("payer") or frozen[0])
    wallets = [owner for code, owner in lines if not accounts.is_frozen(code) and owner != payer_id]
    return payer_id, str(facts.get("payee") or wallets[0])
