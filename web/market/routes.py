"""The addresses of the market."""

from flask import Blueprint

from engine.runtime.engine import Engine
from engine.services.orders.states import HELD
from engine.services.orders.views import mask_phone
from web.market.cases import CATEGORIES_OF, CasePages
from web.market.certification import CertificationDesk
from web.market.company import CompanyDesk
from web.market.documents import FORMATS, Documents
from web.market.find import name_category
from web.market.hall import Hall
from web.market.orders import OwnOrders
from web.market.papers import ENDINGS, Papers
from web.market.ratings import Ratings
from web.market.requests import KINDS, Requests
from web.market.states import LOOKS, SECURED, STEPS, UNPAID, step_of, turn_of
from web.market.tasks.addresses import HELPERS as TASK_HELPERS
from web.market.tasks.addresses import add_task_rules
from web.market.wallet import Wallet
from web.market.withdrawals import Withdrawals
from web.navigation import may_open

BOTH = ("GET", "POST")


def make_market(engine: Engine) -> Blueprint:
    """The blueprint `market`."""
    blueprint = Blueprint("market", __name__, template_folder="templates")
    hall, own, asked = Hall(engine), OwnOrders(engine), Requests(engine)
    wallet, withdrawals, documents = Wallet(engine), Withdrawals(engine), Documents(engine)
    blueprint.add_url_rule("/market", "index", hall.show_market)
    blueprint.add_url_rule("/orders", "orders", own.show_orders)
    blueprint.add_url_rule("/orders/new", "publish", own.publish, methods=BOTH)
    blueprint.add_url_rule("/orders/<order_id>", "order", hall.show_order)
    blueprint.add_url_rule("/orders/<order_id>/attachments/<file_id>", "attachment", hall.show_attachment)
    blueprint.add_url_rule("/orders/<order_id>/take", "take", hall.take, methods=("POST",))
    for kind in KINDS:
        blueprint.add_url_rule(f"/orders/<order_id>/{kind}", kind, asked.view_of(kind), methods=BOTH)
    cases = CasePages(engine)
    blueprint.add_url_rule("/service-cases", "cases", cases.show_cases)
    new = f"/service-cases/new/<any({', '.join(CATEGORIES_OF)}):kind>/<subject_id>"
    blueprint.add_url_rule(new, "open_case", cases.open_case, methods=BOTH)
    blueprint.add_url_rule("/service-cases/<case_ref>", "case", cases.show_case)
    blueprint.add_url_rule("/service-cases/<case_ref>/evidence", "case_evidence", cases.add_evidence, methods=("POST",))
    blueprint.add_url_rule("/service-cases/<case_ref>/withdraw", "withdraw_case", cases.withdraw, methods=("POST",))
    blueprint.add_url_rule("/ratings", "ratings", Ratings(engine).show_ratings)
    certification = CertificationDesk(engine)
    blueprint.add_url_rule("/certification", "certification", certification.show)
    blueprint.add_url_rule("/certification", "begin_certification", certification.begin, methods=("POST",))
    company = CompanyDesk(engine)
    blueprint.add_url_rule("/company", "company", company.show)
    blueprint.add_url_rule("/company", "begin_company", company.begin, methods=("POST",))
    blueprint.add_url_rule("/company/withdraw", "withdraw_company", company.withdraw, methods=("POST",))
    blueprint.add_url_rule("/wallet", "wallet", wallet.show_wallet)
    blueprint.add_url_rule("/wallet/top-up", "top_up", wallet.top_up, methods=BOTH)
    blueprint.add_url_rule("/wallet/top-ups/<payment_id>", "payment", wallet.show_payment)
    blueprint.add_url_rule("/wallet/statement.csv", "statement", wallet.export_statement)
    month = "/wallet/statements/<month>"
    blueprint.add_url_rule(month, "monthly", documents.show_statement)
    blueprint.add_url_rule(f"{month}.<any({', '.join(FORMATS)}):kind>", "monthly_file", documents.export_statement)
    blueprint.add_url_rule("/settlements/<entry_id>", "settlement", documents.show_settlement)
    blueprint.add_url_rule("/settlements/<entry_id>.json", "settlement_file", documents.export_settlement)
    papers = Papers(engine)
    blueprint.add_url_rule("/papers", "papers", papers.show)
    blueprint.add_url_rule(f"/papers/<kind>/<about>.<any({', '.join(ENDINGS)}):ending>", "paper", papers.download)
    blueprint.add_url_rule("/papers/confirmation/<task_id>", "confirm_sheet", papers.confirm, methods=("POST",))
    blueprint.add_url_rule("/papers/invoices", "ask_invoice", papers.ask_invoice, methods=("POST",))
    blueprint.add_url_rule("/wallet/payout", "payout", withdrawals.pay_out, methods=BOTH)
    blueprint.add_url_rule("/wallet/payout-method", "payout_method", withdrawals.change_method, methods=BOTH)
    add_task_rules(blueprint, engine)
    blueprint.context_processor(lambda: HELPERS | TASK_HELPERS)
    return blueprint


HELPERS = {
    "name_category": name_category,
    "looks": LOOKS,
    "secured_states": SECURED,
    "unpaid_states": UNPAID,
    "held_states": HELD,
    "order_steps": STEPS,
    "step_of": step_of,
    "turn_of": turn_of,
    "mask_phone": mask_phone,
    "may_open": may_open,
}
