"""Looking for orders, one order, taking it."""

from dataclasses import dataclass

from flask import abort, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from engine.queries.inbox import TaskFilter, TaskRow, list_tasks
from engine.queries.page import MAX_LIMIT
from engine.queries.progress import fetch_progress
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.cases.queries import list_cases
from engine.services.orders.commands import PROCESS, take_order
from engine.services.orders.errors import AlreadyTaken, OrderNotOpen
from engine.services.orders.queries import (
    OrderCard,
    OrderView,
    count_choices,
    count_orders,
    fetch_order,
    list_orders,
)
from engine.services.orders.search import SORTS, OrderFilter
from engine.services.ratings.queries import RatingView, Standing, rating_of, ratings_of_case
from engine.storage.actor import Actor
from engine.storage.ids import new_token
from engine.storage.tables import party
from web.market.attachments import send_attachment
from web.market.cases import may_open_case
from web.market.find import CATEGORIES, PLACES, TAKERS, read_search
from web.market.questions import read_token
from web.market.states import list_offers, next_due
from web.policy import RULES
from web.rendering.display import show_file
from web.security import current_actor
from web.staff.turns import list_turns

PAGE_ROWS = 20
SIMILAR_ROWS = 3
DONE = ("take", "cancel", "dispute")


@dataclass(frozen=True)
class People:
    """Who has to do with an order, by party id in both languages, and what they think of each other.

    `taker` and `ratings` are for the two sides only.
    """

    names: dict[str, tuple[str, str]]
    taker: tuple[str, str] | None
    standing: Standing
    ratings: list[RatingView]


class Hall:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_market(self) -> str:
        """The orders one may take: searched, filtered, sorted, page by page."""
        actor, search = current_actor(), read_search(request.args)
        after = request.args.get("after")
        try:
            page = list_orders(self.engine, actor, search.wanted, after, PAGE_ROWS)
        except ValueError:  # an address somebody has cut off
            abort(400)
        return render_template(
            "market/index.html",
            search=search,
            page=page,
            standings=self._read_standings(page.rows),
            is_first=after is None,
            found=count_orders(self.engine, search.wanted),
            total=count_orders(self.engine, OrderFilter()),
            counts=count_choices(self.engine, search.wanted),
            choices={"category": CATEGORIES, "place": PLACES, "taker": TAKERS, "sort": SORTS},
        )

    def show_order(self, order_id: str) -> str:
        """One order: for everybody while it is listed, then for its two sides, each with what is theirs to do."""
        actor = current_actor()
        order = fetch_order(self.engine, actor, order_id)
        done = request.args.get("done")
        tasks = list_own_tasks(self.engine, actor, order.card)
        progress = fetch_progress(self.engine, actor, order_id) if order.side else None
        return render_template(
            "market/order.html",
            order=order,
            attachments=[show_file(one) for one in order.attachments if isinstance(one, dict)],
            tasks=tasks,
            own_elements={task.element.id for task in tasks},
            progress=progress,
            turns=list_turns(progress) if progress else [],
            people=self._read_people(order, actor),
            offers=list_offers(order) if may_trade(actor) else [],
            may_take=may_trade(actor) and not order.obstacle,
            due_at=next_due(order),
            cases=list_cases(self.engine, actor, order_id) if order.side else [],
            may_open_case=bool(order.side and order.closed_at) and may_open_case(self.engine, actor, "order", order_id),
            done=done if done in DONE else None,
            token=new_token(),
        )

    def take(self, order_id: str) -> Response | tuple[str, int]:
        """Takes the order; who comes too late is told so, and shown what is like it."""
        actor = current_actor()
        try:
            take_order(self.engine, actor, order_id, read_token())
        except (AlreadyTaken, OrderNotOpen) as lost:
            if not self._holds(actor, order_id):
                return self._show_lost(actor, lost), 409
        return redirect(url_for("market.order", order_id=order_id, done="take"), 303)

    def show_attachment(self, order_id: str, file_id: str) -> Response:
        """A file of the demand, for whoever may see the order."""
        order = fetch_order(self.engine, current_actor(), order_id)
        return send_attachment(self.engine, order.attachments, file_id)

    def _holds(self, actor: Actor, order_id: str) -> bool:
        try:
            return fetch_order(self.engine, actor, order_id).side == "taker"
        except NotFound:
            return False

    def _show_lost(self, actor: Actor, lost: AlreadyTaken | OrderNotOpen) -> str:
        """`category` was on the page the order was taken from: the order itself is no longer the reader's to see."""
        category = request.form.get("category", "")
        alike = OrderFilter(categories=frozenset({category} - {""}))
        similar = self._list_takeable(actor, alike)
        others = similar or self._list_takeable(actor, OrderFilter())
        return render_template(
            "market/lost.html",
            code=lost.code,
            others=others,
            is_similar=bool(similar),
            standings=self._read_standings(others),
        )

    def _list_takeable(self, actor: Actor, wanted: OrderFilter) -> list[OrderCard]:
        found = list_orders(self.engine, actor, wanted, limit=PAGE_ROWS).rows
        return [card for card in found if not card.is_own][:SIMILAR_ROWS]

    def _read_standings(self, cards: list[OrderCard]) -> dict[str, Standing]:
        with self.engine.database.read() as connection:
            return {party_id: rating_of(connection, party_id) for party_id in {card.publisher_id for card in cards}}

    def _read_people(self, order: OrderView, actor: Actor) -> People:
        card = order.card
        names = {card.publisher_id: (card.publisher_zh, card.publisher_en)}
        with self.engine.database.read() as connection:
            standing = rating_of(connection, card.publisher_id)
            if not order.side:
                return People(names, None, standing, [])
            ratings = ratings_of_case(connection, self.engine.keys, card.id, actor.party_id)
            others = {order.taker_id, *(one.rater_id for one in ratings), *(one.ratee_id for one in ratings)}
            query = select(party.c.id, party.c.name_zh, party.c.name_en).where(party.c.id.in_(others - {None}))
            names |= {row.id: (row.name_zh, row.name_en) for row in connection.execute(query)}
        return People(names, names.get(order.taker_id or ""), standing, ratings)


def list_own_tasks(engine: Engine, actor: Actor, card: OrderCard) -> list[TaskRow]:
    """The open tasks of an order that are the actor's to do."""
    rows = list_tasks(engine, actor, TaskFilter(search=card.number, process_key=PROCESS), limit=MAX_LIMIT).rows
    return [row for row in rows if row.instance_id == card.id]


def may_trade(actor: Actor) -> bool:
    """Whether this role publishes, takes and ends orders, beside looking at them."""
    return actor.role in RULES["market.take"].roles
