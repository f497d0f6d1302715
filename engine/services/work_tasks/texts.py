"""Texts that are kept encrypted under the person or enterprise they speak of."""

from engine.services.reviews.subjects import Source
from engine.storage import vault
from engine.storage.plain import Plain


def open_text(source: Source, reference: Plain) -> str | None:
    """The text behind a vault reference; None where there is none, or the person was erased."""
    return vault.open_reference(source.connection, source.keys, reference) if isinstance(reference, dict) else None
