"""Personal data, encrypted under the key of the person they speak of. Destroying that key erases the person."""

import hashlib
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import TypeGuard

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, bindparam, insert, select, update

from engine.storage.digests import authenticate
from engine.storage.ids import new_id
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import subject_key, vault_item

REFERENCE = "$vault"
SEALED = "$sealed"
NONCE_BYTES = 12

_SELECT_KEY = select(subject_key.c.wrapped_key).where(subject_key.c.subject_id == bindparam("subject_id"))
_SELECT_KEYS = select(subject_key.c.subject_id, subject_key.c.wrapped_key).where(
    subject_key.c.subject_id.in_(bindparam("subject_ids", expanding=True))
)
_SELECT_ITEM = (
    select(vault_item.c.subject_id, vault_item.c.ciphertext, subject_key.c.wrapped_key)
    .join(subject_key, subject_key.c.subject_id == vault_item.c.subject_id)
    .where(vault_item.c.id == bindparam("item_id"))
)


class PersonErased(Exception):
    """The person's key was destroyed: nothing can be kept under it any more."""


def is_reference(value: Plain) -> TypeGuard[PlainDict]:
    """Whether a value stands for personal data."""
    return isinstance(value, dict) and REFERENCE in value


def put(connection: Connection, keys: KeyRing, subject_id: str, text: str) -> PlainDict:
    """Keeps a text under a person's key; gives the reference to store instead. Raises PersonErased.

    The reference names the hash of the ciphertext, so that history commits to what was kept.
    """
    item_id = new_id()
    ciphertext = _encrypt(_subject_key(connection, keys, subject_id), text, _context(item_id, subject_id))
    connection.execute(
        insert(vault_item).values(
            id=item_id, subject_id=subject_id, ciphertext=ciphertext, blind_index=blind_index(keys, text)
        )
    )
    return {REFERENCE: item_id, "sha256": hashlib.sha256(ciphertext).hexdigest()}


def open_reference(connection: Connection, keys: KeyRing, reference: PlainDict) -> str | None:
    """The text behind a reference; None once the person is erased.

    Raises ValueError if the ciphertext is not the one the reference was made for.
    """
    row = connection.execute(_SELECT_ITEM, {"item_id": reference[REFERENCE]}).one_or_none()
    if row is None:
        raise ValueError(f"Expected vault item {reference[REFERENCE]}, but it is gone")
    if hashlib.sha256(row.ciphertext).hexdigest() != reference["sha256"]:
        raise ValueError(f"Expected the ciphertext recorded for vault item {reference[REFERENCE]}, but it was changed")
    if row.wrapped_key is None:
        return None
    key = _unwrap(keys, row.subject_id, row.wrapped_key)
    return _decrypt(key, row.ciphertext, _context(str(reference[REFERENCE]), row.subject_id))


def is_sealed(value: Plain) -> TypeGuard[PlainDict]:
    """Whether a value was made by `seal_text`."""
    return isinstance(value, dict) and SEALED in value


def seal_text(connection: Connection, keys: KeyRing, subject_id: str, place: str, text: str) -> PlainDict:
    """A text under a person's key, to be kept where it is often replaced: at a `place` of its own, not in the vault.

    Raises PersonErased.
    """
    ciphertext = _encrypt(_subject_key(connection, keys, subject_id), text, _context(place, subject_id))
    return {SEALED: b64encode(ciphertext).decode(), "subject": subject_id}


def open_sealed(connection: Connection, keys: KeyRing, sealed: PlainDict, place: str) -> str | None:
    """The text of `seal_text`; None once the person is erased."""
    return open_all_sealed(connection, keys, {place: sealed})[place]


def open_all_sealed(connection: Connection, keys: KeyRing, sealed: Mapping[str, PlainDict]) -> dict[str, str | None]:
    """The texts of `seal_text` by their places, those of the erased None: one query, however many there are."""
    subjects = sorted({str(one["subject"]) for one in sealed.values()})
    rows = connection.execute(_SELECT_KEYS, {"subject_ids": subjects})
    wrapped = {row.subject_id: row.wrapped_key for row in rows}

    def open_one(place: str, one: PlainDict) -> str | None:
        subject_id = str(one["subject"])
        if (key := wrapped.get(subject_id)) is None:
            return None
        return _decrypt(_unwrap(keys, subject_id, key), b64decode(str(one[SEALED])), _context(place, subject_id))

    return {place: open_one(place, one) for place, one in sealed.items()}


def erase_subject(connection: Connection, subject_id: str) -> None:
    """Destroys a person's key; every reference to his data opens to nothing from then on."""
    connection.execute(update(subject_key).where(subject_key.c.subject_id == subject_id).values(wrapped_key=None))


def blind_index(keys: KeyRing, text: str) -> str:
    """Equal texts have equal indexes, and nobody without the key can tell which text it was."""
    return authenticate(keys.blind, text.strip().casefold().encode()).hex()


def _subject_key(connection: Connection, keys: KeyRing, subject_id: str) -> bytes:
    row = connection.execute(_SELECT_KEY, {"subject_id": subject_id}).one_or_none()
    if row is None:
        key, nonce = AESGCM.generate_key(256), secrets.token_bytes(NONCE_BYTES)
        wrapped = nonce + AESGCM(keys.vault).encrypt(nonce, key, subject_id.encode())
        connection.execute(insert(subject_key).values(subject_id=subject_id, wrapped_key=wrapped))
        return key
    if row.wrapped_key is None:
        raise PersonErased(f"Expected the key of {subject_id}, but the person was erased")
    return _unwrap(keys, subject_id, row.wrapped_key)


def _encrypt(key: bytes, text: str, context: bytes) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, text.encode(), context)


def _decrypt(key: bytes, ciphertext: bytes, context: bytes) -> str:
    return AESGCM(key).decrypt(ciphertext[:NONCE_BYTES], ciphertext[NONCE_BYTES:], context).decode()


def _unwrap(keys: KeyRing, subject_id: str, wrapped: bytes) -> bytes:
    return AESGCM(keys.vault).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], subject_id.encode())


def _context(item_id: str, subject_id: str) -> bytes:
    """A ciphertext belongs to its row: swapped with another it does not open."""
    return f"{item_id}:{subject_id}".encode()
