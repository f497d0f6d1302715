"""One server with the demo data and one browser, both for all tests of a worker."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from engine.runtime.engine import Engine
from engine.storage.settings import Settings
from tests.browser.person import DESKTOP, Language, Person, Scheme
from tests.support.browser import ARGUMENTS, find_chromium, find_shell
from tests.support.web import make_app
from web.workers import Workers

STOP_SECONDS = 20
ANSWER = "tests.answer"
CHOSEN = os.environ.get("BATON_TEST_CHROMIUM")  # the path of a browser to test with


class Visit(Protocol):
    """Opens a browser for somebody."""

    def __call__(
        self, language: Language, width: int = DESKTOP, *, has_scripts: bool = True, scheme: Scheme = "light"
    ) -> Person: ...


@pytest.fixture(scope="session")
def site_engine(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The engine behind the site, with the demo data."""
    folder = tmp_path_factory.mktemp("site") / "data"
    shutil.copytree(demo_folder, folder)
    engine = Engine(Settings(data_dir=folder, password_cost=1))
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def site(site_engine: Engine) -> Iterator[str]:
    """The address of the application with its demo data, served by threads, with the thread that does what is due."""
    with serve(site_engine) as url:
        yield url


class QuietHandler(WSGIRequestHandler):
    """Keeps connections, as the real server does; no line per request, so that a failed test shows what failed."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing."""

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """Closes the file that was on its way: werkzeug itself forgets it where a browser resets the connection."""
        if environ and ANSWER in environ:
            environ[ANSWER].close()


class KeptAnswer:
    """An answer that is closed once."""

    def __init__(self, parts: Any) -> None:
        self._parts = parts
        self._close = getattr(parts, "close", lambda: None)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        """Lets go of what it was made of."""
        close, self._close = self._close, lambda: None
        close()


def keep_answers(app: Any) -> Any:
    """The same application, which leaves its answer with the request."""

    def call(environ: Any, start_response: Any) -> KeptAnswer:
        answer = environ[ANSWER] = KeptAnswer(app(environ, start_response))
        return answer

    return call


@contextmanager
def serve(engine: Engine, *, has_workers: bool = True) -> Iterator[str]:
    """Serves an engine as the real server does, in this process. Without workers nothing that is due is done."""
    before = set(threading.enumerate())
    workers = Workers(engine).start() if has_workers else None
    server = make_server("127.0.0.1", 0, keep_answers(make_app(engine)), threaded=True, request_handler=QuietHandler)
    threading.Thread(target=server.serve_forever, name="server").start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        if workers is not None:
            workers.stop()
        server.shutdown()
        server.server_close()
        for thread in set(threading.enumerate()) - before:
            thread.join(STOP_SECONDS)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the whole of it."""
    path = CHOSEN or find_chromium()
    if path is None:
        pytest.fail("Expected Chromium, but there is none: ./run test installs it")
    return path


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    """Chromium without a window, and without what draws windows where that can be had."""
    browser = launch(playwright, CHOSEN or find_shell() or chromium)
    yield browser
    browser.close()


@pytest.fixture
def whole_browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    """Chromium without a window, but with all that it can do."""
    browser = launch(playwright, chromium)
    yield browser
    browser.close()


def launch(playwright: Playwright, path: str) -> Browser:
    return playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))


@pytest.fixture
def visit(site: str, browser: Browser) -> Visit:
    def visit(
        language: Language, width: int = DESKTOP, *, has_scripts: bool = True, scheme: Scheme = "light"
    ) -> Person:
        return Person(browser, site, language, width, has_scripts=has_scripts, scheme=scheme)

    return visit
