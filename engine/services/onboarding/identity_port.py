"""The port to an identity register: whether a name and a number belong together."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Protocol

from engine.storage.plain import PlainDict


class Verdict(StrEnum):
    """What a register says."""

    PENDING = "pending"
    MATCH = "match"
    MISMATCH = "mismatch"
    UNCLEAR = "unclear"  # the register has no such person, or several


@dataclass(frozen=True)
class RegisterAnswer:
    """The answer to one question."""

    verdict: Verdict
    register: str
    register_ref: str

    def as_plain(self) -> PlainDict:
        """As a job hands it to its second half."""
        return dict(asdict(self))


class RegisterUnavailable(Exception):
    """No answer: whether the question arrived is unknown until it is queried by its key."""


class IdentityRegister(Protocol):
    """A register of persons. The `key` of a question is ours; a question costs money, so it is never put twice.

    Every call may raise RegisterUnavailable.
    """

    @property
    def name(self) -> str:
        """What the register is called in the rows."""

    @property
    def is_simulated(self) -> bool:
        """Whether nobody is really looked up; pages must say so."""

    def start_check(self, key: str, name: str, number: str) -> RegisterAnswer:
        """Asks whether this person has this number."""

    def query_check(self, key: str) -> RegisterAnswer | None:
        """How the question stands; None if the register never got it."""
