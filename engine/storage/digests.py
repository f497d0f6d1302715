"""SHA-256 and HMAC-SHA256 of short messages.

OpenSSL finds its algorithm anew for every digest, and once more for every HMAC: among other work ten to forty
microseconds, where the digest itself takes one. So what was begun once is kept, and copied.
"""

import hashlib
from functools import lru_cache
from typing import Final

MAX_KEYS = 64  # those of this installation
_BLOCK_BYTES: Final = 64
_INNER, _OUTER = (bytes(one ^ pad for one in range(256)) for pad in (0x36, 0x5C))
_BEGUN: Final = hashlib.sha256()


def digest_hex(message: bytes | memoryview) -> str:
    """The SHA-256 of a message, in hexadecimal digits."""
    begun = _BEGUN.copy()
    begun.update(message)
    return begun.hexdigest()


def authenticate(key: bytes, message: bytes) -> bytes:
    """The HMAC-SHA256 of a message (RFC 2104)."""
    begun, begun_around = _begin(key)
    inner, outer = begun.copy(), begun_around.copy()
    inner.update(message)
    outer.update(inner.digest())
    return outer.digest()


@lru_cache(MAX_KEYS)
def _begin(key: bytes) -> "tuple[hashlib._Hash, hashlib._Hash]":
    short = key if len(key) <= _BLOCK_BYTES else hashlib.sha256(key).digest()
    padded = short.ljust(_BLOCK_BYTES, b"\0")
    return hashlib.sha256(padded.translate(_INNER)), hashlib.sha256(padded.translate(_OUTER))
