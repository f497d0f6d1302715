"""Clients that outlive the server: every request is written down before it is sent and again when it was answered.

What was not answered is sent again, the same content under the same token, until it is.
"""

import json
import random
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from multiprocessing.synchronize import Event as Stop
from pathlib import Path
from time import monotonic
from typing import IO
from zoneinfo import ZoneInfo

from engine.storage.settings import Settings
from web.demo.acts import Refused, act, decide, publish, read_number, take
from web.demo.demands import read_demands, type_time
from web.demo.driver import Browser, Page, Request

GIVE_UP_SECONDS = 120
RETRY_SECONDS = 0.05
BUSY = 503
MAX_THINK_SECONDS = 0.03
PHOTO = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Desk:
    """What a client needs: where the server is, who he is to each of the people, what he reviews with, a log."""

    url: str
    cookies: Mapping[str, Mapping[str, str]]  # publisher, taker, reviewer
    approval: Mapping[str, str]
    log: Path
    seed: int


class Log:
    """Lines of JSON, whole whatever happens; one file for all threads of a process."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._lock = threading.Lock()

    def write(self, **facts: object) -> None:
        """Adds a line."""
        with self._lock:
            self._file.write(json.dumps(facts) + "\n")
            self._file.flush()


class StubbornBrowser(Browser):
    """A browser whose owner sends everything again until he has an answer."""

    def __init__(self, url: str, cookies: Mapping[str, str], log: Log) -> None:
        super().__init__(url, cookies)
        self._log = log
        self._pause = threading.Event()

    def get(self, path: str) -> Page:
        """See `Browser`."""
        return self._insist(lambda: super(StubbornBrowser, self).get(path))[0]

    def send(self, request: Request) -> Page:
        """See `Browser`."""
        self._log.write(intent=request.token, path=request.path)
        begun = monotonic()
        page, attempts = self._insist(lambda: super(StubbornBrowser, self).send(request))
        facts = {"path": request.path, "status": page.status, "attempts": attempts, "seconds": monotonic() - begun}
        self._log.write(answered=request.token, at=begun, **facts)
        return page

    def _insist(self, ask: Callable[[], Page]) -> tuple[Page, int]:
        """The first answer, and how often it was asked for. A server that says it is busy has not answered."""
        deadline, attempts = monotonic() + GIVE_UP_SECONDS, 0
        while True:
            attempts += 1
            try:
                page = ask()
                if page.status != BUSY:
                    return page, attempts
            except (OSError, HTTPException):
                if monotonic() > deadline:
                    raise
            self._pause.wait(RETRY_SECONDS)


def run_clients(desks: list[Desk], stop: Stop) -> None:
    """One process: a thread per desk, each playing whole cases until it is told to stop."""
    with desks[0].log.open("w") as file:
        log = Log(file)
        threads = [threading.Thread(target=_run_client, args=(desk, log, stop)) for desk in desks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _run_client(desk: Desk, log: Log, stop: Stop) -> None:
    chance = random.Random(desk.seed)
    browsers = {name: StubbornBrowser(desk.url, cookies, log) for name, cookies in desk.cookies.items()}
    try:
        while not stop.is_set():
            _play_case(browsers, desk.approval, chance, stop)
    except (OSError, HTTPException, LookupError, AssertionError, Refused):  # the trial must hear of it
        log.write(failed=traceback.format_exc())


def _play_case(
    browsers: Mapping[str, StubbornBrowser], approval: Mapping[str, str], chance: random.Random, stop: Stop
) -> None:
    publisher, taker, reviewer = browsers["publisher"], browsers["taker"], browsers["reviewer"]
    now = datetime.now(UTC).astimezone(ZoneInfo(Settings().timezone))
    order_id = publish(publisher, read_demands(now)["projector"])
    number = read_number(publisher, order_id)
    handover = {
        "summary": "两间会议室调试完成，照片见附件。",
        "receiver": "陈思远",
        "handed_over_at": type_time(now - timedelta(minutes=1)),
    }
    steps: list[Callable[[], object]] = [
        lambda: _expect_won(take(taker, order_id)),
        lambda: act(taker, order_id, {"has_started": "true"}),
        lambda: act(taker, order_id, handover, {"files-upload": ("photo.png", PHOTO + order_id.encode())}),
        lambda: act(publisher, order_id, {"publisher_answer": "confirm"}),
        lambda: decide(reviewer, number, approval),
        lambda: act(publisher, order_id, {"stars": "5"}),
        lambda: act(taker, order_id, {"stars": "4"}),
    ]
    for step in steps:
        if stop.wait(chance.uniform(0, MAX_THINK_SECONDS)):
            return
        step()


def _expect_won(status: int) -> None:
    if status != 303:
        raise AssertionError(f"Expected the only taker of an order to get it, but the answer was {status}")
