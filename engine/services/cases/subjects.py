"""What a case can be about: each kind of subject says whose money it is, when it ended and what was claimed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from engine.storage.plain import PlainDict


@dataclass(frozen=True)
class Subject:
    """An order, engagement … a case is about.

    `amount_fen`: what it was worth, gross. `ended_at`: none while it runs. `claim`, `claim_fen`: what the party that
    asked for a decision said (a vault reference) and how much it wants for itself, where it did.
    """

    id: str
    number: str
    title: str
    payer: str
    payee: str
    amount_fen: int
    instance_id: str
    ended_at: datetime | None
    claim: PlainDict | None = None
    claim_fen: int | None = None


Finder = Callable[[Connection, str], Subject | None]
FINDERS: dict[str, Finder] = {}


def finds_subject(category: str) -> Callable[[Finder], Finder]:
    """Registers how a subject of this category (a process key) is found by its id; none once somebody asks in vain."""

    def register(function: Finder) -> Finder:
        if category in FINDERS:
            raise ValueError(f"Expected one finder for {category}, but there are two")
        FINDERS[category] = function
        return function

    return register


def find_subject(connection: Connection, category: str, subject_id: str) -> Subject | None:
    """The subject of a case; None where nobody knows it."""
    finder = FINDERS.get(category)
    return finder(connection, subject_id) if finder else None
