"""How the data of who comes to the platform are shown in forms and reviews: as facts, numbers masked."""

from collections.abc import Mapping

from engine.services.reviews.subjects import Source
from engine.storage import vault
from engine.storage.plain import Plain


def fact(zh: str, en: str, name: str, value: Plain) -> Plain:
    """A row of a component of facts."""
    return {"zh": zh, "en": en, "name": name, "value": value}


def open_text(source: Source, reference: Plain) -> str:
    """The text behind a reference; a dash where it was erased."""
    text = vault.open_reference(source.connection, source.keys, reference) if vault.is_reference(reference) else None
    return text or "—"


def mask(text: str, first: int, last: int) -> str:
    """The ends of a number, by which its owner knows it."""
    hidden = len(text) - first - last
    return text if hidden <= 0 else f"{text[:first]}{'*' * hidden}{text[-last:]}"


def file_hashes(files: Plain) -> tuple[str, ...]:
    """The SHA-256 of each file a form took."""
    given = files if isinstance(files, list) else []
    return tuple(str(one["sha256"]) for one in given if isinstance(one, Mapping))
