"""Cases, ledger and proof. An auditor changes nothing: every view here only reads."""

from datetime import date, datetime, time, timedelta
from itertools import islice

from flask import Blueprint, g, render_template, request

from engine.definitions.catalogue import PROCESS
from engine.queries.cases import CaseFilter, search_cases
from engine.queries.definitions import list_definitions
from engine.runtime.engine import Engine
from engine.services.ledger.checks import trial_balance
from engine.services.verification import count_rows, verify
from web.auditor.books import (
    check_invariants,
    find_entries,
    list_accounts,
    name_account,
    owners_in,
    shorten,
    sums_by_kind,
)
from web.auditor.case import MAX_BROKEN, CasePage
from web.auditor.names import Names
from web.auditor.timeline import name_fact, say, say_role
from web.security import current_actor

PAGE_ROWS = 50
STATUSES = ("active", "incident", "completed", "cancelled")
KINDS_OF_ACCOUNTS = ("asset", "expense", "liability", "income")


def make_auditor(engine: Engine) -> Blueprint:
    """The blueprint `auditor`."""
    blueprint = Blueprint("auditor", __name__, template_folder="templates")
    desk = AuditDesk(engine)
    page = CasePage(engine)
    blueprint.add_url_rule("/cases", "cases", desk.list_cases)
    blueprint.add_url_rule("/cases/<instance_id>", "case", page.show)
    blueprint.add_url_rule(f"/cases/<instance_id>/<any({', '.join(page.tabs)}):tab>", "case", page.show)
    blueprint.add_url_rule("/cases/<instance_id>/drawings/<process_key>", "drawing", page.show_drawing)
    blueprint.add_url_rule("/ledger", "ledger", desk.show_ledger)
    blueprint.add_url_rule("/verify", "verify", desk.verify_all, methods=("GET", "POST"))
    helpers = (say, say_role, name_fact, name_account, shorten)
    blueprint.context_processor(lambda: {helper.__name__: helper for helper in helpers})
    return blueprint


class AuditDesk:
    """The views that are about more than one case, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def list_cases(self) -> str:
        """Cases by what is known of them, newest first."""
        page = search_cases(self.engine, current_actor(), _read_filter(), request.args.get("after"), PAGE_ROWS)
        with self.engine.database.read() as connection:
            names = Names(connection, {row.started_by for row in page.rows} | {request.args.get("party")}, g.fmt)
        asked = {name: value for name, value in request.args.items() if value and name != "after"}
        return render_template(
            "auditor/cases.html",
            page=page,
            asked=asked,
            names=names,
            statuses=STATUSES,
            processes=list_definitions(self.engine, PROCESS),
        )

    def show_ledger(self) -> str:
        """Trial balance, accounts, invariants as they are now; the entries of an order that was asked for."""
        order_ref = request.args.get("order", "").strip()
        with self.engine.database.read() as connection:
            entries = find_entries(connection, order_ref) if order_ref else []
            sums = list_accounts(connection)
            return render_template(
                "auditor/ledger.html",
                balance=trial_balance(connection),
                accounts={kind: sums_by_kind(sums, kind) for kind in KINDS_OF_ACCOUNTS},
                invariants=check_invariants(connection),
                order_ref=order_ref,
                entries=entries,
                names=Names(connection, owners_in(entries) | {entry.actor_id for entry in entries}, g.fmt),
            )

    def verify_all(self) -> str:
        """What a full verification covers; on request runs it and names what is broken first."""
        with self.engine.database.read() as connection:
            counts = count_rows(connection)
        is_run = request.method == "POST"
        findings = list(islice(verify(self.engine), MAX_BROKEN)) if is_run else []
        return render_template("auditor/verify.html", counts=counts, is_run=is_run, findings=findings, now=g.fmt.now)


def _read_filter() -> CaseFilter:
    asked = request.args
    started_to = _read_day(asked.get("to", ""))
    return CaseFilter(
        text=asked.get("q", "").strip(),
        party=asked.get("party", "").strip(),
        process_key=asked.get("process", ""),
        status=asked.get("status", ""),
        element=asked.get("element", "").strip(),
        started_from=_read_day(asked.get("from", "")),
        started_to=started_to + timedelta(days=1) if started_to else None,
    )


def _read_day(typed: str) -> datetime | None:
    """The first moment of a day in the reader's zone; none for what is no day."""
    try:
        return datetime.combine(date.fromisoformat(typed), time.min, g.fmt.zone)
    except ValueError:
        return None
