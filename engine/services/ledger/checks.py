"""Proofs over the whole ledger (C.5). Each check gives what it found wrong; nothing found means the books are right.

Not here: I7 and I8 (`posting.post` refuses at once).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, case, func, or_, select

from engine.services.ledger import accounts
from engine.services.ledger.custody import prove_custody
from engine.services.ledger.fees import ON_TOP
from engine.services.ledger.posting import digest_of, entry_hash, plain_row
from engine.services.ledger.settling import RULES as SETTLING_RULES
from engine.services.ledger.settling import WHOLE
from engine.services.ledger.tables import account, journal, posting
from engine.storage.keys import KeyRing
from engine.storage.schema import SchemaUnsafe, check_triggers
from engine.storage.seal import is_sealed

EVERYTHING = "all"  # the subject of what is wrong with the books as a whole


@dataclass(frozen=True)
class LedgerFinding:
    """A broken invariant: its number (I1 ...), the account or entry, what was expected, and the table it was seen in.

    A posting is named by its entry.
    """

    invariant: str
    subject: str
    message: str
    table: str = "journal"


@dataclass(frozen=True)
class TrialBalance:
    """Balances in fen per kind; `difference_fen` is 0 when the books balance (I2)."""

    assets_fen: int
    expenses_fen: int
    liabilities_fen: int
    income_fen: int

    @property
    def difference_fen(self) -> int:
        """Assets and expenses less liabilities and income."""
        return self.assets_fen + self.expenses_fen - self.liabilities_fen - self.income_fen


def check_books(connection: Connection) -> list[LedgerFinding]:
    """Every check that needs no key, over the whole ledger."""
    return [finding for check in _CHECKS for finding in check(connection)]


def trial_balance(connection: Connection) -> TrialBalance:
    """The sums of all balances by kind."""
    rows = connection.execute(select(account.c.kind, func.sum(account.c.balance_fen)).group_by(account.c.kind))
    sums = {kind: int(total) for kind, total in rows}
    return TrialBalance(*(sums.get(kind, 0) for kind in ("asset", "expense", "liability", "income")))


def check_entries(connection: Connection) -> list[LedgerFinding]:
    """I1: each entry has lines and they sum to 0."""
    total = func.coalesce(func.sum(posting.c.amount_fen), 0)
    rows = connection.execute(
        select(journal.c.id, total, func.count(posting.c.account))
        .outerjoin(posting, posting.c.journal_id == journal.c.id)
        .group_by(journal.c.id)
        .having(or_(total != 0, func.count(posting.c.account) == 0))
    )
    return [LedgerFinding("I1", i, f"Expected lines that sum to 0, but {n} lines sum to {s} fen") for i, s, n in rows]


def check_trial_balance(connection: Connection) -> list[LedgerFinding]:
    """I2: assets + expenses = liabilities + income."""
    difference_fen = trial_balance(connection).difference_fen
    if difference_fen == 0:
        return []
    message = f"Expected balanced books, but they differ by {difference_fen} fen"
    return [LedgerFinding("I2", EVERYTHING, message, "account")]


def check_floors(connection: Connection) -> list[LedgerFinding]:
    """I3: no account with a floor is below zero, and kind, floor and owner are those of its code.

    Frozen money belongs to whoever paid it in first; a first posting that is gone is found by `check_postings`.
    """
    payers = _first_payers(connection)
    findings = []
    for row in connection.execute(select(account)):
        bad = partial(LedgerFinding, "I3", row.code, table="account")
        if not accounts.is_known(row.code):
            findings.append(bad("Expected an account code of C.2, but it is none"))
            continue
        is_frozen = accounts.is_frozen(row.code)
        owner_id = payers.get(row.code, row.owner_id) if is_frozen else accounts.owner_in(row.code)
        kind, has_floor = accounts.kind_of(row.code), accounts.has_floor(row.code)
        if (row.kind, row.has_floor, row.owner_id) != (kind, int(has_floor), owner_id):
            findings.append(bad(f"Expected kind, floor and owner of its code, but it is {row.kind} of {row.owner_id}"))
        if has_floor and row.balance_fen < 0:
            findings.append(bad(f"Expected at least 0, but it holds {row.balance_fen} fen"))
    return findings


def _first_payers(connection: Connection) -> dict[str, str | None]:
    """Account of frozen money → whose wallet its first posting came from, for an engagement by way of its task."""
    paid = posting.alias()
    rows = connection.execute(
        select(posting.c.account, paid.c.account)
        .join(paid, paid.c.journal_id == posting.c.journal_id)
        .where(
            or_(*(posting.c.account.startswith(f"{prefix}:") for prefix in accounts.FROZEN)),
            posting.c.seq == 1,
            paid.c.amount_fen > 0,
        )
    )
    sources = {str(code): str(source) for code, source in rows}
    payers = {}
    for code in sources:
        wallet, seen = sources[code], {code}
        while wallet in sources and wallet not in seen:
            seen.add(wallet)
            wallet = sources[wallet]
        payers[code] = accounts.owner_in(wallet)
    return payers


def check_balances(connection: Connection) -> list[LedgerFinding]:
    """I14: each balance equals the sum of its postings, and none of the numbered postings is missing."""
    debit, total, count = (
        account.c.kind.in_(sorted(accounts.DEBIT_KINDS)),
        func.coalesce(func.sum(posting.c.amount_fen), 0),
        func.count(posting.c.seq),
    )
    natural = case((debit, total), else_=-total)
    rows = connection.execute(
        select(account.c.code, account.c.balance_fen, natural, account.c.last_seq, count)
        .outerjoin(posting, posting.c.account == account.c.code)
        .group_by(account.c.code, account.c.balance_fen, account.c.last_seq, account.c.kind)
        .having(or_(account.c.balance_fen != natural, account.c.last_seq != count))
    )
    return [
        LedgerFinding(
            "I14", code, f"Expected {total_fen} fen in {n} postings, but it says {balance_fen} in {last}", "account"
        )
        for code, balance_fen, total_fen, last, n in rows
    ]


def check_postings(connection: Connection) -> list[LedgerFinding]:
    """I14: the postings of an account are numbered without a gap, each says the balance after it, and each has its
    account and its entry.
    """
    findings = []
    entries = set(connection.execute(select(journal.c.id)).scalars())
    codes = set(connection.execute(select(account.c.code)).scalars())
    code, seq, balance_fen = "", 0, 0
    for row in connection.execute(select(posting).order_by(posting.c.account, posting.c.seq)):
        bad = partial(LedgerFinding, "I14", row.journal_id, table="posting")
        if row.journal_id not in entries:
            missing = f"Expected the entry of a posting to {row.account}, but it is gone"
            findings.append(LedgerFinding("I14", row.journal_id, missing))
        if row.account not in codes or not accounts.is_known(row.account):
            missing = f"Expected the account of a posting of {row.journal_id}, but it is gone"
            findings.append(LedgerFinding("I14", row.account, missing, "account"))
            findings.append(bad(f"Expected a posting to an account, but {row.account} is none"))
            continue
        if row.account != code:
            code, seq, balance_fen = row.account, 0, 0
        seq, balance_fen = seq + 1, balance_fen + accounts.natural_fen(code, row.amount_fen)
        if (row.seq, row.balance_fen) != (seq, balance_fen):
            findings.append(bad(f"Expected posting {seq} of {code} to leave {balance_fen} fen, but it says otherwise"))
            seq, balance_fen = row.seq, row.balance_fen
    return findings


def check_fees(connection: Connection) -> list[LedgerFinding]:
    """I9: in every settlement fee <= gross, tax <= gross - fee, net >= 0, and the parts make up the gross pay."""
    rows = connection.execute(
        select(journal.c.id, journal.c.facts).where(journal.c.rule.in_((*SETTLING_RULES, "P-DISPUTE")))
    )
    findings = []
    for entry_id, facts in rows:
        if not isinstance(facts, dict) or "goodwill_fen" in facts:  # what is no dict breaks the seal
            continue
        gross, *parts = (facts.get(name) for name in ("gross_fen", "fee_fen", "tax_fen", "net_fen"))
        amounts = [part for part in parts if isinstance(part, int) and part >= 0]
        borne_fen = amounts[0] if amounts and facts.get("fee_bearer") == ON_TOP else 0
        if len(amounts) < len(parts) or sum(amounts) - borne_fen != gross or amounts[0] > gross:
            findings.append(LedgerFinding("I9", entry_id, f"Expected parts of {gross} fen, but got {parts}"))
    return findings


def check_settlements(connection: Connection) -> list[LedgerFinding]:
    """I10: an engagement is settled as a whole at most once, and not besides milestones or batches."""
    settled: dict[str, list[object]] = {}
    reversed_ids = select(journal.c.reverses_id).where(journal.c.reverses_id.is_not(None))
    for code, facts in connection.execute(
        select(posting.c.account, journal.c.facts)
        .join(journal, journal.c.id == posting.c.journal_id)
        .where(
            journal.c.rule.in_(SETTLING_RULES),
            or_(posting.c.account.startswith("escrow:"), posting.c.account.startswith("guarantee:")),
            journal.c.id.not_in(reversed_ids),
        )
    ):
        named = facts if isinstance(facts, dict) else {}  # what is no dict breaks the seal
        settled.setdefault(code, []).append(named.get("milestone") or named.get("batch") or named.get("leg") or WHOLE)
    return [
        LedgerFinding("I10", code, f"Expected one settlement, or one for each part, but there are {units}", "account")
        for code, units in settled.items()
        if len(units) != len(set(units)) or (len(units) > 1 and WHOLE in units)
    ]


def check_allocations(connection: Connection) -> list[LedgerFinding]:
    """I11: what was allocated to engagements is not more than what was frozen for their task."""
    into_rules = ("P-FREEZE", "P-INCREASE", "P-MANUAL")
    into_fen = func.sum(case((journal.c.rule.in_(into_rules), -posting.c.amount_fen), else_=0))
    allocated_fen = func.sum(case((journal.c.rule == "P-ALLOCATE", posting.c.amount_fen), else_=0))
    rows = connection.execute(
        select(posting.c.account, allocated_fen, into_fen)
        .join(journal, journal.c.id == posting.c.journal_id)
        .where(posting.c.account.startswith("escrow:"), journal.c.rule.in_(("P-ALLOCATE", *into_rules)))
        .group_by(posting.c.account)
        .having(allocated_fen > into_fen)
    )
    return [
        LedgerFinding("I11", code, f"Expected at most {frozen} fen allocated, but {allocated} are", "account")
        for code, allocated, frozen in rows
    ]


def check_custody(connection: Connection) -> list[LedgerFinding]:
    """I6: what lies in custody covers what customers, VAT and tax are owed; the rest is the platform's own."""
    proof = prove_custody(connection)
    if proof.holds:
        return []
    message = (
        f"Expected {proof.owed_fen} fen of others in custody, but there are {proof.there_fen}, "
        f"and {proof.difference_fen} are not accounted for"
    )
    return [LedgerFinding("I6", EVERYTHING, message, "account")]


def check_origins(connection: Connection) -> list[LedgerFinding]:
    """I13: every entry of an order names its process instance and element, a manual one the two who approved it."""
    rows = connection.execute(
        select(journal.c.id, journal.c.rule).where(
            journal.c.rule.not_in((*_RULES_WITHOUT_CASE, "P-MANUAL")),
            or_(journal.c.instance_id.is_(None), journal.c.element.is_(None)),
        )
    )
    findings = [
        LedgerFinding("I13", i, f"Expected {rule} to name its instance and element, but it does not")
        for i, rule in rows
    ]
    for entry_id, facts in connection.execute(
        select(journal.c.id, journal.c.facts).where(journal.c.rule == "P-MANUAL")
    ):
        named = facts if isinstance(facts, dict) else {}
        maker, checker, reason, attached = (named.get(n) for n in ("maker", "checker", "reason", "attachments"))
        if not (maker and checker and reason and attached) or maker == checker:
            message = "Expected two persons, a reason and an attachment, but they are not there"
            findings.append(LedgerFinding("I13", entry_id, message))
    return findings


def check_guards(connection: Connection) -> list[LedgerFinding]:
    """I12: the triggers that refuse changes of entries are in place."""
    try:
        check_triggers(connection)
    except SchemaUnsafe as unsafe:
        return [LedgerFinding("I12", EVERYTHING, str(unsafe))]
    return []


def check_escrow(connection: Connection, escrow_ref: str) -> list[LedgerFinding]:
    """I4 and I5 for one closed order: its escrow, goods and guarantee are empty, so what came in has gone out."""
    codes = [f"{prefix}:{escrow_ref}" for prefix in accounts.FROZEN]
    moved = connection.execute(
        select(
            posting.c.account,
            func.coalesce(func.sum(case((posting.c.amount_fen < 0, -posting.c.amount_fen), else_=0)), 0),
            func.coalesce(func.sum(case((posting.c.amount_fen > 0, posting.c.amount_fen), else_=0)), 0),
        )
        .where(posting.c.account.in_(codes))
        .group_by(posting.c.account)
        .order_by(posting.c.account)
    )
    findings = []
    for code, into_fen, out_fen in moved:
        if into_fen != out_fen:
            message = f"Expected {into_fen} fen to have gone out, but {out_fen} did"
            findings.append(LedgerFinding("I5", code, message, "account"))
    held = select(account.c.code, account.c.balance_fen).where(account.c.code.in_(codes), account.c.balance_fen != 0)
    for code, balance_fen in connection.execute(held.order_by(account.c.code)):
        message = f"Expected an empty {code.partition(':')[0]}, but it holds {balance_fen} fen"
        findings.append(LedgerFinding("I4", code, message, "account"))
    return findings


def check_seals(connection: Connection, keys: KeyRing) -> list[LedgerFinding]:
    """I12, for the eye of an auditor: seals, digests of the lines, and the chain of every stream."""
    lines: dict[str, dict[str, int]] = {}
    for row in connection.execute(select(posting)):
        lines.setdefault(row.journal_id, {})[accounts.unsharded(row.account)] = row.amount_fen
    findings: list[LedgerFinding] = []
    heads: dict[str, tuple[int, str]] = {}
    for entry in connection.execute(select(journal).order_by(journal.c.stream, journal.c.seq)).mappings():
        row_values = plain_row(entry)
        if not is_sealed(keys.mac, journal.name, row_values):
            findings.append(LedgerFinding("I12", entry["id"], "Expected the seal of this row, but the row was changed"))
        if digest_of(entry["rule"], entry["order_ref"], lines.get(entry["id"], {})) != entry["digest"]:
            message = "Expected the lines as posted, but they were changed"
            findings.append(LedgerFinding("I12", entry["id"], message, "posting"))
        seq, previous = heads.get(entry["stream"], (0, ""))
        if (entry["seq"], entry["previous_sha256"]) != (seq + 1, previous):
            findings.append(
                LedgerFinding("I12", entry["id"], f"Expected to follow entry {seq} of its stream, but it does not")
            )
        heads[entry["stream"]] = (entry["seq"], entry_hash(row_values))
    return findings


_RULES_WITHOUT_CASE = (
    *("P-TOPUP", "P-PSPSETTLE", "P-REVERSE", "P-WITHDRAW", "P-PAYOUT-OK", "P-PAYOUT-FAIL"),
    *("P-REFUND-ORIG", "P-CHARGEBACK", "P-SUSPENSE"),
)
_CHECKS: tuple[Callable[[Connection], list[LedgerFinding]], ...] = (
    check_entries,
    check_trial_balance,
    check_floors,
    check_custody,
    check_balances,
    check_postings,
    check_fees,
    check_settlements,
    check_allocations,
    check_origins,
    check_guards,
)
