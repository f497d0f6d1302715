"""The views of maps and tracking."""

from functools import partial
from urllib.parse import urljoin

from flask import Blueprint, Response, g, jsonify, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as BaseResponse

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.errands.codes import code_of_recipient
from engine.services.places.saved import forget_address, list_saved
from engine.services.tracking.batch import PositionBatch
from engine.services.tracking.links import make_tracking_link
from engine.services.tracking.queries import read_linked_track, read_trail
from engine.services.tracking.routing import TO_DROPOFF, TO_PICKUP
from web.auditor.names import Names
from web.security import current_actor
from web.tracking.base_map import find_city_file, serve_city_file, serve_schematic_city
from web.tracking.positions import PositionsRefused, read_positions
from web.tracking.showing import find_arrival, map_places, map_trail, thin_trail

UNDER_WAY = (TO_PICKUP, TO_DROPOFF)


def make_tracking(engine: Engine) -> Blueprint:
    """The blueprint `tracking`."""
    blueprint = Blueprint("tracking", __name__, template_folder="templates")
    desk = TrackingDesk(engine)

    def set_up(setup: BlueprintSetupState) -> None:
        setup.app.extensions["positions"] = desk.batch
        names = setup.app.jinja_env.globals
        names["has_city_file"] = lambda: find_city_file(engine) is not None
        names["recipient_link"] = lambda order_id: urljoin(request.url_root, make_tracking_link(engine.keys, order_id))

    blueprint.record_once(set_up)
    blueprint.add_url_rule("/map/city.json", "city", serve_schematic_city)
    blueprint.add_url_rule("/map/city.pmtiles", "city_file", partial(serve_city_file, engine))
    blueprint.add_url_rule("/track/positions", "positions", desk.take_positions, methods=("POST",))
    blueprint.add_url_rule("/t/<order_id>/<proof>", "follow", desk.follow)
    blueprint.add_url_rule("/track/<order_id>/trail", "trail", desk.show_trail)
    blueprint.add_url_rule("/places", "places", desk.list_places)
    blueprint.add_url_rule("/places/<saved_id>/forget", "forget_place", desk.forget, methods=("POST",))
    return blueprint


class TrackingDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.batch = PositionBatch(engine)

    # --- positions --------------------------------------------------------------------------------------------------
    def take_positions(self) -> BaseResponse:
        """Positions of who is signed in; answered by the newest token of his that is written, so that his page keeps
        all later ones and sends them again."""
        actor = current_actor()
        try:
            fixes = read_positions(request.get_json(silent=True), self.engine.clock())
        except PositionsRefused as error:
            raise BadRequest(str(error)) from error
        written = self.batch.report(actor.party_id, fixes)
        self.batch.start()
        return jsonify(written=written)

    def show_trail(self, order_id: str) -> str:
        """Where the couriers of an order were, for who decides a dispute; 404 where nothing is kept any more."""
        trail = read_trail(self.engine, current_actor(), order_id)
        if not trail:
            raise NotFound("track", order_id)
        with self.engine.database.read() as connection:
            names = Names(connection, {one.courier_id for one in trail}, g.fmt)
        return render_template(
            "tracking/trail.html",
            order_id=order_id,
            trail=trail,
            stops=thin_trail(trail),
            places=map_trail([one.place for one in trail]),
            names=names,
        )

    # --- the recipient ----------------------------------------------------------------------------------------------
    def follow(self, order_id: str, proof: str) -> Response:
        """The page behind a recipient's link: how far the order is, when it arrives, and where it is."""
        track = read_linked_track(self.engine, order_id, proof)
        with self.engine.database.read() as connection:
            code = code_of_recipient(connection, self.engine.keys, order_id) if track.stage in UNDER_WAY else ""
        page = render_template(
            "tracking/follow.html",
            track=track,
            arrival=find_arrival(track, self.engine.clock()),
            places=map_places(track),
            code=code,
            proof=proof,
        )
        response = Response(page, mimetype="text/html")
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    # --- saved addresses --------------------------------------------------------------------------------------------
    def list_places(self) -> str:
        """The addresses the reader keeps."""
        with self.engine.database.read() as connection:
            saved = list_saved(connection, self.engine.keys, current_actor().party_id)
        return render_template("tracking/places.html", saved=saved)

    def forget(self, saved_id: str) -> BaseResponse:
        """Deletes one of them; 404 where there is none."""
        forget_address(self.engine, current_actor(), saved_id)
        return redirect(url_for("tracking.places"), 303)
