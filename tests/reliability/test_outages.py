"""The database goes away while people work: they are told to come back, nothing is lost, and it goes on by itself."""

import random
import signal
from pathlib import Path
from threading import Event
from time import monotonic
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from engine.storage.settings import Settings
from tests.reliability.conftest import report
from tests.reliability.server import TOGETHER, RunningServer
from tests.reliability.trial import check_trial, kill_processes, open_engine, run_trial
from tests.support.postgres import PostgresServer
from web.demo.remote import sign_in

PROBE_SECONDS = 20


@pytest.mark.parametrize(("troubles", "restart_every"), [(3, 2), pytest.param(100, 1, marks=pytest.mark.long)])
def test_restarts_of_postgresql_among_kills_lose_nothing(
    postgres: PostgresServer, shared: Settings, tmp_path: Path, troubles: int, restart_every: int
) -> None:
    server = RunningServer(shared.data_dir, {"BATON_DATABASE_URL": shared.url}, TOGETHER)
    restart, kill = Restarts(postgres, server), kill_processes(server, all_every=3)

    def trouble(number: int, chance: random.Random) -> None:
        (restart if number % restart_every == 0 else kill)(number, chance)

    trial = run_trial(server, tmp_path, trouble, troubles)
    waits = sorted(restart.waits)
    report(f"{len(waits)} restarts, back after {waits[len(waits) // 2]:.1f} s, at most {waits[-1]:.1f} s")
    with open_engine(shared) as engine:
        check_trial(trial, engine)


class Restarts:
    """Drops the database as a crash does and starts it again; asks for a page meanwhile and after."""

    def __init__(self, postgres: PostgresServer, server: RunningServer) -> None:
        self._postgres, self._server = postgres, server
        self._cookie = ""
        self.waits: list[float] = []  # seconds until a page came, once the database was there again

    def __call__(self, _number: int, chance: random.Random) -> None:
        if not self._cookie:
            cookies = sign_in(self._server.url, "chen", "individual").cookies
            self._cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self._postgres.stop(signal.SIGQUIT)
        for path in ("/inbox", "/health"):
            status, retry_after = self._ask(path)
            assert (status, path == "/health" or int(retry_after) > 0) == (503, True)
        Event().wait(chance.uniform(0, 2))
        self._postgres.start()
        begun, pause = monotonic(), Event()
        while self._ask("/inbox")[0] != 200:
            assert monotonic() < begun + PROBE_SECONDS, self._server.last_words()
            pause.wait(0.05)
        self.waits.append(monotonic() - begun)

    def _ask(self, path: str) -> tuple[int, str]:
        """The status, and after how many seconds to come back."""
        request = Request(self._server.url + path, headers={"Cookie": self._cookie})
        try:
            with urlopen(request, timeout=PROBE_SECONDS) as answer:
                return answer.status, "0"
        except HTTPError as error:
            return error.code, error.headers.get("Retry-After", "0")
