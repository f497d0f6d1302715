"""The server: gunicorn with threads; one process that does what is due as well, or many beside workers."""

import gc
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from gunicorn.app.base import BaseApplication

from engine.runtime.engine import Engine
from engine.storage.schema import check_triggers
from engine.storage.settings import Settings
from web.app import create_app
from web.live import start_relay
from web.services import load_services
from web.workers import Workers


class Server(BaseApplication):
    """gunicorn, configured by our settings. Everything with threads or workers of its own starts after the fork.

    Without `processes` it is one process that does what is due as well.
    """

    def __init__(self, settings: Settings, processes: int | None = None) -> None:
        self.settings = settings
        self.processes = processes
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": f"{self.settings.host}:{self.settings.port}",
            "worker_class": "gthread",
            "workers": self.processes or 1,
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
        self.engine = engine = Engine(self.settings, may_be_new=False)
        with engine.database.read() as connection:
            check_triggers(connection)
        if self.processes is None:
            Workers(engine).start()
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
