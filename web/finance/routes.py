"""Platform finance: is everybody's money there, where do the provider's books differ, what was moved by hand."""

from datetime import date

from flask import Blueprint, abort, g, render_template, request

from engine.runtime.engine import Engine
from engine.runtime.starts import list_starts
from engine.services.ledger.custody import prove_custody
from engine.services.ledger.lookup import EntryFilter, search_entries
from engine.services.ledger.nightly import list_proofs
from engine.services.reconciliation.lists import count_open, list_differences, list_files
from web.auditor.books import name_account, shorten
from web.auditor.names import Names
from web.finance.cases import find_tasks, list_cases
from web.finance.income import Income
from web.security import current_actor

DIFFERENCE, POSTING, PAYMENT = "reconcile_difference", "manual_posting", "platform_payment"
STATES = ("open", "closed")
MAX_POSTINGS, SHOWN_DAYS = 30, 10


def make_finance(engine: Engine) -> Blueprint:
    """The blueprint `finance`."""
    blueprint = Blueprint("finance", __name__, template_folder="templates")
    desk = FinanceDesk(engine)
    blueprint.add_url_rule("/finance", "custody", desk.show_custody)
    blueprint.add_url_rule("/finance/differences", "differences", desk.show_differences)
    blueprint.add_url_rule("/finance/postings", "postings", desk.show_postings)
    income = Income(engine)
    blueprint.add_url_rule("/finance/income", "income", income.show)
    blueprint.add_url_rule("/finance/income", "export_income", income.export, methods=("POST",))
    helpers = {"name_account": name_account, "shorten": shorten, "day": date.fromisoformat}
    blueprint.context_processor(lambda: helpers)
    return blueprint


class FinanceDesk:
    """The views, over one engine. What finance does it does in processes: these pages show, and lead there."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_custody(self) -> str:
        """The custody proof as the books stand now, the nights before, the provider's days."""
        with self.engine.database.read() as connection:
            return render_template(
                "finance/custody.html",
                proof=prove_custody(connection),
                nights=list_proofs(connection, SHOWN_DAYS),
                files=list_files(connection, SHOWN_DAYS),
                open_count=count_open(connection),
                may_pay=self._may_start(PAYMENT),
            )

    def show_differences(self) -> str:
        """Where the provider's books and ours differ, and who is at it."""
        state = request.args.get("state", STATES[0])
        if state not in STATES:
            abort(404)
        with self.engine.database.read() as connection:
            found = list_differences(connection, is_open=state == STATES[0])
            return render_template(
                "finance/differences.html",
                differences=found,
                state=state,
                states=STATES,
                open_count=count_open(connection),
                names=Names(connection, {one.party_id for one in found}, g.fmt),
                own_tasks=find_tasks(self.engine, current_actor(), DIFFERENCE),
            )

    def show_postings(self) -> str:
        """What was proposed, approved and posted by hand."""
        with self.engine.database.read() as connection:
            cases = list_cases(self.engine, connection, current_actor(), POSTING, PAYMENT)
            posted = search_entries(connection, EntryFilter(rule="P-MANUAL"), limit=MAX_POSTINGS)
            people = {case.started_by for case in cases} | {
                str(entry.facts[name]) for entry in posted for name in ("maker", "checker")
            }
            owners = {code.partition(":")[2] for entry in posted for code, _ in entry.lines}
            return render_template(
                "finance/postings.html",
                cases=cases,
                posted=posted,
                names=Names(connection, people | owners, g.fmt),
                may_post=self._may_start(POSTING),
                may_pay=self._may_start(PAYMENT),
            )

    def _may_start(self, process_key: str) -> bool:
        return any(process.id == process_key for process in list_starts(self.engine, current_actor()))
