"""Passwords: Argon2id, with a cost that tests may lower."""

import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

MIN_CHARACTERS = 8
MAX_CHARACTERS = 128
MEMORY_KIB = 19_456  # with three passes and one lane: above what OWASP asks for


class Passwords:
    """Hashes and checks passwords. One instance per process: its decoy makes unknown accounts cost as much as known."""

    def __init__(self, time_cost: int) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=MEMORY_KIB, parallelism=1)
        self._decoy = self._hasher.hash(secrets.token_hex())

    def hash_password(self, password: str) -> str:
        """The text to store. Raises ValueError for a password that is too short or too long."""
        if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
            raise ValueError(f"Expected {MIN_CHARACTERS} to {MAX_CHARACTERS} characters, but got {len(password)}")
        return self._hasher.hash(_normalise(password))

    def is_password(self, stored: str | None, password: str) -> bool:
        """Whether it is the stored one; takes equally long when nothing is stored (no such account)."""
        is_possible = stored is not None and len(password) <= MAX_CHARACTERS
        try:
            self._hasher.verify(stored or self._decoy, _normalise(password[:MAX_CHARACTERS]))
        except VerifyMismatchError:
            return False
        return is_possible

    def is_outdated(self, stored: str) -> bool:
        """Whether it was hashed at another cost than today's."""
        return self._hasher.check_needs_rehash(stored)


def _normalise(password: str) -> str:
    return unicodedata.normalize("NFKC", password)  # the same characters from every keyboard
