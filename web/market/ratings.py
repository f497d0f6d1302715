"""What others think of the acting party, and what it thinks of them."""

from flask import render_template, request

from engine.runtime.engine import Engine
from engine.services.ratings.queries import count_stars, list_ratings, rating_of
from web.security import current_actor

PAGE_ROWS = 20
SIDES = ("received", "given")
STARS = (5, 4, 3, 2, 1)


class Ratings:
    """The view, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_ratings(self) -> str:
        """Ratings received, or given; newest first, with the standing that follows from them."""
        actor, after = current_actor(), request.args.get("after")
        side = "given" if request.args.get("side") == "given" else "received"
        with self.engine.database.read() as connection:
            rows = list_ratings(
                connection,
                self.engine.keys,
                actor.party_id,
                is_received=side == "received",
                after=after,
                limit=PAGE_ROWS + 1,
            )
            standing = rating_of(connection, actor.party_id)
            stars = count_stars(connection, actor.party_id)
        return render_template(
            "market/ratings.html",
            side=side,
            sides=SIDES,
            rows=[row for _, row in rows[:PAGE_ROWS]],
            after=rows[PAGE_ROWS - 1][0] if len(rows) > PAGE_ROWS else None,
            standing=standing,
            stars=[(count, stars.get(count, 0)) for count in STARS],
        )
