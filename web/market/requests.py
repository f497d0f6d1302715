"""What the two sides of an order may ask for beside their tasks: give it back, cancel it, have it decided."""

from collections.abc import Callable

from flask import redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.orders.commands import (
    CANCEL,
    DISPUTE,
    RELEASE,
    open_dispute,
    release_order,
    request_cancellation,
)
from engine.services.orders.errors import RequestNotPossible
from engine.services.orders.queries import TAKEN, OrderView, fetch_order
from engine.storage.ids import new_token
from engine.storage.plain import PlainDict
from web.market.questions import bind_question, draw_question, read_token
from web.market.states import QUESTIONS_OF, find_question
from web.security import current_actor

View = Callable[[str], Response | str | tuple[str, int]]
BPS_PER_CENT = 100


class Requests:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def view_of(self, kind: str) -> View:
        """The page that asks before a request of this kind is sent, and sends it."""

        def view(order_id: str) -> Response | str | tuple[str, int]:
            return self._ask(kind, order_id) if request.method == "GET" else self._answer(kind, order_id)

        return view

    def _ask(self, kind: str, order_id: str) -> str:
        order = fetch_order(self.engine, current_actor(), order_id)
        question = find_question(kind, order)
        if question is None:
            raise RequestNotPossible(kind, order.card.state)
        return _draw(kind, order, question, draw_question(bind_question(self.engine, question)))

    def _answer(self, kind: str, order_id: str) -> Response | tuple[str, int]:
        """Sends the request. A repeated one is for the command to recognise, whatever became of the order since."""
        token, question = read_token(), request.form.get("question", "")
        if question not in QUESTIONS_OF[kind]:
            raise BadRequest
        order = self._find(order_id)
        bound = bind_question(self.engine, question)
        is_valid = bound.validate()
        present = find_question(kind, order) if order else None
        if order and present and present != question:
            fields = draw_question(bind_question(self.engine, present))
            return _draw(kind, order, present, fields, is_changed=True), 409
        if order and present and not is_valid:
            return _draw(kind, order, question, draw_question(bound), token), 422
        self._send(kind, order_id, token, bound.values)
        if kind == RELEASE:
            return redirect(url_for("market.orders", side=TAKEN, done=RELEASE), 303)
        return redirect(url_for("market.order", order_id=order_id, done=kind), 303)

    def _find(self, order_id: str) -> OrderView | None:
        try:
            return fetch_order(self.engine, current_actor(), order_id)
        except NotFound:
            return None

    def _send(self, kind: str, order_id: str, token: str, values: PlainDict) -> None:
        actor, reason = current_actor(), str(values.get("reason") or "")
        if kind == RELEASE:
            release_order(self.engine, actor, order_id, token, reason)
        elif kind == DISPUTE:
            open_dispute(self.engine, actor, order_id, token, reason, read_claim(values))
        else:
            done = values.get("progress_percent")
            progress_bps = done * BPS_PER_CENT if isinstance(done, int) else 0
            request_cancellation(self.engine, actor, order_id, token, reason, progress_bps)


def read_claim(values: PlainDict) -> int | None:
    """How much the party wants; None where it does not say."""
    claim = values.get("claim_fen")
    return claim if isinstance(claim, int) else None


def _draw(kind: str, order: OrderView, question: str, fields: Markup, token: str = "", is_changed: bool = False) -> str:
    return render_template(
        "market/request.html",
        kind=kind,
        order=order,
        question=question,
        fields=fields,
        token=token or new_token(),
        is_changed=is_changed,
    )


KINDS = (RELEASE, CANCEL, DISPUTE)
