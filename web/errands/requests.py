"""What the two sides of an errand may ask for beside their tasks, each on a page that first says what it means."""

from collections.abc import Callable
from pathlib import Path

from flask import jsonify, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from engine.definitions.forms import BoundForm
from engine.runtime.engine import Engine
from engine.services.errands import commands
from engine.services.errands.commands import CANCEL, DISPUTE, EXCEPTION, RELEASE
from engine.services.errands.errors import RequestNotPossible
from engine.services.errands.exceptions import KINDS
from engine.services.errands.foretelling import foretell_cancellation
from engine.services.errands.queries import ErrandView, fetch_errand, is_party
from engine.storage.ids import new_token
from web.errands.money import Sum, list_cancelled
from web.market.questions import bind_question, draw_question, read_token
from web.market.requests import read_claim
from web.security import current_actor, wants_json

FORMS = Path(__file__).parent / "forms"
Answer = Response | str | tuple[str, int]
REQUESTS = {"report": EXCEPTION, "release": RELEASE, "cancel": CANCEL, "dispute": DISPUTE}
"""The word of each request in addresses, and the command's own."""
RELAYED = "relayed"  # what became of a report by which the courier lost the errand


class Requests:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def view_of(self, name: str) -> Callable[[str], Answer]:
        """The page that asks before a request is sent, and sends it."""

        def view(order_id: str) -> Answer:
            return self._ask(name, order_id) if request.method == "GET" else self._answer(name, order_id)

        return view

    def _ask(self, name: str, order_id: str) -> str:
        order = fetch_errand(self.engine, current_actor(), order_id)
        if REQUESTS[name] not in order.may:
            raise RequestNotPossible(REQUESTS[name], order.card.state)
        return self._draw(name, order, bind_question(self.engine, name, folder=FORMS), new_token())

    def _answer(self, name: str, order_id: str) -> Answer:
        """Sends the request. A repeated one is for the command to recognise, whatever became of the errand since."""
        token, bound = read_token(), bind_question(self.engine, name, folder=FORMS)
        if not bound.validate():
            order = fetch_errand(self.engine, current_actor(), order_id)
            return self._draw(name, order, bound, token), 422
        self._send(name, order_id, token, bound)
        target = self._lead_on(name, order_id)
        return jsonify(next=target) if wants_json(request) else redirect(target, 303)

    def _lead_on(self, name: str, order_id: str) -> str:
        """Back to the errand; for a courier who no longer has it to his home."""
        with self.engine.database.read() as connection:
            if is_party(connection, order_id, current_actor().party_id):
                return url_for("errands.order", order_id=order_id, done=name)
        return url_for("errands.home", done=RELAYED if name == "report" else name)

    def _send(self, name: str, order_id: str, token: str, bound: BoundForm) -> None:
        actor, reason = current_actor(), str(bound.values.get("reason") or "")
        if name == "release":
            commands.release_errand(self.engine, actor, order_id, token, reason)
        elif name == "cancel":
            commands.cancel_errand(self.engine, actor, order_id, token, reason)
        elif name == "dispute":
            commands.dispute_errand(self.engine, actor, order_id, token, reason, read_claim(bound.values))
        else:
            kind = request.form.get("kind", "")
            if kind not in KINDS:
                raise BadRequest
            commands.report_exception(self.engine, actor, order_id, token, kind, reason)

    def _draw(self, name: str, order: ErrandView, bound: BoundForm, token: str) -> str:
        return render_template(
            "errands/ask.html",
            name=name,
            view=order,
            kinds=[(kind, KINDS[kind]) for kind in order.exceptions] if name == "report" else [],
            sums=self._foretell(order.card.id) if name == "cancel" else [],
            chosen=request.form.get("kind", ""),
            fields=draw_question(bound),
            token=token,
        )

    def _foretell(self, order_id: str) -> list[Sum]:
        return list_cancelled(foretell_cancellation(self.engine, current_actor(), order_id))
