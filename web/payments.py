"""Where the payment provider says that something came of a payment."""

from flask import Blueprint, request
from werkzeug.exceptions import BadRequest

from engine.runtime.engine import Engine
from engine.services.payments.payments import take_notice

RECEIVED = "success"  # the word Alipay waits for; without it the notice comes again


def make_payments(engine: Engine) -> Blueprint:
    """The blueprint `payments`."""
    blueprint = Blueprint("payments", __name__)

    def notice() -> str:
        """Takes a notice. Answers 400 to what the provider has not signed."""
        if not take_notice(engine, request.form.to_dict()):
            raise BadRequest
        return RECEIVED

    blueprint.add_url_rule("/payments/notice", "notice", notice, methods=("POST",))
    return blueprint
