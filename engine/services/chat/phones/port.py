"""The port to a provider of numbers that hide two others."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True)
class Bond:
    """A number between two others: who dials it from one of them is connected with the other, and sees only it."""

    ref: str  # how the provider calls it
    number: str  # the one to dial, digits with or without a plus


class Outcome(StrEnum):
    """What became of a call."""

    BEGUN = "begun"  # it rings, or they speak
    ANSWERED = "answered"  # and has ended
    MISSED = "missed"
    UNKNOWN = "unknown"  # the provider does not tell, or nobody has dialled


@dataclass(frozen=True)
class CallState:
    """How a call stands. `seconds`: how long they spoke, once it has ended."""

    outcome: Outcome
    seconds: int = 0


class PhoneUnavailable(Exception):
    """No answer, or none that helps. Its text never holds a number, as it is kept with the job."""


class PhoneProvider(Protocol):
    """A provider of bonds. Every call may raise PhoneUnavailable; each may be repeated under the same key or ref."""

    @property
    def name(self) -> str:
        """What the provider is called in the rows."""

    @property
    def is_simulated(self) -> bool:
        """Whether nothing rings; pages must say so."""

    def bind(self, key: str, first: str, second: str, until: datetime) -> Bond:
        """A bond between two numbers. The `key` is ours; the same key never makes a second bond."""

    def release(self, bond: Bond) -> None:
        """Ends a bond; one that has ended stays so."""

    def ask_call(self, bond: Bond, key: str, since: datetime) -> CallState:
        """What became of the call over a bond that somebody wanted to make at that instant; the `key` is ours."""
