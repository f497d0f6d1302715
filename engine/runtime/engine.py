"""One engine: a database, its keys and files, a clock, the sandbox, and the definitions parsed so far."""

from zoneinfo import ZoneInfo

from engine.definitions.catalogue import Catalogue
from engine.language.sandbox import Sandbox
from engine.storage.changes import Changes
from engine.storage.clock import Clock, system_clock
from engine.storage.database import Database
from engine.storage.files import FileStore
from engine.storage.keys import load_keys
from engine.storage.settings import Settings


class Engine:
    """What every command and query is given. Holds no state of any instance."""

    def __init__(self, settings: Settings, clock: Clock = system_clock) -> None:
        self.settings = settings
        self.clock = clock
        self.zone = ZoneInfo(settings.timezone)
        self.keys = load_keys(settings.data_dir / "keys")
        self.database = Database(settings.url, clock)
        self.changes = Changes()
        self.files = FileStore(settings.data_dir / "files")
        self.sandbox = Sandbox()  # of steps
        self.form_sandbox = Sandbox()  # of forms being filled in, so that nobody's typing makes a step wait
        self.replay_sandbox = Sandbox(max_processes=1)  # of replays, which take long
        self.catalogue = Catalogue()

    def close(self) -> None:
        """Ends whoever listens and the sandbox workers, and closes every connection."""
        self.changes.close()
        self.sandbox.close()
        self.form_sandbox.close()
        self.replay_sandbox.close()
        self.database.close()
