"""The server: gunicorn with threads, one process, and a thread that does what is due."""

import gc
import logging
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from gunicorn.app.base import BaseApplication

from engine.commands.work import run_due_work
from engine.runtime.engine import Engine
from engine.storage.changes import WORK
from engine.storage.schema import check_triggers
from engine.storage.settings import Settings
from web.app import create_app
from web.live import start_relay
from web.services import load_services

log = logging.getLogger(__name__)
IDLE_SECONDS = 0.5
FAILED_SECONDS = 5.0


class Server(BaseApplication):
    """gunicorn, configured by our settings. Everything with threads or workers of its own starts after the fork."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"{self.settings.host}:{self.settings.port}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": self.settings.threads,
            "graceful_timeout": 2,
            "keepalive": 30,
            "preload_app": False,
            "loglevel": "warning",
            "post_worker_init": self._end_live_at_once,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The application, in the process that serves it."""
        load_services()
        self.engine = engine = Engine(self.settings)
        with engine.database.read() as connection:
            check_triggers(connection)
        start_worker(engine)
        start_relay(engine)
        app = create_app(engine)
        gc.collect()
        gc.freeze()  # what is loaded now stays: the collector need not look at it again with every request
        return app

    def _end_live_at_once(self, _worker: Any) -> None:
        """Live connections would keep their threads, and the process, for as long as they last."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, _before(self.engine.changes.close, signal.getsignal(number)))


def _before(first: Callable[[], None], then: Any) -> Callable[[int, FrameType | None], None]:
    def handle(number: int, frame: FrameType | None) -> None:
        first()
        then(number, frame)

    return handle


def start_worker(engine: Engine) -> threading.Event:
    """Starts the thread that fires timers and runs jobs; setting the event ends it after its present pass.

    A step that left a job wakes it, so that nobody waits for the next look.
    """
    stop = threading.Event()

    def work() -> None:
        with engine.changes.listen((WORK,)) as news:
            while not stop.is_set():
                try:
                    if not run_due_work(engine):
                        (stop if news.is_closed else news).wait(IDLE_SECONDS)
                except Exception:  # the thread must outlive a database that is away for a while
                    log.exception("due work failed")
                    stop.wait(FAILED_SECONDS)

    threading.Thread(target=work, name="due-work", daemon=True).start()
    return stop
