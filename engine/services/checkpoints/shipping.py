"""How checkpoints leave the machine: to a file, or to an address of the web."""

import os
from collections.abc import Iterator
from fcntl import LOCK_EX, LOCK_SH, flock
from io import FileIO
from mmap import ACCESS_READ, mmap
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


def measure_shipped(path: Path) -> int:
    """How long a file of checkpoints is, never in the middle of one that is just being appended."""
    with path.open("rb") as file:
        flock(file, LOCK_SH)
        return os.fstat(file.fileno()).st_size


def read_shipped(path: Path, size: int) -> Iterator[tuple[int, object]]:
    """(line, document) of so many bytes of a file of checkpoints; None for a line that is no JSON."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if size <= 0:
                return
            size -= len(line)
            try:
                yield number, orjson.loads(line)
            except orjson.JSONDecodeError:
                yield number, None


def _append(path: Path, document: PlainDict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    key = path.with_name(path.name + KEY_SUFFIX)
    if not key.exists():
        begun = key.with_name(key.name + ".new")
        begun.write_text(str(document["public_key"]))
        begun.replace(key)
    with path.open("a+b", buffering=0) as file:
        flock(file, LOCK_EX)
        size = _end_last_line(file)
        try:
            _write(file, orjson.dumps(document) + b"\n")
            os.fsync(file.fileno())
        except OSError:
            file.truncate(size)
            raise


def _end_last_line(file: FileIO) -> int:
    """Cuts off a line that was left unfinished, or ends it where nothing can be cut off; gives the size of the file."""
    size = file.seek(0, os.SEEK_END)
    if not size or os.pread(file.fileno(), 1, size - 1) == b"\n":
        return size
    with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        whole = content.rfind(b"\n") + 1
    try:
        return file.truncate(whole)
    except PermissionError:  # such places let nobody take anything back
        _write(file, b"\n")
        return size + 1


def _write(file: FileIO, content: bytes) -> None:
    """All of it: of a disk that is nearly full less may be taken than was given."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


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
