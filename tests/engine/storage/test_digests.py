"""Digests that are copied instead of begun anew are those of the standard library."""

import hashlib
import hmac
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from engine.storage.digests import authenticate, digest_hex

MESSAGES = st.binary(max_size=3_000)


@given(st.binary(max_size=200), MESSAGES)
def test_macs_are_those_of_the_library(key: bytes, message: bytes) -> None:
    assert authenticate(key, message) == hmac.digest(key, message, "sha256")


@given(MESSAGES)
def test_digests_are_those_of_the_library(message: bytes) -> None:
    assert digest_hex(message) == digest_hex(memoryview(message)) == hashlib.sha256(message).hexdigest()


def test_threads_do_not_meddle_with_each_other() -> None:
    messages = [bytes([number % 256]) * 5_000 for number in range(400)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda message: authenticate(b"key", message), messages))
    assert found == [hmac.digest(b"key", message, "sha256") for message in messages]
