"""HMAC-SHA256. A key is taken in once: OpenSSL finds its algorithm anew for every digest, which costs more than a short
message does.
"""

import hashlib
import hmac
from functools import lru_cache

MAX_KEYS = 64  # those of this installation


def authenticate(key: bytes, message: bytes) -> bytes:
    """The MAC of a message."""
    begun = _begin(key).copy()
    begun.update(message)
    return begun.digest()


@lru_cache(MAX_KEYS)
def _begin(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod=hashlib.sha256)
