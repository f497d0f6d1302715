"""Money out of the wallet: asking for a payout, and the account it goes to."""

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.runtime.engine import Engine
from engine.services.ledger.views import wallet_view
from engine.services.payments.methods import HolderDiffers, describe_method, set_payout_method
from engine.services.payments.simulator import SIMULATOR
from engine.services.payments.withdrawals import WithdrawalTooLarge, request_payout
from engine.storage.ids import new_id
from web.market.questions import bind_question, draw_question, read_token
from web.security import current_actor


class Withdrawals:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def pay_out(self) -> Response | str | tuple[str, int]:
        """Asks for the amount, then starts the payout."""
        bound = bind_question(self.engine, "payout")
        if request.method == "GET":
            return self._draw("payout", draw_question(bound), new_id())
        token = read_token()
        if not bound.validate():
            return self._draw("payout", draw_question(bound), token), 422
        amount_fen = bound.values["amount_fen"]
        assert isinstance(amount_fen, int)
        try:
            request_payout(self.engine, current_actor(), amount_fen, token)
        except WithdrawalTooLarge:
            return self._draw("payout", draw_question(bound), token, problem="too_large"), 422
        return redirect(url_for("market.wallet", done="payout"), 303)

    def change_method(self) -> Response | str | tuple[str, int]:
        """Asks for the account, then keeps it; later payouts go there."""
        bound = bind_question(self.engine, "payout_method")
        if request.method == "GET":
            return self._draw("payout_method", draw_question(bound), new_id())
        if not bound.validate():
            return self._draw("payout_method", draw_question(bound), read_token()), 422
        kind, account, holder = (str(bound.values[name]) for name in ("method_kind", "account_no", "holder_name"))
        try:
            set_payout_method(self.engine, current_actor(), kind=kind, account=account, holder=holder)
        except HolderDiffers:
            return self._draw("payout_method", draw_question(bound), read_token(), problem="other_holder"), 422
        return redirect(url_for("market.wallet", done="method"), 303)

    def _draw(self, page: str, fields: str, token: str, problem: str = "") -> str:
        actor = current_actor()
        with self.engine.database.read() as connection:
            wallet = wallet_view(connection, actor.party_id)
            method = describe_method(connection, self.engine.keys, actor.party_id)
        return render_template(
            f"market/{page}.html",
            fields=fields,
            token=token,
            wallet=wallet,
            method=method,
            problem=problem,
            is_simulated=self.engine.settings.payments == SIMULATOR,
        )
