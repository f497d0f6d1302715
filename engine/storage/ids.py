"""Identifiers: UUID version 7 as 32 hexadecimal digits, so that rows lie on disk in the order they were made."""

import secrets

from uuid_utils import uuid7

TOKEN_BYTES = 9


def new_id() -> str:
    """A new identifier; two made one after the other by one process sort in that order."""
    return uuid7().hex


def new_token() -> str:
    """A token of a form: twelve characters, because it need only differ among those who do the same to the same."""
    return secrets.token_urlsafe(TOKEN_BYTES)
