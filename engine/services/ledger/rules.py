"""The named posting rules (C.4) of orders, wallets and payouts. Every amount is in fen and at least 0.

Each rule gives the id of its entry. The rules raise what `post` raises. `settling` holds the ways accepted work is
paid, `treasury` what moves money of the platform or corrects the books; these three alone call `Book.write`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from engine.services.ledger import accounts
from engine.services.ledger.fees import Settlement, contained_vat
from engine.services.ledger.posting import Entry, PostingConflict, post
from engine.services.ledger.tables import journal, posting
from engine.storage.keys import KeyRing
from engine.storage.plain import PlainDict


@dataclass(frozen=True)
class Origin:
    """Where an entry comes from. `key` is its idempotency key: instance, element, logical sequence."""

    key: str
    at: datetime
    actor_id: str
    order_ref: str = ""
    instance_id: str | None = None
    element: str | None = None


@dataclass(frozen=True)
class Book:
    """The open ledger as one caller sees it: where to write, with which keys, on whose account."""

    connection: Connection
    keys: KeyRing
    origin: Origin

    def write(
        self,
        rule: str,
        lines: Mapping[str, int],
        facts: PlainDict | None = None,
        *,
        key: str | None = None,
        owner_id: str | None = None,
        reverses_id: str | None = None,
    ) -> str:
        """Posts an entry of this origin; `key` where the rule has a logical key of its own."""
        origin = self.origin
        entry = Entry(
            key=key or origin.key,
            rule=rule,
            lines=lines,
            order_ref=origin.order_ref,
            instance_id=origin.instance_id,
            element=origin.element,
            actor_id=origin.actor_id,
            at=origin.at,
            facts=facts or {},
            owner_id=owner_id,
            reverses_id=reverses_id,
        )
        return post(self.connection, self.keys, entry)

    def find(self, key: str, facts: PlainDict) -> str | None:
        """The entry of a key, for rules whose lines depend on balances; None if there is none yet.

        Raises PostingConflict if it was posted with other facts.
        """
        row = self.connection.execute(select(journal.c.id, journal.c.facts).where(journal.c.key == key)).one_or_none()
        if row is None:
            return None
        if any(row.facts.get(name) != value for name, value in facts.items()):
            raise PostingConflict(f"Expected key {key} to be new, but another entry has it")
        return str(row.id)


def top_up(book: Book, *, provider: str, party_id: str, amount_fen: int, provider_ref: str) -> str:
    """P-TOPUP: the provider confirmed a payment. Once per provider reference, whoever reports it."""
    return book.write(
        "P-TOPUP",
        {accounts.provider(provider): amount_fen, accounts.wallet(party_id): -amount_fen},
        {"provider_ref": provider_ref},
        key=f"topup:{provider}:{provider_ref}",
    )


def provider_settlement(book: Book, *, provider: str, amount_fen: int, cost_fen: int) -> str:
    """P-PSPSETTLE: the money arrives at the custody bank; the provider's cost is made good from own money."""
    lines = {
        accounts.CUSTODY: amount_fen,
        accounts.provider(provider): -amount_fen,
        accounts.PROVIDER_FEES: cost_fen,
        accounts.OWN_BANK: -cost_fen,
    }
    return book.write("P-PSPSETTLE", lines, {"cost_fen": cost_fen})


def freeze(book: Book, *, payer: str, escrow_ref: str, amount_fen: int) -> str:
    """P-FREEZE: the payer's money waits in the escrow of the order."""
    return _freeze(book, "P-FREEZE", payer, accounts.escrow(escrow_ref), amount_fen)


def increase(book: Book, *, payer: str, escrow_ref: str, amount_fen: int) -> str:
    """P-INCREASE: more money into an escrow (raised reward, tip, new quote)."""
    return _freeze(book, "P-INCREASE", payer, accounts.escrow(escrow_ref), amount_fen)


def freeze_goods(book: Book, *, payer: str, escrow_ref: str, amount_fen: int) -> str:
    """P-FREEZE-GOODS: the advance with which a courier buys goods."""
    return _freeze(book, "P-FREEZE-GOODS", payer, accounts.goods(escrow_ref), amount_fen)


def guarantee(book: Book, *, payer: str, escrow_ref: str, amount_fen: int) -> str:
    """P-GUARANTEE: the deposit of an engagement that is settled on completion."""
    return _freeze(book, "P-GUARANTEE", payer, accounts.guarantee(escrow_ref), amount_fen)


def allocate(book: Book, *, task_ref: str, escrow_ref: str, amount_fen: int, owner_id: str) -> str:
    """P-ALLOCATE: the share of one engagement leaves the escrow of its task, so that no worker uses up another's."""
    lines = {accounts.escrow(task_ref): amount_fen, accounts.escrow(escrow_ref): -amount_fen}
    return book.write("P-ALLOCATE", lines, owner_id=owner_id)


def return_share(book: Book, *, task_ref: str, escrow_ref: str, amount_fen: int) -> str:
    """P-ALLOCATE, and back: what an engagement did not use waits in the escrow of its task for another seat."""
    lines = {accounts.escrow(escrow_ref): amount_fen, accounts.escrow(task_ref): -amount_fen}
    return book.write("P-ALLOCATE", lines, {"returned_fen": amount_fen})


def release(book: Book, *, payer: str, source: str, amount_fen: int) -> str:
    """P-RELEASE: unused money goes back to the payer. `source` is the account it was frozen on."""
    return book.write("P-RELEASE", {source: amount_fen, accounts.wallet(payer): -amount_fen})


def cancel_split(
    book: Book,
    *,
    escrow_ref: str,
    payer: str,
    payee: str,
    escrow_fen: int,
    compensation_fen: int,
    platform_fen: int,
    vat_bps: int,
) -> str:
    """P-CANCEL: of the escrow the payee gets a compensation without fee, the platform its part, the payer the rest.

    Raises ValueError if the parts exceed the escrow.
    """
    refund_fen = escrow_fen - compensation_fen - platform_fen
    if min(refund_fen, compensation_fen, platform_fen) < 0:
        raise ValueError(f"Expected parts of {escrow_fen} fen, but got {compensation_fen} and {platform_fen}")
    vat_fen = contained_vat(platform_fen, vat_bps)
    lines = {
        accounts.escrow(escrow_ref): escrow_fen,
        accounts.wallet(payee): -compensation_fen,
        accounts.CANCELLATION_REVENUE: -(platform_fen - vat_fen),
        accounts.VAT: -vat_fen,
        accounts.wallet(payer): -refund_fen,
    }
    facts: PlainDict = {
        "compensation_fen": compensation_fen,
        "platform_fen": platform_fen,
        "refund_fen": refund_fen,
        "vat_bps": vat_bps,
        "vat_fen": vat_fen,
    }
    return book.write("P-CANCEL", lines, facts)


def place_hold(book: Book, *, party_id: str, case_ref: str, amount_fen: int) -> str:
    """P-HOLD: settled money under dispute is held."""
    return book.write("P-HOLD", {accounts.wallet(party_id): amount_fen, accounts.hold(party_id, case_ref): -amount_fen})


def lift_hold(book: Book, *, party_id: str, case_ref: str, amount_fen: int) -> str:
    """P-UNHOLD: held money is free again."""
    lines = {accounts.hold(party_id, case_ref): amount_fen, accounts.wallet(party_id): -amount_fen}
    return book.write("P-UNHOLD", lines)


def dispute_split(
    book: Book,
    *,
    source: str,
    payer: str,
    payee: str,
    process_key: str,
    terms: PlainDict,
    split: Settlement,
    refund_fen: int,
    case_ref: str,
) -> str:
    """P-DISPUTE: the decided part is paid like a settlement (fee on that part only), the rest goes back to the payer.

    `source` is the account the disputed money lies on: an escrow, or what is held of the payee.
    """
    lines = {source: split.charge_fen + refund_fen, **pay_lines(payee, process_key, split)}
    lines[accounts.wallet(payer)] = lines.get(accounts.wallet(payer), 0) - refund_fen
    facts: PlainDict = {"case_ref": case_ref, "terms": terms, "refund_fen": refund_fen, **split.as_plain()}
    return book.write("P-DISPUTE", lines, facts)


def goodwill(book: Book, *, party_id: str, amount_fen: int, case_ref: str) -> str:
    """P-DISPUTE, goodwill: the platform compensates a party from its own money, which joins the customers' money."""
    lines = {
        accounts.GOODWILL: amount_fen,
        accounts.wallet(party_id): -amount_fen,
        accounts.CUSTODY: amount_fen,
        accounts.OWN_BANK: -amount_fen,
    }
    facts: PlainDict = {"case_ref": case_ref, "goodwill_fen": amount_fen}
    return book.write("P-DISPUTE", lines, facts, key=f"{book.origin.key}:goodwill")


def withdraw(book: Book, *, party_id: str, amount_fen: int) -> str:
    """P-WITHDRAW: money waits for its payout."""
    return book.write("P-WITHDRAW", {accounts.wallet(party_id): amount_fen, accounts.payout(party_id): -amount_fen})


def payout_ok(book: Book, *, party_id: str, amount_fen: int, payout_id: str) -> str:
    """P-PAYOUT-OK: the money left the custody bank."""
    return book.write(
        "P-PAYOUT-OK",
        {accounts.payout(party_id): amount_fen, accounts.CUSTODY: -amount_fen},
        {"payout_id": payout_id},
        key=f"payout:{payout_id}",
    )


def payout_fail(book: Book, *, party_id: str, amount_fen: int, payout_id: str) -> str:
    """P-PAYOUT-FAIL: back to the wallet. It has the key of P-PAYOUT-OK: a payout has one end only."""
    return book.write(
        "P-PAYOUT-FAIL",
        {accounts.payout(party_id): amount_fen, accounts.wallet(party_id): -amount_fen},
        {"payout_id": payout_id},
        key=f"payout:{payout_id}",
    )


def reverse(book: Book, *, journal_id: str, reason: str) -> str:
    """P-REVERSE: the mirror of an entry, which it names. An entry is reversed at most once.

    Raises ValueError if there is no such entry.
    """
    rows = book.connection.execute(select(posting).where(posting.c.journal_id == journal_id)).all()
    if not rows:
        raise ValueError(f"Expected an entry {journal_id}, but there is none")
    lines = {accounts.unsharded(row.account): -row.amount_fen for row in rows}
    return book.write("P-REVERSE", lines, {"reason": reason}, key=f"reverse:{journal_id}", reverses_id=journal_id)


def pay_lines(payee: str, process_key: str, split: Settlement) -> dict[str, int]:
    """Who gets what of an accepted pay: the payee, the platform, the tax office."""
    return {
        accounts.wallet(payee): -split.net_fen,
        accounts.fee_revenue(process_key): -(split.fee_fen - split.vat_fen),
        accounts.VAT: -split.vat_fen,
        accounts.withheld_tax(accounts.AUTHORITY): -split.tax_fen,
    }


def _freeze(book: Book, rule: str, payer: str, account: str, amount_fen: int) -> str:
    return book.write(rule, {accounts.wallet(payer): amount_fen, account: -amount_fen}, owner_id=payer)
