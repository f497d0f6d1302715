"""Cases, ledger and proof. An auditor changes nothing: every view here only reads."""

from datetime import timedelta
from itertools import islice

from flask import Blueprint, g, render_template, request

from engine.queries.cases import CaseFilter, search_cases
from engine.queries.definitions import name_processes
from engine.runtime.engine import Engine
from engine.services.checkpoints.jobs import find_last
from engine.services.verification import count_rows, verify
from web.auditor.books import name_account, shorten
from web.auditor.case import MAX_BROKEN, CasePage
from web.auditor.days import read_day
from web.auditor.ledger import LedgerDesk, account_url
from web.auditor.names import Names
from web.auditor.proof import tell_findings
from web.auditor.timeline import name_fact, say, say_role, say_status
from web.navigation import may_open
from web.security import current_actor

PAGE_ROWS = 50
STATUSES = ("active", "incident", "completed", "cancelled")


def make_auditor(engine: Engine) -> Blueprint:
    """The blueprint `auditor`."""
    blueprint = Blueprint("auditor", __name__, template_folder="templates")
    desk = AuditDesk(engine)
    page = CasePage(engine)
    blueprint.add_url_rule("/cases", "cases", desk.list_cases)
    blueprint.add_url_rule("/cases/<instance_id>", "case", page.show)
    blueprint.add_url_rule(f"/cases/<instance_id>/<any({', '.join(page.tabs)}):tab>", "case", page.show)
    blueprint.add_url_rule("/cases/<instance_id>/drawings/<process_key>", "drawing", page.show_drawing)
    ledger = LedgerDesk(engine)
    blueprint.add_url_rule("/ledger", "ledger", ledger.show)
    blueprint.add_url_rule("/ledger/accounts", "accounts", ledger.list_accounts)
    blueprint.add_url_rule("/ledger/accounts/<code>", "account", ledger.show_account)
    blueprint.add_url_rule("/ledger/entries", "entries", ledger.list_entries)
    blueprint.add_url_rule("/ledger/entries/<entry_id>", "entry", ledger.show_entry)
    blueprint.add_url_rule("/verify", "verify", desk.verify_all, methods=("GET", "POST"))
    helpers = (say, say_role, say_status, name_fact, name_account, shorten, may_open, account_url)
    blueprint.context_processor(lambda: {helper.__name__: helper for helper in helpers})
    return blueprint


class AuditDesk:
    """The views that are about more than one case, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def list_cases(self) -> str:
        """Cases by what is known of them, newest first."""
        actor, wanted = current_actor(), _read_filter()
        try:
            page = search_cases(self.engine, actor, wanted, request.args.get("after"), PAGE_ROWS)
        except ValueError:  # an address somebody has cut off
            page = search_cases(self.engine, actor, wanted, None, PAGE_ROWS)
        with self.engine.database.read() as connection:
            names = Names(connection, {row.started_by for row in page.rows} | {request.args.get("party")}, g.fmt)
        asked = {name: value for name, value in request.args.items() if value and name != "after"}
        return render_template(
            "auditor/cases.html",
            page=page,
            asked=asked,
            names=names,
            statuses=STATUSES,
            processes=name_processes(self.engine),
        )

    def verify_all(self) -> str:
        """What a full verification covers; on request runs it and names what is broken first."""
        with self.engine.database.read() as connection:
            counts, checkpoint = count_rows(connection), find_last(connection)
        is_run = request.method == "POST"
        findings = islice(verify(self.engine), MAX_BROKEN) if is_run else ()
        return render_template(
            "auditor/verify.html",
            counts=counts,
            checkpoint=checkpoint,
            is_shipping=bool(self.engine.settings.checkpoints),
            is_run=is_run,
            findings=tell_findings(self.engine, findings),
            now=g.fmt.now,
        )


def _read_filter() -> CaseFilter:
    asked = request.args
    started_to = read_day(asked.get("to", ""))
    return CaseFilter(
        text=asked.get("q", "").strip(),
        party=asked.get("party", "").strip(),
        process_key=asked.get("process", ""),
        status=asked.get("status", ""),
        element=asked.get("element", "").strip(),
        started_from=read_day(asked.get("from", "")),
        started_to=started_to + timedelta(days=1) if started_to else None,
    )
