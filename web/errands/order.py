"""The page of an errand, for both of its sides."""

from flask import render_template, request

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.cases.queries import list_cases
from engine.services.errands.queries import fetch_errand
from engine.storage.ids import new_token
from web.chat.room import find_chat
from web.errands.page import PageMaker
from web.errands.requests import REQUESTS
from web.market.cases import may_open_case
from web.security import current_actor

DONE = ("report", "release", "cancel", "dispute", "take")


class OrderDesk:
    """The view, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.maker = PageMaker(engine)

    def show_order(self, order_id: str) -> str:
        """An errand: where it is, how far it has come, what it costs, what is the reader's to do."""
        actor = current_actor()
        view = fetch_errand(self.engine, actor, order_id)
        if not view.card.side:  # what a stranger may know of it stands on the list he took it from
            raise NotFound("errand", order_id)
        done = request.args.get("done")
        is_over = view.card.closed_at is not None
        return render_template(
            "errands/order.html",
            page=self.maker.make(actor, view),
            room=find_chat(self.engine, actor, order_id),
            acts=[name for name, kind in REQUESTS.items() if kind in view.may],
            cases=list_cases(self.engine, actor, order_id),
            may_open_case=is_over and may_open_case(self.engine, actor, "errand", order_id),
            done=done if done in DONE else None,
            token=new_token(),
        )
