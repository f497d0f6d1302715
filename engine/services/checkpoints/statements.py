"""What a checkpoint says, and how it is signed.

A statement is JSON: number, instant, the hash of the statement before it, and the hash of the heads, a list of
[stream, seq, MAC] sorted by stream. The signature is Ed25519 over the text of the statement.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection, select

from engine.storage.clock import format_instant
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict
from engine.storage.proving import checkpoint, checkpoint_head

Head = tuple[str, int, str]  # stream, seq, MAC in hexadecimal digits


@dataclass(frozen=True)
class Checkpoint:
    """One as it was signed, with the heads it speaks of."""

    statement: str
    signature: bytes
    heads: list[Head]

    def to_document(self, keys: KeyRing) -> PlainDict:
        """What leaves the machine."""
        heads: list[Plain] = [list(head) for head in self.heads]
        return {
            "statement": self.statement,
            "signature": self.signature.hex(),
            "public_key": public_pem(keys).decode(),
            "heads": heads,
        }


def make_checkpoint(keys: KeyRing, number: int, at: datetime, previous: str, heads: list[Head]) -> Checkpoint:
    """States and signs. `previous` is the statement before this one; empty for the first."""
    heads = sorted(heads)
    said: PlainDict = {
        "number": number,
        "at": format_instant(at),
        "previous": hash_statement(previous),
        "streams": len(heads),
        "heads": hash_heads(heads),
    }
    statement = orjson.dumps(said).decode()
    return Checkpoint(statement, _private_key(keys).sign(statement.encode()), heads)


def read_checkpoint(connection: Connection, number: int) -> Checkpoint:
    """One of the database. Raises NoResultFound."""
    row = connection.execute(select(checkpoint).where(checkpoint.c.number == number)).one()
    heads = connection.execute(
        select(checkpoint_head.c.stream, checkpoint_head.c.seq, checkpoint_head.c.mac).where(
            checkpoint_head.c.number == number
        )
    )
    return Checkpoint(row.statement, row.signature, sorted((one.stream, one.seq, one.mac) for one in heads))


def hash_statement(statement: str) -> str:
    """What the next statement names; empty for none."""
    return hashlib.sha256(statement.encode()).hexdigest() if statement else ""


def hash_heads(heads: list[Head]) -> str:
    """What a statement says of its heads, sorted."""
    return hashlib.sha256(orjson.dumps(heads)).hexdigest()


def is_signed(public_key: Ed25519PublicKey, statement: str, signature: bytes) -> bool:
    """Whether the holder of the key signed exactly this."""
    try:
        public_key.verify(signature, statement.encode())
    except InvalidSignature:
        return False
    return True


def public_key_of(keys: KeyRing) -> Ed25519PublicKey:
    """With what everybody can check the statements."""
    return _private_key(keys).public_key()


def public_pem(keys: KeyRing) -> bytes:
    """The public key as a file that every tool reads."""
    return public_key_of(keys).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _private_key(keys: KeyRing) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(keys.signing)
