"""A trial: clients work while processes or the database are killed; nothing acknowledged is lost or done twice."""

import json
import multiprocessing
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event as Stop
from pathlib import Path
from threading import Event
from typing import TypeAlias

from sqlalchemy import func, select

from engine.runtime.engine import Engine
from engine.services.ledger.checks import check_books, trial_balance
from engine.services.ledger.tables import journal, posting
from engine.services.orders.tables import hire_order
from engine.services.verification import verify
from engine.storage.settings import Settings
from engine.storage.tables import incident, submission
from tests.reliability.clients import Desk, run_clients
from tests.reliability.conftest import report
from tests.reliability.server import RunningServer
from web.demo.player import APPROVAL
from web.demo.remote import sign_in

PROCESSES, FEW, MANY = 2, 2, 4
SHORT = 20  # troubles
TAKERS = {"wang": "individual", "emily": "individual"}  # each serves a process: fewer than the limit of open locks
PROGRESS_SECONDS = 60
REQUESTS_UNTIL_PAID = 7  # of a case: start, describe, take, begin, hand over, confirm, review
ANSWERED = frozenset({200, 303})
Trouble: TypeAlias = Callable[[int, random.Random], None]


@dataclass
class Trial:
    """A server, its clients, and what these have written down."""

    server: RunningServer
    logs: list[Path]
    threads: int  # of each client process
    clients: list[BaseProcess] = field(default_factory=list)
    stop: Stop = field(default_factory=lambda: multiprocessing.get_context("spawn").Event())

    def begin(self, seed: int) -> None:
        """Everybody signs in; then the clients start."""
        url = self.server.url
        publisher, reviewer = sign_in(url, "chen", "individual"), sign_in(url, "gao", "platform_reviewer")
        approval = {name: str(value) for name, value in APPROVAL.items()}
        for log, (login, role) in zip(self.logs, TAKERS.items(), strict=True):
            people = {"publisher": publisher, "taker": sign_in(url, login, role), "reviewer": reviewer}
            cookies = {name: browser.cookies for name, browser in people.items()}
            desks = [Desk(url, cookies, approval, log, seed + number) for number in range(self.threads)]
            client = multiprocessing.get_context("spawn").Process(target=run_clients, args=(desks, self.stop))
            client.start()
            self.clients.append(client)

    def end(self) -> None:
        """The clients finish what they are doing; then the server ends."""
        self.stop.set()
        for client in self.clients:
            client.join(PROGRESS_SECONDS)
            if client.is_alive():
                client.kill()

    def lines(self) -> list[dict[str, object]]:
        """Everything the clients wrote so far, in no particular order."""
        texts = [log.read_text() for log in self.logs if log.exists()]
        return [json.loads(line) for text in texts for line in text.splitlines() if line.endswith("}")]

    def count_answered(self) -> int:
        """How many requests were answered so far."""
        return sum(log.read_bytes().count(b'"answered"') for log in self.logs if log.exists())

    def count_retried(self) -> int:
        """How many requests were under way when something was killed."""
        return sum(line.get("attempts", 1) != 1 for line in self.lines())

    def wait_for_progress(self, wanted: int) -> None:
        """Returns once so many more requests were answered."""
        target, pause = self.count_answered() + wanted, Event()
        for _ in range(PROGRESS_SECONDS * 20):
            if self.count_answered() >= target:
                return
            pause.wait(0.05)
        raise AssertionError(f"Expected the clients to go on, but: {self.server.last_words()} {self.failures()}")

    def failures(self) -> list[object]:
        """What the clients could not go on with."""
        return [line["failed"] for line in self.lines() if "failed" in line]


def run_trial(server: RunningServer, folder: Path, trouble: Trouble, count: int) -> Trial:
    """Starts everything, makes trouble so many times at random moments, and lets it end in peace.

    A short trial has fewer clients: at its end they go on until an order is paid.
    """
    seed = random.randrange(2**32)
    report(f"seed {seed}")
    logs = [folder / f"client{number}.log" for number in range(PROCESSES)]
    threads = MANY if count > SHORT else FEW
    chance, trial = random.Random(seed), Trial(server, logs, threads)
    try:
        server.start()
        trial.begin(seed)
        for number in range(1, count + 1):
            trial.wait_for_progress(chance.randrange(1, 9))
            Event().wait(chance.uniform(0, 0.1))
            trouble(number, chance)
        # one desk at least gets so far that an order of its own is paid
        trial.wait_for_progress(PROCESSES * threads * (REQUESTS_UNTIL_PAID - 1) + 1)
        trial.end()
    finally:
        trial.end()
        server.stop()
    return trial


def kill_processes(server: RunningServer, all_every: int = 5) -> Trouble:
    """Kills a process, and now and then all of them."""

    def kill(number: int, chance: random.Random) -> None:
        if number % all_every == 0:
            server.kill_all()
            server.start()
        else:
            server.kill_one(chance)

    return kill


def check_trial(trial: Trial, engine: Engine) -> None:
    """What must be true whatever was killed, and however often."""
    lines = trial.lines()
    answered = [line for line in lines if "answered" in line]
    intents = {line["intent"] for line in lines if "intent" in line}
    report(f"{len(answered)} requests answered, {trial.count_retried()} of them after a retry")
    with engine.database.read() as connection:
        incidents = [tuple(row) for row in connection.execute(select(incident.c.element, incident.c.message))]
    assert (trial.failures(), incidents) == ([], [])
    assert intents == {line["answered"] for line in answered}
    assert {line["status"] for line in answered} <= ANSWERED
    assert list(verify(engine)) == []
    with engine.database.read() as connection:
        kept = Counter(connection.execute(select(submission.c.token)).scalars())
        assert {token: kept[str(token)] for token in intents} == dict.fromkeys(intents, 1)
        assert connection.execute(select(func.sum(posting.c.amount_fen))).scalar_one() == 0
        assert (check_books(connection), trial_balance(connection).difference_fen) == ([], 0)
        states = Counter(connection.execute(select(hire_order.c.state)).scalars())
        posted = Counter(connection.execute(select(journal.c.rule)).scalars())
        assert posted["P-FREEZE"] == states.total()
        assert posted["P-SETTLE"] == states["paid"] > 0
    report(f"orders: {dict(states)}; entries: {dict(posted)}")


@contextmanager
def open_engine(settings: Settings) -> Iterator[Engine]:
    """An engine that is closed afterwards."""
    engine = Engine(settings)
    try:
        yield engine
    finally:
        engine.close()
