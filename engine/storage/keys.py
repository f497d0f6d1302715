"""Secret keys, kept outside the database: who can change the database cannot forge what they protect."""

import os
import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class KeyRing:
    """One key per purpose, 32 bytes each."""

    mac: bytes  # history, seals
    vault: bytes  # wraps the keys of persons
    blind: bytes  # blind indexes of personal data
    session: bytes  # cookies and form tokens
    signing: bytes  # Ed25519 seed of checkpoints
    push: bytes  # seed of the P-256 key by which push services know this platform


class KeyUnfit(ValueError):
    """A key that is not there, or none."""


def load_keys(folder: Path) -> KeyRing:
    """The keys in a folder; those that are not there are made, readable by the owner only. Raises KeyUnfit, OSError.

    Only for a database that holds nothing yet: what its keys protect is lost without them, and new ones hide that.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in _list_paths(folder):
        if not path.exists():
            _make_key(path)
    return read_keys(folder)


def read_keys(folder: Path) -> KeyRing:
    """The keys in a folder, all of which must be there. Raises KeyUnfit, OSError."""
    return KeyRing(*map(_read_key, _list_paths(folder)))


def make_keys() -> KeyRing:
    """New keys that are kept nowhere: for throwaway databases."""
    return KeyRing(**{name: secrets.token_bytes(32) for name in KeyRing.__dataclass_fields__})


def _list_paths(folder: Path) -> list[Path]:
    return [folder / name for name in KeyRing.__dataclass_fields__]


def _make_key(path: Path) -> None:
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")  # two machines may share the folder
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # of two processes that start together, one key wins
            os.link(draft, path)
    finally:
        os.unlink(draft)


def _read_key(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except FileNotFoundError as missing:
        raise KeyUnfit(
            f"Expected the key {path} of this database, but it is gone: bring it back from a backup"
        ) from missing
    if len(key) != 32:
        raise KeyUnfit(f"Expected a key of 32 bytes in {path}, but there are {len(key)}: bring it back from a backup")
    return key
