"""Whether this installation is well, for whatever watches it. Public, so it tells nothing of anybody."""

from flask import Blueprint, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from engine.queries.health import read_health
from engine.runtime.engine import Engine


def make_health(engine: Engine) -> Blueprint:
    """The blueprint `health`."""
    blueprint = Blueprint("health", __name__)

    def show() -> tuple[Response, int]:
        """200 where the database answers and what is due is done, 503 otherwise; the same figures in both."""
        try:
            health = read_health(engine)
        except SQLAlchemyError:
            return jsonify(status="failing", database="unreachable"), 503
        body = jsonify(
            status="ok" if health.is_well else "failing",
            database="ok",
            workers=health.workers,
            seen_seconds=health.seen_seconds,
            overdue_seconds=health.overdue_seconds,
        )
        return body, 200 if health.is_well else 503

    blueprint.add_url_rule("/health", "show", show)
    return blueprint
