"""Identifiers: UUID version 7 as 32 hexadecimal digits, so that rows lie on disk in the order they were made."""

from uuid_utils import uuid7


def new_id() -> str:
    """A new identifier; two made one after the other by one process sort in that order."""
    return uuid7().hex
