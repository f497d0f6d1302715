"""How long a browser takes until the modeler of a large process can be used."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from statistics import median

from werkzeug.serving import make_server

from bench.browser import sign_in
from bench.measuring import Figure
from bench.pages import find_analyst, open_demo, open_draft_of
from engine.definitions.catalogue import PROCESS
from engine.runtime.engine import Engine
from web.app import create_app

PROCESS_KEY = "hire_order"
READY = '[data-modeler][data-state="ready"]'
PATIENCE_MILLISECONDS = 60_000


def measure_modeler(is_quick: bool) -> Iterator[Figure]:
    """Wall time from going to the page, the first time and with everything in the cache; only where Chromium is."""
    if find_spec("playwright") is None:  # only there when the tests are installed
        return
    from tests.support.browser import find_chromium

    if path := find_chromium():
        with open_demo() as engine, _serve(engine) as url:
            address = f"{url}/drafts/{open_draft_of(engine, PROCESS, PROCESS_KEY)}"
            times = _open(path, url, address, sign_in(engine, *find_analyst(engine)), 3 if is_quick else 7)
        yield Figure("modeler.first_ready_ms", f"modeler of {PROCESS_KEY} ready, first time", times[0], "ms")
        yield Figure("modeler.ready_ms", f"modeler of {PROCESS_KEY} ready, again", median(times[1:]), "ms")


def _open(path: str, url: str, address: str, cookie: str, times: int) -> list[float]:
    """Milliseconds until it was ready, each time."""
    from playwright.sync_api import sync_playwright

    from tests.support.browser import ARGUMENTS

    name, _, value = cookie.partition("=")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        context = browser.new_context()
        context.add_cookies([{"name": name, "value": value, "url": url}])
        page = context.new_page()
        found = []
        for _ in range(times):
            page.goto(address)
            page.wait_for_selector(READY, timeout=PATIENCE_MILLISECONDS)
            found.append(float(page.evaluate("performance.now()")))
        browser.close()
    return found


@contextmanager
def _serve(engine: Engine) -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, create_app(engine), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
