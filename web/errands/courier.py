"""The courier's home: on duty or not, what he carries, what he may take. Made for one thumb."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from engine.queries.inbox import TaskFilter, TaskRow, list_tasks
from engine.queries.page import MAX_LIMIT
from engine.runtime.engine import Engine
from engine.services.dispatch.couriers import Profile, read_profile
from engine.services.dispatch.queries import OfferCard, list_pullable, list_pushed
from engine.services.dispatch.taking import take_offer
from engine.services.errands.commands import COURIER
from engine.services.errands.legs import list_relayed
from engine.services.errands.queries import ACTIVE, PAST, ErrandView, fetch_errand, list_errands
from engine.services.errands.states import PROCESS
from engine.services.errands.tables import errand
from engine.services.orders.errors import AlreadyTaken, OrderNotOpen
from engine.storage.actor import Actor
from engine.storage.ids import new_token
from web.errands.looks import CATEGORIES
from web.errands.money import split_fee
from web.errands.requests import RELAYED, REQUESTS
from web.market.questions import read_token
from web.security import current_actor

PAGE_ROWS = 20
DISTANCES_M = (1_000, 2_000, 5_000)
PROFESSIONAL = "professional"


@dataclass(frozen=True)
class Offer:
    """An offer as the home shows it: what the courier would get of it, and of that the tip."""

    card: OfferCard
    goods_cap_fen: int
    earned_fen: int


@dataclass(frozen=True)
class Carried:
    """An errand the courier has, and what is next to do about it."""

    view: ErrandView
    task: TaskRow | None


@dataclass(frozen=True)
class Filter:
    """How the list of ordinary orders is narrowed."""

    category: str
    within_m: int

    def url(self, **changed: object) -> str:
        """The home with this filter, changed in some of its parts."""
        wanted: dict[str, object] = {"category": self.category, "within": self.within_m, **changed}
        kept = urlencode({name: value for name, value in wanted.items() if value})
        return url_for("errands.home") + (f"?{kept}" if kept else "")


class CourierDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_home(self) -> str:
        """What the courier does and may take; the list narrowed by category and distance."""
        return self._draw()

    def take(self, order_id: str) -> Response | tuple[str, int]:
        """Takes an order; who comes too late is told so, above what else there is."""
        try:
            take_offer(self.engine, current_actor(), order_id, read_token())
        except (AlreadyTaken, OrderNotOpen):
            return self._draw(is_lost=True), 409
        return redirect(url_for("errands.order", order_id=order_id, done="take"), 303)

    def show_deliveries(self) -> str:
        """What the courier has carried out, the newest first; before it what he had to hand on to others."""
        actor, after = current_actor(), request.args.get("after")
        page = list_errands(self.engine, actor, COURIER, PAST, after, PAGE_ROWS)
        relayed = [] if after else list_relayed(self.engine, actor)
        return render_template("errands/deliveries.html", page=page, relayed=relayed)

    def _draw(self, *, is_lost: bool = False) -> str:
        actor = current_actor()
        profile = read_profile(self.engine, actor)
        wanted = _read_filter()
        done = request.args.get("done")
        return render_template(
            "errands/home.html",
            profile=profile,
            carried=self._list_carried(actor),
            offers=self._list_offers(actor, profile, wanted) if profile.on_duty_since else [],
            wanted=wanted,
            distances=[metres for metres in DISTANCES_M if metres < profile.range_m],
            is_lost=is_lost,
            done=done if done in {*REQUESTS, RELAYED} else None,
            token=new_token(),
        )

    def _list_carried(self, actor: Actor) -> list[Carried]:
        rows = list_tasks(self.engine, actor, TaskFilter(process_key=PROCESS), limit=MAX_LIMIT).rows
        by_order = {row.instance_id: row for row in reversed(rows)}  # the one due first
        cards = list_errands(self.engine, actor, COURIER, ACTIVE, limit=MAX_LIMIT).rows
        return [Carried(fetch_errand(self.engine, actor, card.id), by_order.get(card.id)) for card in cards]

    def _list_offers(self, actor: Actor, profile: Profile, wanted: Filter) -> list[Offer]:
        if profile.courier_class == PROFESSIONAL:
            cards = list_pushed(self.engine, actor)
        else:
            narrowed = (wanted.category,) if wanted.category else ()
            cards = list_pullable(self.engine, actor, narrowed)
        if wanted.within_m:
            cards = [card for card in cards if card.metres is None or card.metres <= wanted.within_m]
        with self.engine.database.read() as connection:
            query = select(errand).where(errand.c.id.in_([card.order_id for card in cards]))
            rows: dict[str, Any] = {row["id"]: row for row in connection.execute(query).mappings()}
        return [_describe(card, rows[card.order_id]) for card in cards]


def _describe(card: OfferCard, row: Any) -> Offer:
    return Offer(card, row["goods_cap_fen"], split_fee(row).net_fen + row["tip_fen"])


def _read_filter() -> Filter:
    category, within_m = request.args.get("category", ""), request.args.get("within", 0, type=int)
    return Filter(category if category in CATEGORIES else "", within_m if within_m in DISTANCES_M else 0)
