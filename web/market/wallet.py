"""The wallet of the acting party: balances, statement, top-ups."""

import segno
from flask import abort, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.ledger.settling import RULES
from engine.services.ledger.views import balance_before, list_frozen, statement, sum_since, wallet_view
from engine.services.orders.queries import secured_for
from engine.services.payments.payments import STARTED, list_payments, start_top_up
from engine.services.payments.payouts import list_payouts
from engine.services.payments.simulator import SIMULATOR
from engine.storage.ids import new_token
from web.market.course import draw_course, read_course
from web.market.questions import bind_question, draw_question, read_token
from web.market.statements import (
    KINDS,
    RULE_ICONS,
    begin_of_month,
    list_closed,
    list_months,
    name_rule,
    read_extract,
    write_table,
)
from web.security import current_actor, local_target

PAGE_ROWS = 30
CODE_DOT = 5
REMEMBERED_PAYMENTS = 100
SHOWN_PAYOUTS = 5
DONE = ("payout", "method")


class Wallet:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_wallet(self) -> str:
        """Balances and the statement, newest first."""
        actor = current_actor()
        after = request.args.get("after", type=int)
        if "after" in request.args and after is None:
            abort(400)
        extract, done = read_extract(request.args), request.args.get("done")
        since = extract.wanted.since
        with self.engine.database.read() as connection:
            rows = statement(connection, actor.party_id, after, PAGE_ROWS + 1, extract.wanted)
            wallet = wallet_view(connection, actor.party_id)
            due_fen, held_count = secured_for(connection, actor.party_id)
            frozen = list_frozen(connection, actor.party_id)
            payments = list_payments(connection, actor.party_id)
            payouts = list_payouts(connection, actor.party_id, SHOWN_PAYOUTS)
            months = list_months(connection, actor.party_id, self.engine.clock())
            closed = list_closed(connection, actor.party_id, self.engine.clock(), self.engine.zone)
            course = read_course(connection, actor.party_id, self.engine.clock())
            earned_fen = sum_since(connection, actor.party_id, begin_of_month(g.fmt), frozenset(RULES))
            opening_fen = balance_before(connection, actor.party_id, since) if since and not extract.kind else None
        return render_template(
            "market/wallet.html",
            wallet=wallet,
            frozen=frozen,
            due_fen=due_fen,
            course=draw_course(course) if course else None,
            earned_fen=earned_fen,
            held_count=held_count,
            payouts=payouts,
            extract=extract,
            months=months,
            closed_months=closed,
            settling=RULES,
            kinds=KINDS,
            opening_fen=opening_fen,
            done=done if done in DONE else None,
            rows=rows[:PAGE_ROWS],
            after=rows[PAGE_ROWS - 1].seq if len(rows) > PAGE_ROWS else None,
            is_first=after is None,
            under_way=[one for one in payments if one.status == STARTED],
            icons=RULE_ICONS,
            rule_key=name_rule,
        )

    def export_statement(self) -> Response:
        """The statement, or a part of it, for a spreadsheet."""
        actor, extract = current_actor(), read_extract(request.args)
        with self.engine.database.read() as connection:
            table = write_table(connection, actor.party_id, extract.wanted, g.fmt)
        response = Response(table, mimetype="text/csv")
        name = "-".join(part for part in ("statement", extract.month, extract.kind) if part)
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return response

    def top_up(self) -> Response | str | tuple[str, int]:
        """Asks for amount and method; then asks the provider."""
        bound = bind_question(self.engine, "top_up")
        if request.method == "POST":
            token = read_token()
            if not bound.validate():
                return self._draw_top_up(draw_question(bound), token), 422
            amount_fen, method = bound.values["amount_fen"], str(bound.values["method"])
            assert isinstance(amount_fen, int)
            payment_id = start_top_up(self.engine, current_actor(), amount_fen, token, method)
            target = local_target(request.form.get("next"))
            return redirect(url_for("market.payment", payment_id=payment_id, next=target), 303)
        return self._draw_top_up(draw_question(bound), new_token())

    def show_payment(self, payment_id: str) -> str:
        """How a top-up stands; the page asks again by itself as long as it is open."""
        actor = current_actor()
        with self.engine.database.read() as connection:
            known = list_payments(connection, actor.party_id, REMEMBERED_PAYMENTS)
            wallet = wallet_view(connection, actor.party_id)
        payment = next((one for one in known if one.id == payment_id), None)
        if payment is None:
            raise NotFound("payment", payment_id)
        return render_template(
            "market/payment.html",
            payment=payment,
            wallet=wallet,
            is_open=payment.status == STARTED,
            pay_code=draw_code(payment.pay_code) if payment.pay_code and payment.status == STARTED else None,
            is_simulated=self._is_simulated,
            target=local_target(request.args.get("next")),
        )

    def _draw_top_up(self, fields: str, token: str) -> str:
        return render_template(
            "market/top_up.html",
            fields=fields,
            token=token,
            is_simulated=self._is_simulated,
            target=local_target(request.values.get("next")),
        )

    @property
    def _is_simulated(self) -> bool:
        return self.engine.settings.payments == SIMULATOR


def draw_code(text: str) -> Markup:
    """A text as a code to scan."""
    return Markup(segno.make(text, error="m", micro=False).svg_inline(scale=CODE_DOT, border=2, light="#fff"))
