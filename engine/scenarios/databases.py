"""Throwaway databases for scenarios: the definitions are deployed once, and every scenario gets a copy."""

import shutil
import tempfile
from collections.abc import Mapping
from copy import copy
from itertools import count
from pathlib import Path

import orjson

from engine.commands.deployments import deploy
from engine.definitions.catalogue import Catalogue
from engine.language.sandbox import Sandbox
from engine.runtime.engine import Engine
from engine.scenarios.clock import ManualClock
from engine.scenarios.definitions import Definitions
from engine.scenarios.spoiling import SpoiledCatalogue
from engine.storage.actor import SYSTEM
from engine.storage.plain import Plain
from engine.storage.schema import upgrade_schema
from engine.storage.settings import Settings

MEMORY_DISK, MEMORY_DISK_BYTES = Path("/dev/shm"), 1024**3  # where a commit does not wait for a disk, if there is room


class Databases:
    """Folders with a database, its keys and files each; all are gone after `close`.

    The sandbox and whatever was parsed are shared by all of them, as in one server.
    """

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions
        self.sandbox = Sandbox()
        self.catalogue = Catalogue()
        self._home = Path(tempfile.mkdtemp(prefix="scenarios-", dir=_find_memory()))
        self._bases: dict[bytes, Path] = {}
        self._numbers = count(1)

    def spoiled(self, path: str, content: bytes) -> "Databases":
        """The same databases, in which the diagram at a path counts as another: also for cases that have begun."""
        others = copy(self)
        others.catalogue = SpoiledCatalogue(self.catalogue, self.definitions, path, content)
        return others

    def close(self) -> None:
        """Removes every folder."""
        self.sandbox.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def base(self, policy: Mapping[str, Plain]) -> Path:
        """A folder in whose database the definitions are deployed, with some values of the policy changed."""
        key = orjson.dumps(policy, option=orjson.OPT_SORT_KEYS)
        if key not in self._bases:
            self._bases[key] = self._make_base(policy)
        return self._bases[key]

    def copy(self, folder: Path) -> Path:
        """The same once more."""
        return Path(shutil.copytree(folder, self._new_folder(), dirs_exist_ok=True))

    def drop(self, folder: Path) -> None:
        """Removes one folder."""
        shutil.rmtree(folder, ignore_errors=True)

    def open(self, folder: Path, clock: ManualClock) -> Engine:
        """An engine on a folder, to be given back to `put_away`."""
        engine = Engine(Settings(data_dir=folder), clock)
        engine.catalogue, engine.sandbox, engine.form_sandbox = self.catalogue, self.sandbox, self.sandbox
        return engine

    @staticmethod
    def put_away(engine: Engine) -> None:
        """Closes all of an engine but the sandbox, which the others go on using."""
        engine.changes.close()
        engine.database.close()

    def _make_base(self, policy: Mapping[str, Plain]) -> Path:
        if policy:
            path = self.definitions.policy_path
            assert path is not None  # a scenario that changes a policy was read beside one
            folder = self.copy(self.base({}))
            self._deploy(folder, {path: orjson.dumps({**self.definitions.policy, **policy})})
        else:
            folder = self._new_folder()
            engine = self.open(folder, ManualClock())
            upgrade_schema(engine.database)
            self.put_away(engine)
            self._deploy(folder, self.definitions.files)
        return folder

    def _deploy(self, folder: Path, files: Mapping[str, bytes]) -> None:
        engine = self.open(folder, ManualClock())
        try:
            deploy(engine, SYSTEM, files)
            engine.database.transact(lambda unit: self.catalogue.pin_newest(unit.connection))  # one set for every copy
        finally:
            self.put_away(engine)

    def _new_folder(self) -> Path:
        folder = self._home / str(next(self._numbers))
        folder.mkdir()
        return folder


def _find_memory() -> Path | None:
    is_there = MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free >= MEMORY_DISK_BYTES
    return MEMORY_DISK if is_there else None
