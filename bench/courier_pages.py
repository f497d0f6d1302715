"""What a courier's phone asks of the server while he is on duty: to take where he is, and for his list of offers."""

import json
from collections.abc import Iterator

from bench.browser import Browser, sign_in
from bench.measuring import Figure, best_of
from engine.runtime.engine import Engine
from engine.services.dispatch.courier_classes import PROFESSIONAL, ROLES
from engine.services.places.geometry import Place
from web.app import create_app

ROUNDS, TIMES = 5, 40
HOME = "/courier"


def measure_pages(engine: Engine, courier_id: str, place: Place) -> Iterator[Figure]:
    """Two requests of one professional courier, the application called in process."""
    app = create_app(engine)
    browser = Browser(app.wsgi_app, sign_in(engine, courier_id, courier_id, ROLES[PROFESSIONAL]))
    _, _, home = browser.get(HOME)
    csrf_token = json.loads(home.partition("hx-headers:inherited='")[2].partition("'")[0])["X-CSRF-Token"]
    tokens = iter(range(1, 10_000_000))

    def tell() -> None:
        token = next(tokens)
        position = {"token": token, "lat": place.lat, "lng": place.lng, "accuracy": 12}
        sent = {"sent": token, "positions": [position]}
        status, _, _ = browser.post_json("/track/positions", sent, x_csrf_token=csrf_token)
        assert status.startswith("200"), status

    report_ms = best_of(ROUNDS, tell, TIMES) * 1e3
    home_ms = best_of(ROUNDS, lambda: browser.get(HOME), TIMES) * 1e3
    yield Figure("dispatch.report_ms", "  a position told over HTTP, the server's part", report_ms, "ms")
    yield Figure("dispatch.home_ms", "  the page of a courier with what is offered to him", home_ms, "ms")
