"""Secret keys, kept outside the database: who can change the database cannot forge what they protect."""

import os
import secrets
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


def load_keys(folder: Path) -> KeyRing:
    """The keys in a folder; made on first use, readable by the owner only."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return KeyRing(**{name: _load_key(folder / name) for name in KeyRing.__dataclass_fields__})


def make_keys() -> KeyRing:
    """New keys that are kept nowhere: for throwaway databases."""
    return KeyRing(**{name: secrets.token_bytes(32) for name in KeyRing.__dataclass_fields__})


def _load_key(path: Path) -> bytes:
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # of two processes that start together, one key wins
            os.link(draft, path)
        draft.unlink()
    key = path.read_bytes()
    if len(key) != 32:
        raise ValueError(f"Expected 32 bytes in {path}, but there are {len(key)}")
    return key
