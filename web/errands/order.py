"""The page of an errand, for both of its sides."""

from flask import render_template, request

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.errands.queries import fetch_errand
from engine.storage.ids import new_token
from web.chat.room import find_chat
from web.errands.page import PageMaker
from web.errands.requests import REQUESTS
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
        return render_template(
            "errands/order.html",
            page=self.maker.make(actor, view),
            room=find_chat(self.engine, actor, order_id),
            acts=[name for name, kind in REQUESTS.items() if kind in view.may],
            done=done if done in DONE else None,
            token=new_token(),
        )
