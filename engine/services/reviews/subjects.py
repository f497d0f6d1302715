"""What a review is about: each service says how its own subjects are read and how a correction is carried out.

A service registers providers for the kinds of subject it has (`content`, `undertaker`, `deliverable`, `qualification`,
`result`). Several services may have subjects of one kind: a provider answers None for an id that is not its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from engine.definitions.registry import TopicCall
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict


class Source(Protocol):
    """Where a subject is read from: a topic call and a view call both are one."""

    @property
    def connection(self) -> Connection: ...
    @property
    def keys(self) -> KeyRing: ...


@dataclass(frozen=True)
class Subject:
    """A subject as it is now. `facts` are the rows the reviewer and the submitter see (`{"zh", "en", "name", "value"}`,
    personal data masked); `texts` and the SHA-256 of `files` are scanned; `missing` names what should be there."""

    facts: tuple[Plain, ...]
    texts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


Provider = Callable[[Source, str], Subject | None]
Corrector = Callable[[TopicCall, str, PlainDict], bool]
_PROVIDERS: dict[str, list[Provider]] = {}
_CORRECTORS: dict[str, list[Corrector]] = {}


def subject_provider(subject_type: str) -> Callable[[Provider], Provider]:
    """Registers `def read(source, subject_id) -> Subject | None` for a kind of subject."""

    def register(function: Provider) -> Provider:
        _PROVIDERS.setdefault(subject_type, []).append(function)
        return function

    return register


def subject_corrector(subject_type: str) -> Callable[[Corrector], Corrector]:
    """Registers `def correct(call, subject_id, values) -> bool`: True if the subject is its own and now corrected.

    `values` holds the fields of the form `shared/correct` that were filled in: title, content, result_spec,
    safety_notes, files.
    """

    def register(function: Corrector) -> Corrector:
        _CORRECTORS.setdefault(subject_type, []).append(function)
        return function

    return register


def find_subject(source: Source, subject_type: str, subject_id: str) -> Subject | None:
    """The subject, or None if no service knows it."""
    found = (provider(source, subject_id) for provider in _PROVIDERS.get(subject_type, ()))
    return next((subject for subject in found if subject is not None), None)


def correct_subject(call: TopicCall, subject_type: str, subject_id: str, values: PlainDict) -> bool:
    """Has the service that owns the subject carry out a correction; False if none does."""
    return any(correct(call, subject_id, values) for correct in _CORRECTORS.get(subject_type, ()))
