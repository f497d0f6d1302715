"""The addresses of errands."""

from flask import Blueprint

from engine.runtime.engine import Engine
from web.errands.courier import CourierDesk
from web.errands.looks import ACTS, CATEGORIES, STATES
from web.errands.order import OrderDesk
from web.errands.page import name_spot
from web.errands.requester import RequesterDesk
from web.errands.requests import REQUESTS, Requests
from web.navigation import may_open

POST, BOTH = ("POST",), ("GET", "POST")


def make_errands(engine: Engine) -> Blueprint:
    """The blueprint `errands`."""
    blueprint = Blueprint("errands", __name__, template_folder="templates")
    requester, courier = RequesterDesk(engine), CourierDesk(engine)
    order, requests = OrderDesk(engine), Requests(engine)
    blueprint.add_url_rule("/errands", "orders", requester.show_errands)
    blueprint.add_url_rule("/errands/new", "begin", requester.begin, methods=POST)
    blueprint.add_url_rule("/errands/<order_id>", "order", order.show_order)
    for name in REQUESTS:
        blueprint.add_url_rule(f"/errands/<order_id>/{name}", name, requests.view_of(name), methods=BOTH)
    blueprint.add_url_rule("/errands/<order_id>/take", "take", courier.take, methods=POST)
    blueprint.add_url_rule("/courier", "home", courier.show_home)
    blueprint.add_url_rule("/courier/deliveries", "deliveries", courier.show_deliveries)
    looks = {"errand_categories": CATEGORIES, "errand_states": STATES, "errand_acts": ACTS}
    blueprint.context_processor(lambda: {**looks, "may_open": may_open, "name_spot": name_spot})
    return blueprint
