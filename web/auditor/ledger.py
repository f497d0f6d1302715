"""The ledger as auditors read it: from the proofs to the accounts, from an account to its entries, to case and step."""

from datetime import timedelta

from flask import abort, g, render_template, request, url_for

from engine.runtime.engine import Engine
from engine.services.ledger import accounts
from engine.services.ledger.checks import trial_balance
from engine.services.ledger.custody import prove_custody
from engine.services.ledger.lookup import (
    EntryFilter,
    fetch_entry,
    find_reversal,
    list_accounts,
    list_lines,
    search_entries,
)
from engine.services.ledger.posting import balance_of
from engine.services.ledger.views import EntryView
from engine.services.treasury.parties import find_party
from web.auditor.books import (
    ALL_PREFIXES,
    check_invariants,
    find_case_number,
    owners_in,
    sum_accounts,
    sums_by_kind,
)
from web.auditor.days import read_day
from web.auditor.names import Names
from web.texts import catalogue

PAGE_ROWS = 50
KINDS_OF_ACCOUNTS = ("asset", "expense", "liability", "income")
RULES = tuple(key.removeprefix("rule.") for key in catalogue() if key.startswith("rule.P-"))


class LedgerDesk:
    """The views, over one engine. They only read."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show(self) -> str:
        """Trial balance, custody, invariants and all accounts, as they are now."""
        with self.engine.database.read() as connection:
            sums = sum_accounts(connection)
            return render_template(
                "auditor/ledger.html",
                balance=trial_balance(connection),
                proof=prove_custody(connection),
                accounts={kind: sums_by_kind(sums, kind) for kind in KINDS_OF_ACCOUNTS},
                invariants=check_invariants(connection),
                wanted=EntryFilter(),
                rules=RULES,
                names=Names(connection, (), g.fmt),
            )

    def list_accounts(self) -> str:
        """The accounts of a kind, of one owner if one was asked for."""
        prefix, owner = request.args.get("kind", "wallet"), request.args.get("owner", "").strip()
        if prefix not in ALL_PREFIXES:
            abort(404)
        after = request.args.get("after", "")
        with self.engine.database.read() as connection:
            owner_id = find_party(connection, owner) if owner else ""
            rows = []
            if owner_id is not None:
                rows = list_accounts(connection, prefix, owner_id, after, PAGE_ROWS + 1)
            return render_template(
                "auditor/accounts.html",
                prefix=prefix,
                prefixes=ALL_PREFIXES,
                owner=owner,
                rows=rows[:PAGE_ROWS],
                after=rows[PAGE_ROWS - 1].code if len(rows) > PAGE_ROWS else None,
                is_first=not after,
                names=Names(connection, {row.owner_id for row in rows}, g.fmt),
            )

    def show_account(self, code: str) -> str:
        """What happened on one account, newest first."""
        if not accounts.is_known(code):
            abort(404)
        after = request.args.get("after", "")
        with self.engine.database.read() as connection:
            lines = list_lines(connection, code, after, PAGE_ROWS + 1)
            if not lines and not after:
                abort(404)
            return render_template(
                "auditor/account.html",
                code=code,
                kind=accounts.kind_of(code),
                is_sharded=accounts.is_hot(code) and "#" not in code,
                balance_fen=balance_of(connection, code),
                lines=lines[:PAGE_ROWS],
                after=lines[PAGE_ROWS - 1].entry_id if len(lines) > PAGE_ROWS else None,
                is_first=not after,
                natural=accounts.natural_fen,
                names=Names(connection, {accounts.owner_in(code)}, g.fmt),
            )

    def list_entries(self) -> str:
        """Entries by what is known of them, newest first."""
        wanted, after = _read_filter(), request.args.get("after", "")
        with self.engine.database.read() as connection:
            entries = search_entries(connection, wanted, after, PAGE_ROWS + 1)
            asked = {name: value for name, value in request.args.items() if value and name != "after"}
            return render_template(
                "auditor/entries.html",
                wanted=wanted,
                asked=asked,
                rules=RULES,
                entries=entries[:PAGE_ROWS],
                after=entries[PAGE_ROWS - 1].id if len(entries) > PAGE_ROWS else None,
                is_first=not after,
                names=Names(connection, _people_in(entries), g.fmt),
            )

    def show_entry(self, entry_id: str) -> str:
        """One entry with everything it says of itself, its case and step, and what took it back."""
        with self.engine.database.read() as connection:
            entry = fetch_entry(connection, entry_id)
            if entry is None:
                abort(404)
            return render_template(
                "auditor/entry.html",
                entry=entry,
                number=find_case_number(connection, entry.instance_id),
                reversal=find_reversal(connection, entry_id),
                names=Names(connection, _people_in([entry]), g.fmt),
            )


def account_url(code: str) -> str:
    """The page of an account, or of all accounts of a kind."""
    if code in ALL_PREFIXES and code != accounts.SUSPENSE:
        return url_for("auditor.accounts", kind=code)
    return url_for("auditor.account", code=code)


def _people_in(entries: list[EntryView]) -> set[str | None]:
    said = {
        str(entry.facts[name])
        for entry in entries
        for name in ("maker", "checker", "payer", "payee")
        if name in entry.facts
    }
    return owners_in(entries) | {entry.actor_id for entry in entries} | said


def _read_filter() -> EntryFilter:
    asked = request.args
    until = read_day(asked.get("to", ""))
    rule = asked.get("rule", "")
    return EntryFilter(
        text=asked.get("q", "").strip(),
        rule=rule if rule in RULES else "",
        since=read_day(asked.get("from", "")),
        until=until + timedelta(days=1) if until else None,
    )
