"""How checkpoints leave the machine: to a file, or to an address of the web."""

import os
from collections.abc import Iterator
from fcntl import LOCK_EX, flock
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import requests

from engine.storage.plain import PlainDict

TIMEOUT_SECONDS = 10.0
KEY_SUFFIX = ".pem"  # of the public key, beside the file


class ShippingFailed(Exception):
    """The other side has not taken it: it is tried again later."""


def ship(target: str, document: PlainDict, key: str) -> None:
    """Appends a checkpoint to a file, or posts it. At least once: whoever reads them knows them by their number.

    Raises ShippingFailed, OSError.
    """
    if is_address(target):
        _post(target, document, key)
    else:
        _append(Path(target), document)


def is_address(target: str) -> bool:
    """Whether it is an address of the web, not a path. Raises ValueError for one that nothing can be posted to."""
    scheme = urlsplit(target).scheme if "://" in target else ""
    if scheme not in ("", "http", "https"):
        raise ValueError(f"Expected a path or an address of https in BATON_CHECKPOINTS, but got {target}")
    return scheme != ""


def read_shipped(path: Path) -> Iterator[tuple[int, object]]:
    """(line, document) of a file of checkpoints; None for a line that is no JSON."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield number, orjson.loads(line)
            except orjson.JSONDecodeError:
                yield number, None


def _append(path: Path, document: PlainDict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    key = path.with_name(path.name + KEY_SUFFIX)
    if not key.exists():
        key.write_text(str(document["public_key"]))
    with path.open("ab") as file:
        flock(file, LOCK_EX)
        os.write(file.fileno(), orjson.dumps(document) + b"\n")
        os.fsync(file.fileno())


def _post(url: str, document: PlainDict, key: str) -> None:
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    try:
        answer = requests.post(
            url, data=orjson.dumps(document), headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False
        )
    except requests.RequestException as error:
        raise ShippingFailed(f"{type(error).__name__}: {error}") from error
    if not 200 <= answer.status_code < 300:
        raise ShippingFailed(f"HTTP {answer.status_code}")
