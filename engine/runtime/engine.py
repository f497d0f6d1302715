"""One engine: a database, its keys and files, a clock, the sandbox, and the definitions parsed so far."""

from zoneinfo import ZoneInfo

from engine.definitions.catalogue import Catalogue
from engine.language.sandbox import Sandbox
from engine.records.opening import open_keys
from engine.storage.changes import Changes
from engine.storage.clock import Clock, system_clock
from engine.storage.database import Database
from engine.storage.files import FileStore
from engine.storage.settings import Settings


class Engine:
    """What every command and query is given. Holds no state of any instance.

    Where the database `may_be_new`, keys are made if it holds nothing yet. Raises NotPrepared, KeyUnfit.
    """

    def __init__(self, settings: Settings, clock: Clock = system_clock, *, may_be_new: bool = True) -> None:
        self.settings = settings
        self.clock = clock
        self.zone = ZoneInfo(settings.timezone)
        self.database = Database(settings.url, clock)
        self.keys = open_keys(self.database, settings.data_dir / "keys", may_be_new=may_be_new)
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
