"""An express task as its people meet it: each confirms in his browser, several at once, until he is paid."""

import re
import resource
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPException
from threading import Event, Thread
from threading import enumerate as enumerate_threads
from time import perf_counter

from sqlalchemy import select
from werkzeug.serving import WSGIRequestHandler, make_server

from bench.browser import sign_in
from bench.measuring import Figure, cpu_seconds
from engine.runtime.engine import Engine
from engine.services.express.tables import express_line
from engine.storage.actor import Actor
from web.app import create_app
from web.demo.data import Cast
from web.demo.driver import Browser, Page, Values
from web.demo.expressing import SILENT, WITHDRAWN, Express
from web.demo.throwaway import DemoClock, open_throwaway
from web.serving import start_worker

AT_ONCE = 8
PAUSE_SECONDS, PATIENCE = 0.05, 400
TRANSACTION_BUDGET_MS = 250
LINES, QUICK_LINES = 1_000, 60
CODE = re.compile(r'<b class="mono">(\d{6})</b>')


class QuietHandler(WSGIRequestHandler):
    """No line per request: they would be most of what is printed."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing."""


@contextmanager
def running_worker(engine: Engine) -> Iterator[None]:
    """The thread of the server that does what is due. At the end it has finished: the play itself goes on alone."""
    stop = start_worker(engine)
    yield
    stop.set()
    for thread in enumerate_threads():
        if thread.name == "due-work":
            thread.join()


class ServedExpress(Express):
    """The play, in which those who confirm do it over HTTP, with the forms of their pages."""

    def __init__(self, engine: Engine, clock: DemoClock, lines: int, url: str) -> None:
        super().__init__(engine, clock, lines)
        self.url, self.requests = url, 0
        self.seconds, self.cpu = 0.0, 0.0

    def answer_all(self, cast: Cast, people: Mapping[str, tuple[int, Actor]]) -> None:
        """Those who do something else first, then the crowd, several at once."""
        crowd = {case: who for case, who in people.items() if who[0] > WITHDRAWN or who[0] < SILENT}
        super().answer_all(cast, {case: who for case, who in people.items() if case not in crowd})
        began, spent = perf_counter(), cpu_seconds()
        with running_worker(self.engine), ThreadPoolExecutor(AT_ONCE) as pool:
            self.requests = sum(pool.map(lambda item: self._confirm(*item), crowd.items()))
        self.seconds, self.cpu = (perf_counter() - began) / len(crowd), (cpu_seconds() - spent) / len(crowd)

    def _confirm(self, case: str, who: tuple[int, Actor]) -> int:
        number, actor = who
        cookie = sign_in(self.engine, actor.user_id, actor.party_id, actor.role)
        name, _, value = cookie.partition("=")
        screens = Screens(Browser(self.url, {name: value}), self._find_line(case))
        screens.sign(f"承接人{number}")
        screens.send({"took_part": "yes", "confirm_info": "yes"})
        screens.send({"final_answer": "yes"})
        return screens.requests

    def _find_line(self, case: str) -> str:
        with self.engine.database.read() as connection:
            found: str = connection.execute(
                select(express_line.c.id).where(express_line.c.case_id == case)
            ).scalar_one()
        return found


class Screens:
    """The three screens of one person."""

    def __init__(self, browser: Browser, line_id: str) -> None:
        self.browser, self.line_id, self.requests = browser, line_id, 0

    def sign(self, name: str) -> None:
        """Reads the letter, asks for a code and signs with it."""
        page = self._open()
        signed = {"letter_choice": "sign", "agreements-accept": "true", "signer_name": name}
        asked = replace(page.fill("task-form", signed), path=f"{page.path.partition('?')[0]}/code")
        shown = CODE.search(self.browser.send(asked).body.decode())
        self.requests += 1
        if shown is None:
            raise HTTPException(f"Expected {asked.path} to show a code, but it does not")
        self._submit(page, {**signed, "code": shown[1]})

    def send(self, fields: Values) -> None:
        """Answers the screen that is next."""
        self._submit(self._open(), fields)

    def _open(self) -> Page:
        pause = Event()
        for _ in range(PATIENCE):
            page = self.browser.get(f"/express/confirmations/{self.line_id}/next")
            self.requests += 2
            if page.path.startswith("/tasks/") or page.status != 200:
                return page
            pause.wait(PAUSE_SECONDS)
        raise HTTPException(f"Expected a screen of line {self.line_id} to come, but none does")

    def _submit(self, page: Page, fields: Values) -> None:
        answer = self.browser.send(page.fill("task-form", fields))
        self.requests += 1
        if answer.status != 303:
            raise HTTPException(f"Expected {page.path} to lead on, but it answered {answer.status}")


def measure_express(is_quick: bool, lines: int = 0) -> Iterator[Figure]:
    """Lines a second from the letter to the money, over HTTP; the proofs of the play hold as well."""
    lines = lines or (QUICK_LINES if is_quick else LINES)
    with open_throwaway() as (engine, clock):
        server = make_server("127.0.0.1", 0, create_app(engine), threaded=True, request_handler=QuietHandler)
        Thread(target=server.serve_forever, name="server", daemon=True).start()
        play = ServedExpress(engine, clock, lines, f"http://127.0.0.1:{server.server_port}")
        has_held = play.run() == 0
        server.shutdown()
    longest = play.watch.longest * 1e3
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Figure("express.proofs_missing", "express: proofs that did not hold", float(not has_held), "", 0)
    yield Figure(
        "express.lines_per_second", f"express: {lines:,} lines confirmed over HTTP, a second", 1 / play.seconds, "/s"
    )
    yield Figure("express.cpu_ms", "  one line, clients and server", play.cpu * 1e3, "ms")
    yield Figure("express.transaction_ms", "  longest transaction", longest, "ms", TRANSACTION_BUDGET_MS)
    yield Figure("express.peak_mb", "  most memory", peak, "MB", note=f"{play.requests:,} requests")
